"""What the tables and cards of a page show of each row.

Conventions
-----------
Texts are plain: the templates escape them. Anchors are digests, so that a link to a row holds as long as the row does.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import quote

from serbench.board.marks import PRETRAINED, SAW_THE_TEST, TEST_STATISTICS, marks_of
from serbench.board.pages.markdown import NOTHING, decimal, percent
from serbench.board.pages.task import COST
from serbench.board.ranking.boards import FLOORS, Board, Place
from serbench.board.site.text import Cell, cell
from serbench.board.wording import (
    cells_done,
    command_of,
    cost_cell,
    interval_cell,
    machine_key,
    mean_of,
    page_stem,
    rank_cell,
    signs_of,
    tie_groups,
    uar_cell,
)
from serbench.results.row import Row
from serbench.scoring.figure import Figure
from serbench.scoring.metrics import CORE_METRICS

#: What a reader may set a limit to: the word in the page, the figure, the question.
BUDGETS = (
    ("parameters", "parameters_total", "parameters at most"),
    ("macs", "macs_3s", "MACs at most"),
    ("latency", "latency_p50_ms", "latency p50 at most, ms"),
)
#: What is said of rows in one word, and what it means; in this order.
TAGS = {
    "verified": "verified",
    "self-reported": "self-reported",
    "replica": "replica",
    "floor": "floor",
    "partial": "partial",
    "front": "on a Pareto front",
    "pretrained": f"{PRETRAINED} pretrained on other data",
    "saw-the-test": f"{SAW_THE_TEST} pretrained on the tested corpus",
    "test-statistics": f"{TEST_STATISTICS} uses statistics of the test rows",
}
_BY_MARK = {PRETRAINED: "pretrained", SAW_THE_TEST: "saw-the-test", TEST_STATISTICS: "test-statistics"}


@dataclass(frozen=True)
class Shaded:
    """A share as text, and as a step from 0 to 10 of a scale of shades."""

    text: str
    step: int


@dataclass(frozen=True, kw_only=True)
class Line:
    """A row of results as a page shows it.

    Attributes
    ----------
    anchor
        Of its card, unlike any other's on the page.
    href
        Of its card, from any page of the site.
    place
        What it is of.
    subject
        Protocol, and dataset (or task) for people.
    rank
        With ``=`` where it is shared; what has no rank is sorted last.
    groups
        Letters of the groups of rows that it cannot be told apart from.
    uar, wa, f1, loss, ece, interval, cells
        Of the table.
    costs
        From heading to cell.
    tags
        Words of :data:`TAGS`.
    budgets
        From the words of :data:`BUDGETS` to the value, empty where it is not known.
    machine
        The letter of its machine.
    recalls
        Of the task's classes, in their order.
    confusion
        Counts, shaded by the share of their line; empty without any.
    command
        Repeats the row.
    """

    anchor: str
    href: str
    place: Place
    protocol: str
    subject: str
    rank: Cell
    groups: str
    uar: Cell
    interval: str
    wa: Cell
    f1: Cell
    loss: str
    ece: str
    costs: Mapping[str, Cell]
    cells: str
    tags: tuple[str, ...]
    budgets: Mapping[str, str]
    machine: str
    recalls: tuple[Shaded, ...]
    confusion: tuple[tuple[Shaded, ...], ...]
    command: str

    @property
    def row(self) -> Row:
        """The row."""
        return self.place.row

    @property
    def name(self) -> str:
        """As on the boards."""
        return self.place.name

    @property
    def others(self) -> list[tuple[str, str]]:
        """Metrics that plugins offer, with their values."""
        core = {metric.card.name for metric in CORE_METRICS}
        return [(name, decimal(score.mean)) for name, score in self.row.scores.items() if name not in core]

    @property
    def marks(self) -> str:
        """The signs of what its cards declared, and of what it is of its model at reduced precision."""
        return signs_of(self.place)

    @property
    def is_floor(self) -> bool:
        """True for what stands in every table."""
        return self.place.row.model["name"] in FLOORS


def page_address(board: Board) -> str:
    """Return the address of a board's page from another page."""
    return f"{quote(page_stem(board))}.html"


def anchor_of(row: Row) -> str:
    """Return the anchor of a row's card."""
    return f"r-{row.task[:8]}-{row.system[:8]}"


def make_lines(board: Board, subject: str, letters: Mapping[str, str]) -> list[Line]:
    """Return the lines of a board in its order.

    Parameters
    ----------
    letters
        From :func:`machine_key` to the letter of the machine.
    """
    groups = tie_groups(board)
    return [_line(board, place, subject, groups, letters[machine_key(place.row)]) for place in board.places]


def _line(board: Board, place: Place, subject: str, groups: Sequence[Sequence[str]], machine: str) -> Line:
    row = place.row
    tags = {row.evidence, *(_BY_MARK[sign] for sign in marks_of(row))}
    tags |= {"floor"} if row.model["name"] in FLOORS else set()
    tags |= set() if row.is_whole else {"partial"}
    tags |= {"front"} if any(place.on_front.values()) else set()
    none = Figure.undefined("no cell is done")
    return Line(
        anchor=anchor_of(row),
        href=f"{page_address(board)}#{anchor_of(row)}",
        place=place,
        protocol=board.protocol,
        subject=subject,
        rank=Cell(rank_cell(place), "1e308" if place.rank is None else str(place.rank)),
        groups=" ".join(letter(number) for number, group in enumerate(groups) if place.name in group) or NOTHING,
        uar=cell(row.uar, uar_cell(row), more_is_better=True),
        interval=interval_cell(row),
        wa=_score(row, "wa"),
        f1=_score(row, "macro-f1"),
        loss=decimal(mean_of(row, "log-loss")),
        ece=decimal(mean_of(row, "ece")),
        costs={
            heading: cell(row.cost_of(name), cost_cell(place, name), more_is_better=False) for heading, name in COST
        },
        cells=cells_done(row),
        tags=tuple(tag for tag in TAGS if tag in tags),
        budgets={word: _plain(row.cost_of(name)) for word, name, _ in BUDGETS},
        machine=machine,
        recalls=tuple(_recall(row.recalls.get(name, none)) for name in board.first.classes),
        confusion=tuple(tuple(_share(count, sum(counts)) for count in counts) for counts in row.confusion),
        command=command_of(row),
    )


def tags_of(lines: Iterable[Line]) -> dict[str, str]:
    """Return the tags that one of the lines has and another has not, with their words."""
    found = [set(line.tags) for line in lines]
    return {tag: words for tag, words in TAGS.items() if len({tag in tags for tags in found}) == 2}


def letter(number: int) -> str:
    """Return a letter for a group: a to z, then numbers."""
    return chr(ord("a") + number) if number < 26 else str(number + 1)


def _score(row: Row, metric: str) -> Cell:
    figure = mean_of(row, metric)
    return cell(figure, percent(figure), more_is_better=True)


def _plain(figure: Figure) -> str:
    return "" if figure.value is None else f"{figure.value:.10g}"


def _recall(figure: Figure) -> Shaded:
    return Shaded(percent(figure), _step(figure.value or 0.0))


def _share(count: int, total: int) -> Shaded:
    return Shaded(str(count), _step(count / total if total else 0.0))


def _step(share: float) -> int:
    # a share that is half a step but for its last bits goes up everywhere
    return int(10 * share + 0.5 + 1e-9)


__all__ = ["BUDGETS", "TAGS", "Line", "Shaded", "anchor_of", "letter", "make_lines", "page_address", "tags_of"]
