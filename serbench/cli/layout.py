"""Tables, fields and paragraphs as lines of so many columns.

Conventions
-----------
A number is never broken, at any width from :data:`NARROWEST` on: what is cut off a number is another number. What does
not fit the line goes on in further tables below, each with the names in front; where that comes to many tables, or a
name and one number have no room side by side, the table is turned on its side: a block per row, a line per cell.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass

#: Columns of the narrowest line that is kept to.
NARROWEST = 20

#: Longer names in the first column of a table may wrap.
_WIDEST_NAME = 32
#: Text in other columns wraps down to so many columns; a value beside its name likewise.
_NARROWEST_TEXT = 12
#: A table that comes to more than so many is turned on its side.
_MOST_TABLES = 2
#: Blanks between columns.
_GAP = 2
#: A value of so many columns stands on one line.
_UNBROKEN = 16

#: What stays together: a number with its sign, exponent and unit. Whatever is longer is a digest.
_CHUNK = re.compile(r"[+\-\u2212]?[.,]?\d(?:[\w.,%]|(?<=[eE])[+\-\u2212]){0,15}|.", re.DOTALL)


@dataclass(frozen=True)
class Line:
    """A line: what of it is bold, and the rest."""

    bold: str = ""
    text: str = ""

    def __str__(self) -> str:
        return f"{self.bold}{self.text}"


def width_of(text: str) -> int:
    """Return how many columns a text takes.

    >>> width_of("abc"), width_of("日本"), width_of("e\N{COMBINING ACUTE ACCENT}")
    (3, 4, 1)
    """
    return len(text) if text.isascii() else sum(map(_width, text))


def _width(sign: str) -> int:
    if unicodedata.category(sign) in ("Mn", "Me", "Cf"):
        return 0
    return 2 if unicodedata.east_asian_width(sign) in "WF" else 1


def fold(text: str, width: int) -> list[str]:
    """Return text in lines of at most ``width`` columns, broken between words; a longer word is broken, no number is.

    >>> fold("a table of 12.3 and 4", 9)
    ['a table', 'of 12.3', 'and 4']
    >>> fold("model[n=20]", 9)
    ['model[n=', '20]']
    """
    if width_of(text) <= width:
        return [text]
    lines = [""]
    for word in text.split():
        if width_of(word) <= width:
            _append(lines, word, width, " ")
            continue
        if lines[-1]:
            lines.append("")
        for chunk in _CHUNK.findall(word):
            _append(lines, chunk, width, "")
    return lines


def _append(lines: list[str], part: str, width: int, between: str) -> None:
    """Put a part behind the last line, or on a new one where it has no room."""
    last = f"{lines[-1]}{between}{part}" if lines[-1] else part
    if lines[-1] and width_of(last) > width:
        lines.append(part)
    else:
        lines[-1] = last


def table_lines(
    columns: Sequence[str], rows: Sequence[Sequence[str]], width: int, *, title: str | None, right: Collection[str]
) -> list[Line]:
    """Return the lines of a table.

    Parameters
    ----------
    columns, rows
        The headings, and a cell per column each.
    width
        Columns of the line.
    title
        A line above.
    right
        Headings of the columns that are set flush right: numbers, whose cells are never broken.
    """
    lines = [Line(line) for line in fold(title, width)] if title else []
    cells = [[row[place] for row in (columns, *rows)] for place in range(len(columns))]
    least = [_least(column, is_number=column[0] in right) for column in cells]
    whole_names = max(least[0], min(max(map(width_of, cells[0])), _WIDEST_NAME))
    for names in (whole_names, least[0]):
        narrow = [names, *least[1:]]
        groups = _groups(narrow, width)
        if groups is not None:
            for group in groups:
                lines += _beside([cells[place] for place in group], [narrow[place] for place in group], width, right)
            return lines
    return lines + list(_on_their_side(columns, rows, width))


def field_lines(pairs: Iterable[tuple[str, str]], width: int) -> list[Line]:
    """Return a line per name and value; what is too long wraps below itself, or all values stand below their names."""
    pairs = list(pairs)
    names = max((width_of(name) for name, _ in pairs), default=0)
    room = width - names - _GAP
    if any(room < _room(value) for _, value in pairs):
        return [line for pair in pairs for line in _stacked(*pair, width)]
    lines = []
    for name, value in pairs:
        first, *more = fold(value, room)
        lines.append(Line(name, f"{' ' * (names + _GAP - width_of(name))}{first}".rstrip()))
        lines += [Line("", f"{' ' * (names + _GAP)}{line}") for line in more]
    return lines


def _stacked(name: str, value: str, width: int) -> Iterator[Line]:
    yield from (Line(line) for line in fold(name, width))
    yield from (Line("", f"{' ' * _GAP}{line}") for line in fold(value, width - _GAP))


def _room(value: str) -> int:
    """Return how many columns a value needs at least."""
    whole = width_of(value)
    return whole if whole <= _UNBROKEN else max(_NARROWEST_TEXT, _longest_chunk(value))


def _longest_chunk(text: str) -> int:
    return max(map(width_of, _CHUNK.findall(text)), default=0)


def _least(cells: Sequence[str], *, is_number: bool) -> int:
    """Return how narrow a column may be."""
    whole = max(map(width_of, cells))
    return whole if is_number else min(whole, max(_NARROWEST_TEXT, *map(_longest_chunk, cells)))


def _groups(least: Sequence[int], width: int) -> list[list[int]] | None:
    """Return the columns in groups that fit the line, the first column in each; None where that is not to be done."""
    groups = [[0]]
    used = least[0]
    for place in range(1, len(least)):
        needed = _GAP + least[place]
        if used + needed > width and len(groups[-1]) > 1:
            groups.append([0])
            used = least[0]
        groups[-1].append(place)
        used += needed
        if used > width:
            return None
    return groups if used <= width and len(groups) <= _MOST_TABLES else None


def _beside(cells: Sequence[Sequence[str]], least: Sequence[int], width: int, right: Collection[str]) -> Iterator[Line]:
    """Yield the lines of a table that fits."""
    widths = [max(map(width_of, column)) for column in cells]
    while sum(widths) + _GAP * (len(widths) - 1) > width:
        shrinking = [place for place, size in enumerate(widths) if size > least[place]]
        widths[max(shrinking, key=lambda place: widths[place])] -= 1
    flush = [column[0] in right for column in cells]
    for number, row in enumerate(zip(*cells, strict=True)):
        folded = [fold(cell, size) for cell, size in zip(row, widths, strict=True)]
        for place in range(max(map(len, folded))):
            parts = [lines[place] if place < len(lines) else "" for lines in folded]
            text = (" " * _GAP).join(map(_padded, parts, widths, flush)).rstrip()
            yield Line("", text) if number else Line(text)


def _padded(text: str, width: int, is_flush_right: bool) -> str:
    blanks = " " * (width - width_of(text))
    return f"{blanks}{text}" if is_flush_right else f"{text}{blanks}"


def _on_their_side(columns: Sequence[str], rows: Sequence[Sequence[str]], width: int) -> Iterator[Line]:
    """Yield a block per row: its cells, each beside or below its heading."""
    if not rows:
        yield from (Line(line) for line in fold(", ".join(columns), width))
    for number, row in enumerate(rows):
        if number:
            yield Line()
        yield from field_lines(zip(columns, row, strict=True), width)


__all__ = ["NARROWEST", "Line", "field_lines", "fold", "table_lines", "width_of"]
