"""An index of rows of the cache, and the values that it was written for; how they lie is said in ``cache``."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self, TypeGuard

import numpy as np

from serbench.digest import digest_file
from serbench.errors import FormatError, ResourceError
from serbench.features.table import Floats
from serbench.files import read_document

FORMAT = 1
SHARD_KIND = "serbench-feature-shard"


@dataclass(frozen=True)
class Shard:
    """An index that was read, and where its values lie."""

    values: Path
    keys: tuple[str, ...]
    lengths: tuple[int, ...] | None
    digest: str

    @classmethod
    def read(cls, index: Path) -> Self:
        """Read an index; raise FormatError when it is damaged."""
        facts = read_document(index, SHARD_KIND, FORMAT)
        keys, lengths, digest = (facts.get(name) for name in ("keys", "lengths", "digest"))
        # what is no list of words, or no list of counts, cannot be looked up or summed
        if not _are(keys, str) or not (lengths is None or _are(lengths, int)) or not isinstance(digest, str):
            raise FormatError(f"{index} has not the facts it should have; serbench cache prune removes it")
        if lengths is not None and (len(lengths) != len(keys) or min(lengths, default=0) < 0):
            raise FormatError(
                f"{index} has not a length for each of its {len(keys)} keys; serbench cache prune removes it"
            )
        return cls(index.with_suffix(".npy"), tuple(keys), None if lengths is None else tuple(lengths), digest)

    def open(self) -> Floats:
        """Map the values.

        Raises
        ------
        FormatError
            Unless they are those that the index was written for.
        ResourceError
            When the system lacks what it takes to look.
        """
        try:
            if digest_file(self.values) != self.digest:
                raise FormatError(f"{self.values} was changed after its index was written; its rows are made again")
            values: Floats = np.load(self.values, mmap_mode="r")
        except (OSError, ValueError) as error:
            ResourceError.raise_if_lacking(error)
            raise FormatError(f"{self.values} cannot be read: {error}; its rows are made again") from error
        expected = len(self.keys) if self.lengths is None else sum(self.lengths)
        if len(values) != expected:
            raise FormatError(f"{self.values} has {len(values)} rows, expected {expected}; they are made again")
        return values


def _are(values: object, kind: type) -> TypeGuard[list[Any]]:
    return isinstance(values, list) and all(type(value) is kind for value in values)


__all__ = ["FORMAT", "SHARD_KIND", "Shard"]
