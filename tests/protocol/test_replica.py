"""The replica's rows: what they share, and that they say so."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import numpy as np
import pytest
from sklearn.model_selection import train_test_split

from serbench.errors import LeakError, ProtocolError
from serbench.protocol.leakage import check_fold
from serbench.protocol.replica import Replica
from tests.protocol.corpora import clip, grid, manifest

CHILDREN = ("paper-noise", "paper-pitch", "paper-pitch-noise")


def divide(corpus):
    return Replica().split(None, corpus)


@pytest.mark.parametrize("takes", [1, 4, 7])
def test_replica_splits_as_scikit_learn_does(takes):
    corpus = grid("abc", takes=takes)
    rows = np.array([row for uid in corpus.by_id for row in (uid, *(f"{uid}+{name}" for name in CHILDREN))])
    train, test = train_test_split(rows, test_size=0.2, random_state=42)
    (fold,) = divide(corpus).folds
    assert fold.train == tuple(sorted(train.tolist()))
    assert fold.test == fold.dev == tuple(sorted(test.tolist()))


def test_replica_has_four_rows_of_every_clip():
    corpus = grid()
    split = divide(corpus)
    parents = Counter(split.parent(row) for row in split.folds[0].train + split.folds[0].test)
    assert parents == dict.fromkeys(corpus.by_id, 4)


def test_replica_leaks_as_arithmetic_says():
    """With four rows per clip a test row has no sibling in training with a chance of 0.2 to the third: 0.8 %."""
    corpus = grid([f"s{n:03d}" for n in range(200)])
    split = divide(corpus)
    (fold,) = split.folds
    known = {split.parent(row) for row in fold.train}
    leaked = sum(split.parent(row) in known for row in fold.test)
    assert leaked / len(fold.test) == pytest.approx(1 - 0.2**3, abs=0.01)
    assert split.notes[0].startswith(f"{leaked} of {len(fold.test)} test rows have a sibling")


def test_replica_says_all_that_it_shares():
    corpus = grid()
    split = divide(corpus)
    check_fold(corpus, split, split.folds[0], {uid: uid for uid in corpus.by_id})
    for said in ("shares_speakers", "shares_recordings", "shares_utterances", "dev_is_test"):
        with pytest.raises(LeakError):
            check_fold(corpus, replace(split, **{said: False}), split.folds[0], {uid: uid for uid in corpus.by_id})


def test_replica_refuses_a_clip_that_is_named_like_a_row():
    with pytest.raises(ProtocolError, match=r"'a\+paper-noise' is the name of an augmented row"):
        divide(manifest(clip("a", "a"), clip("a+paper-noise", "a")))
