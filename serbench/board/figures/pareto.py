"""Accuracy against cost: UAR with its interval over latency, operations or parameters, and the front of both."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

from serbench.board.figures.choose import Wanted, choose, of_one_task, place_of
from serbench.board.figures.labels import Box, write_names
from serbench.board.figures.sheet import COLOURS, GREY, MARKS, percent
from serbench.board.machines import machine_name
from serbench.board.ranking.pareto import Axis, Front, fronts
from serbench.errors import UsageError
from serbench.results.row import Row
from serbench.text import one_line

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


@dataclass(frozen=True)
class _Spot:
    """A row on the sheet: cost, and UAR with the ends of its interval in per cent."""

    name: str
    x: float
    y: float
    bar: tuple[float, float] | None
    is_optimal: bool


def draw(sheet: Figure, rows: Sequence[Row], wanted: Wanted, cost: Axis) -> str:
    """Draw UAR over a cost for all rows of one task, the front of each machine as a line; return the caption.

    Raises
    ------
    UsageError
        When no row has that cost.
    """
    named = of_one_task(choose(rows, wanted), "pareto")
    names = {row.system: one_line(name) for name, row in named}
    by_system = {row.system: row for _, row in named}
    every = fronts(list(by_system.values()), cost)
    left_out = dict(sorted((names[system], why) for front in every for system, why in front.left_out.items()))
    found = [front for front in every if front.optimal]
    if not found:
        reasons = "; ".join(f"{name}: {why}" for name, why in left_out.items())
        raise UsageError(f"no row on {place_of(named[0][1])} has {cost.words} ({reasons}), expected one at least")
    axes = sheet.subplots()
    spots: list[_Spot] = []
    lines: list[Box] = []
    for place, front in enumerate(found):
        here = [_spot(names[system], by_system[system], cost, front) for system in (*front.optimal, *front.dominated)]
        label = machine_name(front.machine) if len(found) > 1 and front.machine else None
        lines += _draw_front(axes, here, place, label)
        spots += here
    _scale(axes, [spot.x for spot in spots])
    axes.set_xlabel(cost.heading)
    axes.set_ylabel(f"UAR, % ({one_line(place_of(named[0][1]))})")
    axes.grid(visible=True)
    legend = 0.0
    if len(found) > 1:
        sheet.legend(loc="outside upper center", ncols=1)
        legend = 0.16 * len(found)
    axes.margins(x=0.12)
    sheet.set_figheight(min(0.72 * sheet.get_figwidth(), 3.4) + legend)
    write_names(sheet, axes, [(spot.x, spot.y, spot.name) for spot in spots], lines)
    return _caption(named[0][1], cost, found, left_out)


def _spot(name: str, row: Row, cost: Axis, front: Front) -> _Spot:
    low, high = row.interval.low, row.interval.high
    bar = None if low is None or high is None else (percent(low), percent(high))
    value = row.cost_of(cost.figure).value or 0.0  # both are known: the row is on the front or dominated
    return _Spot(name, value, percent(row.uar.value or 0.0), bar, row.system in front.optimal)


def _draw_front(axes: Axes, spots: Sequence[_Spot], place: int, label: str | None) -> list[Box]:
    """Draw the rows of one machine; return the lines that names should not cross."""
    colour, mark = COLOURS[place % len(COLOURS)], MARKS[place % len(MARKS)]
    optimal = [spot for spot in spots if spot.is_optimal]
    axes.step([spot.x for spot in optimal], [spot.y for spot in optimal], where="post", color=colour, zorder=1)
    lines: list[Box] = []
    for one, other in pairwise(optimal):
        lines += [(one.x, one.y, other.x, one.y), (other.x, one.y, other.x, other.y)]
    for spot in spots:
        if spot.bar:
            axes.plot([spot.x] * 2, spot.bar, color=GREY, linewidth=0.7, zorder=2)
            lines.append((spot.x, spot.bar[0], spot.x, spot.bar[1]))
        inside = colour if spot.is_optimal else "white"
        axes.plot([spot.x], [spot.y], mark, color=colour, markerfacecolor=inside, zorder=3, label=label)
        label = None  # one entry of the legend per machine
    return lines


def _scale(axes: Axes, costs: Sequence[float]) -> None:
    """Make the axis of costs logarithmic; where something costs nothing, zero stands at its left end."""
    from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

    positive = [each for each in costs if each > 0]
    if not positive:
        return
    if len(positive) == len(costs):
        axes.set_xscale("log")
        if max(positive) < 30 * min(positive):
            axes.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    else:
        axes.set_xscale("symlog", linthresh=10.0 ** math.floor(math.log10(min(positive))))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: _tick(value)))
    axes.xaxis.set_minor_formatter(NullFormatter())


def _tick(value: float) -> str:
    """Return a number as short as it can be: ``0.01``, ``200k``."""
    for step, prefix in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
        if value >= step:
            return f"{value / step:g}{prefix}"
    return f"{value:g}"


def _caption(row: Row, cost: Axis, found: Sequence[Front], left_out: Mapping[str, str]) -> str:
    machines = "; ".join(machine_name(front.machine) for front in found if front.machine)
    left = "; ".join(f"{name} ({why})" for name, why in left_out.items())
    where = f"{place_of(row)}, measured on {machines}" if machines else place_of(row)
    return (
        f"UAR against {cost.words} on {where}. Filled: Pareto-optimal. "
        f"Bars: 95 % CI over speakers.{f' Left out: {left}.' if left else ''}"
    )


__all__ = ["draw"]
