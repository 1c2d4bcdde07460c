"""What the tables and cards of a page show of each row.

Conventions
-----------
Texts are plain: the templates escape them. Anchors are digests, so that a link to a row holds as long as the row does.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import quote

from serbench.board.columns import BoardColumn, Table, columns_of
from serbench.board.ranking.boards import Board, Placement
from serbench.board.ranking.pareto import AXES, Axis
from serbench.board.site.text import SortedText, sorted_text
from serbench.board.wording import (
    PART,
    PRETRAINED,
    PROMPTS,
    SAW_THE_TEST,
    TEST_STATISTICS,
    TRANSCRIPTS,
    command_of,
    declared_marks,
    is_part,
    marks_of,
    page_stem,
)
from serbench.results.row import Row
from serbench.scoring.figure import Figure

#: What is said of rows in one word, and what it means; in this order.
TAGS = {
    "verified": "verified",
    "self-reported": "self-reported",
    "replica": "replica",
    "floor": "floor",
    "incomplete": "incomplete",
    "part": f"{PART} part of a corpus",
    "pareto-optimal": "Pareto-optimal",
    "pretrained": f"{PRETRAINED} pretrained on other data",
    "saw-the-test": f"{SAW_THE_TEST} pretrained on the tested corpus",
    "test-statistics": f"{TEST_STATISTICS} uses statistics of the test rows",
    "transcripts": f"{TRANSCRIPTS} reads transcripts",
    "prompts": f"{PROMPTS} reads prompts",
}
_BY_MARK = {
    PRETRAINED: "pretrained",
    SAW_THE_TEST: "saw-the-test",
    TEST_STATISTICS: "test-statistics",
    TRANSCRIPTS: "transcripts",
    PROMPTS: "prompts",
}


@dataclass(frozen=True)
class Shaded:
    """A share as text, and as a step from 0 to 10 of a scale of shades."""

    text: str
    step: int = 0


@dataclass(frozen=True, kw_only=True)
class RowView:
    """A row of results as a page shows it.

    Attributes
    ----------
    anchor
        Of its card, unlike any other's on the page.
    href
        Of its card, from any page of the site.
    placement
        What it is of.
    protocol, subject
        Protocol, and dataset (or task) for people.
    cells
        From table to a text per column of it; see :func:`headings_of`.
    tags
        Words of :data:`TAGS`.
    budgets
        From the name of each axis of cost to the value, empty where it is not known.
    recalls
        A text per column of recalls, beside the name; empty where the page has no such table.
    confusion
        Counts, shaded by the share of their line; empty without any.
    command
        Repeats the row.
    """

    anchor: str
    href: str
    placement: Placement
    protocol: str
    subject: str
    cells: Mapping[Table, Sequence[SortedText]]
    tags: tuple[str, ...]
    budgets: Mapping[str, str]
    recalls: tuple[Shaded, ...]
    confusion: tuple[tuple[Shaded, ...], ...]
    command: str

    @property
    def row(self) -> Row:
        """The row."""
        return self.placement.row

    @property
    def name(self) -> str:
        """As on the boards."""
        return self.placement.name

    @property
    def marks(self) -> str:
        """The signs of what its cards declared, and of what it is of its model at reduced precision."""
        return marks_of(self.placement)


def page_address(board: Board) -> str:
    """Return the address of a board's page from another page."""
    return f"{quote(page_stem(board))}.html"


def anchor_of(row: Row) -> str:
    """Return the anchor of a row's card."""
    return f"r-{row.task[:8]}-{row.system[:8]}"


def question_of(axis: Axis) -> str:
    """Return how a reader is asked for the most that a row may cost."""
    return f"{axis.words} at most{f', {axis.unit}' if axis.unit else ''}"


def view_rows(board: Board, subject: str, columns: Mapping[Table, Sequence[BoardColumn]]) -> list[RowView]:
    """Return the rows of a board in its order.

    Parameters
    ----------
    subject
        The dataset or task, for people.
    columns
        Of each table of the site: those of this board alone, or of all where boards share a table.
    """
    return [_view(board, placement, subject, columns) for placement in board.placements]


def tables_of(boards: Sequence[Board], *tables: Table) -> dict[Table, list[BoardColumn]]:
    """Return the columns of some tables."""
    return {table: columns_of(table, boards) for table in tables}


def _view(board: Board, placement: Placement, subject: str, columns: Mapping[Table, Sequence[BoardColumn]]) -> RowView:
    row = placement.row
    tags = {row.evidence, *(_BY_MARK[mark] for mark in declared_marks(row))}
    tags |= {"floor"} if placement.is_floor else set()
    tags |= set() if row.is_complete else {"incomplete"}
    tags |= {"part"} if is_part(row) else set()
    tags |= {"pareto-optimal"} if any(placement.pareto_optimal.values()) else set()
    return RowView(
        anchor=anchor_of(row),
        href=f"{page_address(board)}#{anchor_of(row)}",
        placement=placement,
        protocol=board.protocol,
        subject=subject,
        cells={table: [sorted_text(column, board, placement) for column in group] for table, group in columns.items()},
        tags=tuple(tag for tag in TAGS if tag in tags),
        budgets={axis.name: _number(row.cost_of(axis.figure)) for axis in AXES},
        recalls=tuple(_recall(column, board, placement) for column in beside_name(columns.get(Table.RECALLS, ()))),
        confusion=tuple(tuple(_share(count, sum(counts)) for count in counts) for counts in row.confusion),
        command=command_of(row),
    )


def tags_of(rows: Iterable[RowView]) -> dict[str, str]:
    """Return the tags that one of the rows has and another has not, with their words."""
    found = [set(row.tags) for row in rows]
    return {tag: words for tag, words in TAGS.items() if len({tag in tags for tags in found}) == 2}


def _number(figure: Figure) -> str:
    return "" if figure.value is None else f"{figure.value:.10g}"


def beside_name(columns: Iterable[BoardColumn]) -> list[BoardColumn]:
    """Return columns without that of the name, which a table shows in a way of its own."""
    return [column for column in columns if column.key != "model"]


def _recall(column: BoardColumn, board: Board, placement: Placement) -> Shaded:
    """Return a cell of the table of recalls; what is no share has no shade."""
    text, fact = column.shown(board, placement), column.fact(board, placement)
    return Shaded(text, _step(fact)) if isinstance(fact, int | float) and 0 <= fact <= 1 else Shaded(text)


def _share(count: int, total: int) -> Shaded:
    return Shaded(str(count), _step(count / total if total else 0.0))


def _step(share: float) -> int:
    # a share that is half a step but for its last bits goes up everywhere
    return int(10 * share + 0.5 + 1e-9)


__all__ = [
    "TAGS",
    "RowView",
    "Shaded",
    "anchor_of",
    "beside_name",
    "page_address",
    "question_of",
    "tables_of",
    "tags_of",
    "view_rows",
]
