"""``serbench show NAME``: all that is known of one thing; of a dataset also what was found on disk."""

from __future__ import annotations

import inspect
import json
from collections.abc import Mapping, Sequence
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from serbench.cli import console, places
from serbench.cli.listing import offer_facts, protocol_facts
from serbench.cli.options import AsJson, DataRoots, NoPlugins, PluginFiles, open_registry

if TYPE_CHECKING:
    from serbench.corpus.dataset import Dataset
    from serbench.corpus.manifest import Manifest
    from serbench.plugin.registry import Registry


class PartKind(StrEnum):
    """What can be shown."""

    DATASET = "dataset"
    FEATURE = "feature"
    AUGMENTATION = "augmentation"
    MODEL = "model"
    METRIC = "metric"
    PROTOCOL = "protocol"


def register(program: typer.Typer) -> None:
    """Add the command to the program."""
    program.command("show")(show)


def show(
    name: Annotated[str, typer.Argument(help="Of a dataset, feature, augmentation, model, metric or protocol.")],
    kind: Annotated[PartKind | None, typer.Option("--kind", help="Which, where two kinds have that name.")] = None,
    data_root: DataRoots = None,
    plugin: PluginFiles = None,
    no_plugins: NoPlugins = False,
    as_json: AsJson = False,
) -> None:
    """Show all that is known of one thing.

    Of a dataset also what was found on disk: clips, speakers, clips per label, deviations, folds.
    """
    from serbench.environment import data_roots

    registry = open_registry(plugin, no_plugins)
    found = kind_of(registry, name, kind)
    facts = _facts(registry, found, name)
    if found == PartKind.DATASET:
        places.open_cache()
        facts |= _on_disk(registry.get("dataset", name)(), data_roots(data_root or ()))
    if as_json:
        console.print_json(facts)
    else:
        _print(facts)


def kind_of(registry: Registry, name: str, asked: PartKind | None) -> str:
    """Return the kind that has the name.

    Raises
    ------
    UnknownNameError
        When none has it.
    UsageError
        When two have it and none was asked for.
    """
    from serbench.errors import UsageError
    from serbench.protocol.protocols import PROTOCOLS

    names: dict[str, Sequence[str]] = {kind: list(shelf) for kind, shelf in registry.shelves.items()}
    names["protocol"] = list(PROTOCOLS)
    if asked is not None:
        names = {asked.value: names[asked.value]}
    kinds = [kind for kind, known in names.items() if name in known]
    if not kinds:
        raise registry.unknown(asked or "name", name, {kind for known in names.values() for kind in known})
    if len(kinds) > 1:
        raise UsageError(f"{name!r} is the name of a {' and of a '.join(kinds)}, expected one; add --kind {kinds[0]}")
    return kinds[0]


def _facts(registry: Registry, kind: str, name: str) -> dict[str, Any]:
    from serbench.part import Part
    from serbench.protocol.protocols import PROTOCOLS

    if kind == "protocol":
        return protocol_facts(PROTOCOLS[name])
    offer = registry.shelves[kind][name]
    facts = offer_facts(kind, offer)
    if isinstance(offer.part, type) and issubclass(offer.part, Part):
        facts["arguments"] = offer.part.defaults()
    own = offer.part.__doc__ if isinstance(offer.part, type) else getattr(offer.part, "function", None).__doc__
    facts["description"] = own and inspect.cleandoc(own)
    return facts


def _on_disk(dataset: Dataset, roots: Sequence[Path]) -> dict[str, Any]:
    """Return what lies below the data roots: ``found``, or None and the reason under ``missing``."""
    from serbench.environment import cache_folder
    from serbench.errors import DatasetError

    facts: dict[str, Any] = {
        "label_maps": [{"name": label_map.name, "version": label_map.version} for label_map in dataset.label_maps],
        "found": None,
        "missing": None,
    }
    try:
        manifest = dataset.manifest(dataset.locate(roots, cache_folder()))
    except DatasetError as error:
        return facts | {"missing": str(error)}
    label_map = {"name": manifest.label_map.name, "version": manifest.label_map.version}
    facts["found"] = {
        "root": manifest.root,
        "label_map": label_map,
        "clips": len(manifest),
        "speakers": manifest.speakers,
        "clips_per_label": manifest.label_counts,
        "deviations": manifest.deviations,
        "part": manifest.part,
        "digest": manifest.digest,
        **_folds(dataset, manifest),
    }
    facts["label_maps"] = facts["label_maps"] or [label_map]
    return facts


def _folds(dataset: Dataset, manifest: Manifest) -> dict[str, Any]:
    from serbench.errors import ProtocolError
    from serbench.protocol.protocols import get_protocol
    from serbench.protocol.split import expect_classes

    try:
        split = expect_classes(manifest, get_protocol("si").split(dataset, manifest))
    except ProtocolError as error:
        return {"folds": None, "folds_reason": str(error)}
    folds = [
        {"name": fold.name, "train": len(fold.train), "dev": len(fold.dev), "test": len(fold.test)}
        for fold in split.folds
    ]
    return {"folds": folds, "split": split.digest}


#: What is no line of its own in the table of fields.
_APART = (
    *("kind", "name", "version", "provider", "description", "arguments", "ranked"),
    *("found", "missing", "label_maps", "clips", "speakers", "checkpoints"),
)


def _print(facts: Mapping[str, Any]) -> None:
    """Write the facts for people."""
    console.line(f"{facts['kind']} {facts['name']}, version {facts['version']}")
    pairs = [(key.replace("_", " "), _words(value)) for key, value in facts.items() if key not in _APART]
    if facts.get("checkpoints"):
        pairs.append(("checkpoints", ", ".join(known["name"] for known in facts["checkpoints"])))
    if "provider" in facts:
        pairs.append(("from", f"{facts['provider']['distribution']} {facts['provider']['version']}"))
    if "ranked" in facts:
        pairs.append(("ranked", _words(facts["ranked"])))
    if facts["kind"] == PartKind.DATASET:
        pairs += [
            ("label maps", ", ".join(label_map["name"] for label_map in facts["label_maps"]) or None),
            ("published", facts["speakers"] and f"{facts['speakers']} speakers"),
            ("published", facts["clips"] and _words(facts["clips"])),
            ("missing", facts["missing"]),
        ]
    console.fields(pairs)
    if facts.get("found"):
        _print_found(facts["found"])
    elif facts["kind"] != PartKind.DATASET:
        _print_description(facts.get("description") or "", facts.get("arguments", {}))


def _print_description(text: str, arguments: Mapping[str, Any]) -> None:
    """Write what a docstring says, and each argument with its default and its meaning."""
    text, _, section = text.replace("``", "").partition("\n\nParameters\n----------\n")
    meanings: dict[str, str] = {}
    names: list[str] = []
    for line in section.partition("\n\n")[0].splitlines():
        if line.startswith(" "):
            meanings |= {name: f"{meanings.get(name, '')} {line.strip()}".strip() for name in names}
        else:
            names = [name.strip() for name in line.partition(":")[0].split(",")]
    if text:
        console.line()
        console.paragraphs(text)
    if arguments:
        console.line()
        rows = [(name, _as_set(default), meanings.get(name, "")) for name, default in arguments.items()]
        console.table(("argument", "default", "meaning"), rows)


def _print_found(found: Mapping[str, Any]) -> None:
    console.line()
    console.fields(
        [
            ("found in", found["root"]),
            ("clips", len(found["speakers"]) and f"{found['clips']} of {len(found['speakers'])} speakers"),
            (f"as {found['label_map']['name']}", _words(found["clips_per_label"])),
            *(("deviation", deviation) for deviation in found["deviations"] or ("none",)),
            ("excluded from averages", found["part"]),
            ("folds", found.get("folds_reason")),
        ]
    )
    if found["folds"]:
        console.line()
        parts = ("train", "dev", "test")
        rows = [(fold["name"], *(fold[part] for part in parts)) for fold in found["folds"]]
        console.table(("fold", *parts), rows, title="speaker-independent (si)", right=parts)


def _as_set(value: Any) -> str:
    """Return a value as ``--set`` takes it: words bare, everything else as JSON."""
    return value if isinstance(value, str) else json.dumps(value)


def _words(value: Any) -> str | None:
    """Return a value as people read it; None for nothing at all."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, Mapping):
        return ", ".join(f"{key} {each}" for key, each in value.items()) or "none"
    if isinstance(value, tuple | list):
        return ", ".join(map(str, value)) or "none"
    return None if value is None else str(value)


__all__ = ["PartKind", "kind_of", "register", "show"]
