"""The keys and labels of a board against those that the plugins of today make.

Conventions
-----------
Every plugin of a key is made again with the arguments that the key names. What it then says of itself, its features and
augmentations, the row's label and the digest of the key must be what is written down: a key that today's code would not
make belongs to a system that nobody can run. What a plugin is not installed for, or in another version, is not checked;
``check_code`` lists it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace

from serbench.audit.board.costs import Counts, check_sizes
from serbench.audit.board.ledger import Ledger
from serbench.audit.recorded_systems import published_system
from serbench.digest import canonical_json, digest_value
from serbench.errors import BoardError
from serbench.plugin.registry import Registry
from serbench.results.record import Record
from serbench.results.store import Store
from serbench.run.contender import Contender, system_of
from serbench.weights import WeightFolders


def check_identities(
    store: Store,
    records: Sequence[Record],
    registry: Registry,
    ledger: Ledger,
    weights: WeightFolders,
    counts: Counts,
) -> None:
    """Compare keys, labels and sizes of every system with what the plugins that are installed say.

    Parameters
    ----------
    weights
        Where pretrained weights are looked for: without them sizes cannot be counted again.
    counts
        What was counted before, to which this adds.

    Raises
    ------
    BoardError
        At the first that differs.
    """
    systems: dict[str, list[Record]] = defaultdict(list)
    for record in records:
        systems[digest_value([record.key.system, record.label])].append(record)
    for group in systems.values():
        contender = published_system(store, group[0], registry, weights)
        if contender is None:
            continue
        _check_key(store, group[0], contender)
        ledger.holds("keys and labels", len(group))
        by_classes: dict[tuple[str, ...], list[Record]] = defaultdict(list)
        for record in group:
            if record.status == "done":
                by_classes[record.classes].append(record)
        for classes, of_classes in by_classes.items():
            check_sizes(store, of_classes, contender, classes, ledger, counts)


def _check_key(store: Store, record: Record, contender: Contender) -> None:
    key, model = record.key, contender.model
    today = replace(key, **system_of(contender))
    asked = [[use.name, use.part] for use in model.uses("features")]
    _expect(store, record, "features", [[part.use, part.name] for part in key.features], asked)
    _expect(store, record, "key", key.system_facts(), today.system_facts())
    _expect(store, record, "label", record.label, contender.label)


def _expect(store: Store, record: Record, what: str, found: object, expected: object) -> None:
    said, wanted = canonical_json(found), canonical_json(expected)
    if said != wanted:
        raise BoardError(
            f"{store.where(record)}: its {what} is {said}, but the plugins that are installed make {wanted}; it was "
            "altered, or a default was changed under one version"
        )


__all__ = ["check_identities"]
