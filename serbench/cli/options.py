"""The options that several commands have."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")]

DataRoots = Annotated[
    list[Path] | None,
    typer.Option(
        "--data-root",
        metavar="PATH",
        help="A folder that holds corpora; may be given again. Without it: those of SERBENCH_DATA.",
    ),
]

__all__ = ["AsJson", "DataRoots"]
