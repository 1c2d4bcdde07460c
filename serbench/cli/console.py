"""What people see: tables, progress, errors. The only file that imports rich, and only when it draws.

Conventions
-----------
Results go to standard output, everything else (progress, warnings, errors) to standard error. Off a terminal
lines are at most 80 columns wide and bare of colour, and no progress is shown. Texts may be anybody's: nothing in them
reaches a terminal that would control it (``serbench.text``), and what the stream cannot encode has a substitute. JSON
says every text exactly, in signs that the stream can encode.
"""

from __future__ import annotations

import contextlib
import json
import logging
import re
import shutil
import sys
import textwrap
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from pathlib import PurePath
from typing import TYPE_CHECKING, Any, Self, TextIO

from serbench.cli.layout import Line, field_lines, table_lines, width_of
from serbench.cli.streams import can_encode, encodable, refused
from serbench.text import hides, visible

if TYPE_CHECKING:
    from rich.console import Console
    from rich.progress import Progress

#: Columns of a line off a terminal, and of a line of prose.
WIDTH = 80

_LEFTWARD = "\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc\U00010800-\U00010fff\U0001e800-\U0001efff"
#: Words that are written from right to left, several in a row.
_LEFTWARD_WORDS = re.compile(f"[{_LEFTWARD}](?:[{_LEFTWARD} '-]*[{_LEFTWARD}])?")


def line(text: str = "") -> None:
    """Write one line to standard output; on a terminal that is narrower it wraps between words."""
    shown = _shown(text, sys.stdout)
    if sys.stdout.isatty() and width_of(shown) > width():
        indent = " " * (len(shown) - len(shown.lstrip()))
        shown = textwrap.fill(shown, width(), subsequent_indent=indent, break_long_words=False, break_on_hyphens=False)
    _out(f"{shown}\n")


def verbatim(text: str) -> None:
    """Write one line to standard output that is to be copied, however long."""
    _out(f"{_shown(text, sys.stdout)}\n")


def data(text: str) -> None:
    """Write lines of a file to standard output: whoever made them has seen to what they hold."""
    _out(encodable(text, sys.stdout))


def block(text: str) -> None:
    """Write lines to standard output as they are broken."""
    for each in text.splitlines():
        verbatim(each)


def prose(text: str, *, indent: int = 0, hanging: int = 0) -> None:
    """Write a paragraph, wrapped to the line; words that are longer stay whole.

    Parameters
    ----------
    indent
        Blanks before each line.
    hanging
        Further ones before each line but the first.
    """
    block(
        textwrap.fill(
            _shown(" ".join(text.split()), sys.stdout),
            min(WIDTH, width()),
            initial_indent=" " * indent,
            subsequent_indent=" " * (indent + hanging),
            break_long_words=False,
            break_on_hyphens=False,
        )
    )


def paragraphs(text: str) -> None:
    """Write paragraphs, each wrapped to the line; examples are left as they are."""
    for place, paragraph in enumerate(text.split("\n\n")):
        if place:
            line()
        if paragraph.startswith(">>>"):
            block(paragraph)
        else:
            prose(paragraph)


def notice(text: str) -> None:
    """Write one line to standard error; where that leads nowhere, nobody is to be told."""
    with contextlib.suppress(OSError):
        sys.stderr.write(f"{_shown(text, sys.stderr)}\n")


class Notices(logging.Handler):
    """Writes what the libraries warn of as notices."""

    def emit(self, record: logging.LogRecord) -> None:
        """Write one line."""
        notice(record.getMessage())


def error(text: str) -> None:
    """Write ``error: text`` to standard error, in one line."""
    notice(f"error: {' '.join(text.split())}")


def print_json(value: Any) -> None:
    """Write a value as JSON; paths become strings, mappings objects, tuples lists.

    Every text is exact: signs that cannot be seen, and those that the stream cannot encode, are escaped.

    Raises
    ------
    ValueError
        For ``nan`` or ``inf``: undefined is null.
    """
    text = json.dumps(value, indent=2, ensure_ascii=False, allow_nan=False, default=_plain)
    if hides(text) or not can_encode(text, sys.stdout):
        text = json.dumps(value, indent=2, ensure_ascii=True, allow_nan=False, default=_plain)
    _out(f"{text}\n")


def table(
    columns: Sequence[str], rows: Iterable[Sequence[object]], *, title: str | None = None, right: Collection[str] = ()
) -> None:
    """Write a table that fits the line: cells wrap, and what does not fit goes on below; see ``serbench.cli.layout``.

    Numbers stay as they are, and names of a fair length where there is room.

    Parameters
    ----------
    columns
        The headings.
    rows
        A cell per column each; None is shown as a dash.
    title
        A line above.
    right
        Headings of the columns that are set flush right: numbers.
    """
    out = sys.stdout
    cells = [["-" if cell is None else _shown(str(cell), out) for cell in row] for row in rows]
    headings = [_shown(heading, out) for heading in columns]
    flush = {_shown(heading, out) for heading in right}
    _write(table_lines(headings, cells, width(), title=title and _shown(title, out), right=flush))


def fields(pairs: Iterable[tuple[str, object]]) -> None:
    """Write names and values, one pair a line; long values wrap below themselves, None is left out."""
    out = sys.stdout
    shown = [(_shown(name, out), _shown(str(value), out)) for name, value in pairs if value is not None]
    _write(field_lines(shown, width()))


def width() -> int:
    """Return the columns of the line that standard output has."""
    return shutil.get_terminal_size().columns if sys.stdout.isatty() else WIDTH


class Bar:
    """A running task; it draws nothing where progress is hidden.

    Parameters
    ----------
    drawn
        The display it is part of, or None.
    total
        Steps to its end; None while that is not known.
    label
        What is done.
    """

    def __init__(self, drawn: Progress | None, total: float | None, label: str) -> None:
        self._drawn = drawn
        self._task = drawn.add_task(_shown(label, sys.stderr), total=total) if drawn else None

    def advance(self, steps: float = 1) -> None:
        """Go on by ``steps``."""
        if self._drawn is not None and self._task is not None:
            self._drawn.advance(self._task, steps)

    def reach(self, done: float, total: float | None = None) -> None:
        """Say how many steps are done in all and, where it has changed, out of how many."""
        if self._drawn is not None and self._task is not None:
            self._drawn.update(self._task, completed=done, total=total)

    def relabel(self, label: str) -> None:
        """Say what is done now."""
        if self._drawn is not None and self._task is not None:
            self._drawn.update(self._task, description=_shown(label, sys.stderr))

    def close(self) -> None:
        """Take the bar away."""
        if self._drawn is not None and self._task is not None:
            self._drawn.remove_task(self._task)

    @contextlib.contextmanager
    def task(self, total: float | None, label: str) -> Iterator[Self]:
        """Show a further bar below for the length of a block."""
        inner = type(self)(self._drawn, total, label)
        try:
            yield inner
        finally:
            inner.close()


@contextlib.contextmanager
def progress(total: float | None, label: str) -> Iterator[Bar]:
    """Show a bar with the time left on standard error for the length of a block, if that is a terminal.

    Parameters
    ----------
    total
        Steps to the end; None while that is not known.
    label
        What is done.
    """
    if not sys.stderr.isatty():
        yield Bar(None, total, label)
        return
    from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

    text = TextColumn("{task.description}", markup=False)
    with Progress(
        text, BarColumn(), TaskProgressColumn(), TimeRemainingColumn(), console=_console(stderr=True), transient=True
    ) as drawn:
        yield Bar(drawn, total, label)


def _out(text: str) -> None:
    try:
        sys.stdout.write(text)
    except OSError as error:
        raise refused(error) from error


def _console(*, stderr: bool = False) -> Console:
    from rich.console import Console

    return Console(file=sys.stderr if stderr else sys.stdout, highlight=False, markup=False, emoji=False)


def _write(lines: Iterable[Line]) -> None:
    """Write lines; what is bold is so on a terminal."""
    if not sys.stdout.isatty():
        _out("".join(f"{each}\n" for each in lines))
        return
    from rich.text import Text

    console = _console()
    for each in lines:
        console.print(Text.assemble((each.bold, "bold"), each.text), soft_wrap=True)


def _shown(text: str, stream: TextIO) -> str:
    """Return text on one line as it may be shown on a stream; words written from right to left turn nothing beside."""
    plain = visible(text)
    if not plain.isascii():
        plain = _LEFTWARD_WORDS.sub(lambda found: f"{found[0]}\N{LEFT-TO-RIGHT MARK}", plain)
    return encodable(plain, stream)


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return dict(value)
    if isinstance(value, PurePath):
        return str(value)
    raise TypeError(f"{type(value).__name__} has no JSON form")


__all__ = [
    "WIDTH",
    "Bar",
    "Notices",
    "block",
    "data",
    "error",
    "fields",
    "line",
    "notice",
    "paragraphs",
    "print_json",
    "progress",
    "prose",
    "table",
    "verbatim",
    "width",
]
