"""The rows of a folder of records, for the commands that show or write them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from serbench.cli import console
from serbench.errors import UsageError

if TYPE_CHECKING:
    from serbench.results.row import Row


def stored_rows(folder: Path) -> list[Row]:
    """Return the rows of a folder, with the metrics that its records name and that are installed.

    Raises
    ------
    UsageError
        When there are no records.
    FormatError
        When a record or its predictions are damaged.
    """
    from serbench.audit.verify import board_rows
    from serbench.plugin.registry import load_registry

    rows, missing = board_rows(folder, load_registry())
    for name in missing:
        console.notice(f"metric {name} is left out: no plugin that is installed offers it")
    if not rows:
        raise UsageError(f"no records below {folder}, expected the --out folder of a run; see serbench run --help")
    return rows


__all__ = ["stored_rows"]
