"""The Pareto plots of a page as marks with places; the templates draw them.

Conventions
-----------
x is per cent of the chart's width, y pixels from its top, both as texts with two digits. Shape says what colour says:
what stands on a front is filled, what is beaten is hollow, floors are squares.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from serbench.board.pages.markdown import NOTHING, percent, short
from serbench.board.ranking.boards import FLOORS, Board, Place
from serbench.board.ranking.pareto import AXES, Axis, Front, fronts
from serbench.board.site.scale import Height, LogAxis, Tick
from serbench.board.site.text import cut
from serbench.board.wording import interval_cell, machine_key
from serbench.results.row import Row

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
        Style classes: ``front`` or ``beaten``, and ``floor``.
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


def pareto_panels(board: Board, anchors: Mapping[str, str], letters: Mapping[str, str]) -> list[Panel]:
    """Return a plot per cost, and of times one per machine; those without any mark are left out.

    Parameters
    ----------
    anchors
        From :attr:`Row.system` to the anchor of the row's card.
    letters
        From :func:`machine_key` to the letter of the machine.
    """
    places = {place.row.system: place for place in board.places}
    rows = [place.row for place in board.places]
    found = []
    for axis in AXES:
        for front in fronts(rows, axis):
            here = [places[name] for name in (*front.best, *front.beaten)]
            if here:
                letter = letters[machine_key(here[0].row)] if front.machine is not None else ""
                found.append(_panel(axis, front, here, places, anchors, letter))
    return found


def _panel(
    axis: Axis,
    front: Front,
    here: Sequence[Place],
    places: Mapping[str, Place],
    anchors: Mapping[str, str],
    letter: str,
) -> Panel:
    costs = {place.row.system: place.row.cost_of(axis.figure).value or 0.0 for place in here}
    across = LogAxis.around(costs.values())
    ends = [
        end
        for place in here
        for end in (place.row.uar.value, place.row.interval.low, place.row.interval.high)
        if end is not None
    ]
    upwards = Height.around(ends, _PIXELS)
    # of two in one place the one on the front is drawn over the other
    here = sorted(here, key=lambda place: (costs[place.row.system], place.row.system in front.best, place.name))
    spots = {
        name: (across.place(cost), upwards.place(places[name].row.uar.value or 0.0)) for name, cost in costs.items()
    }
    boxes = [_box(x, y) for x, y in spots.values()]
    marks = {}
    # those on the front are labelled first: they need the room most
    for place in sorted(here, key=lambda place: place.row.system not in front.best):
        x, y = spots[place.row.system]
        label, side = _label(place.name, x, y, boxes)
        kind = "front" if place.row.system in front.best else "beaten"
        low, high = place.row.interval.low, place.row.interval.high
        marks[place.row.system] = Mark(
            anchors[place.row.system],
            f"{cut(place.name)}: UAR {percent(place.row.uar)} %{_interval(place.row)}, {axis.words} "
            f"{short(place.row.cost_of(axis.figure))}{f' {axis.unit}' if axis.unit else ''}"
            f"{', on the front' if kind == 'front' else ''}",
            label,
            side,
            f"{x:.2f}",
            f"{y:.2f}",
            "" if high is None else f"{upwards.place(high):.2f}",
            "" if low is None else f"{upwards.place(low):.2f}",
            f"{kind} floor" if place.row.model["name"] in FLOORS else kind,
        )
    return Panel(
        axis,
        letter,
        tuple(marks[place.row.system] for place in here),
        tuple(_steps([marks[name] for name in front.best])),
        tuple(across.ticks),
        tuple(upwards.ticks),
        tuple(f"{cut(places[name].name)}: {reason}" for name, reason in front.left_out.items()),
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


def _interval(row: Row) -> str:
    ends = interval_cell(row)
    return "" if ends == NOTHING else f" ({ends})"


__all__ = ["Mark", "Panel", "pareto_panels"]
