"""Folds and splits: who is trained on, who chooses, who is tested.

Conventions
-----------
Ids within a part are sorted. ``test`` is disjoint from ``train`` and ``dev`` in ids, and in speakers too unless the
split says ``shares_speakers``; ``train`` and ``dev`` are disjoint in ids, and in speakers too unless the split says
``dev_shares_speakers``. ``serbench.protocol.leakage`` holds every fold to it.
Every id of the corpus is tested at most once in a split.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

from serbench.digest import digest_value
from serbench.errors import ProtocolError


@dataclass(frozen=True)
class Fold:
    """One division of a corpus.

    Attributes
    ----------
    name
        Unique in the split, good in a file name: ``speaker-03``.
    train, dev, test
        Sorted utterance ids; none is empty.
    """

    name: str
    train: tuple[str, ...]
    dev: tuple[str, ...]
    test: tuple[str, ...]

    def __post_init__(self) -> None:
        for part in ("train", "dev", "test"):
            ids = getattr(self, part)
            if not ids:
                raise ProtocolError(f"fold {self.name}: {part} is empty, expected at least one utterance")
            if list(ids) != sorted(set(ids)):
                raise ProtocolError(f"fold {self.name}: {part} ids are not unique and sorted")

    def facts(self) -> dict[str, Any]:
        """Return what is hashed."""
        return {"name": self.name, "train": self.train, "dev": self.dev, "test": self.test}


@dataclass(frozen=True)
class Split:
    """All folds of one corpus under one protocol.

    Attributes
    ----------
    protocol, version
        Which rule made it.
    dataset
        Which corpus it divides.
    folds
        In the order in which they are run.
    dev_shares_speakers
        True where dev and train have speakers in common: the corpus has too few to give dev its own.
    shares_speakers
        True where even test has speakers in common with train or dev, as in some official partitions. What is
        measured then is no performance on new speakers, and nobody may rank it as one.
    """

    protocol: str
    version: str
    dataset: str
    folds: tuple[Fold, ...]
    dev_shares_speakers: bool = False
    shares_speakers: bool = False

    def __post_init__(self) -> None:
        names = [fold.name for fold in self.folds]
        if len(set(names)) != len(names):
            raise ProtocolError(f"{self.dataset}/{self.protocol}: fold names repeat: {names}")
        tested = [uid for fold in self.folds for uid in fold.test]
        if len(set(tested)) != len(tested):
            raise ProtocolError(f"{self.dataset}/{self.protocol}: an utterance is tested twice, expected once at most")

    @cached_property
    def digest(self) -> str:
        """Digest of protocol, version, dataset, what is shared, and every fold's ids."""
        return digest_value(
            {
                "protocol": self.protocol,
                "version": self.version,
                "dataset": self.dataset,
                "dev_shares_speakers": self.dev_shares_speakers,
                "shares_speakers": self.shares_speakers,
                "folds": [fold.facts() for fold in self.folds],
            }
        )


__all__ = ["Fold", "Split"]
