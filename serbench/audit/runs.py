"""Audits of a finished run: who was tested in which fold, by its records, against the split that they name.

Conventions
-----------
A *task* is a corpus copy under a split; all its records were asked the same questions. What the records say is compared
with one another, and with the split where it can be made again from the corpus at hand. These leak:

===============  =================================================================================================
``trained-on``   a row was tested in a fold whose split has it in train or dev
``twice``        a row was tested in two folds under one seed: it was trained on in one of them
``moved``        a speaker was tested in two folds, so trained on in one; said only where the split could not be made
                 again, and not of folds that are crossed with sentences
===============  =================================================================================================

and whatever leaks in the split itself. Reported are ``missing`` and ``failed`` cells, ``damaged`` predictions,
``untested`` rows (of a fold that is done), ``strange`` rows (that the split does not have), ``truths`` (two records
differ in the class or the speaker of a row), ``split`` (another one than is made here) and ``unseen`` (none could).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from serbench.audit.recorded_splits import RecordedSplits
from serbench.audit.sounds import Sounds
from serbench.audit.splits import SplitAudit, audit_split
from serbench.corpus.finding import Finding
from serbench.errors import FormatError, SerbenchError, UsageError
from serbench.protocol.protocols import PROTOCOLS
from serbench.protocol.split import Split
from serbench.results.facts import DatasetFacts, ProtocolFacts
from serbench.results.predictions import TestPredictions
from serbench.results.record import Record
from serbench.results.store import Store


@dataclass(frozen=True)
class TaskAudit:
    """What was found in the records of one task.

    Attributes
    ----------
    dataset, protocol
        Facts of the records' keys.
    systems
        The labels of the models, sorted.
    cells
        How many records are done.
    tested
        How many different rows were tested.
    findings
        Those that leak first.
    split
        What was found in the split itself, or None where it could not be made again.
    """

    dataset: DatasetFacts
    protocol: ProtocolFacts
    systems: tuple[str, ...]
    cells: int
    tested: int
    findings: tuple[Finding, ...]
    split: SplitAudit | None

    @property
    def leaks(self) -> bool:
        """Whether the records or their split leak."""
        return any(each.leaks for each in self.findings) or (self.split is not None and self.split.leaks)

    @property
    def verdict(self) -> str:
        """``leaks``; else ``clean``, or ``unknown`` where the split could not be looked into."""
        return "leaks" if self.leaks else "unknown" if self.split is None else "clean"


def audit_run(store: Store, splits: RecordedSplits, sounds: Sounds) -> list[TaskAudit]:
    """Audit every task of a store, sorted by dataset and protocol.

    Parameters
    ----------
    splits
        Makes the splits again that records name.
    sounds
        Says which of their recordings have one sound.

    Raises
    ------
    UsageError
        When the store has no record.
    FormatError
        When a record is damaged; damaged predictions are a finding.
    """
    tasks: dict[str, list[Record]] = defaultdict(list)
    for record in store.records():
        tasks[record.key.task].append(record)
    if not tasks:
        raise UsageError(
            f"no records below {store.folder}, expected the --out folder of a run; see serbench run --help"
        )
    audits = [_audit(store, records, splits, sounds) for records in tasks.values()]
    return sorted(audits, key=lambda task: (task.dataset.name, task.protocol.name, task.protocol.split))


def _audit(store: Store, records: Sequence[Record], splits: RecordedSplits, sounds: Sounds) -> TaskAudit:
    key = records[0].key
    done, damaged = _read(store, records)
    found = [
        *_of_cells(records),
        Finding(kind="damaged", text="predictions that cannot be read", items=tuple(damaged)),
        *_of_rows(done),
    ]
    audit = None
    try:
        made = splits.make(records[0])
        is_same = made.split.digest == key.protocol.split
        twins = sounds.twins(made.corpus) if is_same else ()
    except SerbenchError as error:
        found.append(Finding(kind="unseen", text="the split could not be made again", items=(str(error),)))
        found += [] if _repeats_speakers(key.protocol.name) else _of_speakers(done)
    else:
        if is_same:
            found += _of_split(done, made.split)
            audit = audit_split(made.corpus.manifest, made.split, twins)
        else:
            texts = (f"records {key.protocol.split}, here {made.split.digest}",)
            found.append(
                Finding(kind="split", text="another split than serbench makes of the corpus here", items=texts)
            )
    return TaskAudit(
        dataset=key.dataset,
        protocol=key.protocol,
        systems=tuple(sorted({record.label for record in records})),
        cells=len(done),
        tested=len({row for _, predictions in done for row in predictions.ids}),
        findings=tuple(sorted((finding for finding in found if finding.items), key=lambda finding: not finding.leaks)),
        split=audit,
    )


def _repeats_speakers(protocol: str) -> bool:
    return protocol in PROTOCOLS and PROTOCOLS[protocol].repeats_speakers


_Done = Sequence[tuple[Record, TestPredictions]]


def _read(store: Store, records: Iterable[Record]) -> tuple[list[tuple[Record, TestPredictions]], list[str]]:
    """Return the done records with their predictions, and what is wrong with the others' predictions."""
    done, damaged = [], []
    for record in records:
        if record.status != "done":
            continue
        try:
            done.append((record, store.predictions(record)))
        except FormatError as error:
            damaged.append(str(error))
    return done, damaged


def _cell(record: Record) -> str:
    return f"{record.label}/seed{record.key.seed}"


def _of_cells(records: Sequence[Record]) -> list[Finding]:
    """Return the folds that lack a done record, for every model and seed that was begun."""
    expected = records[0].key.protocol.folds
    folds: dict[str, set[str]] = defaultdict(set)
    for record in records:
        folds[_cell(record)] |= {record.key.fold} if record.status == "done" else set()
    known = {record.key.fold for record in records}
    short = [
        f"{cell}: {len(there)} of {expected or len(known)} folds" + _named(known - there)
        for cell, there in sorted(folds.items())
        if len(there) != (expected or len(known))
    ]
    failed = [f"{_cell(record)}, {record.key.fold}: {record.reason}" for record in records if record.status != "done"]
    return [
        Finding(kind="missing", text="models and seeds that lack a fold", items=tuple(short)),
        Finding(kind="failed", text="cells that failed or were skipped", items=tuple(failed)),
    ]


def _named(folds: set[str]) -> str:
    return f", without {', '.join(sorted(folds))}" if folds else ""


def _of_rows(done: _Done) -> list[Finding]:
    """Compare the records with one another: which rows were tested in which folds."""
    folds_of_row: dict[tuple[str, str], set[str]] = defaultdict(set)
    truths: dict[str, set[tuple[str, str]]] = defaultdict(set)
    for record, predictions in done:
        classes = predictions.classes
        for row, speaker, truth in zip(predictions.ids, predictions.speakers, predictions.truth, strict=True):
            folds_of_row[_cell(record), row].add(record.key.fold)
            truths[row].add((speaker, classes[truth]))
    twice = {row for (_, row), folds in folds_of_row.items() if len(folds) > 1}
    return [
        Finding(kind="twice", text="rows tested in two folds", items=tuple(sorted(twice)), leaks=True),
        Finding(
            kind="truths",
            text="rows whose class or speaker differs between records",
            items=tuple(row for row, found in sorted(truths.items()) if len(found) > 1),
        ),
    ]


def _of_speakers(done: _Done) -> list[Finding]:
    folds: dict[str, set[str]] = defaultdict(set)
    for record, predictions in done:
        for speaker in predictions.speakers:
            folds[speaker].add(record.key.fold)
    moved = {speaker: len(found) for speaker, found in folds.items() if len(found) > 1}
    return [
        Finding(
            kind="moved",
            text=f"{len(moved)} of {len(folds)} speakers are tested in several folds, so trained on too",
            items=tuple(f"{speaker}: {count} folds" for speaker, count in sorted(moved.items())),
            leaks=True,
        )
    ]


def _of_split(done: _Done, split: Split) -> list[Finding]:
    """Compare the rows that each record tested with the split's fold of that name."""
    folds = {fold.name: fold for fold in split.folds}
    trained: set[str] = set()
    strange: set[str] = set()
    untested: set[str] = set()
    for record, predictions in done:
        fold = folds.get(record.key.fold)
        if fold is None:
            strange.add(f"{_cell(record)}: fold {record.key.fold}")
            continue
        rows = set(predictions.ids)
        known = {*fold.train, *fold.dev} - set(fold.test)
        trained |= {f"{record.key.fold}: {row}" for row in rows & known}
        strange |= {f"{record.key.fold}: {row}" for row in rows - known - set(fold.test)}
        untested |= {f"{_cell(record)}, {record.key.fold}: {row}" for row in set(fold.test) - rows}
    return [
        Finding(
            kind="trained-on",
            text="rows tested in a fold that trains or chooses on them",
            items=tuple(sorted(trained)),
            leaks=True,
        ),
        Finding(kind="strange", text="rows or folds that the split does not have", items=tuple(sorted(strange))),
        Finding(kind="untested", text="rows of a fold that its record did not test", items=tuple(sorted(untested))),
    ]


__all__ = ["TaskAudit", "audit_run"]
