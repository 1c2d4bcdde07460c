"""Texts as a browser may show them, and values as it sorts them."""

from __future__ import annotations

import re
from dataclasses import dataclass

from serbench.board.columns import BoardColumn
from serbench.board.ranking.boards import Board, Placement

_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029]+")
#: Signs that turn the direction of what follows: a name must not reorder the line that it stands in.
_TURNS = re.compile("[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")
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


def shown(text: str) -> str:
    r"""Return text on one line, with signs that turn the direction of writing replaced by their code points.

    It is not escaped: the templates do that.

    >>> shown("a\nb\u202ec")
    'a b[U+202E]c'
    """
    if text.isascii() and text.isprintable():  # nearly all that a page shows
        return text
    return straight(_CONTROL.sub(" ", text))


def straight(text: str) -> str:
    """Return text with signs that turn the direction of writing replaced by their code points."""
    return _TURNS.sub(lambda found: f"[U+{ord(found[0]):04X}]", text)


def cut(text: str, letters: int = _WIDEST) -> str:
    """Return the beginning of a text that may be too long for its place.

    >>> cut("logistic", 5)
    'logi…'
    """
    text = shown(text)
    return text if len(text) <= letters else f"{text[: letters - 1]}…"


__all__ = ["SortedText", "cut", "shown", "sorted_text", "straight"]
