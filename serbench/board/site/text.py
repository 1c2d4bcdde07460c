"""Texts as a browser may show them, and values as it sorts them."""

from __future__ import annotations

from dataclasses import dataclass

from serbench.board.columns import BoardColumn
from serbench.board.ranking.boards import Board, Placement
from serbench.text import visible

_WIDEST = 60


@dataclass(frozen=True)
class SortedText:
    """A cell of a table.

    Attributes
    ----------
    column
        What it stands under.
    text
        As people read it.
    order
        What the column is sorted by, ten digits; empty for a text. What is not known comes after the worst.
    why
        Why there is no number, else None.
    """

    column: BoardColumn
    text: str
    order: str = ""
    why: str | None = None


def sorted_text(column: BoardColumn, board: Board, placement: Placement) -> SortedText:
    """Return what a row shows under a column."""
    text = column.shown(board, placement)
    if not column.is_number:
        return SortedText(column, text)
    fact, worst = column.fact(board, placement), "-1e308" if column.better == "higher" else "1e308"
    order = worst if fact is None else f"{float(fact):.10g}"
    return SortedText(column, text, order, column.reason(board, placement))


def cut(text: str, letters: int = _WIDEST) -> str:
    """Return the beginning of a text that may be too long for its place.

    >>> cut("logistic", 5)
    'logi…'
    """
    text = visible(text)
    return text if len(text) <= letters else f"{text[: letters - 1]}…"


__all__ = ["SortedText", "cut", "sorted_text"]
