"""``serbench list``: what there is, one line each."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import fields
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any

import typer

from serbench.cli import console
from serbench.cli.checkpoints import list_checkpoints, plain_fields
from serbench.cli.options import AsJson, NoPlugins, PluginFiles, WeightRoots, open_registry
from serbench.errors import UsageError

if TYPE_CHECKING:
    from serbench.part import Card
    from serbench.plugin.registry import Registry, Shelf
    from serbench.protocol.protocol import Protocol


class Topic(StrEnum):
    """What can be listed."""

    DATASETS = "datasets"
    FEATURES = "features"
    AUGMENTATIONS = "augmentations"
    MODELS = "models"
    METRICS = "metrics"
    PROTOCOLS = "protocols"
    CHECKPOINTS = "checkpoints"
    PLUGINS = "plugins"


def _dataset_row(card: Mapping[str, Any]) -> tuple[object, ...]:
    clips = sum(card["clips"].values()) if card["clips"] else None
    return clips, card["speakers"], len(card["labels"]), card["language"], card["summary"]


#: Per kind: the headings after the name, and what stands below them.
_COLUMNS: dict[str, tuple[tuple[str, ...], Callable[[Mapping[str, Any]], tuple[object, ...]]]] = {
    "dataset": (("clips", "speakers", "labels", "language", "summary"), _dataset_row),
    "feature": (("output", "Hz", "summary"), lambda card: (card["output"], card["sample_rate"], card["summary"])),
    "augmentation": (("summary",), lambda card: (card["summary"],)),
    "model": (("features", "summary"), lambda card: (", ".join(card["features"]) or None, card["summary"])),
    "metric": (("better", "summary"), lambda card: (card["better"], card["summary"])),
}
_NUMBERS = ("clips", "speakers", "labels", "Hz")


def register(program: typer.Typer) -> None:
    """Add the command to the program."""
    program.command("list")(list_)


def list_(
    topic: Annotated[Topic, typer.Argument(show_choices=False, help=f"Of what: {', '.join(Topic)}.")],
    weights: WeightRoots = None,
    plugin: PluginFiles = None,
    no_plugins: NoPlugins = False,
    as_json: AsJson = False,
) -> None:
    """List what there is of one kind; of pretrained weights also where they lie."""
    if weights and topic is not Topic.CHECKPOINTS:
        raise UsageError(f"--weights is for serbench list checkpoints, and {topic.value} were asked for")
    if topic is Topic.PROTOCOLS:
        _list_protocols(as_json)
        return
    registry = open_registry(plugin, no_plugins, refuse_broken=False)
    if topic is Topic.PLUGINS:
        _list_plugins(registry, as_json)
        return
    if topic is Topic.CHECKPOINTS:
        list_checkpoints(registry, weights, as_json)
        return
    kind = topic.value.removesuffix("s")
    _list_offers(kind, registry.shelves[kind], as_json)
    if registry.broken:
        broken = ", ".join(repr(plugin.name) for plugin in registry.broken)
        console.notice(f"these plugins are broken: {broken}, see serbench list plugins")


def _list_offers(kind: str, shelf: Shelf[Any], as_json: bool) -> None:
    found = [offer_facts(kind, offer) for name in shelf for offer in shelf.all(name)]
    if as_json:
        console.print_json(found)
        return
    headings, row = _COLUMNS[kind]
    strangers = any(each["provider"]["distribution"] != "serbench" for each in found)
    rows = []
    for each in found:
        cells = [each["name"], *row(each)]
        if len(shelf.all(each["name"])) > 1:
            cells[-1] = f"refused: two plugins offer this name. {cells[-1]}"
        rows.append(cells + ([each["provider"]["distribution"]] if strangers else []))
    console.table(("name", *headings, *(("from",) if strangers else ())), rows, right=_NUMBERS)


def _list_protocols(as_json: bool) -> None:
    from serbench.protocol.protocols import PROTOCOLS

    found = [protocol_facts(each) for each in PROTOCOLS.values()]
    if as_json:
        console.print_json(found)
        return
    rows = [(each["name"], "yes" if each["ranked"] else "no", _first_sentence(each["summary"])) for each in found]
    console.table(("name", "ranked", "summary"), rows)


def _first_sentence(text: str) -> str:
    return text.partition(". ")[0].removesuffix(".") + "."


def _list_plugins(registry: Registry, as_json: bool) -> None:
    found = plugin_facts(registry)
    if as_json:
        console.print_json(found)
        return
    rows = [(each["plugin"], each["distribution"], each["version"], _offers_in_words(each)) for each in found]
    console.table(("plugin", "from", "version", "offers"), rows)


def _offers_in_words(plugin: Mapping[str, Any]) -> str:
    if plugin["error"] is not None:
        return f"broken: {plugin['error']}"
    words = [f"{len(names)} {kind}{'s' if len(names) > 1 else ''}" for kind, names in plugin["offers"].items()]
    return ", ".join(words + (["watches runs"] if plugin["observes"] else [])) or "nothing"


def offer_facts(kind: str, offer: Any) -> dict[str, Any]:
    """Return the kind, the card and the provider of an offer, JSON-like."""
    provider = offer.provider
    return {
        "kind": kind,
        **card_facts(offer.part.card),
        "provider": {
            "plugin": provider.name,
            "distribution": provider.distribution,
            "version": provider.version,
        },
    }


def card_facts(card: Card) -> dict[str, Any]:
    """Return the fields of a card, name, version and summary first; parts with arguments of their own in words."""
    found = {each.name: getattr(card, each.name) for each in fields(card)}
    parts = [key for key in ("features", "augmentations") if key in found]
    asked: dict[str, Any] = {key: [str(each) for each in found[key]] for key in parts}
    return {**found, **asked, "checkpoints": [plain_fields(each) for each in card.checkpoints]}


def protocol_facts(protocol: type[Protocol]) -> dict[str, Any]:
    """Return what a protocol says of itself, JSON-like."""
    return {
        "kind": "protocol",
        "name": protocol.name,
        "version": protocol.version,
        "summary": protocol.summary,
        "ranked": protocol.ranked,
    }


def plugin_facts(registry: Registry) -> list[dict[str, Any]]:
    """Return every plugin, the broken ones too, JSON-like and sorted by distribution and name."""
    found = [
        {
            "plugin": provider.provider.name,
            "distribution": provider.provider.distribution,
            "version": provider.provider.version,
            "offers": dict(provider.names),
            "observes": provider.observes,
            "error": None,
        }
        for provider in registry.providers()
    ]
    found += [
        {
            "plugin": plugin.name,
            "distribution": plugin.distribution,
            "version": plugin.version,
            "offers": {},
            "observes": False,
            "error": plugin.error,
        }
        for plugin in registry.broken
    ]
    return sorted(found, key=lambda each: (each["distribution"], each["plugin"]))


__all__ = ["Topic", "card_facts", "list_", "offer_facts", "plugin_facts", "protocol_facts", "register"]
