"""The rules by which a corpus is divided."""

from __future__ import annotations

from collections import Counter

import pytest

from serbench.errors import ProtocolError
from serbench.protocol.splitters import (
    LeaveOneSessionOut,
    LeaveOneSpeakerOut,
    OfficialPartition,
    SpeakerGroups,
    stratified_fifth,
)
from tests.protocol.corpora import clip, grid, manifest


def speakers(corpus, ids):
    return sorted({corpus.by_id[uid].speaker for uid in ids})


def test_one_speaker_out_and_the_next_for_dev():
    corpus = grid("abc")
    parts = [
        tuple(speakers(corpus, part) for part in (fold.test, fold.dev, fold.train))
        for fold in LeaveOneSpeakerOut().folds(corpus)
    ]
    assert parts == [(["a"], ["b"], ["c"]), (["b"], ["c"], ["a"]), (["c"], ["a"], ["b"])]


def test_fold_names_say_who_is_tested():
    assert [fold.name for fold in LeaveOneSpeakerOut().folds(grid("abc"))] == ["speaker-a", "speaker-b", "speaker-c"]


def test_a_fifth_for_dev_is_stratified():
    corpus = grid("ab", takes=20)
    fold = LeaveOneSpeakerOut(dev="fifth").folds(corpus)[0]
    assert Counter(corpus.by_id[uid].label for uid in fold.dev) == {"angry": 4, "calm": 4}
    assert speakers(corpus, fold.dev) == speakers(corpus, fold.train) == ["b"]


def test_a_fifth_shares_speakers_and_says_so():
    assert LeaveOneSpeakerOut(dev="fifth").dev_shares_speakers
    assert not LeaveOneSpeakerOut().dev_shares_speakers


def test_a_fifth_does_not_hang_on_the_other_clips():
    """A clip lost elsewhere moves few others: the order is that of the clips' own digests."""
    whole = grid("a", takes=100).utterances
    lost = stratified_fifth(whole) ^ stratified_fifth(whole[1:])
    assert len(lost) <= 2


@pytest.mark.parametrize(("clips", "taken"), [(1, 0), (2, 1), (3, 1), (7, 1), (8, 2), (100, 20)])
def test_a_fifth_takes_one_and_leaves_one_where_it_can(clips, taken):
    assert len(stratified_fifth([clip(str(n), "a") for n in range(clips)])) == taken


@pytest.mark.parametrize(("rule", "count"), [(LeaveOneSpeakerOut(), 2), (LeaveOneSpeakerOut(dev="fifth"), 1)])
def test_too_few_speakers(rule, count):
    with pytest.raises(ProtocolError, match="too few to leave one out"):
        rule.folds(grid("abc"[:count]))


def test_groups_in_their_own_order():
    corpus = grid("abcdef")
    folds = SpeakerGroups((("f", "e"), ("a", "b"), ("c", "d"))).folds(corpus)
    assert [(fold.name, speakers(corpus, fold.test)) for fold in folds] == [
        ("group-1", ["e", "f"]),
        ("group-2", ["a", "b"]),
        ("group-3", ["c", "d"]),
    ]
    assert speakers(corpus, folds[2].dev) == ["e", "f"]


def test_group_of_nobody_is_passed_over():
    folds = SpeakerGroups((("a",), ("x", "y"), ("b",), ("c",))).folds(grid("abc"))
    assert [fold.name for fold in folds] == ["group-1", "group-3", "group-4"]


def test_speaker_of_no_group():
    with pytest.raises(ProtocolError, match=r"speakers \['d'\] belong to no group"):
        SpeakerGroups((("a",), ("b",), ("c",))).folds(grid("abcd"))


def test_sessions():
    corpus = manifest(*(clip(f"{n}-{s}", f"{n}{s}", session=n) for n in "123" for s in "fm"))
    folds = LeaveOneSessionOut().folds(corpus)
    assert [fold.name for fold in folds] == ["session-1", "session-2", "session-3"]
    assert (folds[0].test, folds[0].dev) == (("1-f", "1-m"), ("2-f", "2-m"))


def test_session_unknown():
    with pytest.raises(ProtocolError, match="has no session"):
        LeaveOneSessionOut().folds(grid())


def test_speaker_in_two_sessions():
    corpus = manifest(*(clip(f"{n}", "anna", session=n) for n in "123"))
    with pytest.raises(ProtocolError, match="a speaker is in two sessions"):
        LeaveOneSessionOut().folds(corpus)


def test_official_parts():
    corpus = manifest(
        clip("1", "a", partition="train"), clip("2", "b", partition="dev"), clip("3", "c", partition="test")
    )
    (fold,) = OfficialPartition().folds(corpus)
    assert (fold.train, fold.dev, fold.test) == (("1",), ("2",), ("3",))


def test_official_part_unknown():
    with pytest.raises(ProtocolError, match="is in part 'held-out'"):
        OfficialPartition().folds(grid(partition="held-out"))


def test_official_part_empty():
    with pytest.raises(ProtocolError, match="dev is empty"):
        OfficialPartition().folds(grid(partition="train"))


@pytest.mark.parametrize("shares", [True, False])
def test_official_parts_say_whether_they_share_speakers(shares):
    rule = OfficialPartition(shares_speakers=shares)
    assert (rule.shares_speakers, rule.dev_shares_speakers) == (shares, shares)
