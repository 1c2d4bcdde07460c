"""The diagram of mean ranks and their critical difference, as lines and texts, and as SVG.

Conventions
-----------
The picture is Demšar's (2006): an axis of mean ranks, the best to the right, a bar over systems without a significant
difference in mean rank. On the board it is SVG written by hand, so that the same rows give the same bytes on every
machine; ``serbench.board.figures`` draws the same lines for papers.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from html import escape

from serbench.board.ranking.mean_ranks import MeanRanks
from serbench.board.wording import MADE
from serbench.text import one_line

_AXIS, _STEP = 60, 22
#: Of the margin, per letter of a name and its share of the mean rank behind it; longer names are cut.
_LETTER = 11.5


@dataclass(frozen=True)
class Stroke:
    """A straight line: its ends and its width."""

    x1: float
    y1: float
    x2: float
    y2: float
    width: float


@dataclass(frozen=True)
class Label:
    """A line of text on its base line at ``y``; ``anchor`` says what stands at ``x``: start, middle or end."""

    x: float
    y: float
    anchor: str
    text: str


@dataclass(frozen=True)
class Drawing:
    """What is drawn; lengths are in pixels, y grows downwards, letters are 13 pixels high.

    Attributes
    ----------
    width, height
        Of the whole.
    lines, labels
        Its parts, in black.
    """

    width: int
    height: int
    lines: tuple[Stroke, ...]
    labels: tuple[Label, ...]


def draw_mean_ranks(ranks: MeanRanks, width: int = 720, margin: int = 230) -> Drawing:
    """Return the picture as lines and texts; ``margin`` is left for names on either side of the axis."""
    rows = (len(ranks.names) + 1) // 2
    height = _AXIS + 16 * len(ranks.ranking.groups) + _STEP * (rows + 1) + 10
    parts = list(_parts(ranks, margin, width - margin))
    lines = tuple(part for part in parts if isinstance(part, Stroke))
    return Drawing(width, height, lines, tuple(part for part in parts if isinstance(part, Label)))


def mean_ranks_svg(ranks: MeanRanks) -> str:
    """Return the picture as SVG."""
    drawing = draw_mean_ranks(ranks)
    lines = "\n".join(
        [
            f'<path d="M{stroke.x1:.1f} {stroke.y1:.1f}L{stroke.x2:.1f} {stroke.y2:.1f}" stroke="black" '
            f'stroke-width="{stroke.width:g}"/>'
            for stroke in drawing.lines
        ]
        + [
            f'<text x="{label.x:.1f}" y="{label.y:.1f}" text-anchor="{label.anchor}">{escape(label.text)}</text>'
            for label in drawing.labels
        ]
    )
    return (
        f'{MADE}\n<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {drawing.width} {drawing.height}" '
        f'width="{drawing.width}" height="{drawing.height}" font-family="sans-serif" font-size="13" role="img">\n'
        f'<rect width="{drawing.width}" height="{drawing.height}" fill="white"/>\n{lines}\n</svg>\n'
    )


def _parts(ranks: MeanRanks, left: int, right: int) -> Iterator[Stroke | Label]:
    ranking, number = ranks.ranking, len(ranks.names)

    def x(rank: float) -> float:
        return right - (rank - 1) / (number - 1) * (right - left)  # 1, the best, to the right

    yield Stroke(left, _AXIS, right, _AXIS, 1.5)
    for rank in range(1, number + 1):
        yield Stroke(x(rank), _AXIS - 6, x(rank), _AXIS, 1.5)
        yield Label(x(rank), _AXIS - 10, "middle", str(rank))
    length = min(ranking.critical_difference, number - 1) / (number - 1) * (right - left)
    yield Stroke(left, 18, left + length, 18, 3)
    sign = "" if ranking.critical_difference <= number - 1 else ", more than the axis holds"
    yield Label(left + length + 8, 22, "start", f"critical difference {ranking.critical_difference:.2f}{sign}")
    for place, group in enumerate(ranking.groups):
        y = _AXIS + 14 + 16 * place
        yield Stroke(x(ranking.mean_ranks[group[-1]]) - 4, y, x(ranking.mean_ranks[group[0]]) + 4, y, 5)
    yield from _names(ranks, left, right, [x(rank) for rank in ranking.mean_ranks])


def _names(ranks: MeanRanks, left: int, right: int, x_of: Sequence[float]) -> Iterator[Stroke | Label]:
    """Yield a bent line and a name per system: the better half to the right, each on a height of its own."""
    order = sorted(range(len(x_of)), key=lambda column: (-x_of[column], column))
    half = len(order) // 2
    top = _AXIS + 16 * len(ranks.ranking.groups) + _STEP
    letters = round(left / _LETTER)
    # from the outside in, so that no line crosses a name
    for side, places in (("right", order[:half]), ("left", order[half:][::-1])):
        for step, place in enumerate(places):
            y, x = top + _STEP * step, x_of[place]
            end, anchor = (right + 12, "start") if side == "right" else (left - 12, "end")
            yield Stroke(x, _AXIS, x, y, 1)
            yield Stroke(x, y, end, y, 1)
            name = one_line(ranks.names[place])
            short = name if len(name) <= letters else f"{name[: letters - 1]}…"
            label = f"{short} {ranks.ranking.mean_ranks[place]:.2f}"
            yield Label(end + (5 if side == "right" else -5), y + 4, anchor, label)


__all__ = ["Drawing", "Label", "Stroke", "draw_mean_ranks", "mean_ranks_svg"]
