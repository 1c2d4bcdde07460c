"""The charts whose axis is UAR from 0 to 100 per cent: one lane under the other.

Conventions
-----------
x is per cent of the chart's width, as text with two digits. Each protocol has a shape beside its colour.
"""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from serbench.board.numbers import NOTHING, percent
from serbench.board.ranking.boards import Board
from serbench.board.ranking.inflation import Inflation, numbers
from serbench.board.site.text import cut
from serbench.protocol.protocols import INFLATION_STYLES
from serbench.scoring.figure import Figure


@dataclass(frozen=True)
class Dot:
    """A value on a lane, what is read there, and whose it is; y is pixels from the lane's top."""

    x: str
    y: str
    words: str
    whose: str


@dataclass(frozen=True)
class Lane:
    """A line of a chart whose axis is UAR from 0 to 100 per cent.

    Attributes
    ----------
    name
        At the left.
    row
        The anchor of the row's card, empty where it stands on another page.
    words
        What is read for the whole lane.
    dots
        From the lowest.
    middle
        Where the row's own UAR stands, empty where it is unknown.
    low, high
        Ends of its interval, empty without one.
    kind
        A style class: the shape.
    remark
        At the right.
    """

    name: str
    row: str
    words: str
    dots: tuple[Dot, ...] = ()
    middle: str = ""
    low: str = ""
    high: str = ""
    kind: str = ""
    remark: str = ""


def speaker_lanes(board: Board, anchors: Mapping[str, str]) -> list[Lane]:
    """Return a lane per row with each speaker's own UAR; rows that know no speakers are left out."""
    lanes = []
    for placement in board.placements:
        uars = placement.row.speaker_uars
        if not uars:
            continue
        order = sorted(uars, key=lambda name: (uars[name], name))
        heights = _heights([_x(uars[name]) for name in order])
        dots = [
            Dot(_x(uars[name]), height, f"{cut(name)}: {percent(Figure(uars[name]))} %", name)
            for name, height in zip(order, heights, strict=True)
        ]
        middle, ends = Figure(statistics.median(uars.values())), [Figure(uars[order[0]]), Figure(uars[order[-1]])]
        words = f"{cut(placement.name)}: {len(order)} speakers, from {percent(ends[0])} to {percent(ends[1])} %, median"
        lanes.append(
            Lane(
                placement.name,
                anchors[placement.row.system],
                f"{words} {percent(middle)} %",
                tuple(dots),
                "" if placement.row.uar.value is None else _x(placement.row.uar.value),
                remark=f"{percent(ends[0])} to {percent(ends[1])}",
            )
        )
    return lanes


#: Where dots stand that would cover each other, pixels from the top of a lane of 28; and how near is near, per cent.
_HEIGHTS, _NEAR = ("14", "6", "22"), 1.5


def _heights(places: Sequence[str]) -> list[str]:
    """Return the heights of dots from the left on: the first of the heights that is free, else the longest free."""
    last = dict.fromkeys(_HEIGHTS, -100.0)
    found = []
    for place in map(float, places):
        free = [height for height in _HEIGHTS if place - last[height] >= _NEAR]
        height = free[0] if free else min(_HEIGHTS, key=lambda each: (last[each], _HEIGHTS.index(each)))
        last[height] = place
        found.append(height)
    return found


#: The character that stands for a mark of each shape in the legend.
_CHARACTERS = {"circle": "●", "square": "■", "triangle": "▲", "diamond": "◆"}


def inflation_legend() -> list[tuple[str, str, str]]:
    """Return, from the most flattering protocol on, the character of its mark, its name and what it means."""
    return [(_CHARACTERS[style.shape], name, style.sentence) for name, style in INFLATION_STYLES.items()]


def inflation_lanes(lines: Sequence[Inflation]) -> dict[str, list[Lane]]:
    """Return from system to a lane per protocol: UAR with its interval, and what it is more than under ``si``."""
    found: dict[str, list[Lane]] = {}
    for line in lines:
        uar, ends, difference, its_ends = numbers(line)
        low, high = line.row.interval.low, line.row.interval.high
        interval = "" if ends == NOTHING else f" ({ends})"
        against = "" if difference == NOTHING else f"; {difference} points against si ({its_ends})"
        found.setdefault(line.name, []).append(
            Lane(
                line.protocol,
                "",
                f"{cut(line.name)} under {cut(line.protocol)}: UAR {uar} %{interval}{against}",
                middle="" if line.row.uar.value is None else _x(line.row.uar.value),
                low="" if low is None else _x(low),
                high="" if high is None else _x(high),
                kind=INFLATION_STYLES[line.protocol].shape,
                remark=f"{uar}" if difference == NOTHING else f"{uar} ({difference})",
            )
        )
    return found


def _x(value: float) -> str:
    """Return where a fraction stands on a lane from 0 to 100 per cent, which leaves room for marks at its ends."""
    return f"{2 + 96 * value:.2f}"


__all__ = ["Dot", "Lane", "inflation_lanes", "inflation_legend", "speaker_lanes"]
