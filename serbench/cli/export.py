"""``serbench leaderboard export``: results and cards in the words of others."""

from __future__ import annotations

import json
from collections.abc import Sequence
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from serbench.cli import console, places
from serbench.cli.options import NoPlugins, PluginFiles, open_registry
from serbench.cli.stored import stored_rows
from serbench.errors import UsageError

if TYPE_CHECKING:
    from serbench.plugin.registry import Registry
    from serbench.results.row import Row


class Format(StrEnum):
    """What can be written."""

    MODEL_INDEX = "hf-model-index"
    CROISSANT = "croissant"


Folder = Annotated[
    Path,
    typer.Argument(metavar="[FOLDER]", help="A leaderboard, or where a run kept records; croissant needs none."),
]
As = Annotated[
    Format,
    typer.Option("--format", help="The model-index of a Hugging Face model card, or a dataset's Croissant metadata."),
]
OfModel = Annotated[
    str | None, typer.Option("--model", metavar="ROW", help="For hf-model-index: which, by its name on the board.")
]
OfDataset = Annotated[str | None, typer.Option("--dataset", metavar="NAME", help="For croissant: whose card.")]
To = Annotated[Path | None, typer.Option("--to", metavar="FILE", help="Write a file in place of the terminal.")]


def export(
    form: As,
    folder: Folder = Path("leaderboard"),
    model: OfModel = None,
    dataset: OfDataset = None,
    to: To = None,
    plugin: PluginFiles = None,
    no_plugins: NoPlugins = False,
) -> None:
    """Say a model's results, or a dataset's facts, in the words of others.

    hf-model-index is the block of YAML that goes between the --- lines of a Hugging Face model card; incomplete rows
    and protocols that are never ranked are left out. croissant is JSON-LD; what the card does not know is named.
    """
    if form is Format.MODEL_INDEX:
        if dataset is not None:
            raise UsageError("--dataset goes with --format croissant; the model-index has all datasets of a row")
        text = _model_index(stored_rows(folder, plugin, no_plugins), model)
    else:
        if dataset is None or model is not None:
            raise UsageError("croissant describes a dataset, expected --dataset NAME and no --model")
        facts = _croissant(open_registry(plugin, no_plugins), dataset)
        if to is None:
            console.print_json(facts)
            return
        text = json.dumps(facts, indent=2, ensure_ascii=False) + "\n"
    if to is None:
        console.block(text)
        return
    from serbench.files import write_text

    with places.writing(to, "--to"):
        write_text(to, text)
    console.verbatim(f"written: {to}")


def _model_index(rows: Sequence[Row], name: str | None) -> str:
    from serbench.board.export import model_index, to_yaml

    return to_yaml(model_index(rows, name or _only_one(rows)))


def _only_one(rows: Sequence[Row]) -> str:
    """Return the name of the one system that is no floor."""
    from serbench.board.ranking.boards import FLOORS, display_names

    names = display_names(rows)
    found = sorted({names[row.system] for row in rows if row.model.name not in FLOORS})
    if len(found) != 1:
        raise UsageError(f"there are {len(found)} models beside the floors, expected --model with one of {_all(names)}")
    return found[0]


def _all(names: dict[str, str]) -> list[str]:
    return sorted(set(names.values()))


def _croissant(registry: Registry, name: str) -> dict[str, Any]:
    from serbench.board.export import REQUIRED, croissant

    facts = croissant(registry.get("dataset", name).card)
    missing = [each for each in REQUIRED if each not in facts]
    console.notice(f"not on the card, and required by Croissant: {', '.join(missing)}; add what you know by hand")
    return facts


__all__ = ["Format", "export"]
