"""Random clips: what they share, and that they say so."""

from __future__ import annotations

from collections import Counter

import pytest

from serbench.errors import ProtocolError
from serbench.protocol.leakage import check_fold
from serbench.protocol.random_clips import RandomClips
from tests.protocol.corpora import grid


def divide(corpus):
    return RandomClips().split(None, corpus)


def test_random_tests_every_clip_once_and_every_class_evenly():
    corpus = grid("abcdefg", ("angry", "calm", "sad"), takes=3)  # 21 clips of each class
    folds = divide(corpus).folds
    assert sorted(uid for fold in folds for uid in fold.test) == list(corpus.by_id)
    for fold in folds:
        assert sorted(fold.train + fold.dev + fold.test) == list(corpus.by_id)
        counts = Counter(corpus.by_id[uid].label for uid in fold.test)
        assert set(counts.values()) <= {4, 5}
        assert len(fold.test) in {12, 13}


def test_random_takes_the_next_fold_for_dev():
    folds = divide(grid()).folds
    assert [fold.dev for fold in folds] == [fold.test for fold in (*folds[1:], folds[0])]


def test_random_depends_on_no_order_of_names():
    """Were clips dealt out by name, every fold would hold one take of each speaker and class."""
    corpus = grid("abcdefgh", takes=5)
    takes = [Counter(uid[-1] for uid in fold.test) for fold in divide(corpus).folds]
    assert any(len(set(counts.values())) > 1 or len(counts) < 5 for counts in takes)


def test_random_says_that_it_shares():
    corpus = grid()
    split = divide(corpus)
    assert (split.shares_speakers, split.shares_recordings, split.shares_utterances) == (True, True, False)
    assert "no score on new speakers" in split.notes[0]
    check_fold(corpus, split, split.folds[0], dict.fromkeys(corpus.by_id, "one sound"))


def test_random_needs_a_clip_for_each_fold():
    with pytest.raises(ProtocolError, match="4 clips, expected one at least"):
        divide(grid("ab", takes=1))
