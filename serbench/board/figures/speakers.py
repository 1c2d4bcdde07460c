"""How unlike speakers are: for every system of a task the UAR of each speaker, and of all with its interval."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from serbench.board.figures.choose import Wanted, choose, of_one_task, place_of
from serbench.board.figures.sheet import COLOURS, GREY, percent
from serbench.errors import UsageError
from serbench.results.row import Row
from serbench.text import one_line

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

#: Inches per system, and for axis and legend.
_LINE, _REST = 0.36, 0.75
#: Where dots of one system stand in turn, so that equal ones can be counted; 0 is the middle, 1 the next system.
_TURNS = (0.0, -0.12, 0.12, -0.06, 0.06)


def draw(sheet: Figure, rows: Sequence[Row], wanted: Wanted) -> str:
    """Draw a strip of dots per system, one dot per speaker; return the caption.

    Raises
    ------
    UsageError
        When no row has predictions.
    """
    named = of_one_task(choose(rows, wanted), "speakers")
    found = [(name, row) for name, row in named if row.speaker_uars and row.uar.value is not None]
    if not found:
        raise UsageError(f"no row on {place_of(named[0][1])} has predictions, expected one at least")
    if not wanted.models:
        found.sort(key=lambda pair: (-(pair[1].uar.value or 0.0), pair[0]))
    axes = sheet.subplots()
    for place, (_, row) in enumerate(found):
        _draw_strip(axes, row, place, named=place == 0)
    chance = percent(1 / len(found[0][1].classes))
    axes.axvline(chance, linestyle=":", color=GREY, linewidth=0.8, zorder=0, label="chance")
    axes.set_yticks(range(len(found)), [one_line(name) for name, _ in found])
    axes.tick_params(axis="y", length=0)
    axes.set_ylim(len(found) - 0.5, -0.5)
    axes.set_xlim(-1, 101)
    axes.set_xlabel(f"UAR, % ({one_line(place_of(found[0][1]))})")
    axes.grid(visible=True, axis="x")
    sheet.legend(loc="outside upper center", ncols=3)
    sheet.set_figheight(_REST + _LINE * len(found))
    return _caption(found)


def _draw_strip(axes: Axes, row: Row, place: int, *, named: bool) -> None:
    values = sorted(percent(value) for value in row.speaker_uars.values())
    heights = [place - 0.1 + _TURNS[number % len(_TURNS)] for number in range(len(values))]
    size = 3.5 if len(values) < 30 else 2.2
    axes.plot(
        values,
        heights,
        "o",
        color=COLOURS[0],
        markersize=size,
        markeredgewidth=0,
        alpha=0.55,
        label="a speaker" if named else None,
    )
    below = place + 0.26
    if row.interval.low is not None and row.interval.high is not None:
        axes.plot([percent(row.interval.low), percent(row.interval.high)], [below, below], color="black", linewidth=1)
    label = "all, 95 % over speakers" if named else None
    axes.plot([percent(row.uar.value or 0.0)], [below], "D", color="black", markersize=3.2, label=label)


def _caption(found: Sequence[tuple[str, Row]]) -> str:
    first = found[0][1]
    lowest = []
    for name, row in found:
        speaker = min(row.speaker_uars, key=lambda each: (row.speaker_uars[each], each))
        lowest.append(f"{name} {percent(row.speaker_uars[speaker]):.0f} % ({speaker})")
    return (
        f"UAR of each of {first.speakers} speakers on {place_of(first)}, over the classes that he or she speaks, and "
        f"that of all of them with its 95 % interval. Lowest: {', '.join(lowest)}."
    )


__all__ = ["draw"]
