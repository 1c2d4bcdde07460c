"""The overall table inside somebody else's page, between two markers.

Conventions
-----------
Only what stands between the markers is written; the rest of the page belongs to its author. The same rows give the
same bytes.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from serbench.board.overview import glance_lines
from serbench.board.rank import make_boards
from serbench.errors import UsageError
from serbench.files import write_text
from serbench.results.row import Row

#: The lines between which the table stands.
BEGIN, END = "<!-- serbench leaderboard: begin -->", "<!-- serbench leaderboard: end -->"


def with_table(text: str, rows: Iterable[Row], name: str = "the page") -> str:
    """Return a page with the overall tables of the ranked protocols between its markers.

    Raises
    ------
    UsageError
        When the page has not exactly one pair of markers, in order.
    """
    lines = text.splitlines()
    if lines.count(BEGIN) != 1 or lines.count(END) != 1 or lines.index(BEGIN) > lines.index(END):
        raise UsageError(
            f"{name} has no place for the table, expected one line {BEGIN!r} and below it one line {END!r}; add both"
        )
    inside = list(glance_lines(make_boards(rows)))
    new = [*lines[: lines.index(BEGIN) + 1], "", *inside, "", *lines[lines.index(END) :]]
    return "\n".join(new) + "\n"


def insert_table(page: Path, rows: Iterable[Row]) -> None:
    """Write the overall tables between the markers of a Markdown page.

    Raises
    ------
    UsageError
        When there is no such page, or it has not exactly one pair of markers.
    """
    write_text(page, with_table(_read(page), rows, str(page)))


def is_current(page: Path, rows: Iterable[Row]) -> bool:
    """Tell whether :func:`insert_table` would leave a page as it is.

    Raises
    ------
    UsageError
        When there is no such page, or it has not exactly one pair of markers.
    """
    text = _read(page)
    return with_table(text, rows, str(page)) == text


def _read(page: Path) -> str:
    if not page.is_file():
        raise UsageError(f"there is no page {page}, expected a Markdown file with the two markers; see the README")
    return page.read_text(encoding="utf-8")


__all__ = ["BEGIN", "END", "insert_table", "is_current", "with_table"]
