"""The keys and labels of a board against those that the plugins of today make, and the sizes that can be counted.

Conventions
-----------
Every plugin of a key is made again with the arguments that the key names. What it then says of itself, its features and
augmentations, the row's label and the digest of the key must be what is written down: a key that today's code would not
make belongs to a system that nobody can run. What a plugin is not installed for, or in another version, is not checked;
``check_code`` lists it. Parameters, bytes and multiply-accumulates are counted again on models that have learned from
noise; a size that depends on how many rows there were is not compared.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from serbench.audit.board.ledger import Ledger
from serbench.audit.recorded_systems import recorded_system
from serbench.cost.efficiency import macs_per_second, size_figures
from serbench.cost.noise_clip import NoiseClips
from serbench.digest import canonical_json, digest_value
from serbench.errors import BoardError, SerbenchError
from serbench.learning.model import Model
from serbench.plugin.registry import Registry
from serbench.results.record import Record
from serbench.results.store import Store
from serbench.run.plan import Contender, part_facts
from serbench.run.saving import stored_bytes

#: Clips of noise of each class that two models learn from before they are counted.
_CLIPS_PER_CLASS = (2, 3)


def check_identities(store: Store, records: Sequence[Record], registry: Registry, ledger: Ledger) -> None:
    """Compare keys, labels and sizes of every system with what the plugins that are installed say.

    Raises
    ------
    BoardError
        At the first that differs.
    """
    systems: dict[str, list[Record]] = defaultdict(list)
    for record in records:
        systems[digest_value([record.key.system, record.label])].append(record)
    for group in systems.values():
        contender = _made(store, group[0], registry)
        if contender is None:
            continue
        _check_key(store, group[0], contender)
        ledger.holds("keys and labels", len(group))
        by_classes: dict[tuple[str, ...], list[Record]] = defaultdict(list)
        for record in group:
            if record.status == "done":
                by_classes[record.classes].append(record)
        for classes, of_classes in by_classes.items():
            _check_sizes(store, of_classes, contender, classes, ledger)


def _made(store: Store, record: Record, registry: Registry) -> Contender | None:
    try:
        return recorded_system(record, registry)
    except SerbenchError as error:
        raise BoardError(f"{store.where(record)}: its system cannot be made: {error}") from error


def _check_key(store: Store, record: Record, contender: Contender) -> None:
    key, model = record.key, contender.model
    today = replace(
        key,
        model=part_facts(model),
        features=tuple(part_facts(extractor) for extractor in contender.extractors.values()),
        augmentations=tuple(part_facts(augmentation) for augmentation in contender.augmentations.values()),
    )
    _expect(store, record, "features", [part.name for part in key.features], list(model.features))
    if not key.protocol.augmentations:  # a protocol that augments sets the model's own aside
        _expect(store, record, "augmentations", [part.name for part in key.augmentations], list(model.augmentations))
    _expect(store, record, "key", key.system_facts(), today.system_facts())
    _expect(store, record, "label", record.label, contender.label)


def _check_sizes(
    store: Store, records: Iterable[Record], contender: Contender, classes: tuple[str, ...], ledger: Ledger
) -> None:
    counted = _counted(contender, classes)
    for record in records:
        for name, value in counted.items():
            found = record.cost[name].value if name in record.cost else None
            if found is not None and not math.isclose(found, value, rel_tol=1e-9):
                raise BoardError(f"{store.where(record)}: its {name} is {found:g}, but the model has {value:g}")
            ledger.holds("sizes", found is not None)


def _counted(contender: Contender, classes: tuple[str, ...]) -> dict[str, float]:
    """Return the sizes that the code gives, however many rows there are; none where it cannot learn from noise."""
    noise = NoiseClips(contender.extractors, classes)
    try:
        fewer, more = (_sizes(contender, noise, clips) for clips in _CLIPS_PER_CLASS)
    except Exception:  # noqa: BLE001  (a plugin may raise anything: what cannot be counted is not checked)
        return {}
    return {name: value for name, value in fewer.items() if value is not None and more[name] == value}


def _sizes(contender: Contender, noise: NoiseClips, clips: int) -> dict[str, float | None]:
    """Return the sizes of a model that has learned from so many clips of noise per class."""
    table = noise.table(clips * len(noise.labels))
    rows = replace(table, y=np.array(list(noise.labels) * clips))
    model = contender.model.create(**_shortened(contender.model))
    model.fit(rows, rows if model.card.chooses_on_dev else None, seed=0)
    figures = {**size_figures(model, noise), "macs_per_audio_second": macs_per_second(model, noise)}
    figures["disk_bytes"] = stored_bytes(model)
    return {name: figure.value for name, figure in figures.items()}


def _shortened(model: Model) -> dict[str, Any]:
    """Return a model's arguments with one epoch: how long it learns has no part in its size."""
    return {**model.params, **({"epochs": 1} if "epochs" in model.defaults() else {})}


def _expect(store: Store, record: Record, what: str, found: object, expected: object) -> None:
    said, wanted = canonical_json(found), canonical_json(expected)
    if said != wanted:
        raise BoardError(
            f"{store.where(record)}: its {what} is {said}, but the plugins that are installed make {wanted}; it was "
            "altered, or a default was changed under one version"
        )


__all__ = ["check_identities"]
