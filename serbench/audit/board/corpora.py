"""A board against the corpora themselves: labels, speakers, folds, recordings.

Conventions
-----------
Each task (a corpus copy under a protocol) is read and divided anew by the plugins and protocols that are installed.
What needs recordings that are not there is not checked, and said to be so.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence

from serbench.audit.board.costs import Counts, check_streamed, check_timed
from serbench.audit.board.ledger import Ledger
from serbench.audit.recorded_splits import RecordedSplit, RecordedSplits
from serbench.audit.recorded_systems import recorded_system
from serbench.digest import canonical_json, digest_value
from serbench.errors import BoardError, DatasetMissingError, SerbenchError, UnknownNameError, UsageError
from serbench.plugin.registry import Registry
from serbench.protocol.protocol import Protocol
from serbench.protocol.split import Fold, Split
from serbench.results.facts import ProtocolFacts
from serbench.results.predictions import TestPredictions
from serbench.results.record import Record
from serbench.results.store import Store
from serbench.run.contender import part_facts
from serbench.run.corpora import Corpus
from serbench.run.job import notes_of
from serbench.run.workspace import Workspace


def check_corpora(
    store: Store, records: Sequence[Record], workspace: Workspace, ledger: Ledger, counts: Counts
) -> set[str]:
    """Compare labels, speakers, folds, standings and digests of every task with its corpus.

    Parameters
    ----------
    counts
        What was counted of systems before, to which this adds.

    Returns
    -------
    The datasets of which a task could not be compared.

    Raises
    ------
    BoardError
        At the first thing that does not hold.
    """
    tasks: dict[str, list[Record]] = defaultdict(list)
    for record in records:
        facts = [record.key.task, sorted(record.left_out)]
        tasks[digest_value(facts)].append(record)
    splits = RecordedSplits(workspace)
    missed: set[str] = set()
    for group in tasks.values():
        first = group[0]
        dataset, protocol = first.key.dataset.name, first.key.protocol.name
        try:
            _check_protocol(store, group, workspace.protocol(protocol), workspace.registry, ledger)
            made = splits.make(first)
        except (DatasetMissingError, UnknownNameError, UsageError) as error:
            is_unknown = not isinstance(error, DatasetMissingError)
            sentence = f"labels, speakers, folds and recordings of {dataset} under {protocol}: {error}"
            ledger.skip(sentence, is_unknown=is_unknown)
            missed.update(first.key.dataset.members)
            continue
        _check_task(store, group, made, workspace, ledger, counts)
    return missed


def _check_protocol(store: Store, group: Sequence[Record], known: Protocol, registry: Registry, ledger: Ledger) -> None:
    for record in group:
        version, ranked = record.key.protocol.version, record.standing.ranked
        ledger.expect(
            "protocols",
            version,
            known.version,
            _version(store, record, f"protocol {known.name}", version, known.version),
        )
        sentence = f"{store.where(record)}: it says ranked {ranked}, but protocol {known.name} says {known.ranked}"
        ledger.expect("standings", ranked, known.ranked, sentence)
    _check_applied(store.where(group[0]), group[0].key.protocol, known, registry)  # the same of all: it is in the task


def _check_applied(path: str, facts: ProtocolFacts, known: Protocol, registry: Registry) -> None:
    """Check what a protocol augments by, in its order, as far as that is installed in its versions."""
    applied, expected = [part.name for part in facts.augmentations], list(known.augmentations)
    if applied != expected:
        raise BoardError(f"{path}: its protocol augments by {applied}, but protocol {known.name} by {expected}")
    offered = registry.augmentations
    parts = [part for part in facts.augmentations if part.name in offered]
    for part in (part for part in parts if offered[part.name].part.card.version == part.version):
        try:
            made = part_facts(registry.get("augmentation", part.name).create(**part.params))
        except SerbenchError as error:
            raise BoardError(f"{path}: {part.name} of its protocol cannot be made: {error}") from error
        if canonical_json(made.facts()) != canonical_json(part.facts()):
            raise BoardError(f"{path}: its protocol augments by {part.facts()}, but the plugin says {made.facts()}")


def _version(store: Store, record: Record, what: str, found: str, expected: str) -> str:
    return (
        f"{store.where(record)}: it was made under version {found} of {what}, version {expected} is installed; "
        f"run the board again"
    )


def _check_task(
    store: Store, group: Sequence[Record], made: RecordedSplit, workspace: Workspace, ledger: Ledger, counts: Counts
) -> None:
    corpus, split, registry = made.corpus, made.split, workspace.registry
    for record in group:
        path = store.where(record)
        found = None if record.predictions is None else store.predictions(record)
        labels = corpus.manifest.labels
        sentence = f"{path}: its classes are {list(record.classes)}, the corpus has {list(labels)}"
        ledger.expect("classes", record.classes, labels, sentence)
        if found is not None:
            _check_labels(path, found, corpus, split, ledger)
        _check_fold(path, record, found, split, registry, ledger)
        if record.status == "done":
            _check_counts(path, record, corpus, split, ledger)
            is_timed = record.key.seed == 0 and record.key.fold == split.folds[0].name
            check_timed(path, record, ledger, is_timed=is_timed)
            contender = recorded_system(record, registry, workspace.locations.weights) if is_timed else None
            if contender is not None:
                check_streamed(path, record, contender, corpus.seconds(), ledger, counts)
        _check_standing(path, record, corpus, ledger)
        if record.left_out:
            _check_left_out(path, record, corpus, ledger)
        _check_notes(path, record, corpus, split, registry, ledger)
    first = group[0]
    path, name = store.where(first), corpus.manifest.dataset
    facts, wanted = corpus.facts(), first.key.dataset
    ledger.expect("splits", first.key.protocol.split, split.digest, _digest(path, f"the split of {name}"))
    version = _version(store, first, f"dataset {name}", wanted.version, facts.version)
    ledger.expect("dataset versions", wanted.version, facts.version, version)
    for what, sentence in (
        ("label_map", f"the label map of {name}"),
        ("manifest", f"the manifest of {name} (who says what in which clip)"),
        ("audio", f"the recordings of {name} ({first.audio.label} there, {corpus.variant().label} here)"),
    ):
        ledger.expect(
            f"{what} digests".replace("_", " "), getattr(wanted, what), getattr(facts, what), _digest(path, sentence)
        )
    if canonical_json(wanted.facts()) != canonical_json(facts.facts()):
        raise BoardError(f"{path}: the facts of {name} in its key are not those of the corpus here")


def _digest(path: str, what: str) -> str:
    return f"{path}: {what} is not what was found here: its digest was altered, or this is another copy"


def _check_labels(path: str, found: TestPredictions, corpus: Corpus, split: Split, ledger: Ledger) -> None:
    manifest = corpus.manifest
    for uid, speaker, code in zip(found.ids, found.speakers, found.truth.tolist(), strict=True):
        clip = manifest.by_id.get(split.parent(uid))
        if clip is None:
            raise BoardError(f"{path}: its predictions name {uid}, which is no clip of {manifest.dataset}")
        if clip.label != found.classes[code]:
            raise BoardError(f"{path}: its predictions say {uid} is {found.classes[code]!r}, the corpus {clip.label!r}")
        if clip.speaker != speaker:
            raise BoardError(f"{path}: its predictions say {speaker} speaks {uid}, the corpus {clip.speaker}")
    ledger.holds("labels", len(found.ids))


def _check_fold(
    path: str,
    record: Record,
    predictions: TestPredictions | None,
    split: Split,
    registry: Registry,
    ledger: Ledger,
) -> None:
    name, number = record.key.fold, record.key.protocol.folds
    folds = {fold.name: fold for fold in split.folds}
    if name not in folds or number != len(folds):
        raise BoardError(f"{path}: its fold is {name} of {number}, expected one of {len(folds)}: {', '.join(folds)}")
    fold = folds[name]
    if record.status != "done":
        return
    if predictions is not None and predictions.ids != fold.test:
        stray = min({*predictions.ids} ^ {*fold.test})
        raise BoardError(
            f"{path}: its predictions are not of the test rows of fold {name}: {stray} is in one of the two"
        )
    for part, rows in _expected_rows(record, fold, split, registry).items():
        found = record.rows.get(part)
        ledger.expect("fold sizes", found, rows, f"{path}: it says {found} {part} rows, its fold has {rows}")


def _check_counts(path: str, record: Record, corpus: Corpus, split: Split, ledger: Ledger) -> None:
    """Check that a confusion matrix has as many rows of each class as the fold, whatever was predicted of them."""
    fold = next(fold for fold in split.folds if fold.name == record.key.fold)
    clips = Counter(corpus.manifest.by_id[split.parent(row)].label for row in fold.test)
    expected = [clips[label] for label in corpus.manifest.labels]
    counts = [sum(row) for row in record.confusion]
    sentence = f"{path}: its confusion matrix counts {counts} clips of {list(record.classes)}, its fold has {expected}"
    ledger.expect("clips of each class", counts, expected, sentence)


def _expected_rows(record: Record, fold: Fold, split: Split, registry: Registry) -> dict[str, int]:
    """Return how many rows of each part a record of a fold has; of a model that is not there, as far as it is known."""
    key = record.key
    known = registry.models.get(key.model.name)
    chooses = known.part.card.chooses_on_dev if known else bool(record.rows.get("dev"))
    heard = fold.train if chooses or split.dev_is_test else (*fold.train, *fold.dev)
    train = sum(split.parent(row) == row for row in heard)
    return {
        "test": len(fold.test),
        "train": train,
        "dev": len(fold.dev) if chooses else 0,
        "augmented": train * len(key.augmentations) + len(heard) - train,
    }


def _check_standing(path: str, record: Record, corpus: Corpus, ledger: Ledger) -> None:
    expected = {
        "diagnostic": corpus.dataset.card.diagnostic is not None,
        "headline": corpus.exclusion is None,
        "reason": corpus.exclusion,
        "parts": corpus.parts,
    }
    for name, value in expected.items():
        found = getattr(record.standing, name)
        ledger.expect("standings", found, value, f"{path}: it says {name} {found}, but its corpus says {value}")


def _check_notes(path: str, record: Record, corpus: Corpus, split: Split, registry: Registry, ledger: Ledger) -> None:
    """Compare what a record says of the copy of the recordings, and to its reader, with the corpus."""
    audio = corpus.variant()
    sentence = f"{path}: it says that the recordings are {record.audio.facts()}, but they are {audio.facts()}"
    ledger.expect("audio variants", record.audio, audio, sentence)
    key = record.key
    if key.model.name not in registry.models:
        return
    offered = registry.get("model", key.model.name)
    augments = bool(key.protocol.augmentations and offered.create(**key.model.params).augmentations)
    fold = next(fold for fold in split.folds if fold.name == key.fold)
    expected = notes_of(corpus, split, fold, sets_aside=augments)
    sentence = f"{path}: its notes are {list(record.notes)}, but of its corpus and fold are to be said {list(expected)}"
    ledger.expect("notes", record.notes, expected, sentence)


def _check_left_out(path: str, record: Record, corpus: Corpus, ledger: Ledger) -> None:
    """Check that what was left out is what cannot be read: nobody is to choose what is tested."""
    for uid in sorted({*record.left_out} ^ {*corpus.inventory.bad}):
        was = "left out" if uid in record.left_out else "kept"
        can = "can" if uid in record.left_out else "cannot"
        raise BoardError(f"{path}: {uid} was {was}, expected otherwise: it {can} be read here")
    ledger.holds("recordings left out", len(record.left_out))


__all__ = ["check_corpora"]
