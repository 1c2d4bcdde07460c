"""``serbench list checkpoints``: which pretrained weights plugins use, and where they lie."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

from serbench.cli import console, places
from serbench.digest import canonical_json
from serbench.errors import CheckpointError

if TYPE_CHECKING:
    from serbench.checkpoint import Checkpoint
    from serbench.plugin.registry import Registry
    from serbench.weights import WeightFolders

#: Digits of a digest that tell weights apart for people; all of them: --json.
_DIGITS = 12


def list_checkpoints(registry: Registry, named: Sequence[Path] | None, as_json: bool) -> None:
    """Print every checkpoint of a card, who uses it, and where it lies or how to obtain it."""
    from serbench.weights import WeightFolders

    places.open_cache()
    found = checkpoint_facts(registry, WeightFolders.of_user(named or ()))
    if as_json:
        console.print_json(found)
        return
    rows = [
        (
            known["name"],
            ", ".join(known["used_by"]),
            known["sha256"][:_DIGITS],
            ", ".join(known["trained_on"]) or None,
            known["licence"],
            known["found"] or known["missing"],
        )
        for known in found
    ]
    console.table(("checkpoint", "used by", "sha256", "trained on", "licence", "found"), rows)


def checkpoint_facts(registry: Registry, folders: WeightFolders) -> list[dict[str, Any]]:
    """Return every checkpoint once, sorted by name; ``found`` is its place, or None with the reason in ``missing``."""
    uses = [
        (checkpoint, name)
        for shelf in registry.shelves.values()
        for name in shelf
        for offer in shelf.all(name)
        for checkpoint in offer.part.card.checkpoints
    ]
    users: dict[str, list[str]] = {}
    for checkpoint, name in uses:
        users.setdefault(canonical_json(checkpoint.facts()), []).append(name)
    once = {canonical_json(checkpoint.facts()): checkpoint for checkpoint, _ in uses}
    return [
        {
            "kind": "checkpoint",
            **plain_fields(checkpoint),
            "used_by": sorted(set(users[key])),
            **_place(checkpoint, folders),
        }
        for key, checkpoint in sorted(once.items())
    ]


def _place(checkpoint: Checkpoint, folders: WeightFolders) -> dict[str, Any]:
    """Return where it lies, or why it cannot be used."""
    try:
        return {"found": str(folders.find(checkpoint)), "missing": None}
    except CheckpointError as error:
        return {"found": None, "missing": str(error)}


def plain_fields(checkpoint: Checkpoint) -> dict[str, Any]:
    """Return what a card says of a checkpoint."""
    return {each.name: getattr(checkpoint, each.name) for each in fields(checkpoint)}


__all__ = ["checkpoint_facts", "list_checkpoints", "plain_fields"]
