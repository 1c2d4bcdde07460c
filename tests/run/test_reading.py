"""Models that read text: on which corpora they run, what they are given, and what their records say."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from serbench.api import DatasetCard, ModelCard, TextCard, TextExtractor, hookimpl
from serbench.errors import UsageError
from serbench.plugin.registry import load_registry
from serbench.run.predicting import load_models, predict
from tests.run import toy
from tests.run.conftest import World


class Spelling(TextExtractor):
    """The length of a text, and its first letter."""

    card = TextCard(name="spelling", version="1", summary="of a test", output="vector")

    def extract_text(self, text):
        return np.array([len(text) / 100, ord(text[0]) if text else 0], np.float32)


class Reader(toy.Nearest):
    """Nearest mean of the lengths of texts, and children of its rows."""

    card = ModelCard(
        name="reader", version="1", summary="reads", features=("spelling",), augmentations=("quieter",), seeded=False
    )


class Told(toy.Toy):
    """Each class says its own prompt."""

    card = replace(
        toy.Toy.card,
        name="told",
        folders=("toy",),
        prompts={"angry": "No no no no!", "calm": "Well.", "sad": "Alas, no."},
    )

    def utterances(self, root):
        return [replace(each, sentence=each.label) for each in super().utterances(root)]


class Spoken(toy.Toy):
    """Somebody wrote down what was said, but for one clip."""

    card = replace(toy.Toy.card, name="spoken")

    def utterances(self, root):
        return [
            replace(each, transcript=None if place == 0 else each.label * 3)
            for place, each in enumerate(super().utterances(root))
        ]


class Plugin:
    @hookimpl
    def serbench_features(self):
        yield Spelling

    @hookimpl
    def serbench_models(self):
        yield Reader

    @hookimpl
    def serbench_datasets(self):
        yield from (Told, Spoken)


@pytest.fixture
def world(tmp_path):
    return World(toy.make_corpus(tmp_path, speakers=3, takes=2), load_registry(only=(), extra=[toy, Plugin()]))


def run(world, dataset, **request):
    return world.run("reader", datasets=(dataset,), **request)


def test_transcripts_are_read_and_the_record_says_so(world):
    assert [record.reason for record in run(world, "spoken").failed] == []
    records = list(world.store.records())
    assert {record.standing.declared.text for record in records} == {"transcripts"}
    assert {record.rows["augmented"] for record in records} == {records[0].rows["train"]}


def test_a_corpus_without_transcripts_is_skipped(world):
    (skip,) = world.plan("reader").skips
    assert (skip.what, skip.reason) == ("toy/reader", "reader reads transcripts, and toy has none")


def test_prompts_are_refused_unless_they_are_asked_for_and_give_the_label_away(world):
    plan = world.plan("reader", "nearest", datasets=("told",))
    assert {cell.contender.model.card.name for cell in plan.cells} == {"nearest"}
    assert "the sentences of told are prompts" in plan.skips[0].reason

    assert [record.reason for record in run(world, "told", prompted_text=True).failed] == []
    records = list(world.store.records())
    assert {record.standing.declared.text for record in records} == {"prompts"}
    assert {record.scores["uar"].value for record in records} == {1.0}


def test_prompts_are_no_part_of_a_manifest(world):
    assert isinstance(Told.card, DatasetCard)
    (corpus,) = world.plan("nearest", datasets=("told",)).corpora
    assert "no no" not in str([vars(utterance) for utterance in corpus.manifest.utterances]).casefold()
    assert set(corpus.texts()) == set(Told.card.prompts.values())


def test_tables_hold_no_text(world, monkeypatch):
    seen = []

    def watched(self, train, dev, *, seed):
        seen.append(str(vars(train)) + str(vars(train.column)))
        return toy.Nearest.fit(self, train, dev, seed=seed)

    monkeypatch.setattr(Reader, "fit", watched)
    run(world, "spoken")
    assert seen
    assert not any("angryangry" in words for words in seen)


def test_a_saved_reader_refuses_recordings_alone(world, monkeypatch):
    monkeypatch.setattr(Reader, "state", lambda self: {"means_": self.means_}, raising=False)
    monkeypatch.setattr(Reader, "load_state", lambda self, state, labels: self, raising=False)
    run(world, "spoken", save_models=True)
    cards = sorted((world.folder / "runs" / "models").rglob("*.json"))
    models = load_models(cards[:1], world.registry, "cpu")
    with pytest.raises(UsageError, match=r"reader reads transcripts \(spelling\), and recordings alone have none"):
        list(predict(models, []))
