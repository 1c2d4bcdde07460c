"""What a card says that it requires: in the record, in the cache's key, and skipped with what installs it."""

from __future__ import annotations

import importlib.metadata

import numpy as np
import pytest

from serbench.api import FeatureCard, FeatureExtractor, Model, ModelCard, hookimpl
from serbench.errors import PluginError, UsageError
from serbench.features.cache import FeatureCache
from serbench.plugin.registry import load_registry
from serbench.run.saving import load_model
from serbench.testing import cases_of
from tests.run import toy
from tests.run.conftest import World


class Tall(FeatureExtractor):
    card = FeatureCard(
        name="tall", version="1", summary="levels", sample_rate=8_000, output="vector", requires=("packaging",)
    )

    def extract(self, wave):
        return np.array([np.abs(wave).max(), wave.std()], dtype=np.float32)


class Using(toy.Nearest):
    card = ModelCard(name="using", version="1", summary="uses it", features=("tall",), seeded=False)

    def state(self):
        return {"means": self.means_}

    def load_state(self, state, labels):
        self.labels_, self.means_ = labels, state["means"]


class Lacking(Model):
    card = ModelCard(
        name="lacking", version="1", summary="is not to be had", features=("crossings",), requires=("no-such-thing",)
    )

    def fit(self, train, dev, *, seed):
        import no_such_thing

        return no_such_thing

    def predict(self, test):
        raise NotImplementedError


class Plugin:
    @hookimpl
    def serbench_features(self):
        yield Tall

    @hookimpl
    def serbench_models(self):
        yield from (Using, Lacking)


@pytest.fixture
def world(tmp_path):
    registry = load_registry(only=(), extra=[toy, Plugin()])
    return World(toy.make_corpus(tmp_path, speakers=3, takes=2), registry)


def test_a_record_names_the_versions_of_what_its_parts_require(world):
    assert world.run("using", "nearest").failed == []
    versions = {record.label: record.environment.versions for record in world.store.records()}
    assert versions["using"]["packaging"] == importlib.metadata.version("packaging")
    assert "packaging" not in versions["nearest"]


def test_cached_features_of_another_version_are_others(tmp_path, monkeypatch):
    cache = FeatureCache(tmp_path)
    first = cache.rows(Tall()).folder
    assert cache.rows(Tall()).folder == first
    monkeypatch.setattr("serbench.features.cache.versions_of", lambda packages: dict.fromkeys(packages, "0.0"))
    assert cache.rows(Tall()).folder != first


def test_what_is_missing_is_a_skip_that_says_what_installs_it(world):
    outcome, plan = world.run("lacking", "nearest"), world.plan("lacking", "nearest")
    assert outcome.failed == []
    assert {record.label for record in world.store.records()} == {"nearest"}
    assert [(skip.what, skip.reason) for skip in plan.skips] == [
        ("lacking", "lacking requires no-such-thing; pip install no-such-thing")
    ]


def test_its_checks_are_not_held_against_it(world):
    outcomes = [case.run() for case in cases_of(Lacking, world.registry)]
    assert {(outcome.status, outcome.reason) for outcome in outcomes} == {
        ("exempt", "lacking requires no-such-thing; pip install no-such-thing")
    }


def test_a_saved_model_says_what_it_needs(world, monkeypatch):
    world.run("using", save_models=True)
    path = next((world.folder / "runs" / "models").rglob("*.json"))
    load_model(path, world.registry)
    monkeypatch.setattr("serbench.part.missing", lambda packages: list(packages))
    with pytest.raises(UsageError, match="cannot be used: tall requires packaging; pip install packaging"):
        load_model(path, world.registry)


@pytest.mark.parametrize("requires", ["transformers", ("a b",), ("transformers>=4",), ("",)])
def test_a_requirement_is_a_name(requires):
    with pytest.raises(PluginError, match="expected names as"):
        ModelCard(name="x", version="1", summary="x", requires=requires)
