"""Protocols that measure something else than new speakers: to show what is lost or gained, never to rank.

Conventions
-----------
What the parts of a fold share is declared in the split, and said in its notes; nothing beyond it gets past the check.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from serbench.corpus.dataset import Dataset
from serbench.corpus.manifest import Manifest
from serbench.digest import digest_value
from serbench.errors import ProtocolError, UsageError
from serbench.protocol.emobox import StatedFold, emobox_corpora, match_emobox, read_emobox
from serbench.protocol.protocol import Protocol
from serbench.protocol.split import Fold, Split
from serbench.protocol.splitters import stratified_fifth

_FOLDS = 5
#: What the order of clips in ``random`` is drawn from; part of the protocol.
_SEED = 0
#: Of the released code of arXiv 2507.03251: scikit-learn's ``train_test_split(test_size=0.2, random_state=42)``.
_REPLICA_SEED, _REPLICA_TEST = 42, 0.2


class RandomClips(Protocol):
    """Clips are dealt into folds at random, by class alone."""

    name = "random"
    version = "1"
    summary = (
        "Random clips: five folds, stratified by class and drawn once for all from a fixed seed; dev is the next fold, "
        "train the other three. Speakers, sentences and equal recordings lie on all sides, as in most published "
        "figures. It shows how much of such a figure is knowledge of the speakers: compare with si. Never ranked."
    )
    ranked = False

    def split(self, dataset: Dataset, manifest: Manifest) -> Split:  # noqa: ARG002  (one rule for every corpus)
        """Return the five folds.

        Raises
        ------
        ProtocolError
            When there are fewer than five clips.
        """
        if len(manifest) < _FOLDS:
            raise ProtocolError(f"{manifest.dataset}: {len(manifest)} clips, expected one at least for each of 5 folds")
        drawn = sorted(manifest.utterances, key=lambda each: digest_value([_SEED, each.id]))
        # sorted by class, then dealt like cards: every fold gets its share of each class, and of all clips
        ids = [each.id for label in manifest.labels for each in drawn if each.label == label]
        parts = [ids[place::_FOLDS] for place in range(_FOLDS)]
        folds = []
        for place, test in enumerate(parts):
            dev = parts[(place + 1) % _FOLDS]
            rest = set(ids).difference(test, dev)
            folds.append(Fold(f"fold-{place + 1}", tuple(sorted(rest)), tuple(sorted(dev)), tuple(sorted(test))))
        return Split(
            self.name,
            self.version,
            manifest.dataset,
            tuple(folds),
            dev_shares_speakers=True,
            shares_speakers=True,
            shares_recordings=True,
            notes=("test speakers are heard in training: no score on new speakers",),
        )


class Replica(Protocol):
    """The evaluation of arXiv 2507.03251 as its released code has it."""

    name = "replica-2507.03251"
    version = "1"
    summary = (
        "The evaluation of arXiv 2507.03251 (withdrawn) as its released code has it: every clip becomes four rows "
        "(itself, with noise, pitched up, both), the rows are split 80 to 20 at random as scikit-learn's "
        "train_test_split with random_state 42 does, neither stratified nor grouped, and the test rows double as "
        "validation. 99 % of the test rows have a sibling of the same recording in training. Rows are scored as rows; "
        "a model's own augmentations are left aside, its own scaling is fitted on training rows. With attn1dcnn-paper "
        "(100 epochs, the last one kept) it is the paper's system. It shows where such figures come from. Never ranked."
    )
    ranked = False
    augmentations = ("paper-noise", "paper-pitch", "paper-pitch-noise")

    def split(self, dataset: Dataset, manifest: Manifest) -> Split:  # noqa: ARG002  (one rule for every corpus)
        """Return the one fold of rows; dev is test.

        Raises
        ------
        ProtocolError
            When an utterance bears the name of another's child.
        """
        import math

        import numpy as np

        taken = [uid for uid in manifest.by_id if uid.rpartition("+")[2] in self.augmentations]
        if taken:
            raise ProtocolError(
                f"{manifest.dataset}: {taken[0]!r} is the name of an augmented row, expected another id"
            )
        rows = [row for uid in manifest.by_id for row in (uid, *(f"{uid}+{name}" for name in self.augmentations))]
        # the generator that scikit-learn draws from: numpy keeps its stream as it is for ever
        order = np.random.RandomState(_REPLICA_SEED).permutation(len(rows))
        tested = math.ceil(_REPLICA_TEST * len(rows))
        test = tuple(sorted(rows[place] for place in order[:tested]))
        train = tuple(sorted(rows[place] for place in order[tested:]))
        split = Split(
            self.name,
            self.version,
            manifest.dataset,
            (Fold("rows", train, test, test),),
            dev_shares_speakers=True,
            shares_speakers=True,
            shares_recordings=True,
            shares_utterances=True,
            dev_is_test=True,
            augmentations=self.augmentations,
        )
        return replace(split, notes=_of_siblings(split))


def _of_siblings(split: Split) -> tuple[str, ...]:
    (fold,) = split.folds
    known = {split.parent(row) for row in fold.train}
    leaked = sum(split.parent(row) in known for row in fold.test)
    return (
        f"{leaked} of {len(fold.test)} test rows have a sibling of the same recording in training",
        "the test rows double as dev: what a model chooses on dev it chooses on test",
        "rows, not clips, are split and scored: four per clip",
    )


class EmoBox(Protocol):
    """The folds that EmoBox publishes.

    Parameters
    ----------
    folder
        A copy of EmoBox's data folder; None where none was named, and then there are no folds.
    """

    name = "emobox"
    version = "1"
    summary = (
        "The folds of EmoBox (Ma et al., Interspeech 2024), read from a copy of its data folder that --emobox or "
        "SERBENCH_EMOBOX names, to stand beside its published figures. Labels are the corpus's, not EmoBox's. Where it "
        "has no list for dev, dev is a fifth of the training speakers if test has speakers of its own, else a "
        "stratified fifth of the training clips; both by rule. Clips that one side lacks, and speakers that are both "
        "in test and in training (18 of its 32 corpora have such), are stated. Never ranked."
    )
    ranked = False

    def __init__(self, folder: Path | None = None) -> None:
        self.folder = folder

    def split(self, dataset: Dataset, manifest: Manifest) -> Split:  # noqa: ARG002  (the lists are the rule)
        """Return the folds that the folder states, with a dev part.

        Raises
        ------
        UsageError
            When no folder was named.
        ProtocolError
            When the folder has no folds of this corpus, or lists clips of another.
        DatasetMissingError, FormatError
            When the folder holds no folds at all, or a damaged list.
        """
        if self.folder is None:
            raise UsageError(
                "protocol emobox got no folder, expected a copy of the folder 'data' of the repository emo-box/EmoBox; "
                "name it with --emobox FOLDER or SERBENCH_EMOBOX"
            )
        known = emobox_corpora(self.folder)
        if manifest.dataset not in known:
            raise ProtocolError(f"{manifest.dataset}: EmoBox's folder has no folds of it, only of {list(known)}")
        stated = match_emobox(read_emobox(self.folder, manifest.dataset), manifest)
        shared = [
            len(_speakers(manifest, fold.test) & _speakers(manifest, fold.train + fold.dev)) for fold in stated.folds
        ]
        folds = tuple(_with_dev(manifest, fold) for fold in stated.folds)
        notes = list(stated.notes)
        if any(shared):
            notes.append(
                f"up to {max(shared)} of {len(manifest.speakers)} speakers are both in test and in training, in "
                f"{sum(map(bool, shared))} of {len(shared)} folds: no score on new speakers"
            )
        if not all(fold.dev for fold in stated.folds):
            notes.append("EmoBox has no list for dev: it was cut from its training list by rule")
        return Split(
            self.name,
            self.version,
            manifest.dataset,
            folds,
            dev_shares_speakers=any(_speakers(manifest, f.train) & _speakers(manifest, f.dev) for f in folds),
            shares_speakers=any(shared),
            # where speakers are shared, so are the few recordings that a corpus holds under two names
            shares_recordings=any(shared),
            notes=tuple(notes),
        )


def _speakers(manifest: Manifest, ids: Sequence[str]) -> set[str]:
    return {manifest.by_id[uid].speaker for uid in ids}


def _with_dev(manifest: Manifest, fold: StatedFold) -> Fold:
    """Return the fold with the dev part that EmoBox states, or one cut from its training list."""
    if fold.dev:
        return Fold(fold.name, fold.train, fold.dev, fold.test)
    speakers = sorted(_speakers(manifest, fold.train), key=digest_value)
    if len(speakers) > 1 and _speakers(manifest, fold.test).isdisjoint(speakers):
        chosen = set(speakers[: max(1, round(len(speakers) / 5))])
        dev = {uid for uid in fold.train if manifest.by_id[uid].speaker in chosen}
    else:
        dev = stratified_fifth([manifest.by_id[uid] for uid in fold.train])
    train = tuple(uid for uid in fold.train if uid not in dev)
    return Fold(fold.name, train, tuple(sorted(dev)), fold.test)


__all__ = ["EmoBox", "RandomClips", "Replica"]
