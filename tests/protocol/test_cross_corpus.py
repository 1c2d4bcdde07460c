"""Crossing corpora: the four classes of each, and who is heard where."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import replace

import pytest

from serbench.corpus.manifest import LabelMap
from serbench.errors import LeakError, ProtocolError
from serbench.protocol.cross_corpus import (
    SHARED_CLASSES,
    SHARED_MAP,
    CrossCorpus,
    Crossing,
    crossings,
    shared_map,
    unite,
)
from serbench.protocol.leakage import check_fold
from tests.protocol.corpora import clip, manifest
from tests.sample_trees import DATASETS, GOLDEN, NAMES, SAMPLES, write_empty

CROSSED = sorted(set(DATASETS) - {"synth"})
PLAIN = {label: label for label in SHARED_CLASSES}
JOY = {"anger": "anger", "joy": "happiness", "neutral": "neutral", "sadness": "sadness"}
SHORT = {"angry": "anger", "happy": "happiness", "neutral": "neutral", "sad": "sadness"}


@pytest.mark.parametrize(
    ("name", "classes", "dropped"),
    [
        ("emodb", PLAIN, "boredom disgust fear"),
        ("savee", PLAIN, "disgust fear surprise"),
        ("emovo", JOY, "disgust fear surprise"),
        ("ravdess", SHORT, "calm fearful disgust surprised"),
        ("tess", SHORT, "disgust fear pleasant-surprise"),
        ("cremad", {"anger": "anger", "happy": "happiness", "neutral": "neutral", "sad": "sadness"}, "disgust fear"),
        ("meld", JOY, "disgust fear surprise"),
        (
            "iemocap",
            {"ang": "anger", "hap": "happiness", "exc": "happiness", "neu": "neutral", "sad": "sadness"},
            "dis fea fru oth sur xxx",
        ),
    ],
)
def test_every_corpus_says_which_of_its_words_is_which_class(name, classes, dropped):
    card, found = DATASETS[name].card, shared_map(DATASETS[name])
    assert found.classes == classes
    assert set(found.classes) <= set(card.labels)
    assert found.labels == SHARED_CLASSES
    assert sorted(set(card.labels) - set(found.classes)) == sorted(dropped.split())


def test_every_built_in_corpus_of_people_takes_part():
    assert [name for name, each in sorted(DATASETS.items()) if each.card.headline or each.card.diagnostic] == CROSSED
    for name in CROSSED:
        assert DATASETS[name].label_maps[0].name != SHARED_MAP, "the default map is the corpus's own"


def test_a_corpus_without_the_map_or_with_other_classes_is_refused_with_the_reason():
    with pytest.raises(ProtocolError, match="synth declares no label map 'shared4', expected one onto anger, "):
        shared_map(DATASETS["synth"])

    class Three(DATASETS["emodb"]):
        label_maps = (LabelMap.of(SHARED_MAP, SHARED_CLASSES[:3]),)

    with pytest.raises(ProtocolError, match=r"classes \['anger', 'happiness', 'neutral'\], expected"):
        shared_map(Three)


def test_all_pairs_and_of_three_also_all_others():
    names = [each.name for each in crossings(["savee", "emodb", "tess"])]
    assert len(names) == 9 + 3
    assert names[-3:] == ["savee+tess-to-emodb", "emodb+tess-to-savee", "emodb+savee-to-tess"]
    assert [each.name for each in crossings("ba") if each.is_diagonal] == ["a-to-a", "b-to-b"]
    assert len(crossings("ab")) == 4


@pytest.fixture(scope="session")
def members(tmp_path_factory):
    """Return the datasets and the manifests of the sample trees, read by the shared map."""
    datasets, manifests = {}, {}
    for name in CROSSED:
        root = tmp_path_factory.mktemp(name)
        SAMPLES[name](root)
        datasets[name] = DATASETS[name](labels=SHARED_MAP)
        manifests[name] = datasets[name].manifest(root)
    return datasets, manifests


@pytest.mark.parametrize(
    "crossing", [each for each in crossings(CROSSED) if each.name != "meld-to-meld"], ids=lambda each: each.name
)
def test_every_crossing_passes_the_audit(crossing, members):
    datasets, manifests = members
    whole = unite(crossing.name, [manifests[name] for name in crossing.members])
    split = CrossCorpus().divide(crossing, datasets, manifests)
    assert (split.protocol, split.dataset, whole.dataset) == ("cross", crossing.name, crossing.name)
    assert whole.labels == SHARED_CLASSES
    for fold in split.folds:
        check_fold(whole, split, fold, {each.id: each.id for each in whole.utterances})
        assert sorted(fold.train + fold.dev + fold.test) == [each.id for each in whole.utterances]


@pytest.mark.parametrize(
    "crossing", [each for each in crossings(CROSSED) if not each.is_diagonal], ids=lambda each: each.name
)
def test_the_tested_corpus_is_whole_and_heard_nowhere_else(crossing, members):
    fold = CrossCorpus().divide(crossing, *members).folds[0]
    tested = members[1][crossing.tested_on]
    assert fold.name == crossing.tested_on
    assert fold.test == tuple(f"{crossing.tested_on}/{each.id}" for each in tested.utterances)
    assert {uid.partition("/")[0] for uid in fold.train} == set(crossing.trained_on)
    assert {uid.partition("/")[0] for uid in fold.dev} <= set(crossing.trained_on)


def test_dev_is_a_fifth_of_each_corpus_s_speakers_none_of_two_and_one_where_nobody_else_is(members):
    manifests = members[1]

    def dev(*names):
        fold = CrossCorpus().divide(Crossing(names, "emodb"), *members).folds[0]
        whole = unite("x", [manifests[name] for name in (*names, "emodb")]).by_id
        speakers = {whole[uid].speaker for uid in fold.dev}
        assert speakers.isdisjoint(whole[uid].speaker for uid in fold.train)
        return Counter(speaker.partition("/")[0] for speaker in speakers)

    for name in ("cremad", "ravdess", "emovo"):
        assert dev(name) == {name: round(len(manifests[name].speakers) / 5)}
    assert dev("tess") == {"tess": 1}
    assert dev("savee", "tess") == {"savee": 1}


def test_one_speaker_alone_cannot_be_trained_on():
    labels = tuple(PLAIN)
    one = manifest(*(clip(label, "ann", label) for label in labels))
    two = replace(one, dataset="other")
    with pytest.raises(ProtocolError, match=r"\['toy/ann'\] is all that speaks in training, expected two speakers"):
        CrossCorpus().divide(Crossing(("toy",), "other"), {}, {"toy": one, "other": two})


def test_the_diagonal_of_a_corpus_whose_parts_share_speakers_is_refused(members):
    with pytest.raises(ProtocolError, match="meld: its own split shares speakers"):
        CrossCorpus().divide(Crossing(("meld",), "meld"), *members)


def test_one_corpus_is_refused_and_told_what_to_do(members):
    datasets, manifests = members
    with pytest.raises(ProtocolError, match="emodb: protocol cross needs two corpora or more, got one; name another"):
        CrossCorpus().split(datasets["emodb"], manifests["emodb"])


def test_a_recording_that_two_corpora_hold_is_a_leak(members):
    datasets, manifests = members
    crossing = Crossing(("emodb",), "savee")
    whole = unite(crossing.name, [manifests[name] for name in crossing.members])
    split = CrossCorpus().divide(crossing, datasets, manifests)
    fold = split.folds[0]
    audio = {each.id: each.id for each in whole.utterances} | {fold.test[0]: "same", fold.train[0]: "same"}
    with pytest.raises(LeakError, match="emodb-to-savee/cross fold savee: test and train share 1 recording"):
        check_fold(whole, split, fold, audio)


def test_what_is_dropped_is_counted(members):
    manifests = members[1]
    assert set(manifests["ravdess"].dropped) == {"calm", "fearful", "disgust", "surprised"}
    whole = unite("x", [manifests["emodb"], manifests["ravdess"]])
    assert whole.dropped["ravdess/calm"] == manifests["ravdess"].dropped["calm"] > 0
    assert len(whole) == len(manifests["emodb"]) + len(manifests["ravdess"])


def test_corpora_that_number_alike_are_kept_apart():
    first = manifest(*(clip(label, "1", label, sentence="1", session="1") for label in PLAIN))
    whole = unite("both", [first, replace(first, dataset="zoo")])
    assert whole.speakers == ("toy/1", "zoo/1")
    assert {(each.sentence, each.session) for each in whole.utterances} == {("toy/1", "toy/1"), ("zoo/1", "zoo/1")}


def test_names_that_begin_alike_stay_sorted():
    first = manifest(*(clip(label, "1", label) for label in PLAIN))
    crossing = Crossing(("a", "a-b"), "c")
    by_name = {name: replace(first, dataset=name) for name in ("a", "a-b", "c")}
    assert len(unite(crossing.name, [by_name[name] for name in crossing.members])) == 12


def test_golden_digests_of_the_small_corpora(tmp_path):
    datasets, manifests = {}, {}
    for name in ("emodb", "emovo", "ravdess", "savee"):
        write_empty(tmp_path / name, NAMES[name]())
        datasets[name] = DATASETS[name](labels=SHARED_MAP)
        manifests[name] = datasets[name].manifest(tmp_path / name)
    protocol = CrossCorpus()
    digests = {each.name: protocol.divide(each, datasets, manifests).digest for each in crossings(datasets)}
    golden = json.loads((GOLDEN / "crossings.json").read_text())
    assert golden == {"version": protocol.version, **digests}, "the folds changed: raise the protocol's version"
