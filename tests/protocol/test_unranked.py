"""Random clips, the replica's rows and EmoBox's folds: what they share, and that they say so."""

from __future__ import annotations

import json
from collections import Counter

import numpy as np
import pytest
from sklearn.model_selection import train_test_split

from serbench.errors import LeakError, ProtocolError, UsageError
from serbench.protocol.leakage import check_fold
from serbench.protocol.protocols import get_protocol
from tests.protocol.corpora import clip, grid, manifest
from tests.protocol.test_emobox import write_list
from tests.sample_trees import DATASETS, GOLDEN, NAMES, write_empty

REPLICA = get_protocol("replica-2507.03251")
CHILDREN = ("paper-noise", "paper-pitch", "paper-pitch-noise")


def divide(name, corpus, **options):
    return get_protocol(name, **options).split(DATASETS["emodb"](), corpus)


def sounds(corpus):
    return {uid: uid for uid in corpus.by_id}


def test_random_tests_every_clip_once_and_every_class_evenly():
    corpus = grid("abcdefg", ("angry", "calm", "sad"), takes=3)  # 21 clips of each class
    folds = divide("random", corpus).folds
    assert sorted(uid for fold in folds for uid in fold.test) == list(corpus.by_id)
    for fold in folds:
        assert sorted(fold.train + fold.dev + fold.test) == list(corpus.by_id)
        counts = Counter(corpus.by_id[uid].label for uid in fold.test)
        assert set(counts.values()) <= {4, 5}
        assert len(fold.test) in {12, 13}


def test_random_takes_the_next_fold_for_dev():
    folds = divide("random", grid()).folds
    assert [fold.dev for fold in folds] == [fold.test for fold in (*folds[1:], folds[0])]


def test_random_depends_on_no_order_of_names():
    """Were clips dealt out by name, every fold would hold one take of each speaker and class."""
    corpus = grid("abcdefgh", takes=5)
    takes = [Counter(uid[-1] for uid in fold.test) for fold in divide("random", corpus).folds]
    assert any(len(set(counts.values())) > 1 or len(counts) < 5 for counts in takes)


def test_random_says_that_it_shares():
    corpus = grid()
    split = divide("random", corpus)
    assert (split.shares_speakers, split.shares_recordings, split.shares_utterances) == (True, True, False)
    assert "no score on new speakers" in split.notes[0]
    check_fold(corpus, split, split.folds[0], dict.fromkeys(corpus.by_id, "one sound"))


def test_random_needs_a_clip_for_each_fold():
    with pytest.raises(ProtocolError, match="4 clips, expected one at least"):
        divide("random", grid("ab", takes=1))


@pytest.mark.parametrize("takes", [1, 4, 7])
def test_replica_splits_as_scikit_learn_does(takes):
    corpus = grid("abc", takes=takes)
    rows = np.array([row for uid in corpus.by_id for row in (uid, *(f"{uid}+{name}" for name in CHILDREN))])
    train, test = train_test_split(rows, test_size=0.2, random_state=42)
    (fold,) = REPLICA.split(None, corpus).folds
    assert fold.train == tuple(sorted(train.tolist()))
    assert fold.test == fold.dev == tuple(sorted(test.tolist()))


def test_replica_has_four_rows_of_every_clip():
    corpus = grid()
    split = REPLICA.split(None, corpus)
    parents = Counter(split.parent(row) for row in split.folds[0].train + split.folds[0].test)
    assert parents == dict.fromkeys(corpus.by_id, 4)


def test_replica_leaks_as_arithmetic_says():
    """With four rows per clip a test row has no sibling in training with a chance of 0.2 to the third: 0.8 %."""
    corpus = grid([f"s{n:03d}" for n in range(200)])
    split = REPLICA.split(None, corpus)
    (fold,) = split.folds
    known = {split.parent(row) for row in fold.train}
    leaked = sum(split.parent(row) in known for row in fold.test)
    assert leaked / len(fold.test) == pytest.approx(1 - 0.2**3, abs=0.01)
    assert split.notes[0].startswith(f"{leaked} of {len(fold.test)} test rows have a sibling")


def test_replica_says_all_that_it_shares():
    from dataclasses import replace

    corpus = grid()
    split = REPLICA.split(None, corpus)
    check_fold(corpus, split, split.folds[0], sounds(corpus))
    for said in ("shares_speakers", "shares_recordings", "shares_utterances", "dev_is_test"):
        with pytest.raises(LeakError):
            check_fold(corpus, replace(split, **{said: False}), split.folds[0], sounds(corpus))


def test_replica_refuses_a_clip_that_is_named_like_a_row():
    with pytest.raises(ProtocolError, match=r"'a\+paper-noise' is the name of an augmented row"):
        REPLICA.split(None, manifest(clip("a", "a"), clip("a+paper-noise", "a")))


def lists(folder, train, test, *, valid=None, number=1):
    for part, ids in (("train", train), ("test", test), ("valid", valid)):
        if ids:
            path = folder / "toy" / f"fold_{number}" / f"toy_{part}_fold_{number}.jsonl"
            write_list(path, " ".join(ids))
    return folder


def of(corpus, speakers):
    return [each.id for each in corpus.utterances if each.speaker in speakers]


def test_emobox_needs_a_folder():
    with pytest.raises(UsageError, match="name it with --emobox FOLDER or SERBENCH_EMOBOX"):
        divide("emobox", grid())


def test_emobox_has_not_every_corpus(tmp_path):
    corpus = grid()
    write_list(tmp_path / "other" / "fold_1" / "other_train_fold_1.jsonl", "a-angry-1")
    with pytest.raises(ProtocolError, match=r"toy: EmoBox's folder has no folds of it, only of \['other'\]"):
        divide("emobox", corpus, emobox=tmp_path)


def test_emobox_with_new_speakers_gives_dev_speakers_of_its_own(tmp_path):
    corpus = grid("abcdef")
    split = divide("emobox", corpus, emobox=lists(tmp_path, of(corpus, "bcdef"), of(corpus, "a")))
    (fold,) = split.folds
    assert (split.shares_speakers, split.dev_shares_speakers, split.shares_recordings) == (False, False, False)
    assert len({uid[0] for uid in fold.dev}) == 1
    assert sorted(fold.train + fold.dev) == of(corpus, "bcdef")
    assert split.notes == ("EmoBox has no list for dev: it was cut from its training list by rule",)
    check_fold(corpus, split, fold, sounds(corpus))


def test_emobox_with_shared_speakers_says_so(tmp_path):
    corpus = grid("abc")
    test = [uid for uid in corpus.by_id if uid.endswith("-0") and uid[0] != "c"]
    split = divide("emobox", corpus, emobox=lists(tmp_path, sorted(set(corpus.by_id) - set(test)), test))
    (fold,) = split.folds
    assert (split.shares_speakers, split.dev_shares_speakers, split.shares_recordings) == (True, True, True)
    assert Counter(corpus.by_id[uid].label for uid in fold.dev) == {"angry": 3, "calm": 3}
    assert "up to 2 of 3 speakers are both in test and in training, in 1 of 1 folds" in " ".join(split.notes)
    check_fold(corpus, split, fold, sounds(corpus))


def test_emobox_list_for_dev_is_taken_where_it_has_one(tmp_path):
    corpus = grid("abc")
    folder = lists(tmp_path, of(corpus, "a"), of(corpus, "b"), valid=of(corpus, "c"))
    split = divide("emobox", corpus, emobox=folder)
    assert split.folds[0].dev == tuple(of(corpus, "c"))
    assert split.notes == ()


def test_emobox_states_what_is_missing(tmp_path):
    corpus = grid("abcd")
    split = divide("emobox", corpus, emobox=lists(tmp_path, [*of(corpus, "bc"), "z-calm-1"], of(corpus, "a")))
    assert split.notes[:2] == (
        "in EmoBox's lists, not in the corpus, and left out: 1 clip (z-calm-1)",
        "in the corpus, not in EmoBox's lists, and left out: 10 clips (d-angry-0)",
    )


@pytest.mark.corpus
@pytest.mark.parametrize(
    ("name", "shared"),
    [("emodb", 10), ("cremad", 91), ("tess", 2), ("ravdess", 0), ("savee", 0), ("emovo", 0)],
)
def test_emobox_as_published(name, shared, emobox_folder, tmp_path):
    """Its published folds on the published file names: the speakers that they share, and no digest that moves."""
    write_empty(tmp_path, NAMES[name]())
    corpus = DATASETS[name]().manifest(tmp_path)
    split = get_protocol("emobox", emobox=emobox_folder).split(DATASETS[name](), corpus)
    stated = [note for note in split.notes if f"up to {shared} of {len(corpus.speakers)} speakers are both" in note]
    assert len(stated) == bool(shared)
    assert split.shares_speakers == bool(shared)
    assert split.digest == json.loads((GOLDEN / "emobox.json").read_text())[f"{name} emobox {split.version}"]
    for fold in split.folds:
        check_fold(corpus, split, fold, sounds(corpus))
