"""EmoBox's folds: what they share, and that they say so."""

from __future__ import annotations

import json
from collections import Counter

import pytest

from serbench.errors import ProtocolError, UsageError
from serbench.protocol.emobox import EmoBox
from serbench.protocol.leakage import check_fold
from tests.protocol.corpora import grid
from tests.protocol.test_emobox_lists import write_list
from tests.sample_trees import DATASETS, GOLDEN, NAMES, write_empty


def divide(corpus, folder=""):
    return EmoBox(folder).split(None, corpus)


def sounds(corpus):
    return {uid: uid for uid in corpus.by_id}


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
        divide(grid())


def test_emobox_has_not_every_corpus(tmp_path):
    corpus = grid()
    write_list(tmp_path / "other" / "fold_1" / "other_train_fold_1.jsonl", "a-angry-1")
    with pytest.raises(ProtocolError, match=r"toy: EmoBox's folder has no folds of it, only of \['other'\]"):
        divide(corpus, tmp_path)


def test_emobox_with_new_speakers_gives_dev_speakers_of_its_own(tmp_path):
    corpus = grid("abcdef")
    split = divide(corpus, lists(tmp_path, of(corpus, "bcdef"), of(corpus, "a")))
    (fold,) = split.folds
    assert (split.shares_speakers, split.dev_shares_speakers, split.shares_recordings) == (False, False, False)
    assert len({uid[0] for uid in fold.dev}) == 1
    assert sorted(fold.train + fold.dev) == of(corpus, "bcdef")
    assert split.notes == ("EmoBox has no list for dev: it was cut from its training list by rule",)
    check_fold(corpus, split, fold, sounds(corpus))


def test_emobox_with_shared_speakers_says_so(tmp_path):
    corpus = grid("abc")
    test = [uid for uid in corpus.by_id if uid.endswith("-0") and uid[0] != "c"]
    split = divide(corpus, lists(tmp_path, sorted(set(corpus.by_id) - set(test)), test))
    (fold,) = split.folds
    assert (split.shares_speakers, split.dev_shares_speakers, split.shares_recordings) == (True, True, True)
    assert Counter(corpus.by_id[uid].label for uid in fold.dev) == {"angry": 3, "calm": 3}
    assert "up to 2 of 3 speakers are both in test and in training, in 1 of 1 folds" in " ".join(split.notes)
    check_fold(corpus, split, fold, sounds(corpus))


def test_emobox_list_for_dev_is_taken_where_it_has_one(tmp_path):
    corpus = grid("abc")
    folder = lists(tmp_path, of(corpus, "a"), of(corpus, "b"), valid=of(corpus, "c"))
    split = divide(corpus, folder)
    assert split.folds[0].dev == tuple(of(corpus, "c"))
    assert split.notes == ()


def test_emobox_states_what_is_missing(tmp_path):
    corpus = grid("abcd")
    split = divide(corpus, lists(tmp_path, [*of(corpus, "bc"), "z-calm-1"], of(corpus, "a")))
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
    split = EmoBox(emobox_folder).split(DATASETS[name](), corpus)
    stated = [note for note in split.notes if f"up to {shared} of {len(corpus.speakers)} speakers are both" in note]
    assert len(stated) == bool(shared)
    assert split.shares_speakers == bool(shared)
    assert split.digest == json.loads((GOLDEN / "emobox.json").read_text())[f"{name} emobox {split.version}"]
    for fold in split.folds:
        check_fold(corpus, split, fold, sounds(corpus))
