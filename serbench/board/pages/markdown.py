"""Markdown that shows what it was given, whoever named it, and numbers as people read them.

Conventions
-----------
Names come from records, records from anybody: every text that is not ours goes through :func:`escape` or
stands in a code block. Numbers are short here and in full in the CSV and JSON files.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from serbench.scoring.figure import Figure

#: What stands where there is no number.
NOTHING = "–"

_CONTROL = re.compile(r"[\x00-\x1f\x7f\u2028\u2029]+")
_SPECIAL = re.compile(r"([\\`*_{}\[\]|~#!])")
_STEPS = ((1e9, "G"), (1e6, "M"), (1e3, "k"))


def one_line(text: str) -> str:
    r"""Return text without line breaks and other control characters.

    >>> one_line("a\nb")
    'a b'
    """
    return _CONTROL.sub(" ", text).strip()


def escape(text: str) -> str:
    r"""Return text that Markdown, tables included, shows as it is.

    >>> escape("a|b <script>")
    'a\\|b &lt;script&gt;'
    """
    plain = one_line(text).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return _SPECIAL.sub(r"\\\1", plain)


def table(header: Sequence[str], rows: Sequence[Sequence[str]], *, left: int = 1) -> list[str]:
    """Return the lines of a table whose columns are padded, cells already escaped.

    Parameters
    ----------
    left
        How many columns, from the first, are text and stand to the left; numbers stand to the right.
    """
    widths = [max(3, *(len(line[column]) for line in (header, *rows))) for column in range(len(header))]

    def line(cells: Sequence[str]) -> str:
        padded = [
            cell.ljust(width) if column < left else cell.rjust(width)
            for column, (cell, width) in enumerate(zip(cells, widths, strict=True))
        ]
        return f"| {' | '.join(padded)} |"

    rule = [("-" * width if column < left else "-" * (width - 1) + ":") for column, width in enumerate(widths)]
    return [line(header), f"| {' | '.join(rule)} |", *(line(row) for row in rows)]


def code(lines: Sequence[str]) -> list[str]:
    """Return an indented code block: nothing inside it can end it."""
    return [f"    {one_line(line)}" for line in lines]


def percent(figure: Figure, digits: int = 1) -> str:
    """Return a fraction in per cent, without the sign.

    >>> percent(Figure(0.6239))
    '62.4'
    """
    return NOTHING if figure.value is None else f"{100 * figure.value:.{digits}f}"


def decimal(figure: Figure, digits: int = 3) -> str:
    """Return a number with a fixed number of digits after the point."""
    return NOTHING if figure.value is None else f"{figure.value:.{digits}f}"


def short(figure: Figure) -> str:
    """Return a number in three digits and a prefix: k, M or G.

    >>> short(Figure(46772.0)), short(Figure(12.0)), short(Figure(0.01234)), short(Figure(0.0))
    ('46.8k', '12', '0.0123', '0')
    """
    value = figure.value
    if value is None:
        return NOTHING
    for step, prefix in _STEPS:
        if abs(value) >= step:
            return f"{_three(value / step)}{prefix}"
    return _three(value)


def _three(value: float) -> str:
    if value == int(value):
        return str(int(value))
    digits = f"{value:#.3g}".rstrip(".")
    return digits if "e+" not in digits else f"{value:.0f}"


__all__ = ["NOTHING", "code", "decimal", "escape", "one_line", "percent", "short", "table"]
