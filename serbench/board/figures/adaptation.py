"""What adaptation gains: UAR over the share of the target's speakers that a system was adapted to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from serbench.board.figures.choose import Wanted, choose
from serbench.board.figures.sheet import COLOURS, GREY, MARKS, percent
from serbench.board.ranking.adaptation import Curve, Target, make_targets
from serbench.errors import UsageError, check_names
from serbench.protocol.adaptation import PERCENTAGES, Adapt
from serbench.results.row import Row
from serbench.text import one_line

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

#: Inches per chart, and for the legend.
_CHART, _REST = 1.9, 0.45
#: How far the marks of systems stand from one another, in points of the axis of speakers: no interval hides another.
_APART = 0.5


def draw(sheet: Figure, rows: Sequence[Row], wanted: Wanted) -> str:
    """Draw a chart per target, one below the other, a line per system; return the caption.

    ``wanted.datasets`` are targets.

    Raises
    ------
    UsageError
        When no row that listens to anything was adapted.
    """
    chosen = [row for _, row in choose(rows, replace(wanted, datasets=()), (Adapt.name,))]
    check_names("target in these records", wanted.datasets, {row.dataset.tested_on for row in chosen})
    chosen = [row for row in chosen if not wanted.datasets or row.dataset.tested_on in wanted.datasets]
    targets = [target for target in make_targets(chosen) if target.heard]
    if not targets:
        raise UsageError("no adapted row takes features, expected one at least; systems that guess have no curve")
    names = list(dict.fromkeys(curve.name for target in targets for curve in target.heard))
    charts = sheet.subplots(len(targets), sharex=True, squeeze=False)[:, 0]
    for axes, target in zip(charts, targets, strict=True):
        for curve in target.heard:
            _draw_curve(axes, curve, names.index(curve.name), len(names))
        classes = target.heard[0].points[0].row.classes
        axes.axhline(percent(1 / len(classes)), linestyle=":", color=GREY, linewidth=0.8, zorder=0)
        axes.set_ylabel(f"UAR, % ({one_line(target.name)})")
        axes.set_xticks(PERCENTAGES)
        axes.grid(visible=True, axis="y")
    charts[-1].set_xlabel("speakers of the target adapted to, %")
    handles = [charts[0].plot([], [], f"-{_mark(place)}", color=_colour(place))[0] for place in range(len(names))]
    sheet.legend(handles, [one_line(name) for name in names], loc="outside upper center", ncols=min(3, len(names)))
    sheet.set_figheight(_REST + _CHART * len(targets))
    return _caption(targets)


def _draw_curve(axes: Axes, curve: Curve, place: int, number: int) -> None:
    known = [point for point in curve.points if point.row.uar.value is not None]
    aside = _APART * (place - (number - 1) / 2)
    across = [percent(point.adapted.fraction) + aside for point in known]
    axes.plot(across, [percent(point.row.uar.value or 0.0) for point in known], color=_colour(place))
    for x, point in zip(across, known, strict=True):
        interval, inside = point.row.interval, _colour(place) if point.row.is_complete else "white"
        if interval.low is not None and interval.high is not None:
            ends = [percent(interval.low), percent(interval.high)]
            axes.plot([x, x], ends, color=_colour(place), linewidth=0.8)
        height = [percent(point.row.uar.value or 0.0)]
        axes.plot([x], height, _mark(place), color=_colour(place), markerfacecolor=inside)


def _colour(place: int) -> str:
    return COLOURS[place % len(COLOURS)]


def _mark(place: int) -> str:
    return MARKS[place % len(MARKS)]


def _caption(targets: Sequence[Target]) -> str:
    are_whole = all(point.row.is_complete for target in targets for curve in target.heard for point in curve.points)
    return (
        "UAR on speakers of the target by the share of its speakers that is trained on beside the sources "
        f"({'; '.join(target.title for target in targets)}); the same speakers are tested at every share. Mean over "
        f"seeds; bars: 95 % over speakers. Dotted: chance.{'' if are_whole else ' Hollow: cells are missing.'}"
    )


__all__ = ["draw"]
