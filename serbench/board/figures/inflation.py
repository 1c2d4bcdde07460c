"""What leaks are worth: UAR of a system under leaky protocols and honest ones, corpus by corpus."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from serbench.board.figures.choose import Wanted, choose
from serbench.board.figures.sheet import COLOURS, GREY, percent
from serbench.board.ranking.inflation import AGAINST, ORDER, REFERENCE, Inflation, inflation_of
from serbench.errors import UsageError
from serbench.protocol.protocols import INFLATION_STYLES
from serbench.results.row import Row
from serbench.text import one_line

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

#: The mark of each shape; colours are given in the order of protocols.
_MARKS = {"circle": "o", "square": "s", "triangle": "^", "diamond": "D"}
#: Inches per line of the figure, and for axis and legend.
_LINE, _REST = 0.13, 0.75


def draw(sheet: Figure, rows: Sequence[Row], wanted: Wanted) -> str:
    """Draw a group of points per corpus and system, one point per protocol; return the caption.

    Raises
    ------
    UsageError
        When no system has rows under ``si`` and another protocol.
    """
    chosen = {id(row) for _, row in choose(rows, wanted, ORDER)}
    lines = [line for line in inflation_of(rows) if id(line.row) in chosen]
    groups: dict[tuple[str, str], dict[str, Inflation]] = {}
    for line in lines:
        groups.setdefault((line.title, line.name), {})[line.protocol] = line
    if not groups:
        raise UsageError(
            f"no system has rows under {REFERENCE} and another protocol of {list(AGAINST)}, expected one at least; "
            "see serbench inflate --help"
        )
    shown = [protocol for protocol in ORDER if any(protocol in group for group in groups.values())]
    axes = sheet.subplots()
    height = len(shown) + 1.0  # in lines of a group, one of them empty
    for number, group in enumerate(groups.values()):
        _draw_group(axes, group, shown, top=number * height)
    one_system = len({name for _, name in groups}) == 1
    words = [one_line(dataset if one_system else f"{dataset}, {name}") for dataset, name in groups]
    middles = [number * height + (len(shown) - 1) / 2 for number in range(len(groups))]
    axes.set_yticks(middles, words)
    axes.tick_params(axis="y", length=0)
    axes.set_ylim(len(groups) * height - 0.5, -1)
    axes.set_xlim(-1, 101)
    axes.set_xlabel("UAR, %")
    axes.grid(visible=True, axis="x")
    for protocol in shown:
        axes.plot([], [], _mark(protocol), color=_colour(protocol), label=protocol)
    sheet.legend(loc="outside upper center", ncols=2 if sheet.get_figwidth() < 5 else len(shown))
    sheet.set_figheight(_REST + _LINE * height * len(groups))
    return _caption(groups)


def _draw_group(axes: Axes, group: Mapping[str, Inflation], shown: Sequence[str], *, top: float) -> None:
    reference = group[REFERENCE].row.uar.value
    for place, protocol in enumerate(shown):
        colour, mark = _colour(protocol), _mark(protocol)
        line = group.get(protocol)
        row, y = line.row if line else None, top + place
        if row and row.interval.low is not None and row.interval.high is not None:
            ends = [percent(row.interval.low), percent(row.interval.high)]
            axes.plot(ends, [y, y], color=colour, linewidth=1)
        known = [] if row is None or row.uar.value is None else [percent(row.uar.value)]
        inside = colour if row is None or row.is_complete else "white"
        axes.plot(known, [y] * len(known), mark, color=colour, markerfacecolor=inside)
    bottom = top + len(shown) - 1
    classes = group[REFERENCE].row.classes
    for value, style in ((reference, "-"), (1 / len(classes), ":")):
        if value is not None:
            axes.plot([percent(value)] * 2, [top - 0.4, bottom + 0.4], style, color=GREY, linewidth=0.8, zorder=0)


def _colour(protocol: str) -> str:
    return COLOURS[ORDER.index(protocol) % len(COLOURS)]


def _mark(protocol: str) -> str:
    return _MARKS[INFLATION_STYLES[protocol].shape]


def _caption(groups: Mapping[tuple[str, str], Mapping[str, Inflation]]) -> str:
    systems = ", ".join(dict.fromkeys(name for _, name in groups))
    are_whole = all(line.row.is_complete for group in groups.values() for line in group.values())
    return (
        f"UAR of {systems} on the same recordings under several protocols, pooled over folds, mean over seeds; bars: "
        f"95 % over speakers. Grey: {REFERENCE}, new speakers, and dotted, chance. What lies to the right of "
        f"{REFERENCE} is leakage.{'' if are_whole else ' Hollow: cells are missing.'}"
    )


__all__ = ["draw"]
