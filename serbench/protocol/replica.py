"""The evaluation of arXiv 2507.03251 with its leaks (``replica-2507.03251``), to show where its figures come from.

Conventions
-----------
What the parts of the fold share is declared in the split, and said in its notes.
"""

from __future__ import annotations

from dataclasses import replace

from serbench.corpus.dataset import Dataset
from serbench.corpus.manifest import Manifest
from serbench.errors import ProtocolError
from serbench.protocol.protocol import InflationStyle, Protocol
from serbench.protocol.split import Fold, Split

#: Of the released code: scikit-learn's ``train_test_split(test_size=0.2, random_state=42)``.
_SEED, _TEST = 42, 0.2


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
        "(100 epochs, the last one kept) it is the paper's system on TESS, and with zero_crossings=true on emodb and "
        "emovo, whose released features begin with zero-crossing rates. Where it does not follow the released code: "
        "on RAVDESS and SAVEE that makes a row of each of a clip's 256 mel bands, 256 rows per clip in place of four; "
        "on RAVDESS it counts calm as neutral (here with ravdess.labels=ravdess-7); its notebook for CREMA-D holds "
        "another corpus. It shows where such figures come from. Never ranked."
    )
    ranked = False
    is_replica = True
    inflation = InflationStyle(
        10,
        "triangle",
        "four copies of every clip made first, rows split at random afterwards, as the paper of that number did",
    )
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
        order = np.random.RandomState(_SEED).permutation(len(rows))
        tested = math.ceil(_TEST * len(rows))
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


__all__ = ["Replica"]
