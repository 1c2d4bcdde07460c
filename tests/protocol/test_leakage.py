"""The audit before every fit: each way to leak, caught and named."""

from __future__ import annotations

import re

import pytest

from serbench.errors import LeakError
from serbench.protocol.leakage import check_fold, shared_sentences
from serbench.protocol.split import Fold, Split
from tests.protocol.corpora import clip, grid, manifest
from tests.steps import steps

CORPUS = manifest(*(clip(f"{speaker}{n}", speaker) for speaker in "abc" for n in (1, 2)))
CLEAN = Fold("one", train=("a1", "a2"), dev=("b1", "b2"), test=("c1", "c2"))
AUDIO = {each.id: f"sound of {each.id}" for each in CORPUS.utterances}


def audit(fold=CLEAN, *, corpus=CORPUS, audio=AUDIO, parents=None, **said):
    split = Split("si", "1", "toy", (fold,), **said)
    check_fold(corpus, split, fold, audio, parents or {})


def leak(message):
    return pytest.raises(LeakError, match=re.escape(f"toy/si fold one: {message}"))


def test_clean_fold_passes():
    audit()


def test_clean_children_pass():
    audit(parents={"a1+noise": "a1", "a1+pitch": "a1"})


@pytest.mark.parametrize(
    ("fold", "message"),
    [
        (
            Fold("one", train=("a1", "c1"), dev=("b1",), test=("c1",)),
            "test and train share 1 row, expected none: row 'c1' (test 'c1', train 'c1')",
        ),
        (Fold("one", train=("a1",), dev=("b1", "c1"), test=("c1",)), "test and dev share 1 row"),
        (Fold("one", train=("a1", "b1"), dev=("b1",), test=("c1",)), "train and dev share 1 row"),
        (
            Fold("one", train=("a1", "c2"), dev=("b1",), test=("c1",)),
            "test and train share 1 speaker, expected none: speaker 'c' (test 'c1', train 'c2')",
        ),
        (Fold("one", train=("a1",), dev=("b1", "c2"), test=("c1",)), "test and dev share 1 speaker"),
        (Fold("one", train=("a1", "b2"), dev=("b1",), test=("c1",)), "train and dev share 1 speaker"),
        (Fold("one", train=("a1", "c2"), dev=("b1",), test=("a2", "c1")), "test and train share 2 speakers"),
    ],
)
def test_shared_rows_and_speakers(fold, message):
    with leak(message):
        audit(fold)


@pytest.mark.parametrize(("one", "other", "parts"), [("c1", "a2", "test and train"), ("c2", "b1", "test and dev")])
def test_same_recording_under_two_names(one, other, parts):
    with leak(f"{parts} share 1 recording, expected none: recording 'twin'"):
        audit(audio=AUDIO | {one: "twin", other: "twin"})


def test_same_recording_in_train_and_dev():
    with leak("train and dev share 1 recording"):
        audit(audio=AUDIO | {"a1": "twin", "b1": "twin"}, dev_shares_speakers=True)


def test_same_recording_twice_within_a_part_is_no_leak():
    audit(audio=AUDIO | {"c1": "twin", "c2": "twin"})


def test_child_of_a_test_utterance():
    with leak("test and train share 1 utterance, expected none: utterance 'c1' (test 'c1', train 'c1+noise')"):
        audit(parents={"a1+noise": "a1", "c1+noise": "c1"})


def test_child_of_a_dev_utterance():
    with leak("train and dev share 1 utterance"):
        audit(parents={"b1+noise": "b1"})


def test_siblings_on_both_sides():
    rows = Fold("one", train=("a1", "c1+noise"), dev=("b1",), test=("c1+pitch",))
    with leak("test and train share 1 utterance"):
        audit(rows, parents={"c1+noise": "c1", "c1+pitch": "c1"}, shares_speakers=True)


def test_dev_may_share_speakers_where_the_split_says_so():
    fold = Fold("one", train=("a1", "b2"), dev=("b1",), test=("c1",))
    audit(fold, dev_shares_speakers=True)


def test_dev_that_may_share_with_train_may_not_share_with_test():
    with leak("test and dev share 1 speaker"):
        audit(Fold("one", train=("a1",), dev=("b1", "c2"), test=("c1",)), dev_shares_speakers=True)


def test_official_parts_may_share_speakers_but_no_recording():
    fold = Fold("one", train=("a1", "c2"), dev=("b1",), test=("c1",))
    audit(fold, shares_speakers=True, dev_shares_speakers=True)
    with leak("test and train share 1 recording"):
        audit(fold, audio=AUDIO | {"c1": "twin", "c2": "twin"}, shares_speakers=True, dev_shares_speakers=True)


def test_recordings_may_be_shared_where_the_split_says_so():
    fold = Fold("one", train=("a1", "c2"), dev=("b1",), test=("c1",))
    twins = AUDIO | {"c1": "twin", "c2": "twin", "b1": "twin"}
    audit(fold, audio=twins, shares_speakers=True, shares_recordings=True)
    with leak("test and train share 1 speaker"):
        audit(fold, audio=twins, shares_recordings=True)


SIBLINGS = Fold("one", train=("a1", "c1+noise"), dev=("b1",), test=("c1", "c2+noise"))
ALL = dict.fromkeys(("shares_speakers", "shares_recordings", "shares_utterances"), True)


def test_children_of_the_protocol_count_as_their_utterances():
    with leak("test and train share 1 utterance, expected none: utterance 'c1' (test 'c1', train 'c1+noise')"):
        audit(SIBLINGS, augmentations=("noise",), shares_speakers=True, shares_recordings=True)
    with leak("the manifest has no 'c2+noise' of test"):
        audit(SIBLINGS, **ALL)


def test_siblings_may_be_apart_where_the_split_says_so():
    audit(SIBLINGS, augmentations=("noise",), **ALL)


@pytest.mark.parametrize(
    ("missing", "what"), [("shares_recordings", "recording 'sound of c1'"), ("shares_speakers", "speaker 'c'")]
)
def test_whoever_shares_utterances_has_to_say_what_comes_with_them(missing, what):
    with leak("test and train share 1") as caught:
        audit(SIBLINGS, augmentations=("noise",), **{**ALL, missing: False})
    assert what in str(caught.value)


def test_a_row_is_never_on_both_sides():
    with leak("test and train share 1 row"):
        audit(Fold("one", train=("a1", "c1"), dev=("b1",), test=("c1",)), **ALL)


def test_dev_may_be_test_once_more_where_the_split_says_so():
    fold = Fold("one", train=("a1", "b1"), dev=("c1", "c2"), test=("c1", "c2"))
    audit(fold, dev_is_test=True)
    with leak("test and dev share 2 rows"):
        audit(fold, **ALL)
    with leak("dev holds other rows than test"):
        audit(Fold("one", train=("a1",), dev=("c1",), test=("c1", "c2")), dev_is_test=True)
    with leak("test and train share 1 speaker"):
        audit(Fold("one", train=("a1", "c2"), dev=("c1",), test=("c1",)), dev_is_test=True)


SPOKEN = manifest(*(clip(f"{speaker}{text}", speaker, sentence=text) for speaker in "abc" for text in "xyz"))
SOUNDS = {each.id: each.id for each in SPOKEN.utterances}


@pytest.mark.parametrize(
    ("train", "dev", "message"),
    [
        (("ax",), ("by", "bz"), "test and dev share 1 sentence, expected none: sentence 'z' (test 'cz', dev 'bz')"),
        (("ax", "az"), ("by",), "test and train share 1 sentence"),
    ],
)
def test_new_sentences_are_heard_nowhere_else(train, dev, message):
    audit(Fold("one", ("ax", "ay"), ("bx", "by"), ("cz",)), corpus=SPOKEN, audio=SOUNDS, new_sentences=True)
    with leak(message):
        audit(Fold("one", train, dev, ("cz",)), corpus=SPOKEN, audio=SOUNDS, new_sentences=True)


def test_new_sentences_need_sentences():
    with leak("'a1' has no sentence, expected every row"):
        audit(new_sentences=True)


def test_utterance_that_the_manifest_does_not_know():
    with leak("the manifest has no 'z9' of test"):
        audit(Fold("one", train=("a1",), dev=("b1",), test=("z9",)))


def test_recording_without_a_digest():
    with leak("the recordings' digests have no 'a2' of train"):
        audit(audio={uid: digest for uid, digest in AUDIO.items() if uid != "a2"})


def test_parent_that_the_manifest_does_not_know():
    with leak("the manifest has no 'gone' of train"):
        audit(parents={"a1+noise": "gone"})


def audit_steps(speakers):
    """Return the work of the check of a fold of so many speakers."""
    corpus = grid([f"s{n:03d}" for n in range(speakers)], takes=50)
    ids = [each.id for each in corpus.utterances]
    first, second = 6 * len(ids) // 10, 8 * len(ids) // 10
    fold = Fold("one", train=tuple(ids[:first]), dev=tuple(ids[first:second]), test=tuple(ids[second:]))
    parents = {f"{uid}+{n}": uid for uid in fold.train for n in range(10)}
    return steps(lambda: audit(fold, corpus=corpus, audio={uid: uid for uid in ids}, parents=parents))


def test_ten_times_the_rows_are_no_more_than_ten_times_the_work():
    assert audit_steps(100) < 11 * audit_steps(10)


def said_twice(corpus, fold, **said):
    return shared_sentences(corpus, Split("si", "1", "toy", (fold,), **said), fold)


def test_shared_sentences():
    corpus = manifest(
        clip("1", "a", sentence="kids"),
        clip("2", "b", sentence="dogs"),
        clip("3", "c", sentence="kids"),
        clip("4", "c"),
    )
    assert said_twice(corpus, Fold("one", ("1",), ("2",), ("3", "4"))) == {"kids"}


def test_shared_sentences_with_dev():
    corpus = manifest(clip("1", "a", sentence="x"), clip("2", "b", sentence="dogs"), clip("3", "c", sentence="dogs"))
    assert said_twice(corpus, Fold("one", ("1",), ("2",), ("3",))) == {"dogs"}


def test_no_sentences_none_shared():
    assert said_twice(CORPUS, CLEAN) == frozenset()


def test_sentences_are_shared_with_train_where_dev_is_test():
    assert said_twice(SPOKEN, Fold("one", ("ax",), ("cy",), ("cy",)), dev_is_test=True) == frozenset()
    said = {"dev_is_test": True, "augmentations": ("noise",)}
    assert said_twice(SPOKEN, Fold("one", ("ay+noise",), ("cy",), ("cy",)), **said) == {"y"}
