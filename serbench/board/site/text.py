"""Texts as a browser may show them, and values as it sorts them."""

from __future__ import annotations

import re
from dataclasses import dataclass

from serbench.scoring.figure import Figure

_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029]+")
#: Signs that turn the direction of what follows: a name must not reorder the line that it stands in.
_TURNS = re.compile("[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")
_WIDEST = 60


@dataclass(frozen=True)
class Cell:
    """A number in a table.

    Attributes
    ----------
    text
        As people read it.
    order
        What the column is sorted by, ten digits. What is not known comes after the worst.
    why
        Why there is no number, else None.
    """

    text: str
    order: str
    why: str | None = None


def shown(text: str) -> str:
    r"""Return text on one line, with signs that turn the direction of writing replaced by their code points.

    It is not escaped: the templates do that.

    >>> shown("a\nb\u202ec")
    'a b[U+202E]c'
    """
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


def cell(figure: Figure, text: str, *, more_is_better: bool) -> Cell:
    """Return a figure as a cell."""
    worst = "-1" if more_is_better else "1e308"
    order = worst if figure.value is None else f"{figure.value:.10g}"
    return Cell(text, order, figure.reason)


__all__ = ["Cell", "cell", "cut", "shown", "straight"]
