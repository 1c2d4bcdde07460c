"""The curves of adaptation as charts of a page; the templates draw them.

Conventions
-----------
x is per cent of the chart's width, y pixels from its top, both as texts with two digits. All charts of one target have
the same axes, so that systems can be compared from chart to chart; the axis of speakers is that of shares, from none to
half of them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from serbench.board.numbers import percent
from serbench.board.ranking.adaptation import HEADINGS, Curve, CurvePoint, Target
from serbench.board.site.scale import Height, Tick
from serbench.results.row import Row

_PIXELS = 220
#: The part of the width that marks stand in, per cent.
_LEFT, _RIGHT = 5.0, 95.0
#: Of the speakers, per cent.
_TICKS = (0, 10, 20, 30, 40, 50)


@dataclass(frozen=True)
class Spot:
    """A point of a curve.

    Attributes
    ----------
    href
        Of the card of its row.
    words
        What is shown and read: speakers, UAR, interval, gain.
    x, y, top, bottom
        Places of the mark and of the ends of its interval; the ends are empty without one.
    """

    href: str
    words: str
    x: str
    y: str
    top: str
    bottom: str


@dataclass(frozen=True)
class CurvePanel:
    """A chart of one curve.

    Attributes
    ----------
    name
        The system.
    is_floor
        True for what stands in every table.
    spots
        By the number of speakers; without those that have no score.
    chance
        The place of UAR by chance, pixels from the top; empty where it lies outside.
    x_ticks, y_ticks
        Of the axes.
    pixels
        The chart's height.
    """

    name: str
    is_floor: bool
    spots: tuple[Spot, ...]
    chance: str
    x_ticks: tuple[Tick, ...]
    y_ticks: tuple[Tick, ...]
    pixels: int = _PIXELS

    @property
    def steps(self) -> tuple[tuple[str, str, str, str], ...]:
        """The lines from point to point: x1, y1, x2, y2."""
        return tuple((one.x, one.y, other.x, other.y) for one, other in pairwise(self.spots))


@dataclass(frozen=True)
class TargetView:
    """A target on a page.

    Attributes
    ----------
    target
        Its curves.
    panels
        A chart per system that listens and has a score.
    lines
        Of the table: the address of a row's card, the system, and its texts.
    headings
        Of the table.
    """

    target: Target
    panels: tuple[CurvePanel, ...]
    lines: tuple[tuple[str, str, Sequence[str]], ...]
    headings: Sequence[str] = HEADINGS


def view_target(target: Target, address: Callable[[Row], str]) -> TargetView:
    """Return the charts and the table of a target.

    Parameters
    ----------
    address
        Gives the address of the card of a row.
    """
    points = [point for curve in target.heard for point in curve.points]
    ends = [
        end
        for row in (point.row for point in points)
        for end in (row.uar.value, row.interval.low, row.interval.high)
        if end is not None
    ]
    upwards = Height.around(ends, _PIXELS)
    panels = [_panel(curve, upwards, address) for curve in target.heard]
    lines = [(address(point.row), curve.name, point.texts) for curve in target.heard for point in curve.points]
    return TargetView(target, tuple(panel for panel in panels if panel.spots), tuple(lines))


def _panel(curve: Curve, upwards: Height, address: Callable[[Row], str]) -> CurvePanel:
    chance = 1 / len(curve.points[0].row.classes)
    is_inside = upwards.low <= 10 * chance <= upwards.high
    return CurvePanel(
        curve.name,
        curve.is_floor,
        tuple(_spot(point, upwards, address) for point in curve.points if point.row.uar.value is not None),
        f"{upwards.place(chance):.2f}" if is_inside else "",
        tuple(Tick(f"{_across(tick / 100):.2f}", str(tick)) for tick in _TICKS),
        tuple(upwards.ticks),
    )


def _spot(point: CurvePoint, upwards: Height, address: Callable[[Row], str]) -> Spot:
    row = point.row
    speakers, _, interval, gain, ends = point.texts
    gained = "" if point.adapted.speakers == 0 or point.gain.value is None else f", gain {gain} ({ends})"
    return Spot(
        address(row),
        f"adapted to {speakers}: UAR {percent(row.uar)} % ({interval}){gained}",
        f"{_across(point.adapted.fraction):.2f}",
        f"{upwards.place(row.uar.value or 0.0):.2f}",
        "" if row.interval.high is None else f"{upwards.place(row.interval.high):.2f}",
        "" if row.interval.low is None else f"{upwards.place(row.interval.low):.2f}",
    )


def _across(fraction: float) -> float:
    """Return the place of a share of the speakers in per cent of the width."""
    return _LEFT + min(1.0, 100 * fraction / _TICKS[-1]) * (_RIGHT - _LEFT)


__all__ = ["CurvePanel", "Spot", "TargetView", "view_target"]
