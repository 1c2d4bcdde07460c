"""New speakers who say new sentences."""

from __future__ import annotations

from collections import Counter

import pytest

from serbench.errors import ProtocolError
from serbench.protocol.leakage import check_fold
from serbench.protocol.new_sentences import sentence_groups
from serbench.protocol.protocols import get_protocol
from serbench.protocol.splitters import LeaveOneSpeakerOut
from tests.protocol.corpora import clip, grid, manifest
from tests.sample_trees import DATASETS, NAMES, SAMPLES, write_empty


class Toy(DATASETS["emodb"]):
    split = LeaveOneSpeakerOut()


def split(corpus, dataset=None):
    return get_protocol("si-text").split(dataset or Toy(), corpus)


@pytest.fixture(scope="module", params=NAMES)
def whole(request, tmp_path_factory):
    root = tmp_path_factory.mktemp(request.param)
    write_empty(root, NAMES[request.param]())
    return DATASETS[request.param](), DATASETS[request.param]().manifest(root)


def test_speakers_and_sentences_are_heard_nowhere_else(whole):
    dataset, corpus = whole
    made = split(corpus, dataset)
    audio = {uid: uid for uid in corpus.by_id}
    assert made.new_sentences
    assert not made.shares_speakers
    for fold in made.folds:
        check_fold(corpus, made, fold, audio)


def test_every_clip_is_tested_once(whole):
    dataset, corpus = whole
    assert sorted(uid for fold in split(corpus, dataset).folds for uid in fold.test) == list(corpus.by_id)


def test_train_and_dev_are_those_of_si_without_the_sentences(whole):
    dataset, corpus = whole
    si = {fold.name: fold for fold in get_protocol("si").split(dataset, corpus).folds}
    for fold in split(corpus, dataset).folds:
        tested = {corpus.by_id[uid].sentence for uid in fold.test}
        own = si[fold.name.rpartition("-text-")[0]]
        for part in ("train", "dev", "test"):
            assert set(getattr(fold, part)) <= set(getattr(own, part))
        left_out = set(own.train + own.dev) - set(fold.train + fold.dev)
        groups = [group for group in sentence_groups(corpus) if tested <= group]
        assert {corpus.by_id[uid].sentence for uid in left_out} <= groups[0]


@pytest.mark.parametrize(
    ("name", "folds"),
    [("ravdess", 10), ("cremad", 25), ("emodb", 50), ("emovo", 30), ("savee", 20), ("tess", 10), ("synth", 25)],
)
def test_folds_as_designed(name, folds, tmp_path):
    write_empty(tmp_path, NAMES[name]())
    made = split(DATASETS[name]().manifest(tmp_path), DATASETS[name]())
    assert len(made.folds) == folds


def test_groups_hold_all_sentences_once():
    groups = sentence_groups(grid(takes=13))
    assert Counter(len(group) for group in groups) == {2: 2, 3: 3}
    assert frozenset().union(*groups) == {str(n) for n in range(13)}
    assert len(sentence_groups(grid(takes=2))) == 2


def test_every_group_has_sentences_of_every_emotion(tmp_path):
    """In SAVEE most sentences belong to one emotion: groups by the sentences' names would test one emotion each."""
    write_empty(tmp_path, NAMES["savee"]())
    corpus = DATASETS["savee"]().manifest(tmp_path)
    for group in sentence_groups(corpus):
        counts = Counter(each.label for each in corpus.utterances if each.sentence in group)
        assert set(counts) == set(corpus.labels)


@pytest.mark.parametrize(
    ("name", "reason"),
    [("iemocap", "has no sentence, expected a prompt for every clip"), ("meld", "its own split shares speakers")],
)
def test_refused_where_the_corpus_does_not_allow_it(name, reason, tmp_path):
    SAMPLES[name](tmp_path)
    with pytest.raises(ProtocolError, match=reason):
        split(DATASETS[name]().manifest(tmp_path), DATASETS[name]())


def test_refused_where_one_clip_has_no_sentence():
    with pytest.raises(ProtocolError, match="toy: z has no sentence"):
        split(manifest(*grid().utterances, clip("z", "a")))


def test_refused_where_all_say_the_same():
    with pytest.raises(ProtocolError, match="toy: all clips say '0', expected two sentences or more"):
        split(grid(takes=1))


def test_refused_where_too_little_is_left():
    """Of four speakers two are left to train, of five sentences four: eight clips of each class."""
    with pytest.raises(ProtocolError, match="fold speaker-a-text-1 leaves 8 clips of 'angry' to train on, expected 10"):
        split(grid())
    assert len(split(grid("abcde")).folds) == 25  # three speakers and four sentences: twelve clips
