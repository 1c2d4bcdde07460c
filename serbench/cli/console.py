"""What people see: tables, progress, errors. The only file that imports rich, and only when it draws.

Conventions
-----------
Results go to standard output, everything else (progress, warnings, errors) to standard error. Off a terminal
lines are at most 80 columns wide and bare of colour, and no progress is shown.
"""

from __future__ import annotations

import contextlib
import json
import shutil
import sys
import textwrap
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from pathlib import PurePath
from typing import TYPE_CHECKING, Any, Self

if TYPE_CHECKING:
    from rich.console import Console, RenderableType
    from rich.progress import Progress

#: Columns of a line off a terminal.
WIDTH = 80

#: Longer names in the first column of a table may wrap.
_WIDEST_NAME = 32
#: Text in other columns wraps down to so many letters.
_NARROWEST_TEXT = 12


def line(text: str = "") -> None:
    """Write one line to standard output, as it is."""
    sys.stdout.write(f"{text}\n")


def prose(text: str) -> None:
    """Write paragraphs, wrapped to the line; examples are left as they are."""
    for place, paragraph in enumerate(text.split("\n\n")):
        if place:
            line()
        line(paragraph if paragraph.startswith(">>>") else textwrap.fill(" ".join(paragraph.split()), WIDTH))


def notice(text: str) -> None:
    """Write one line to standard error."""
    sys.stderr.write(f"{text}\n")


def error(text: str) -> None:
    """Write ``error: text`` to standard error, in one line."""
    notice(f"error: {' '.join(text.split())}")


def print_json(value: Any) -> None:
    """Write a value as JSON; paths become strings, mappings objects, tuples lists.

    Raises
    ------
    ValueError
        For ``nan`` or ``inf``: undefined is null.
    """
    line(json.dumps(value, indent=2, ensure_ascii=False, allow_nan=False, default=_plain))


def table(
    columns: Sequence[str], rows: Iterable[Sequence[object]], *, title: str | None = None, right: Collection[str] = ()
) -> None:
    """Write a table that fits the line: cells wrap, and what does not fit goes on in a second table below.

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
    cells = [["-" if cell is None else str(cell) for cell in row] for row in rows]
    widths = [max(len(row[place]) for row in (columns, *cells)) for place in range(len(columns))]
    groups = _that_fit(columns, widths, right)
    for number, group in enumerate(groups):
        part = [[row[place] for place in group] for row in cells]
        _draw_table([columns[place] for place in group], part, title=None if number else title, right=right)


def _that_fit(columns: Sequence[str], widths: Sequence[int], right: Collection[str]) -> list[list[int]]:
    """Return the columns in groups whose numbers fit the line, the first column in each: a digit is never cut off."""
    free = _line_width() - 2 - min(widths[0], _WIDEST_NAME)
    groups: list[list[int]] = [[0]]
    used = 0
    for place in range(1, len(columns)):
        width = 2 + (widths[place] if columns[place] in right else min(widths[place], _NARROWEST_TEXT))
        if len(groups[-1]) > 1 and used + width > free:
            groups.append([0])
            used = 0
        groups[-1].append(place)
        used += width
    return groups


def _draw_table(
    columns: Sequence[str], rows: Sequence[Sequence[str]], *, title: str | None, right: Collection[str]
) -> None:
    from rich.table import Table

    widths = [max(len(row[place]) for row in (columns, *rows)) for place in range(len(columns))]
    # names give way before numbers do: what is cut off a number is another number
    unbroken = [width for place, width in enumerate(widths) if place == 0 or columns[place] in right]
    fits = widths[0] <= _WIDEST_NAME and sum(unbroken) + 2 * (len(widths) - 1) <= _line_width()
    drawn = Table(box=None, pad_edge=False, title=title, title_justify="left", title_style="bold", header_style="bold")
    for place, name in enumerate(columns):
        unwrapped = name in right or (place == 0 and fits)
        drawn.add_column(name, justify="right" if name in right else "left", no_wrap=unwrapped, overflow="fold")
    for row in rows:
        drawn.add_row(*row)
    _draw(drawn)


def fields(pairs: Iterable[tuple[str, object]]) -> None:
    """Write names and values, one pair a line; long values wrap below themselves, None is left out."""
    from rich.table import Table

    drawn = Table.grid(padding=(0, 2))
    drawn.add_column(no_wrap=True, style="bold")
    drawn.add_column(overflow="fold")
    for name, value in pairs:
        if value is not None:
            drawn.add_row(name, str(value))
    _draw(drawn)


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
        self._task = drawn.add_task(label, total=total) if drawn else None

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
            self._drawn.update(self._task, description=label)

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


def _console(*, stderr: bool = False) -> Console:
    from rich.console import Console

    stream = sys.stderr if stderr else sys.stdout
    width = None if stream.isatty() else WIDTH
    return Console(file=stream, width=width, highlight=False, markup=False, emoji=False)


def _line_width() -> int:
    """Return the columns of the line that standard output has."""
    return shutil.get_terminal_size().columns if sys.stdout.isatty() else WIDTH


def _draw(renderable: RenderableType) -> None:
    """Draw without the blanks that pad a line to its full width."""
    console = _console()
    with console.capture() as captured:
        console.print(renderable)
    sys.stdout.write("".join(f"{each.rstrip()}\n" for each in captured.get().splitlines()))


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return dict(value)
    if isinstance(value, PurePath):
        return str(value)
    raise TypeError(f"{type(value).__name__} has no JSON form")


__all__ = ["WIDTH", "Bar", "error", "fields", "line", "notice", "print_json", "progress", "prose", "table"]
