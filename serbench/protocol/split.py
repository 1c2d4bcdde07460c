"""Folds and splits: who is trained on, who chooses, who is tested.

Conventions
-----------
A *row* is an utterance, or an augmented child of one where the protocol augments before it splits. A row's id is its
utterance's, or ``<utterance>+<augmentation>`` for a child. Ids within a part are sorted.

The parts of a fold have no row, utterance, recording or speaker in common but for what the split declares, and
``serbench.protocol.leakage`` holds every fold to its word. What is declared may be so; it need not be so in every
fold. Every row is tested at most once in a split.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

from serbench.corpus.manifest import Manifest
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
        Sorted row ids; none is empty.
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
    shares_recordings
        True where any two parts may have equal recordings under different ids.
    shares_utterances
        True where any two parts may have rows of one utterance: its children lie on several sides.
    dev_is_test
        True where dev is test once more: whatever is chosen on dev is chosen on test.
    new_sentences
        True where no sentence of test is heard in train or dev.
    augmentations
        The names of those that were applied before the split; children are named by them.
    notes
        Sentences a reader of the scores should know; no part of the digest.
    """

    protocol: str
    version: str
    dataset: str
    folds: tuple[Fold, ...]
    dev_shares_speakers: bool = False
    shares_speakers: bool = False
    shares_recordings: bool = False
    shares_utterances: bool = False
    dev_is_test: bool = False
    new_sentences: bool = False
    augmentations: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        names = [fold.name for fold in self.folds]
        if len(set(names)) != len(names):
            raise ProtocolError(f"{self.dataset}/{self.protocol}: fold names repeat: {names}")
        tested = [uid for fold in self.folds for uid in fold.test]
        if len(set(tested)) != len(tested):
            raise ProtocolError(f"{self.dataset}/{self.protocol}: an utterance is tested twice, expected once at most")

    def parent(self, row: str) -> str:
        """Return the id of the utterance that a row is, or was made of.

        >>> Split("replica", "1", "toy", (), augmentations=("noise",)).parent("a-1+noise")
        'a-1'
        """
        utterance, _, augmentation = row.rpartition("+")
        return utterance if utterance and augmentation in self.augmentations else row

    @cached_property
    def digest(self) -> str:
        """Digest of protocol, version, dataset, what is shared, and every fold's ids."""
        later = ("shares_recordings", "shares_utterances", "dev_is_test", "new_sentences", "augmentations")
        return digest_value(
            {
                "protocol": self.protocol,
                "version": self.version,
                "dataset": self.dataset,
                "dev_shares_speakers": self.dev_shares_speakers,
                "shares_speakers": self.shares_speakers,
                "folds": [fold.facts() for fold in self.folds],
                # hashed only where they say something: splits from before there were such facts keep their digests
                **{name: getattr(self, name) for name in later if getattr(self, name)},
            }
        )


def expect_classes(manifest: Manifest, split: Split) -> Split:
    """Return a split of a manifest whose clips are of several classes: of one class, whatever is said is right.

    Raises
    ------
    ProtocolError
        When all rows of test, or all of train, are of one class.
    """
    for part in ("test", "train"):
        rows = {row for fold in split.folds for row in getattr(fold, part)}
        labels = {manifest.by_id[split.parent(row)].label for row in rows}
        if len(labels) < 2:
            raise ProtocolError(
                f"{split.dataset}: the {len(rows)} rows of {part} are all {min(labels, default='nothing')!r}, expected "
                f"two classes or more"
            )
    return split


__all__ = ["Fold", "Split", "expect_classes"]
