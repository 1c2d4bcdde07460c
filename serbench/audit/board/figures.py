"""Every figure of every record again, from its predictions; nothing but the board's own files is needed.

Conventions
-----------
Figures are compared to nine digits: the last ones of a logarithm are the processor's. Times, memory and energy belong
to the machine that measured them and cannot be computed again.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from serbench.audit.board.costs import check_names
from serbench.audit.board.ledger import Ledger
from serbench.errors import BoardError
from serbench.results.predictions import TestPredictions
from serbench.results.record import Record
from serbench.results.reported import OF_COUNTS
from serbench.results.store import Store
from serbench.scoring.figure import Figure
from serbench.scoring.metric import Metric
from serbench.scoring.metrics import confusion

#: What a ``done`` record counts.
_ROWS = {"train", "dev", "test", "augmented"}
#: What a record has of a cell that was done alone.
_OUTCOMES = ("rows", "scores", "confusion", "cost", "history")


def check_cells(store: Store, metrics: Mapping[str, Metric], ledger: Ledger) -> list[Record]:
    """Recompute every record's figures; return the records, sorted by path.

    Raises
    ------
    BoardError
        At the first thing that does not hold.
    FormatError
        When a file is damaged or was changed.
    """
    records = list(store.records())
    expected = set()
    for record in records:
        path = store.where(record)
        ledger.holds("records")
        if record.status != "done":
            _check_undone(path, record)
            continue
        _check_done(path, record, ledger)
        if record.predictions is None:
            _check_reported(path, record, metrics, ledger)
        else:
            expected.add(store.predictions_path(record))
            _check_cell(path, record, store.predictions(record), metrics, ledger)
    for stray in sorted(set(store.prediction_files()) - expected):
        raise BoardError(f"{stray} belongs to no record, expected a record beside all predictions; remove it")
    _check_rows(store, records, ledger)
    _check_agreement(store, records, ledger)
    return records


def _check_undone(path: str, record: Record) -> None:
    """Check that a cell that came to nothing says why, and nothing else."""
    if not record.reason or record.predictions is not None:
        raise BoardError(f"{path}: it is {record.status}, expected a reason and no predictions")
    if claimed := [name for name in _OUTCOMES if getattr(record, name)]:
        raise BoardError(f"{path}: it is {record.status}, expected a reason and no {', '.join(claimed)}")


def _check_done(path: str, record: Record, ledger: Ledger) -> None:
    """Check that a cell that was done says all that such a cell says, and no reason why not."""
    ledger.expect("reasons", record.reason, None, f"{path}: it is done, and says why not: {record.reason}")
    if set(record.rows) != _ROWS:
        raise BoardError(f"{path}: it counts {sorted(record.rows)} rows, expected {sorted(_ROWS)}")
    if set(record.scores) != set(record.metrics):
        raise BoardError(f"{path}: it has scores {sorted(record.scores)} and versions of {sorted(record.metrics)}")
    check_names(path, record, ledger)


def _check_cell(
    path: str, record: Record, found: TestPredictions, metrics: Mapping[str, Metric], ledger: Ledger
) -> None:
    ledger.holds("predictions", len(found.ids))
    if list(found.ids) != sorted(set(found.ids)):
        raise BoardError(f"{path}: the ids of its predictions are not unique and sorted")
    ledger.expect("row counts", record.rows.get("test"), len(found.ids), _rows(path, record, len(found.ids)))
    counts = confusion(found.truth, found.scores).tolist()
    sentence = f"{path}: its confusion matrix is not that of its predictions"
    ledger.expect("confusion matrices", [list(row) for row in record.confusion], counts, sentence)
    for name, metric in _installed(path, record, metrics, ledger):
        _compare(path, name, record.scores[name], metric(found.truth, found.scores), ledger)


def _installed(
    path: str, record: Record, metrics: Mapping[str, Metric], ledger: Ledger
) -> Iterator[tuple[str, Metric]]:
    """Yield the metrics of a record that are installed; refuse one of another version."""
    for name, version in sorted(record.metrics.items()):
        if name not in metrics:
            ledger.skip(f"metric {name}: no plugin that is installed offers it")
            continue
        known = metrics[name].card.version
        if version != known:
            raise BoardError(
                f"{path}: its {name} is of version {version} of the definition, the one installed is {known}; run the "
                f"board again"
            )
        yield name, metrics[name]


def _check_reported(path: str, record: Record, metrics: Mapping[str, Metric], ledger: Ledger) -> None:
    """Check what can be checked of a record that was handed in without predictions."""
    counts = np.array(record.confusion)
    if counts.shape != (len(record.classes),) * 2 or counts.sum() != record.rows.get("test"):
        raise BoardError(f"{path}: its confusion matrix does not count its {record.rows.get('test')} test rows")
    for name, _ in _installed(path, record, metrics, ledger):
        ledger.holds("versions of metrics", name not in OF_COUNTS)
    missing = Figure.undefined("not there")
    for name, metric in OF_COUNTS.items():
        _compare(path, name, record.scores.get(name, missing), Figure(float(metric(counts))), ledger)
    ledger.skip(
        "self-reported rows have no predictions: their confusion matrices are taken at their word", is_unknown=False
    )


def _compare(path: str, name: str, found: Figure, computed: Figure, ledger: Ledger) -> None:
    claimed, value = found.value, computed.value
    if claimed is None or value is None:
        if found != computed:
            said, wanted = (each.reason if each.value is None else each.value for each in (found, computed))
            raise BoardError(f"{path}: its {name} is {said}, but its predictions give {wanted}")
    elif not math.isclose(claimed, value, rel_tol=1e-9):
        raise BoardError(f"{path}: its {name} is {claimed}, but its predictions give {value}")
    ledger.holds("figures")


def _rows(path: str, record: Record, number: int) -> str:
    return f"{path}: it says {record.rows.get('test')} test rows, but its predictions are {number}"


def _check_rows(store: Store, records: Sequence[Record], ledger: Ledger) -> None:
    """Check seeds and folds of every row: none is left out, none is there twice."""
    rows: dict[tuple[str, str], list[Record]] = defaultdict(list)
    for record in records:
        rows[record.key.task, record.key.system].append(record)
    for group in rows.values():
        first, key = store.where(group[0]), group[0].key
        seeds = sorted({record.key.seed for record in group})
        wanted = list(range(len(seeds)))
        seeded = group[0].standing.declared.seeded
        ledger.expect(
            "seeds",
            seeds,
            wanted if seeded else [0],
            f"{first}: its row has the seeds {seeds}, expected "
            + (f"{wanted}: seeds are not chosen" if seeded else "seed 0 alone: nothing is drawn"),
        )
        folds = {record.key.fold for record in group}
        number = key.protocol.folds
        if len(folds) > number:
            raise BoardError(f"{first}: its row has {len(folds)} folds ({', '.join(sorted(folds))}), expected {number}")
        for seed in seeds:
            done = [record.key.fold for record in group if record.key.seed == seed]
            if len(set(done)) != len(done):
                raise BoardError(f"{first}: its row has a fold twice under seed {seed}")
        ledger.holds("rows")


def _check_agreement(store: Store, records: Sequence[Record], ledger: Ledger) -> None:
    """Check that all records of a task say the same of who said what how: truth belongs to the corpus, not to a row."""
    said: dict[str, dict[str, tuple[str, str, str, str]]] = defaultdict(dict)
    for record in records:
        if record.predictions is None:
            continue
        found, path = store.predictions(record), store.where(record)
        known = said[record.key.task]
        for uid, speaker, code in zip(found.ids, found.speakers, found.truth.tolist(), strict=True):
            word = found.classes[code]
            theirs = known.setdefault(uid, (word, speaker, record.key.fold, path))
            if theirs[:3] != (word, speaker, record.key.fold):
                raise BoardError(
                    f"{path}: {uid} is {word!r} by speaker {speaker} in fold {record.key.fold}, but {theirs[3]} has "
                    f"{theirs[0]!r} by {theirs[1]} in {theirs[2]}: one label, speaker or fold was altered"
                )
    ledger.holds("clips with one label in all records", sum(map(len, said.values())))


__all__ = ["check_cells"]
