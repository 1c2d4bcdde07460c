"""Tables inside somebody else's page, between markers: the overall table, and that of inflation.

Conventions
-----------
A table stands between two lines, ``<!-- serbench leaderboard: begin -->`` and the same with ``end``; for the other
table the word is ``inflation``. Only what stands between them is written; the rest of the page belongs to its author.
The same rows give the same bytes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from serbench.board.leaderboard import Leaderboard
from serbench.board.pages.overview import glance_lines
from serbench.board.ranking.inflation import inflation_glance
from serbench.errors import UsageError
from serbench.files import write_text


def _inflation(leaderboard: Leaderboard) -> Iterator[str]:
    return inflation_glance(leaderboard.inflation)


#: From the word in the markers to what stands between them.
_TABLES: Mapping[str, Callable[[Leaderboard], Iterator[str]]] = {"leaderboard": glance_lines, "inflation": _inflation}


def markers(word: str) -> tuple[str, str]:
    """Return the lines between which a table stands: of ``leaderboard`` or of ``inflation``."""
    return f"<!-- serbench {word}: begin -->", f"<!-- serbench {word}: end -->"


def with_tables(text: str, leaderboard: Leaderboard, name: str = "the page") -> str:
    """Return a page with the tables whose markers it has.

    Raises
    ------
    UsageError
        When the page has no markers, or a pair is not there once and in order.
    """
    lines, count = text.splitlines(), 0
    for word, table in _TABLES.items():
        begin, end = markers(word)
        if begin not in lines and end not in lines:
            continue
        if lines.count(begin) != 1 or lines.count(end) != 1 or lines.index(begin) > lines.index(end):
            raise UsageError(f"{name} has markers astray, expected one line {begin!r} and below it one line {end!r}")
        lines = [*lines[: lines.index(begin) + 1], "", *table(leaderboard), "", *lines[lines.index(end) :]]
        count += 1
    if not count:
        begin, end = markers("leaderboard")
        raise UsageError(
            f"{name} has no place for a table, expected one line {begin!r} and below it one line {end!r}; add both"
        )
    return "\n".join(lines) + "\n"


def insert_tables(page: Path, leaderboard: Leaderboard) -> None:
    """Write the tables between the markers of a Markdown page.

    Raises
    ------
    UsageError
        When there is no such page, or its markers are missing or astray.
    """
    write_text(page, with_tables(_read(page), leaderboard, str(page)))


def is_current(page: Path, leaderboard: Leaderboard) -> bool:
    """Tell whether :func:`insert_tables` would leave a page as it is.

    Raises
    ------
    UsageError
        When there is no such page, or its markers are missing or astray.
    """
    text = _read(page)
    return with_tables(text, leaderboard, str(page)) == text


def _read(page: Path) -> str:
    if not page.is_file():
        raise UsageError(f"there is no page {page}, expected a Markdown file with the two markers; see the README")
    return page.read_text(encoding="utf-8")


__all__ = ["insert_tables", "is_current", "markers", "with_tables"]
