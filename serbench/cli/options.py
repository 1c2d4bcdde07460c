"""The options that several commands have."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from serbench.plugin.registry import Registry

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")]

DataRoots = Annotated[
    list[Path] | None,
    typer.Option(
        "--data-root",
        metavar="PATH",
        help="A folder that holds corpora; may be given again. Without it: those of SERBENCH_DATA.",
    ),
]

EmoBoxFolder = Annotated[
    Path | None,
    typer.Option(
        "--emobox",
        metavar="FOLDER",
        envvar="SERBENCH_EMOBOX",
        show_envvar=False,
        help="A copy of EmoBox's data folder, for protocol emobox. Without it: that of SERBENCH_EMOBOX.",
    ),
]

PluginFiles = Annotated[
    list[Path] | None,
    typer.Option("--plugin", metavar="FILE", help="A Python file that is a plugin; may be given again."),
]

NoPlugins = Annotated[bool, typer.Option("--no-plugins", help="Load the built-ins alone, and what --plugin names.")]


def open_registry(files: Sequence[Path] | None, no_plugins: bool, *, refuse_broken: bool = True) -> Registry:
    """Load the plugins that the options name.

    Parameters
    ----------
    files, no_plugins
        Of ``--plugin`` and ``--no-plugins``.
    refuse_broken
        Raise when one of the files is a broken plugin; otherwise it is listed among the broken ones.

    Raises
    ------
    UsageError
        When there is no such file.
    PluginError
        When a file is a broken plugin; the message says why.
    """
    from serbench.errors import PluginError
    from serbench.plugin.registry import load_registry

    registry = load_registry(only=() if no_plugins else None, files=files or ())
    named = {path.name for path in files or ()}
    for each in registry.broken:
        if refuse_broken and each.distribution in named:
            raise PluginError(f"{each.distribution}: {each.error}")
    return registry


__all__ = ["AsJson", "DataRoots", "EmoBoxFolder", "NoPlugins", "PluginFiles", "open_registry"]
