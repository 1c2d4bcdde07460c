"""``serbench new``: begin a plugin."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from serbench.cli import console, places


class NewKind(StrEnum):
    """What can be begun."""

    MODEL = "model"
    DATASET = "dataset"
    FEATURES = "features"
    AUGMENTATION = "augmentation"


def register(program: typer.Typer) -> None:
    """Add the command to the program."""
    program.command("new")(new)


def new(
    kind: Annotated[NewKind, typer.Argument(help="Of what kind.")],
    name: Annotated[str, typer.Argument(help="Of the plugin and its package: lowercase words joined by '-'.")],
    to: Annotated[
        Path | None, typer.Option("--to", metavar="FOLDER", help="A new folder for it; without it, one of its name.")
    ] = None,
) -> None:
    """Begin a plugin.

    It is a package that can be installed, run and tested as it is.
    """
    from serbench.plugin.registry import load_registry
    from serbench.plugin.scaffold import check_name, write_plugin

    check_name(kind.value, name, load_registry())
    folder = to or Path(name)
    with places.writing(folder, "--to"):
        written = write_plugin(kind.value, name, folder)
    for path in written.files[:4]:
        console.verbatim(str(path))
    if len(written.files) > 4:
        console.line(f"{folder / 'sample'}: {len(written.files) - 4} recordings to try it on")
    console.verbatim(f"next: cd {folder} && pip install -e . && {written.run}")


__all__ = ["NewKind", "new", "register"]
