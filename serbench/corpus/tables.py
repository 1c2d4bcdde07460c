"""Tables of corpora: comma-separated values with a line of headings, held to what a dataset expects of them."""

from __future__ import annotations

import contextlib
import csv
import io
import re
from collections.abc import Mapping, Sequence
from pathlib import Path

from serbench.errors import DatasetError, ResourceError


def read_table(
    path: Path, columns: Mapping[str, str], *, encodings: Sequence[str] = ("utf-8-sig",)
) -> list[dict[str, str]]:
    """Return the rows of a table, each from heading to text without blanks around it.

    Parameters
    ----------
    columns
        From the heading of every column that is needed to the regular expression that each of its cells matches as a
        whole. Other columns are left out.
    encodings
        Tried one after another: some tables are about in several. Of several, the last reads everything; what it does
        not know becomes the replacement character.

    Raises
    ------
    DatasetError
        When the table cannot be read, lacks a column, or has a cell that does not match; the message names the file
        and the line.
    """
    reader = csv.DictReader(io.StringIO(_text(path, encodings), newline=""))
    rows = []
    try:
        there = reader.fieldnames or []
        wrong = [name for name in columns if there.count(name) != 1]
        if wrong:
            raise DatasetError(
                f"{path} has the headings {list(there)}, expected one {wrong[0]!r}, and commas between columns as in "
                f"the published table"
            )
        for line in reader:
            row = {name: (line[name] or "").strip() for name in columns}
            for name, pattern in columns.items():
                if not re.fullmatch(pattern, row[name]):
                    found = f"is {row[name]!r}" if row[name] else "is empty"
                    raise DatasetError(f"{path}, line {reader.line_num}: {name} {found}, expected {pattern}")
            rows.append(row)
    except csv.Error as error:
        raise DatasetError(f"{path}, line {reader.line_num}: {error}; get the table again") from error
    return rows


def _text(path: Path, encodings: Sequence[str]) -> str:
    try:
        data = path.read_bytes()
    except OSError as error:
        ResourceError.raise_if_lacking(error)
        raise DatasetError(f"{path} cannot be read: {error.strerror or error}") from error
    *others, last = encodings
    for encoding in others:
        with contextlib.suppress(UnicodeDecodeError):
            return data.decode(encoding)
    try:
        return data.decode(last, errors="replace" if others else "strict")
    except UnicodeDecodeError as error:
        line, byte = data.count(b"\n", 0, error.start) + 1, data[error.start]
        raise DatasetError(
            f"{path}, line {line}: byte 0x{byte:02x} is no {error.encoding.upper()}; get the table as it was published"
        ) from error


__all__ = ["read_table"]
