"""Names beside points, where they hide the least.

Conventions
-----------
Lengths are pixels of the canvas. Every name tries the places around its point and takes the one where it covers the
least of other names and of points; earlier names stay where they are.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

#: Left, bottom, right, top.
Box = tuple[float, float, float, float]

#: Around the point, in points of type: to the right and left, above and below, then the corners further off.
_OFFSETS = (
    *((5, 0), (-5, 0), (0, 6), (0, -6), (5, 6), (-5, 6), (5, -6), (-5, -6)),
    *((8, 12), (-8, 12), (8, -12), (-8, -12), (0, 14), (0, -14)),
)
#: What a place further down that list costs, as a share of the name that would be hidden.
_AWAY = 0.02


def write_names(
    sheet: Figure, axes: Axes, points: Sequence[tuple[float, float, str]], lines: Sequence[Box] = ()
) -> None:
    """Write the names of points beside them.

    Parameters
    ----------
    points
        x, y and name of each, in the units of the axes.
    lines
        Upright and level lines that names should not cross: left, bottom, right, top in the units of the axes.
    """
    sheet.draw_without_rendering()  # settles where the axes stand
    dot = sheet.dpi / 72
    frame = _box(axes.get_window_extent().extents)
    marks = [_around([*axes.transData.transform((x, y))] * 2, 3 * dot) for x, y, _ in points]
    strokes = [
        _around([*axes.transData.transform(line[:2]), *axes.transData.transform(line[2:])], 2 * dot) for line in lines
    ]
    taken: list[Box] = []
    for x, y, name in sorted(points, key=lambda point: (-point[1], point[0], point[2])):
        text = axes.annotate(name, (x, y), xytext=(0, 0), textcoords="offset points", fontsize=7)
        text.set_in_layout(False)
        left, bottom, right, top = text.get_window_extent().extents
        place = [float(point) for point in axes.transData.transform((x, y))]
        tried = []
        for number, offset in enumerate(_OFFSETS):
            box = _beside(place, (right - left, top - bottom), offset, dot)
            hidden = sum(_overlap(box, other) for other in (*taken, *marks, *strokes)) + 2 * _outside(box, frame)
            far = _AWAY * number * (right - left) * (top - bottom)
            tried.append((hidden + far, number, box))
        _, number, box = min(tried)
        sideways, up = _OFFSETS[number]
        text.set_horizontalalignment(("right", "center", "left")[_sign(sideways) + 1])
        text.set_verticalalignment(("top", "center", "bottom")[_sign(up) + 1])
        text.xyann = (sideways, up)
        taken.append(box)


def _beside(place: Sequence[float], size: tuple[float, float], offset: tuple[float, float], dot: float) -> Box:
    """Return where a text stands that is set off from a place: its near edge, its middle where that is 0."""
    starts = [
        middle + dot * off - length * (1 - _sign(off)) / 2
        for middle, length, off in zip(place, size, offset, strict=True)
    ]
    return starts[0], starts[1], starts[0] + size[0], starts[1] + size[1]


def _around(ends: Sequence[float], half: float) -> Box:
    left, bottom, right, top = ends
    return left - half, bottom - half, right + half, top + half


def _box(extents: Sequence[float]) -> Box:
    left, bottom, right, top = extents
    return left, bottom, right, top


def _sign(value: float) -> int:
    return (value > 0) - (value < 0)


def _overlap(first: Box, second: Box) -> float:
    width = min(first[2], second[2]) - max(first[0], second[0])
    height = min(first[3], second[3]) - max(first[1], second[1])
    return max(0.0, width) * max(0.0, height)


def _outside(box: Box, frame: Box) -> float:
    return (box[2] - box[0]) * (box[3] - box[1]) - _overlap(box, frame)


__all__ = ["Box", "write_names"]
