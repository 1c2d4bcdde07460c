"""The code behind a board against the code that is installed.

Conventions
-----------
A record holds the digest of the source of every plugin that had a part in it (``serbench.source``). Where the plugin is
installed in the same version, its source must have that digest: else either its version was not raised, or the board
must be run again, and the board does not hold, unless the verifier allows changed code; then it is listed. Plugins that
are not installed, or in another version, cannot be checked. What a dataset's code yields is itself checked against the
recordings (labels, speakers, folds): its code may change, and is listed where there are no recordings to check.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

from serbench.audit.board.ledger import Ledger
from serbench.audit.recorded_systems import published_system
from serbench.errors import BoardError
from serbench.features.text import TextExtractor
from serbench.plugin.registry import Registry
from serbench.results.facts import Declared
from serbench.results.record import CellKey, Record
from serbench.results.store import Store
from serbench.run.job import declared_of
from serbench.source import source_digest

#: Kind, name and version of a plugin.
_Part = tuple[str, str, str]


def check_code(
    store: Store, records: Sequence[Record], registry: Registry, ledger: Ledger, *, allow_changed: bool = False
) -> list[str]:
    """Compare the digest of every plugin's source; return the datasets whose code has changed since, sorted.

    Parameters
    ----------
    allow_changed
        List code that differs in place of raising.

    Raises
    ------
    BoardError
        When a record was made by other code than is installed under the same version.
    """
    made: dict[tuple[_Part, str | None], Record] = {}
    for record in records:
        for part in _parts(record.key):
            if part[1] not in record.code:
                raise BoardError(f"{store.where(record)}: it has no digest of the code of {part[0]} {part[1]}")
            made.setdefault((part, record.code[part[1]]), record)
        stray = sorted(record.code.keys() - {name for _, name, _ in _parts(record.key)})
        if stray:
            raise BoardError(f"{store.where(record)}: it has digests of the code of {stray}, which have no part in it")
    changed: set[str] = set()
    for (part, digest), record in made.items():
        kind, name, version = part
        reason = _why_not(part, registry) or _has_no_source(store, record, part, digest, registry)
        if reason:
            ledger.skip(f"code of {kind} {name}: {reason}")
            continue
        cls: Any = registry.shelves[kind][name].part
        if source_digest(cls) == digest:
            ledger.holds("code digests")
            continue
        sentence = (
            f"{store.where(record)}: the code of {name} differs from what made this record; either its version "
            f"({version} in both) was not raised or the board must be run again"
        )
        if kind == "dataset":
            changed.add(name)
        elif allow_changed:
            ledger.skip(sentence)
        else:
            raise BoardError(sentence)
    return sorted(changed)


def check_declared(store: Store, records: Sequence[Record], registry: Registry, ledger: Ledger) -> None:
    """Compare what records declare (what was pretrained on what, whether seeds matter) with the cards installed.

    Raises
    ------
    BoardError
        When a record declares something else than the cards of its plugins, in the same versions and with the same
        arguments.
    """
    made: dict[str, Declared | None] = {}
    for record in records:
        system = record.key.system
        if system not in made:
            contender = published_system(store, record, registry)
            made[system] = None if contender is None else declared_of(contender)
        declared, expected = record.standing.declared, made[system]
        if expected is None:
            continue
        expected = replace(expected, text=_text(record.key, registry))
        said, wanted = declared.facts(), expected.facts()
        sentence = f"{store.where(record)}: it declares {said}, but the cards of its plugins say {wanted}"
        ledger.expect("declarations", declared, expected, sentence)


def _text(key: CellKey, registry: Registry) -> str | None:
    """Return what a row's features read of the clips' words, by the cards of its corpora; None where they read none."""
    if not any(issubclass(registry.features[feature.name].part, TextExtractor) for feature in key.features):
        return None
    known = [name for name in key.dataset.members if name in registry.datasets]
    return "prompts" if any(registry.datasets[name].part.card.prompts is not None for name in known) else "transcripts"


def _has_no_source(store: Store, record: Record, part: _Part, digest: str | None, registry: Registry) -> str | None:
    """Return why code cannot be compared; a record that names no code where there is some does not hold."""
    if digest is not None:
        return None
    cls: Any = registry.shelves[part[0]][part[1]].part
    if source_digest(cls) is not None:
        raise BoardError(f"{store.where(record)}: it has no digest of the code of {part[1]}, whose source is there")
    return "it had no source file"


def _why_not(part: _Part, registry: Registry) -> str | None:
    kind, name, version = part
    if name not in registry.shelves[kind]:
        return "no plugin that is installed offers it"
    installed = registry.shelves[kind][name].part.card.version
    return None if installed == version else f"version {version} made the record, {installed} is installed"


def _parts(key: CellKey) -> Iterator[_Part]:
    """Yield the plugins of a cell."""
    for corpus in key.dataset.members.values():
        yield "dataset", corpus.name, corpus.adapter_version
    for model in (key.model, *key.model.members):
        yield "model", model.name, model.version
    for feature in key.features:
        yield "feature", feature.name, feature.version
    for augmentation in (*key.augmentations, *key.protocol.augmentations):
        yield "augmentation", augmentation.name, augmentation.version


__all__ = ["check_code", "check_declared"]
