"""Markdown that shows what it was given, whoever named it.

Conventions
-----------
Names come from records, records from anybody: every text that is not ours goes through :func:`escape` or
stands in a code block.
"""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterator, Sequence

from serbench.text import one_line

_SPECIAL = re.compile(r"([\\`*_{}\[\]|~#!])")


def escape(text: str) -> str:
    r"""Return text that Markdown, tables included, shows as it is.

    >>> escape("a|b <script>")
    'a\\|b &lt;script&gt;'
    """
    plain = one_line(text).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return _SPECIAL.sub(r"\\\1", plain)


def paragraph(text: str) -> Iterator[str]:
    """Yield the lines of a paragraph, escaped already, that is wrapped at 120 columns."""
    yield from textwrap.wrap(text, 120, break_long_words=False, break_on_hyphens=False)


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


__all__ = ["code", "escape", "paragraph", "table"]
