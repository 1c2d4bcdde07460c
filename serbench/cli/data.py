"""``serbench data``: where corpora are looked for, and which of them are there."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from serbench.cli import console
from serbench.cli.options import AsJson, DataRoots

if TYPE_CHECKING:
    from serbench.corpus.dataset import Dataset


def register(program: typer.Typer) -> None:
    """Add the group to the program."""
    group = typer.Typer(help="Find corpora on disk.", no_args_is_help=True)
    group.command("where")(where)
    program.add_typer(group, name="data")


def where(data_root: DataRoots = None, as_json: AsJson = False) -> None:
    """Show which corpora are there.

    The data roots in force, and per dataset the folder that was found or how to obtain it.
    """
    from serbench.environment import cache_folder, data_roots
    from serbench.plugin.registry import load_registry

    roots, cache = data_roots(data_root or ()), cache_folder()
    found = [_place(offer.part(), roots, cache) | {"name": name} for name, offer in load_registry().datasets.items()]
    if as_json:
        console.print_json({"data_roots": roots, "cache": cache, "datasets": found})
        return
    console.fields(
        [
            ("data roots", ", ".join(map(str, roots)) or "none; name one with --data-root or in SERBENCH_DATA"),
            ("cache", cache),
        ]
    )
    console.line()
    console.table(("dataset", "folder"), [(corpus["name"], corpus["folder"] or corpus["reason"]) for corpus in found])


def _place(dataset: Dataset, roots: Sequence[Path], cache: Path) -> dict[str, Any]:
    """Return the dataset's folder, or None and the reason; nothing is generated."""
    from serbench.errors import DatasetError

    if not dataset.card.folders:
        return {"folder": None, "reason": f"generated at first use, kept in {cache}"}
    try:
        return {"folder": dataset.locate(roots, cache), "reason": None}
    except DatasetError as error:
        return {"folder": None, "reason": str(error)}


__all__ = ["register", "where"]
