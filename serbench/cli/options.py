"""The options that several commands have."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

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

WeightRoots = Annotated[
    list[Path] | None,
    typer.Option(
        "--weights",
        metavar="FOLDER",
        help="A folder that holds pretrained weights; may be given again. Without it: those of SERBENCH_WEIGHTS.",
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


def is_typed(context: typer.Context, option: str) -> bool:
    """Return whether an option was given on the command line, not by its variable."""
    source = context.get_parameter_source(option)
    return source is not None and source.name == "COMMANDLINE"


def with_emobox(
    folder: Path | None, settings: Mapping[str, Mapping[str, Any]] | None = None
) -> dict[str, dict[str, Any]]:
    """Return settings with what ``--emobox`` says: it is another way to write ``--set emobox.folder=FOLDER``.

    Parameters
    ----------
    folder
        Of the option, or of its variable; a setting that was written out goes before it.
    settings
        Arguments by part name; none where a command takes no ``--set``.
    """
    written = {name: dict(arguments) for name, arguments in (settings or {}).items()}
    if folder is not None:
        written["emobox"] = {"folder": folder, **written.get("emobox", {})}
    return written


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
    for plugin in registry.broken:
        if refuse_broken and plugin.distribution in named:
            raise PluginError(f"{plugin.distribution}: {plugin.error}")
    return registry


__all__ = [
    "AsJson",
    "DataRoots",
    "EmoBoxFolder",
    "NoPlugins",
    "PluginFiles",
    "WeightRoots",
    "is_typed",
    "open_registry",
    "with_emobox",
]
