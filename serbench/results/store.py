"""A folder of records and predictions.

Conventions
-----------
``records/<dataset>/<protocol>/<model>/<fold>.seed<k>.<key>.json`` and, for a finished cell,
``predictions/…`` of the same stem as Parquet: one row per test utterance with columns ``id``, ``speaker``,
``truth``, ``prediction`` and one float64 column per class, named by the class in the record's order after the prefix
``score:``. The predictions are written first: a ``done`` record always has them. Two processes may
write into one store: each file appears whole, and two that did the same cell wrote the same facts.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt

from serbench.digest import digest_bytes, digest_file
from serbench.errors import FormatError
from serbench.files import atomic_write, read_document, write_document
from serbench.results.record import FORMAT, KIND, CellKey, Record


@dataclass(frozen=True)
class TestPredictions:
    """The scored test rows of one cell, joined again with what the runner knows of them.

    Attributes
    ----------
    ids, speakers
        (n,) of the test utterances.
    truth
        int64 (n,), place among ``classes``.
    scores
        float64 (n, k).
    classes
        The k classes.
    """

    __test__ = False  # no test class, whatever its name says to pytest

    ids: tuple[str, ...]
    speakers: tuple[str, ...]
    truth: npt.NDArray[np.int64]
    scores: npt.NDArray[np.float64]
    classes: tuple[str, ...]

    @classmethod
    def join(cls, parts: Sequence[TestPredictions]) -> TestPredictions:
        """Return the rows of all parts, sorted by id: the order of folds is no fact.

        Raises
        ------
        FormatError
            When the parts have different classes, or an id is in two of them.
        """
        if len({part.classes for part in parts}) != 1:
            raise FormatError(f"predictions of {len(parts)} cells have different classes, expected the same")
        ids = [uid for part in parts for uid in part.ids]
        if len(set(ids)) != len(ids):
            raise FormatError("an utterance is predicted twice, expected once")
        order = sorted(range(len(ids)), key=ids.__getitem__)
        speakers = [speaker for part in parts for speaker in part.speakers]
        return cls(
            tuple(ids[i] for i in order),
            tuple(speakers[i] for i in order),
            np.concatenate([part.truth for part in parts])[order],
            np.concatenate([part.scores for part in parts])[order],
            parts[0].classes,
        )


class Store:
    """Records and predictions below one folder.

    Parameters
    ----------
    folder
        Made when something is written.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def record_path(self, record: Record) -> Path:
        """Return where a record lies."""
        return self.folder / "records" / f"{record.stem}.json"

    def predictions_path(self, record: Record) -> Path:
        """Return where a record's predictions lie."""
        return self.folder / "predictions" / f"{record.stem}.parquet"

    def find(self, key: CellKey, label: str) -> Record | None:
        """Return the record of a cell, or None.

        Raises
        ------
        FormatError
            When the record is damaged.
        """
        path = self.record_path(Record(key=key, label=label, status="skipped"))
        return _read_record(path) if path.is_file() else None

    def write(self, record: Record, predictions: TestPredictions | None = None) -> Record:
        """Write a record, its predictions first; return it with their digest."""
        if predictions is not None:
            path = self.predictions_path(record)
            _write_parquet(path, predictions)
            record = replace(record, predictions=digest_file(path))
        write_document(self.record_path(record), KIND, FORMAT, record.facts())
        return record

    def records(self) -> Iterator[Record]:
        """Yield every record, sorted by path.

        Raises
        ------
        FormatError
            When a record is damaged.
        """
        for path in sorted((self.folder / "records").rglob("*.json")):
            yield _read_record(path)

    def predictions(self, record: Record) -> TestPredictions:
        """Read the predictions of a ``done`` record.

        Raises
        ------
        FormatError
            When they are missing, are not those that the record was written with, or contradict themselves: a word that
        is no class, a prediction that has not the largest score.
        """
        path = self.predictions_path(record)
        try:
            data = path.read_bytes()
        except FileNotFoundError as error:
            raise FormatError(f"{path} is missing; remove its record and run again") from error
        if digest_bytes(data) != record.predictions:
            raise FormatError(f"{path} was changed after its record was written; remove its record and run again")
        return _read_parquet(path, data, record.classes)


def _read_record(path: Path) -> Record:
    try:
        return Record.read(read_document(path, KIND, FORMAT))
    except FormatError as error:
        raise error if str(path) in str(error) else FormatError(f"{path}: {error}") from error


def _write_parquet(path: Path, predictions: TestPredictions) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    classes = np.array(predictions.classes)
    columns = {
        "id": pa.array(predictions.ids),
        "speaker": pa.array(predictions.speakers),
        "truth": pa.array(classes[predictions.truth]),
        "prediction": pa.array(classes[predictions.scores.argmax(axis=1)]),
        **{f"score:{name}": pa.array(predictions.scores[:, place]) for place, name in enumerate(predictions.classes)},
    }
    with atomic_write(path) as stream:
        pq.write_table(pa.table(columns), stream, compression="zstd")


def _read_parquet(path: Path, data: bytes, classes: tuple[str, ...]) -> TestPredictions:
    import pyarrow as pa
    import pyarrow.parquet as pq

    # ParquetFile on bytes in hand: a third of the time of read_table, which sets up a whole dataset per file
    table = pq.ParquetFile(pa.BufferReader(data)).read(use_threads=False)
    names = [f"score:{name}" for name in classes]
    if table.column_names != ["id", "speaker", "truth", "prediction", *names]:
        raise FormatError(f"{path} has columns {table.column_names}, expected scores of {list(classes)}")
    ids, speakers, truth, predicted = (table[name].to_pylist() for name in ("id", "speaker", "truth", "prediction"))
    place = {name: code for code, name in enumerate(classes)}
    if not place.keys() >= set(truth):
        uid, word = next(pair for pair in zip(ids, truth, strict=True) if pair[1] not in place)
        raise FormatError(f"{path}: the truth of {uid} is {word!r}, expected one of {list(classes)}")
    columns = [table[name].combine_chunks() for name in names]
    if any(column.type != pa.float64() or column.null_count for column in columns):
        raise FormatError(f"{path}: there are scores that are no float64 numbers")
    scores = np.column_stack([np.from_dlpack(column) for column in columns])  # to_numpy would import pandas
    if not np.isfinite(scores).all():
        raise FormatError(f"{path}: there are scores that are not finite")
    largest = [classes[best] for best in scores.argmax(axis=1).tolist()]
    if predicted != largest:
        uid, word, best = next(row for row in zip(ids, predicted, largest, strict=True) if row[1] != row[2])
        raise FormatError(f"{path}: the prediction of {uid} is {word!r}, but the largest score is {best!r}'s")
    codes = np.array([place[word] for word in truth], dtype=np.int64)
    return TestPredictions(tuple(ids), tuple(speakers), codes, scores, classes)


__all__ = ["Store", "TestPredictions"]
