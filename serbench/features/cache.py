"""Features that were computed once, kept by content.

Conventions
-----------
A row's key says which sound it was made from: a recording's digest, or for an augmented child the digest of that,
of the augmentation's identity and of the copy's number. Neither file names nor corpora enter: two files
of one sound share a row.

Below the folder, ``features/<name>-<12 digits>/`` holds the rows of one extractor with one set of arguments:
``identity.json``, and pairs ``shard-<unique>.npy`` (float32, or float16 where the card says so, rows end to end or
stacked) and ``shard-<unique>.json`` (an index: keys, lengths, the digest of the values). The index is written last, by
rename: values without one are left over from something interrupted, and are never read. Several processes may add
shards at once; a key that is there twice has the same values twice. A shard whose digest is not that of its index is
never read either: its rows count as missing and are computed again, and :meth:`FeatureCache.verify` names it.
"""

from __future__ import annotations

import contextlib
import shutil
import uuid
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from serbench.digest import digest_file, digest_value
from serbench.environment import versions_of
from serbench.errors import FormatError, PluginError, system_words
from serbench.features.extractor import FeatureExtractor
from serbench.features.rows_folder import DIGITS, bytes_below, claim, identity_of, name_of, warn
from serbench.features.shard import FORMAT, SHARD_KIND, Shard
from serbench.features.table import RAGGED, Column, Floats, Kept, MappedColumn, Output
from serbench.files import atomic_write, write_document
from serbench.part import Identity

#: Raised when decoding, mixing, resampling, augmenting or checking changes what an extractor gets to see.
PIPELINE = 2


def clip_key(recording: str, augmentation: Identity | None = None, copy: int = 0) -> str:
    """Return the key of a recording's row, or of its augmented child's; of several copies each has a key of its own."""
    if augmentation is None:
        return recording
    child = {"recording": recording, "augmentation": augmentation.facts()}
    return digest_value(child | ({"copy": copy} if copy else {}))


@dataclass(frozen=True)
class CacheEntry:
    """What the cache holds of one extractor with one set of arguments.

    Attributes
    ----------
    name
        The extractor's name.
    identity
        Its identity facts; None when their file is damaged.
    rows
        Rows that indices promise, each key counted once.
    bytes
        All files together.
    folder
        Where they lie.
    """

    name: str
    identity: Mapping[str, Any] | None
    rows: int
    bytes: int
    folder: Path


class FeatureRows:
    """The kept rows of one extractor with one set of arguments; see :meth:`FeatureCache.rows`.

    What lies on disk is looked at once, when this is made; rows added here are there at once, rows added by
    another process are seen by the next one.

    Parameters
    ----------
    kept
        In which precision rows are written.
    refused
        Why nothing can be written: rows are kept in memory.
    """

    def __init__(self, folder: Path, output: Output, kept: Kept = "float32", refused: OSError | None = None) -> None:
        self.folder, self.output, self._kept, self._refused = folder, output, kept, refused
        self._places: dict[str, tuple[Floats, int, int]] = {}  # values, first and one past the last
        for index in sorted(folder.glob("shard-*.json")):
            try:
                shard = Shard.read(index)
                self._take(shard.keys, shard.lengths, shard.open())
            except FormatError:
                continue  # missing rows are computed again; verify() names the damage

    def __contains__(self, key: str) -> bool:
        return key in self._places

    def __len__(self) -> int:
        return len(self._places)

    @property
    def row_shape(self) -> tuple[int, ...] | None:
        """The part of a row's shape that is the same in all rows; None while there is no row."""
        for values, _, _ in self._places.values():
            return values.shape[1:]
        return None

    def add(self, keys: Sequence[str], rows: Sequence[Floats]) -> None:
        """Write rows as one shard; they are kept when this returns, in memory where the system refuses to write.

        Raises
        ------
        PluginError
            When the rows do not go together with each other or with those that are there.
        """
        shapes = {row.shape[1:] if self.output in RAGGED else row.shape for row in rows}
        if self._places:
            shapes.add(self.row_shape or ())
        if len(shapes) != 1:
            raise PluginError(f"rows of {self.folder.name} have shapes {sorted(shapes)}, expected one for all clips")
        column = Column.stack(self.output, rows)
        lengths = None if column.lengths is None else tuple(int(length) for length in column.lengths)
        try:
            if self._refused is not None:
                raise self._refused
            self._write(tuple(keys), lengths, column.values)
        except OSError as error:
            self._refused = error
            warn(self.folder, system_words(error))
            self._take(tuple(keys), lengths, column.values)

    def _write(self, keys: tuple[str, ...], lengths: tuple[int, ...] | None, rows: Floats) -> None:
        values = self.folder / f"shard-{uuid.uuid4().hex}.npy"
        with atomic_write(values, durable=False) as stream:
            np.save(stream, rows.astype(self._kept, copy=False), allow_pickle=False)
        long = None if lengths is None else list(lengths)
        facts = {"keys": list(keys), "lengths": long, "digest": digest_file(values)}
        try:
            write_document(values.with_suffix(".json"), SHARD_KIND, FORMAT, facts, durable=False)
        except OSError:
            values.unlink(missing_ok=True)
            raise
        self._take(keys, lengths, np.load(values, mmap_mode="r"))

    def row(self, key: str) -> Floats:
        """Return one row, mapped from disk: (d,), (t, d), (c, h, w) or (samples,)."""
        values, start, end = self._places[key]
        return values[start:end] if self.output in RAGGED else values[start]

    def column(self, keys: Sequence[str]) -> MappedColumn:
        """Return the rows of the given keys, in their order."""
        return MappedColumn(self.output, tuple(self.row(key) for key in keys))

    def _take(self, keys: tuple[str, ...], lengths: tuple[int, ...] | None, values: Floats) -> None:
        long = np.ones(len(keys), np.int64) if lengths is None else np.array(lengths, np.int64)
        ends = np.cumsum(long).tolist()
        values = values.view(np.ndarray)  # slices of a memmap take ten times as long
        for key, end, length in zip(keys, ends, long.tolist(), strict=True):
            self._places.setdefault(key, (values, end - length, end))


class FeatureCache:
    """All kept features below one cache folder.

    Parameters
    ----------
    folder
        The cache folder; made when something is written.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "features"

    def rows(self, extractor: FeatureExtractor) -> FeatureRows:
        """Open the rows of an extractor with its arguments.

        Raises
        ------
        FormatError
            When the folder belongs to another extractor whose digest begins with the same digits.
        """
        folder, facts = self._place(extractor)
        return FeatureRows(folder, extractor.card.output, extractor.card.kept, claim(folder, facts))

    def keys(self, extractor: FeatureExtractor) -> set[str]:
        """Return the keys of the rows that indices promise of an extractor; values are not read."""
        folder, _ = self._place(extractor)
        found: set[str] = set()
        for index in folder.glob("shard-*.json"):
            with contextlib.suppress(FormatError, OSError):
                found.update(Shard.read(index).keys)
        return found

    def _place(self, extractor: FeatureExtractor) -> tuple[Path, dict[str, Any]]:
        """Return the folder of an extractor with its arguments, and what identifies it."""
        identity = extractor.identity
        facts: dict[str, Any] = {"identity": identity.facts(), "output": extractor.card.output, "pipeline": PIPELINE}
        if extractor.card.kept != "float32":
            facts["kept"] = extractor.card.kept
        if extractor.card.requires:
            facts["requires"] = versions_of(extractor.card.requires)
        return self.folder / f"{identity.name}-{digest_value(facts)[:DIGITS]}", facts

    def info(self) -> list[CacheEntry]:
        """Return what is there, sorted by folder name; values are not read."""
        entries = []
        for folder in self._folders():
            try:
                identity = identity_of(folder).get("identity")
            except (OSError, FormatError):
                identity = None
            keys: set[str] = set()
            for index in folder.glob("shard-*.json"):
                try:
                    keys.update(Shard.read(index).keys)
                except FormatError:
                    continue
            entries.append(CacheEntry(name_of(folder), identity, len(keys), bytes_below(folder), folder))
        return entries

    def verify(self) -> list[str]:
        """Read everything and return what is damaged, a sentence each; empty when all is well."""
        found = []
        for folder in self._folders():
            try:
                identity_of(folder)
            except (OSError, FormatError) as error:
                found.append(str(error))
            for path in sorted(folder.glob("shard-*.json")):
                try:
                    Shard.read(path).open()
                except FormatError as error:
                    found.append(str(error))
        return found

    def left_over(self) -> list[Path]:
        """Return files that something interrupted left, or that something running is writing; they are never read."""
        return [
            path
            for folder in self._folders()
            for path in sorted(folder.iterdir())
            if path.suffix == ".part" or (path.suffix == ".npy" and not path.with_suffix(".json").is_file())
        ]

    def prune(self, name: str | None = None) -> int:
        """Remove the rows of every extractor of a name, or all rows; return how many bytes that freed."""
        freed = 0
        for folder in self._folders():
            if name is None or name_of(folder) == name:
                freed += bytes_below(folder)
                shutil.rmtree(folder)
        return freed

    def _folders(self) -> Iterator[Path]:
        if self.folder.is_dir():
            yield from sorted(path for path in self.folder.iterdir() if path.is_dir())


__all__ = ["FORMAT", "PIPELINE", "CacheEntry", "FeatureCache", "FeatureRows", "clip_key"]
