from __future__ import annotations

import json

import numpy as np
import pytest

from serbench.api import FeatureTable, TorchModel
from serbench.errors import FormatError
from serbench.results.saved import SavedModel, packed
from serbench.run.saving import load_model, model_path
from serbench.scoring.figure import Figure
from tests.records import edit_card
from tests.run import toy

HEARD = toy.Nearest.card.features


class Net(TorchModel):
    """A layer on the crossings, with a buffer and a stretch of training."""

    card = toy.ModelCard(name="net", version="1", summary="a layer", features=HEARD, chooses_on_dev=True)

    @property
    def recipe(self):
        from serbench.api import Recipe

        return Recipe(epochs=3, learning_rate=0.05)

    def build(self, input_shape, n_classes):
        from torch import nn

        return nn.Sequential(nn.BatchNorm1d(*input_shape), nn.Linear(*input_shape, n_classes))


class Kept(toy.Nearest):
    """The toy, with a state."""

    card = toy.ModelCard(name="kept", version="1", summary="with a state", features=HEARD, seeded=False)

    def __init__(self, *, power: float = 1.0):
        self.power = power

    def state(self):
        return {"means": self.means_}

    def load_state(self, state, labels):
        self.labels_, self.means_ = labels, state["means"]
        return self


class Wordy(toy.Nearest):
    """Its state is no array of numbers."""

    card = toy.ModelCard(name="wordy", version="1", summary="words", features=HEARD, seeded=False)

    def state(self):
        return {"labels": list(self.labels_)}


class Extra:
    @staticmethod
    @toy.hookimpl
    def serbench_models():
        yield from (Net, Kept, Wordy)


@pytest.fixture
def saved(world_with):
    """Return a world whose models were saved, and a function from a model to the cards of its cells."""
    world = world_with(Extra)

    def run(*models, **request):
        world.run(*models, save_models=True, **request)
        return [(cell, model_path(cell, world.folder / "runs")) for cell in world.plan(*models, **request).cells]

    return world, run


@pytest.mark.parametrize("name", ["net", "kept", "majority"])
def test_a_saved_model_predicts_what_its_record_holds(saved, name):
    world, run = saved
    for cell, path in run(name, seeds=1):
        loaded = load_model(path, world.registry)
        manifest = cell.corpus.manifest
        clips = dict(zip(manifest.by_id, cell.corpus.clips(), strict=True))
        kept = world.store.predictions(world.store.find(cell.key, cell.label))
        columns = {
            each: toy_column(extractor, [clips[uid].path for uid in kept.ids])
            for each, extractor in loaded.extractors.items()
        }
        answer = loaded.model.predict(FeatureTable(kept.ids, columns, loaded.card.classes))
        np.testing.assert_allclose(answer.aligned(kept.ids, kept.classes), kept.scores, rtol=1e-6, atol=1e-9)
        assert loaded.changed == ()


def toy_column(extractor, paths):
    from serbench.corpus.audio import read_audio
    from serbench.features.table import Column

    rate = extractor.card.sample_rate
    return Column.stack(extractor.card.output, [extractor.extract(read_audio(path, rate)[0]) for path in paths])


def test_the_card_says_what_the_model_is(saved):
    _, run = saved
    cell, path = run("kept")[0]
    card = SavedModel.read(path)

    assert card.key.model.facts() == {"name": "kept", "version": "1", "params": {}, "settings": {}}
    assert card.key.protocol.split == cell.split.digest
    assert card.key.dataset.manifest == cell.corpus.manifest.digest
    assert card.sample_rates == {"crossings": toy.RATE}
    assert card.classes == ("angry", "calm", "sad")
    assert card.trained_on["rows"] == 27
    assert set(card.code) == {"kept", "crossings"}
    assert {"serbench", "torch"} <= set(card.versions)


def test_models_are_saved_only_where_asked(world):
    world.run("majority")
    assert not (world.folder / "runs" / "models").exists()


@pytest.mark.parametrize(
    ("name", "reason"), [("nearest", "does not say what its fit learned"), ("wordy", "expected an array of numbers")]
)
def test_a_model_that_cannot_be_saved_leaves_the_reason_and_its_scores(saved, name, reason):
    world, run = saved
    path = run(name)[0][1]

    assert reason in SavedModel.read(path).reason
    assert all(record.status == "done" for record in world.store.records())
    with pytest.raises(FormatError, match=reason):
        load_model(path, world.registry)


def test_changed_numbers_are_refused(saved):
    world, run = saved
    path = run("kept")[0][1]
    path.with_suffix(".safetensors").write_bytes(packed({"means": np.zeros(3)}))

    with pytest.raises(FormatError, match="was changed after its card was written"):
        load_model(path, world.registry)
    path.with_suffix(".safetensors").unlink()
    with pytest.raises(FormatError, match="is missing"):
        load_model(path, world.registry)


def test_another_version_of_the_plugin_is_refused_and_other_code_is_named(saved):
    world, run = saved
    path = run("kept")[0][1]
    facts = json.loads(path.read_text())

    edit_card(path, code={**facts["code"], "kept": "another"})
    assert load_model(path, world.registry).changed == ("kept",)
    edit_card(path, key={**facts["key"], "model": {**facts["key"]["model"], "version": "2"}})
    with pytest.raises(FormatError, match="saved with kept version 2, and this one is version 1"):
        load_model(path, world.registry)


@pytest.mark.parametrize("name", ["classes", "sample_rates", "label", "trained_on", "versions", "code"])
def test_an_altered_card_is_refused_by_its_seal(saved, name):
    """Without a seal, other classes were other words for the same numbers."""
    _, run = saved
    path = run("kept")[0][1]
    facts = json.loads(path.read_text())
    facts[name] = facts[name][::-1] if isinstance(facts[name], str | list) else {}
    path.write_text(json.dumps(facts))

    with pytest.raises(FormatError, match="was altered after it was written: its seal does not fit") as caught:
        SavedModel.read(path)
    assert str(path) in str(caught.value)


def test_a_card_of_another_shape_is_refused(saved):
    _, run = saved
    path = run("kept")[0][1]
    facts = json.loads(path.read_text())
    path.write_text(json.dumps({**facts, "more": 1}))

    with pytest.raises(FormatError, match="missing or unknown"):
        SavedModel.read(path)


def test_every_record_says_how_large_the_file_is_or_would_be(world_with):
    world = world_with(Extra())
    world.run("kept", "wordy", "nearest", seeds=1)
    found = {record.label: record.cost["disk_bytes"] for record in world.store.records()}
    assert found["kept"] == Figure(len(packed({"means": np.zeros(3, np.float32)})))
    assert found["wordy"].reason.startswith("cannot be saved: wordy: FormatError: the state 'labels' is list")
    assert found["nearest"].reason == "cannot be saved: nearest does not say what its fit learned"
