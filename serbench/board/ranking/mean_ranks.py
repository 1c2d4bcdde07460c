"""Systems over datasets by their mean ranks: Friedman's test, Nemenyi's critical difference, and its picture.

Conventions
-----------
The datasets are the headline ones of a protocol, by their main boards; the systems are those that are whole on all of
them, but for those at reduced precision whose float32 row is among them. With fewer than three of either there is
nothing to say. The picture is Demšar's (2006): an axis of mean ranks,
the best to the right, a bar over systems whose mean ranks do not differ. On the board it is SVG written by hand, so
that the same rows give the same bytes on every machine; ``serbench.board.figures`` draws the same lines for papers.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from html import escape

import numpy as np

from serbench.board.pages.markdown import one_line
from serbench.board.ranking.overall import Entry, Overall
from serbench.board.wording import MARK
from serbench.scoring.friedman import Ranking, rank_over_datasets

#: How many datasets and how many systems there must be.
FEWEST = 3

_AXIS, _STEP = 60, 22
#: Of the margin, per letter of a name and its share of the mean rank behind it; longer names are cut.
_LETTER = 11.5


@dataclass(frozen=True)
class Contest:
    """Systems over the headline datasets of a protocol.

    Attributes
    ----------
    names
        Of the systems, in the order of ``ranking.mean_ranks``.
    datasets
        Names of the datasets.
    ranking
        What may be said.
    """

    names: tuple[str, ...]
    datasets: tuple[str, ...]
    ranking: Ranking

    @property
    def groups(self) -> list[tuple[str, ...]]:
        """The names in each group that does not differ, best first."""
        return [tuple(self.names[place] for place in group) for group in self.ranking.groups]


def make_contest(glance: Overall) -> Contest | None:
    """Return the contest of a protocol, or None where it has too few datasets or systems."""
    datasets = tuple(board.dataset for board in glance.headline)
    whole = [entry for entry in glance.entries if entry.counted == len(datasets) and not _is_double(entry, datasets)]
    if len(datasets) < FEWEST or len(whole) < FEWEST:
        return None
    scores = np.array([[entry.places[name].row.uar.value for entry in whole] for name in datasets], dtype=np.float64)
    return Contest(tuple(entry.name for entry in whole), datasets, rank_over_datasets(scores))


def _is_double(entry: Entry, datasets: Sequence[str]) -> bool:
    """Tell whether a system is another's at reduced precision on all datasets, whatever was said of it there.

    One that is all but the same as another would take ranks from it and widen the difference that all others must show.
    """
    variants = [entry.places[name].variant for name in datasets]
    return all(each is not None and each.kept.value is not None for each in variants)


def contest_sentences(contest: Contest) -> list[str]:
    """Return the contest in words, plain text."""
    ranking = contest.ranking
    order = sorted(range(len(contest.names)), key=lambda place: (ranking.mean_ranks[place], place))
    ranks = ", ".join(f"{contest.names[place]} {ranking.mean_ranks[place]:.2f}" for place in order)
    if ranking.p.value is None:
        p = str(ranking.p.reason)
    else:
        p = "p < 0.001" if ranking.p.value < 0.001 else f"p = {ranking.p.value:.2g}"
    found = [
        f"Mean rank over {ranking.datasets} datasets (1 is best): {ranks}.",
        f"Friedman's test that all are equal: {p}.",
        f"Mean ranks differ where they are more than {ranking.critical_difference:.2f} apart (Nemenyi, 5 %).",
    ]
    groups = "; ".join(", ".join(group) for group in contest.groups)
    return [*found, f"They do not differ among: {groups}."] if groups else found


@dataclass(frozen=True)
class Line:
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
    lines: tuple[Line, ...]
    labels: tuple[Label, ...]


def critical_drawing(contest: Contest, width: int = 720, margin: int = 230) -> Drawing:
    """Return the picture as lines and texts; ``margin`` is left for names on either side of the axis."""
    rows = (len(contest.names) + 1) // 2
    height = _AXIS + 16 * len(contest.ranking.groups) + _STEP * (rows + 1) + 10
    parts = list(_parts(contest, margin, width - margin))
    lines = tuple(part for part in parts if isinstance(part, Line))
    return Drawing(width, height, lines, tuple(part for part in parts if isinstance(part, Label)))


def critical_svg(contest: Contest) -> str:
    """Return the picture as SVG."""
    drawing = critical_drawing(contest)
    lines = "\n".join(
        [
            f'<path d="M{each.x1:.1f} {each.y1:.1f}L{each.x2:.1f} {each.y2:.1f}" stroke="black" '
            f'stroke-width="{each.width:g}"/>'
            for each in drawing.lines
        ]
        + [
            f'<text x="{each.x:.1f}" y="{each.y:.1f}" text-anchor="{each.anchor}">{escape(each.text)}</text>'
            for each in drawing.labels
        ]
    )
    return (
        f'{MARK}\n<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {drawing.width} {drawing.height}" '
        f'width="{drawing.width}" height="{drawing.height}" font-family="sans-serif" font-size="13" role="img">\n'
        f'<rect width="{drawing.width}" height="{drawing.height}" fill="white"/>\n{lines}\n</svg>\n'
    )


def _parts(contest: Contest, left: int, right: int) -> Iterator[Line | Label]:
    ranking, number = contest.ranking, len(contest.names)

    def x(rank: float) -> float:
        return right - (rank - 1) / (number - 1) * (right - left)  # 1, the best, to the right

    yield Line(left, _AXIS, right, _AXIS, 1.5)
    for rank in range(1, number + 1):
        yield Line(x(rank), _AXIS - 6, x(rank), _AXIS, 1.5)
        yield Label(x(rank), _AXIS - 10, "middle", str(rank))
    length = min(ranking.critical_difference, number - 1) / (number - 1) * (right - left)
    yield Line(left, 18, left + length, 18, 3)
    sign = "" if ranking.critical_difference <= number - 1 else ", more than the axis holds"
    yield Label(left + length + 8, 22, "start", f"critical difference {ranking.critical_difference:.2f}{sign}")
    for place, group in enumerate(ranking.groups):
        y = _AXIS + 14 + 16 * place
        yield Line(x(ranking.mean_ranks[group[-1]]) - 4, y, x(ranking.mean_ranks[group[0]]) + 4, y, 5)
    yield from _names(contest, left, right, [x(rank) for rank in ranking.mean_ranks])


def _names(contest: Contest, left: int, right: int, x_of: Sequence[float]) -> Iterator[Line | Label]:
    """Yield a bent line and a name per system: the better half to the right, each on a height of its own."""
    order = sorted(range(len(x_of)), key=lambda place: (-x_of[place], place))
    half = len(order) // 2
    top = _AXIS + 16 * len(contest.ranking.groups) + _STEP
    letters = round(left / _LETTER)
    # from the outside in, so that no line crosses a name
    for side, places in (("right", order[:half]), ("left", order[half:][::-1])):
        for step, place in enumerate(places):
            y, x = top + _STEP * step, x_of[place]
            end, anchor = (right + 12, "start") if side == "right" else (left - 12, "end")
            yield Line(x, _AXIS, x, y, 1)
            yield Line(x, y, end, y, 1)
            name = one_line(contest.names[place])
            short = name if len(name) <= letters else f"{name[: letters - 1]}…"
            label = f"{short} {contest.ranking.mean_ranks[place]:.2f}"
            yield Label(end + (5 if side == "right" else -5), y + 4, anchor, label)


__all__ = [
    "FEWEST",
    "Contest",
    "Drawing",
    "Label",
    "Line",
    "contest_sentences",
    "critical_drawing",
    "critical_svg",
    "make_contest",
]
