"""The Pareto plots of a page as marks with places; the templates draw them.

Conventions
-----------
x is per cent of the chart's width, y pixels from its top, both as texts with two digits. Shape says what colour says:
what is Pareto-optimal is filled, what is dominated is hollow, floors are squares.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from serbench.board.machines import machine_key
from serbench.board.numbers import NOTHING, percent, short, span
from serbench.board.ranking.boards import Board, Placement
from serbench.board.ranking.pareto import AXES, Axis, Front, fronts
from serbench.board.site.scale import Height, LogAxis, Tick
from serbench.board.site.text import cut

_PIXELS = 260
#: The narrowest that a chart is shown, and a letter of its labels, pixels.
_NARROWEST, _LETTER, _LINE = 300.0, 6.4, 13.0
_LETTERS = 18
#: From the middle of a mark to its edge.
_REACH = 7.0

#: Left, top, right, bottom.
_Box = tuple[float, float, float, float]


@dataclass(frozen=True)
class Mark:
    """A row on a Pareto plot.

    Attributes
    ----------
    row
        The anchor of the row's card on the page.
    words
        What is shown and read: name, UAR, interval, cost.
    label
        The name, where there is room to write it beside the mark; else empty.
    side
        Of the label: ``start`` to the right of the mark, ``end`` to its left.
    x, y, top, bottom
        Places of the mark and of the ends of its interval; the ends are empty without one.
    kind
        Style classes: ``optimal`` or ``dominated``, and ``floor``.
    """

    row: str
    words: str
    label: str
    side: str
    x: str
    y: str
    top: str
    bottom: str
    kind: str


@dataclass(frozen=True)
class Panel:
    """A Pareto plot: UAR against one cost.

    Attributes
    ----------
    axis
        The cost.
    machine
        The letter of the machine whose times these are; empty where costs do not depend on one.
    marks
        In the order of cost.
    steps
        Of the front's line: x1, y1, x2, y2.
    x_ticks, y_ticks
        Of the axes.
    left_out
        A sentence per row that has no place, with the reason.
    pixels
        The chart's height.
    """

    axis: Axis
    machine: str
    marks: tuple[Mark, ...]
    steps: tuple[tuple[str, str, str, str], ...]
    x_ticks: tuple[Tick, ...]
    y_ticks: tuple[Tick, ...]
    left_out: tuple[str, ...]
    pixels: int = _PIXELS


def pareto_panels(board: Board, anchors: Mapping[str, str]) -> list[Panel]:
    """Return a plot per cost, and of times one per machine; those without any mark are left out.

    Parameters
    ----------
    anchors
        From :attr:`Row.system` to the anchor of the row's card.
    """
    placements = {placement.row.system: placement for placement in board.placements}
    found = []
    for axis in AXES:
        for front in fronts(board.rows, axis):
            compared = [placements[name] for name in (*front.optimal, *front.dominated)]
            if compared:
                machine = board.machines[machine_key(compared[0].row)] if front.machine is not None else ""
                found.append(_panel(axis, front, compared, placements, anchors, machine))
    return found


def _panel(
    axis: Axis,
    front: Front,
    compared: Sequence[Placement],
    placements: Mapping[str, Placement],
    anchors: Mapping[str, str],
    machine: str,
) -> Panel:
    costs = {placement.row.system: placement.row.cost_of(axis.figure).value or 0.0 for placement in compared}
    across = LogAxis.around(costs.values())
    ends = [
        end
        for row in (placement.row for placement in compared)
        for end in (row.uar.value, row.interval.low, row.interval.high)
        if end is not None
    ]
    upwards = Height.around(ends, _PIXELS)
    spots = {
        name: (across.place(cost), upwards.place(placements[name].row.uar.value or 0.0)) for name, cost in costs.items()
    }
    boxes = [_box(x, y) for x, y in spots.values()]
    marks = {}
    # those that are Pareto-optimal are labelled first: they need the room most
    for name in sorted(spots, key=lambda name: name not in front.optimal):
        label = _label(placements[name].name, *spots[name], boxes)
        marks[name] = _mark(axis, placements[name], name in front.optimal, anchors[name], spots[name], label, upwards)
    # of two in one place the Pareto-optimal one is drawn over the other
    order = sorted(spots, key=lambda name: (costs[name], name in front.optimal, placements[name].name))
    return Panel(
        axis,
        machine,
        tuple(marks[name] for name in order),
        tuple(_steps([marks[name] for name in front.optimal])),
        tuple(across.ticks),
        tuple(upwards.ticks),
        tuple(f"{cut(placements[name].name)}: {reason}" for name, reason in front.left_out.items()),
    )


def _mark(
    axis: Axis,
    placement: Placement,
    is_optimal: bool,  # noqa: FBT001  (one of seven facts of a mark)
    anchor: str,
    spot: tuple[float, float],
    label: tuple[str, str],
    upwards: Height,
) -> Mark:
    row, (x, y) = placement.row, spot
    ends = span(row.interval)
    interval = "" if ends == NOTHING else f" ({ends})"
    unit = f" {axis.unit}" if axis.unit else ""
    kind = "optimal" if is_optimal else "dominated"
    return Mark(
        anchor,
        f"{cut(placement.name)}: UAR {percent(row.uar)} %{interval}, {axis.words} "
        f"{short(row.cost_of(axis.figure))}{unit}{', Pareto-optimal' * is_optimal}",
        *label,
        f"{x:.2f}",
        f"{y:.2f}",
        "" if row.interval.high is None else f"{upwards.place(row.interval.high):.2f}",
        "" if row.interval.low is None else f"{upwards.place(row.interval.low):.2f}",
        f"{kind} floor" if placement.is_floor else kind,
    )


def _label(name: str, x: float, y: float, boxes: list[_Box]) -> tuple[str, str]:
    """Return the label of a mark and its side; empty where it would cover another's, or run out of the chart."""
    text = cut(name, _LETTERS)
    width, centre = _LETTER * len(text), x / 100 * _NARROWEST
    for side, left in (("start", centre + _REACH + 2), ("end", centre - _REACH - 2 - width)):
        box = (left, y - _LINE / 2, left + width, y + _LINE / 2)
        free = not any(_overlap(box, other) for other in boxes)
        if left >= 0 and left + width <= _NARROWEST and free:
            boxes.append(box)
            return text, side
    return "", "start"


def _box(x: float, y: float) -> _Box:
    """Return the box of a mark."""
    centre = x / 100 * _NARROWEST
    return centre - _REACH, y - _REACH, centre + _REACH, y + _REACH


def _overlap(one: _Box, other: _Box) -> bool:
    return one[0] < other[2] and other[0] < one[2] and one[1] < other[3] and other[1] < one[3]


def _steps(marks: Sequence[Mark]) -> Iterator[tuple[str, str, str, str]]:
    """Yield the stairs along a front, and the line from its best row to the right end."""
    for place, mark in enumerate(marks):
        following = marks[place + 1] if place + 1 < len(marks) else None
        end = "100.00" if following is None else following.x
        yield mark.x, mark.y, end, mark.y
        if following is not None:
            yield end, mark.y, end, following.y


__all__ = ["Mark", "Panel", "pareto_panels"]
