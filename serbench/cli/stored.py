"""The rows of a folder of records, for the commands that show or write them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from serbench.cli import console
from serbench.cli.options import open_registry
from serbench.errors import UsageError

if TYPE_CHECKING:
    from serbench.results.row import Row


def stored_rows(folder: Path, plugins: Sequence[Path] | None = None, no_plugins: bool = False) -> list[Row]:
    """Return the rows of a folder, with the metrics that its records name and that are installed, and those of files.

    Parameters
    ----------
    plugins, no_plugins
        Of ``--plugin`` and ``--no-plugins``: who else offers metrics.

    Raises
    ------
    UsageError
        When there are no records.
    FormatError
        When a record or its predictions are damaged.
    """
    from serbench.board.rows import stored_rows as read

    rows, missing = read(folder, open_registry(plugins, no_plugins))
    for name in missing:
        console.notice(f"metric {name} is left out: no plugin that is installed offers it")
    if not rows:
        raise UsageError(f"no records below {folder}, expected the --out folder of a run; see serbench run --help")
    return rows


__all__ = ["stored_rows"]
