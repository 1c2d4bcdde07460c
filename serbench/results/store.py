"""A folder of records and predictions.

Conventions
-----------
A run writes a file per cell, a leaderboard has a file per row: ``records/<dataset>/<protocol>/<model>/`` holds
``<fold>.seed<k>.<key>.json`` of one cell, or, one folder up, ``<model>.<row>.json`` the records of all its cells.
Predictions lie likewise below ``predictions/`` as Parquet. They are written first, and those of a row under a name of
their content: a ``done`` record always has them, whenever a process ends. Two processes may write into one store: each
file appears complete, and two that did the same cell wrote the same facts.

Every record is sealed: ``seal`` is the digest of all else that it says. A record that was altered, or that lies where
another belongs, is refused whenever it is read.
"""

from __future__ import annotations

import contextlib
import glob
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from serbench.digest import digest_value
from serbench.errors import FormatError, UsageError
from serbench.files import read_document, sweep, write_document
from serbench.results.drafts import ROOM as DRAFTS
from serbench.results.predictions import Place, TestPredictions, read_predictions, write_predictions
from serbench.results.record import FORMAT, KIND, CellKey, Record
from serbench.results.seal import sealed, unsealed

#: What changes when a file does.
_Stamp = tuple[int, int, int, int]


class Store:
    """Records and predictions below one folder.

    Parameters
    ----------
    folder
        Made when something is written.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._records: dict[Path, tuple[_Stamp, list[Record]]] = {}
        self._decoded: tuple[Path, _Stamp, dict[Place, TestPredictions]] | None = None

    @contextlib.contextmanager
    def alone(self) -> Iterator[None]:
        """Keep other programs from changing the rows of this folder while the block runs.

        What a program left behind that was killed while it changed them is removed first.

        Raises
        ------
        UsageError
            When another program is changing them.
        """
        import filelock

        self.folder.mkdir(parents=True, exist_ok=True)
        lock = self.folder / ".lock"
        try:
            with filelock.FileLock(lock, timeout=0):
                self.sweep()
                for path in self.record_files():
                    self._remove_replaced(path)
                yield
        except filelock.Timeout as error:
            raise UsageError(
                f"another serbench is changing {self.folder} (it holds {lock}); wait until it ends, then do this again"
            ) from error

    def sweep(self) -> None:
        """Remove what writers left unfinished when they were killed."""
        for room in ("records", "predictions", "models", DRAFTS):
            sweep(Path(folder) for folder, _, _ in os.walk(self.folder / room))

    def record_path(self, record: Record) -> Path:
        """Return where a record lies: in the file of its row, where that holds it, or in one of its own."""
        alone = self.folder / "records" / f"{record.stem}.json"
        row = self._row_path(record)
        return row if not alone.exists() and record.key.digest in self._keys_of(row) else alone

    def predictions_path(self, record: Record) -> Path:
        """Return where a record's predictions lie."""
        path = self.record_path(record)
        if path == self._row_path(record):
            return self._predictions_of_row(path, self._file(path))
        return self.folder / "predictions" / f"{record.stem}.parquet"

    def where(self, record: Record) -> str:
        """Return for a message where a record lies, and which one it is among others."""
        path = self.record_path(record)
        return f"{path} ({record.key.fold}, seed {record.key.seed})" if path == self._row_path(record) else str(path)

    def find(self, key: CellKey, label: str) -> Record | None:
        """Return the record of a cell, or None.

        Raises
        ------
        FormatError
            When the record is damaged, or is another cell's.
        """
        path = self.record_path(Record(key=key, label=label, status="skipped"))
        if not path.is_file():
            return None
        return next(record for record in self._file(path) if record.key.digest == key.digest)

    def write(self, record: Record, predictions: TestPredictions | None = None) -> Record:
        """Write a record into a file of its own, its predictions first; return it with their digest."""
        if predictions is not None:
            place = (record.key.fold, record.key.seed)
            write_predictions(self.folder / "predictions" / f"{record.stem}.parquet", {place: predictions})
            record = replace(record, predictions=predictions.digest)
        _write_file(self.folder / "records" / f"{record.stem}.json", [record])
        return record

    def write_row(self, records: Sequence[Record], predictions: Mapping[Place, TestPredictions]) -> None:
        """Write all records of a row into one file, and their predictions into another; what was there gives way.

        Parameters
        ----------
        predictions
            Those of the records that name some, by fold and seed.
        """
        records = sorted(records, key=lambda record: (record.key.seed, record.key.fold))
        path = self._row_path(records[0])
        if predictions:
            # the same bytes in whatever order they came
            write_predictions(self._predictions_of_row(path, records), dict(sorted(predictions.items())))
        _write_file(path, records)
        self._remove_replaced(path)

    def _remove_replaced(self, path: Path) -> None:
        """Remove what a file of a row has taken the place of; there is none where it is no file of a row."""
        records = self._file(path)
        if path != self._row_path(records[0]):
            return
        stale = set(self._predictions_folder(path).glob(f"{glob.escape(path.stem)}.*.parquet"))
        if any(record.predictions is not None for record in records):
            stale.discard(self._predictions_of_row(path, records))
        for record in records:
            stale |= {
                self.folder / "records" / f"{record.stem}.json",
                self.folder / "predictions" / f"{record.stem}.parquet",
            }
        for old in stale:
            old.unlink(missing_ok=True)

    def records(self) -> Iterator[Record]:
        """Yield every record, sorted by where it would lie in a file of its own.

        Raises
        ------
        FormatError
            When a record is damaged, is another cell's, or is there twice.
        """
        found: dict[str, tuple[Path, Record]] = {}
        for path in self.record_files():
            for record in self._file(path):
                other, same = found.setdefault(record.key.digest, (path, record))
                if same != record:
                    raise FormatError(f"{other} and {path} hold two results of one cell; remove one of them")
        yield from sorted((record for _, record in found.values()), key=lambda record: record.stem)

    def record_files(self) -> list[Path]:
        """Return every file of records, sorted.

        Raises
        ------
        FormatError
            When there is a link below ``records``: what it leads to is not this store's.
        """
        return list(_files(self.folder / "records", ".json"))

    def prediction_files(self) -> list[Path]:
        """Return every file of predictions, sorted; raises as :meth:`record_files` does."""
        return list(_files(self.folder / "predictions", ".parquet"))

    def predictions(self, record: Record) -> TestPredictions:
        """Read the predictions of a ``done`` record.

        Raises
        ------
        FormatError
            When they are missing, are not those that the record was written with, or contradict themselves.
        """
        path = self.predictions_path(record)
        try:
            found = self._decode(path, self._file(self.record_path(record)), record.classes)
        except FileNotFoundError as error:
            raise FormatError(f"{path} is missing; remove its record and run again") from error
        mine = found.get((record.key.fold, record.key.seed))
        if mine is None or mine.digest != record.predictions:
            raise FormatError(
                f"{path}: the predictions of {record.key.fold}, seed {record.key.seed} were changed after their record "
                "was written; remove its record and run again"
            )
        return mine

    def _decode(self, path: Path, records: Sequence[Record], classes: tuple[str, ...]) -> dict[Place, TestPredictions]:
        """Return what a file says; the last one is kept, since the cells of a row are asked for one after another."""
        stamp = _stamp(path)
        if self._decoded is None or self._decoded[:2] != (path, stamp):
            promised = sum(record.rows.get("test", 0) for record in records if record.predictions is not None)
            self._decoded = path, stamp, read_predictions(path, classes, promised)
        return self._decoded[2]

    def _row_path(self, record: Record) -> Path:
        return self.folder / "records" / f"{record.row_stem}.json"

    def _keys_of(self, path: Path) -> set[str]:
        return {record.key.digest for record in self._file(path)} if path.exists() else set()

    def _predictions_folder(self, path: Path) -> Path:
        return self.folder / "predictions" / path.parent.relative_to(self.folder / "records")

    def _predictions_of_row(self, path: Path, records: Iterable[Record]) -> Path:
        said = digest_value([[record.key.digest, record.predictions] for record in records])
        return self._predictions_folder(path) / f"{path.stem}.{said[:8]}.parquet"

    def _file(self, path: Path) -> list[Record]:
        """Return the records of a file; they are kept in memory, for those of a row are asked for one by one."""
        stamp = _stamp(path)
        if path not in self._records or self._records[path][0] != stamp:
            self._records[path] = stamp, self._read(path)
        return self._records[path][1]

    def _read(self, path: Path) -> list[Record]:
        found = _read_file(path)
        for record in found:
            own, row = (self.folder / "records" / f"{stem}.json" for stem in (record.stem, record.row_stem))
            if path != row and (len(found) > 1 or path != own):
                raise FormatError(
                    f"{path}: by its key and label its record belongs into {own}: a fact of the key, the label or the "
                    "file's name was altered; remove it and run again"
                )
        if len({record.key.digest for record in found}) < len(found):
            raise FormatError(f"{path} holds two records of one cell, expected one; remove it and run again")
        return found


def _stamp(path: Path) -> _Stamp:
    found = path.stat()
    return found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns


def _write_file(path: Path, records: Sequence[Record]) -> None:
    write_document(path, KIND, FORMAT, {"records": [sealed(record.facts()) for record in records]})


def _read_file(path: Path) -> list[Record]:
    found = read_document(path, KIND, FORMAT)
    records = found.get("records")
    if set(found) != {"records"} or not isinstance(records, list) or not records:
        raise FormatError(f"{path} holds {sorted(found)}, expected records, one at least; remove it and run again")
    try:
        return [_unsealed(record) for record in records]
    except FormatError as error:
        raise FormatError(f"{path}: {error}") from error


def _unsealed(facts: object) -> Record:
    if not isinstance(facts, dict):
        raise FormatError("a record is no object; remove it and run again")
    said, fits = unsealed(facts)
    record = Record.read(said)
    if not fits:
        raise FormatError(
            f"the record of {record.key.fold}, seed {record.key.seed} was altered after it was written: its seal does "
            "not fit; remove it and run again"
        )
    return record


def _files(folder: Path, ending: str) -> Iterator[Path]:
    """Yield the files of an ending below a folder, sorted; links are refused, since they lead elsewhere."""
    found: list[Path] = []
    if folder.is_symlink():
        raise FormatError(f"{folder} is a link, expected a folder; remove it")
    for parent, folders, names in os.walk(folder):
        for name in (*folders, *names):
            path = Path(parent, name)
            if path.is_symlink():
                raise FormatError(f"{path} is a link, expected files of its own below {folder}; remove it")
        found += [Path(parent, name) for name in names if name.endswith(ending) and not name.startswith(".")]
    yield from sorted(found)


__all__ = ["Store"]
