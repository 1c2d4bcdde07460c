"""Attempts to learn something of the test rows at fit time, each by another door; all of them end at a wall."""

from __future__ import annotations

import wave
from dataclasses import replace
from typing import ClassVar

import numpy as np
import pytest
from serbench_plugins.models.logreg import LogReg

from serbench.api import (
    Augmentation,
    AugmentationCard,
    FeatureCard,
    FeatureExtractor,
    LeaveOneSpeakerOut,
    ModelCard,
    OfficialPartition,
    Predictions,
    hookimpl,
)
from serbench.features.cache import FeatureCache
from serbench.protocol.split import Fold
from serbench.results.facts import Environment
from serbench.results.summary import summarise
from serbench.run.tables import Workbench, make_tables
from serbench.run.workspace import silent
from tests.run import toy


def plugin(*, models=(), features=(), augmentations=(), datasets=()):
    class Plugin:
        @hookimpl
        def serbench_models(self):
            yield from models

        @hookimpl
        def serbench_features(self):
            yield from features

        @hookimpl
        def serbench_augmentations(self):
            yield from augmentations

        @hookimpl
        def serbench_datasets(self):
            yield from datasets

    return Plugin()


def model_card(name, **facts):
    return ModelCard(name=name, version="1", summary=name, **{"features": ("crossings",), "seeded": False, **facts})


def bench_of(world, cache="cache"):
    return Workbench(FeatureCache(world.folder / cache), "cpu", [], Environment(), silent)


def learned_from(world, label, cache):
    """Return all that a model learns from in the fold of the first speaker, as bytes."""
    cell = next(c for c in world.plan(label).cells if c.label == label and c.key.fold == "speaker-spk0")
    tables = make_tables(cell, bench_of(world, cache))
    parts = [tables.train] + ([tables.dev] if tables.dev else [])
    return [(part.ids, part.parents, part.y.tolist(), part.x.tobytes()) for part in parts], tables.test.x.tobytes()


@pytest.mark.parametrize("label", ["nearest", "augmented", "choosy", "choosy-augmented"])
def test_other_sound_in_a_test_clip_changes_nothing_that_a_model_learns_from(world_with, label):
    """Whatever the path from test sound to training, by feature, scaler, child or cache: it would show here."""

    class Both(toy.Choosy):
        card = model_card("choosy-augmented", chooses_on_dev=True, augmentations=("quieter",))

    world = world_with(plugin(models=[Both]))
    before, tested = learned_from(world, label, "one cache")
    with wave.open(str(world.folder / "toy" / "spk0" / "angry-0.wav"), "rb") as stream:
        facts, sound = stream.getparams(), np.frombuffer(stream.readframes(10**6), "<i2")
    with wave.open(str(world.folder / "toy" / "spk0" / "angry-0.wav"), "wb") as stream:
        stream.setparams(facts)
        stream.writeframes((sound[::-1] // 3).astype("<i2").tobytes())

    for cache in ("one cache", "another cache"):
        after, tested_now = learned_from(world, label, cache)
        assert after == before
        assert tested_now != tested


def test_children_are_made_of_train_rows_and_never_of_dev_rows_where_a_model_chooses_on_dev(world_with):
    class Both(toy.Choosy):
        card = model_card("both", chooses_on_dev=True, augmentations=("quieter",))

    world = world_with(plugin(models=[Both]))
    for cell in (cell for cell in world.plan("both").cells if cell.label == "both"):
        tables = make_tables(cell, bench_of(world))
        assert tables.children == len(cell.fold.train)
        assert len(tables.train) == 2 * len(cell.fold.train)
        assert len(tables.dev) == len(cell.fold.dev)
        assert {parent[:5] for parent in tables.train.parents} == {"train"}


def test_a_scaler_sees_training_rows_alone(world):
    for cell in world.plan("nearest").cells:
        tables = make_tables(cell, bench_of(world))
        scaler = LogReg().fit(tables.train, None, seed=0).pipe_[0]
        np.testing.assert_allclose(scaler.mean_, tables.train.x.mean(axis=0, dtype=np.float64), rtol=1e-6)
        assert scaler.n_samples_seen_ == len(cell.fold.train) + len(cell.fold.dev)


class Vandal(toy.Nearest):
    """Writes over all that it is handed."""

    card = model_card("vandal", chooses_on_dev=True, augmentations=("quieter",))

    def fit(self, train, dev, *, seed):
        super().fit(train, dev, seed=seed)
        for table in (train, dev):
            table.x[:] = 0
            table.y[:] = table.labels[0]
            table.codes[:] = 0
            table.columns.clear()
        return self

    def predict(self, test):
        answer = super().predict(test)
        test.x[:] = 0
        test.columns.clear()
        return answer


def test_writing_over_tables_harms_nobody_else(world_with):
    """Not the vandal's own test rows, not its next cell, and no other model that is given the same features."""
    with_vandal = world_with(plugin(models=[Vandal]))
    with_vandal.run("vandal", "nearest")
    rows = {row.label: row for row in summarise(with_vandal.store)}
    nearest = rows["nearest"]
    for path in with_vandal.folder.joinpath("runs").rglob("*.*"):
        path.unlink()
    with_vandal.run("nearest")
    (alone,) = (row for row in summarise(with_vandal.store) if row.label == "nearest")

    assert (nearest.uar, nearest.confusion) == (alone.uar, alone.confusion)
    assert rows["vandal"].is_complete
    assert rows["vandal"].uar.value == pytest.approx(1.0)


class Foreteller(toy.Nearest):
    """Wants to answer before it has learned."""

    card = model_card("foreteller")

    def fit(self, train, dev, *, seed):
        self.predict(train.without_labels())
        return super().fit(train, dev, seed=seed)


def test_a_prediction_before_fit_fails_the_cell(world_with):
    outcome = world_with(plugin(models=[Foreteller])).run("foreteller")
    assert not outcome.done
    assert "NotFittedError: foreteller: predict was called before fit" in outcome.failed[0].reason


class Hoarder(toy.Nearest):
    """Keeps the training rows of every fold: those of one are the test rows of another."""

    card = model_card("hoarder")
    known: ClassVar[dict] = {}

    def fit(self, train, dev, *, seed):
        self.known.update((row.tobytes(), str(label)) for row, label in zip(train.x, train.y, strict=True))
        self.labels_ = train.labels
        return self

    def predict(self, test):
        found = [self.known.get(row.tobytes()) for row in test.x]
        scores = np.array([[float(label == each) for label in self.labels_] for each in found])
        return Predictions(test.ids, scores, self.labels_)


class Rebinder(Hoarder):
    """Puts another thing in the place of what was there, of the same size."""

    card = model_card("rebinder")
    last: ClassVar[tuple] = ()

    def fit(self, train, dev, *, seed):
        self.labels_ = train.labels
        type(self).last = (*self.last[:0],) or (train,)
        return self


class Newcomer(toy.Nearest):
    """Leaves a name that was not there."""

    card = model_card("newcomer")

    def predict(self, test):
        type(self).mine = test
        return super().predict(test)


@pytest.mark.parametrize(
    ("model", "where"), [(Hoarder, "Hoarder.known"), (Rebinder, "Rebinder.last"), (Newcomer, "Newcomer.mine")]
)
def test_nothing_is_carried_from_one_fold_to_the_next_on_the_class(model, where, world_with):
    outcome = world_with(plugin(models=[model])).run(model.card.name)
    assert f"keeps something on its class ({where}), expected on self alone" in outcome.failed[0].reason
    assert all(record.key.fold == "speaker-spk0" for record in outcome.failed[:1])
    Hoarder.known.clear()


class Gossip(FeatureExtractor):
    """Gives the mean of all clips that it has seen."""

    card = FeatureCard(name="gossip", version="1", summary="state", sample_rate=toy.RATE, output="vector")

    def __init__(self) -> None:
        self.heard = []

    def extract(self, wave):
        self.heard.append(np.mean(np.signbit(wave[1:]) != np.signbit(wave[:-1])))
        return np.array([np.mean(self.heard), 1.0], dtype=np.float32)


class Blend(Augmentation):
    """Lays the clip before under the clip."""

    card = AugmentationCard(name="blend", version="1", summary="state")

    def __init__(self) -> None:
        self.before = np.zeros(1, np.float32)

    def apply(self, wave, sample_rate, rng):
        before, self.before = self.before, wave
        return (wave + np.resize(before, len(wave))).astype(np.float32)


class Listener(toy.Nearest):
    card = model_card("listener", features=("gossip",))


class Blender(toy.Nearest):
    card = model_card("blender", augmentations=("blend",))


@pytest.mark.parametrize(("model", "who"), [(Listener, "gossip"), (Blender, "crossings of blend")])
def test_what_keeps_something_between_clips_fails_every_cell(model, who, world_with):
    world = world_with(plugin(models=[Listener, Blender], features=[Gossip], augmentations=[Blend]))
    for _ in range(2):  # nor is anything of it found in the cache the second time
        outcome = world.run(model.card.name)
        assert not outcome.done
        assert len(outcome.failed) == 4
        assert all(f"{who} made other values of" in record.reason for record in outcome.failed)


class Careless(LeaveOneSpeakerOut):
    """A rule that puts a test clip into train."""

    def folds(self, manifest):
        folds = super().folds(manifest)
        return [replace(fold, train=tuple(sorted((*fold.train, fold.test[0])))) for fold in folds]


class Overlapping(LeaveOneSpeakerOut):
    """A rule that gives train another clip of a test speaker, and says nothing of it."""

    def folds(self, manifest):
        return [
            Fold(fold.name, tuple(sorted((*fold.train, fold.test[0]))), fold.dev, fold.test[1:])
            for fold in super().folds(manifest)
        ]


@pytest.mark.parametrize(
    ("rule", "what"), [(Careless(), "test and train share 1 row"), (Overlapping(), "test and train share 1 speaker")]
)
def test_a_datasets_own_rule_is_held_to_its_word(rule, what, world_with):
    class Leaky(toy.Toy):
        card = replace(toy.Toy.card, name="leaky")
        split = rule

    outcome = world_with(plugin(datasets=[Leaky])).run("nearest", datasets=("leaky",))
    assert not outcome.done
    assert all(f"LeakError: leaky/si fold {record.key.fold}: {what}" in record.reason for record in outcome.failed)


def test_a_rule_that_shares_speakers_openly_is_refused_without_a_reason_on_the_card(world_with):
    class Open(toy.Toy):
        card = replace(toy.Toy.card, name="open")
        split = OfficialPartition(shares_speakers=True)

    plan = world_with(plugin(datasets=[Open])).plan("nearest", datasets=("open",))
    assert not plan.cells
    assert "expected its card to say under 'diagnostic'" in plan.skips[0].reason


def test_one_recording_under_two_speakers_is_found(world):
    """The same sound in another file: other bytes, for a header says more."""
    source, copy = (world.folder / "toy" / name / "calm-0.wav" for name in ("spk0", "spk2"))
    with wave.open(str(source), "rb") as stream:
        facts, frames = stream.getparams(), stream.readframes(10**6)
    with wave.open(str(copy), "wb") as stream:
        stream.setparams(facts)
        stream.writeframes(frames)
    copy.write_bytes(copy.read_bytes() + b"LIST\x04\x00\x00\x00INFO")

    outcome = world.run("nearest", "choosy")
    assert len(outcome.failed) == 8
    assert all("share 1 recording" in record.reason for record in outcome.failed)
