"""A model made of models in a run: its key, its code, its saved form, and whether its row holds."""

from __future__ import annotations

import pytest

from serbench.api import LateFusion, Model, ModelCard, Voting, hookimpl
from serbench.audit.recorded_systems import recorded_system
from serbench.plugin.registry import load_registry
from serbench.run.plan import part_facts
from serbench.run.saving import load_model
from tests.run import toy
from tests.run.conftest import World


class Savable(toy.Nearest):
    card = ModelCard(name="savable", version="1", summary="of a test", features=("crossings",), seeded=False)

    def state(self):
        return {"means": self.means_}

    def load_state(self, state, labels):
        self.means_, self.labels_ = state["means"], labels
        return self


class Older(Savable):
    card = ModelCard(
        name="older", version="1", summary="of a test", features=("crossings",), seeded=False, pretrained_on=("lab",)
    )


class Pair(LateFusion):
    card = ModelCard(name="pair", version="1", summary="of a test", chooses_on_dev=True, seeded=False)
    members = ("savable", "older")
    weighing = "dev"


class Ballot(Voting):
    card = ModelCard(name="ballot", version="1", summary="of a test", seeded=False)
    members = ("nearest", "augmented")


class Remembering(toy.Nearest):
    """Keeps on its class what it saw."""

    card = ModelCard(name="remembering", version="1", summary="of a test", features=("crossings",), seeded=False)
    seen: list[int] = []  # noqa: RUF012

    def fit(self, train, dev, *, seed):
        self.seen.append(len(train))
        return super().fit(train, dev, seed=seed)


class Leaky(LateFusion):
    card = ModelCard(name="leaky", version="1", summary="of a test", seeded=False)
    members = ("nearest", "remembering")


class Plugin:
    @hookimpl
    def serbench_models(self):
        yield from (Savable, Older, Pair, Ballot, Remembering, Leaky)


@pytest.fixture
def world(tmp_path):
    return World(toy.make_corpus(tmp_path, speakers=3, takes=2), load_registry(only=(), extra=[toy, Plugin()]))


def test_a_record_names_the_members_and_their_code(world):
    assert [record.reason for record in world.run("pair", save_models=True).failed] == []
    record = next(iter(world.store.records()))
    assert [(part.name, part.version) for part in record.key.model.members] == [("savable", "1"), ("older", "1")]
    assert {"pair", "savable", "older", "crossings"} <= record.code.keys()
    assert record.standing.declared.pretrained_on == ("lab",)
    assert [row["member"] for row in record.history] == ["savable", "older"]


def test_a_recorded_system_is_made_again_with_its_members(world):
    world.run("pair")
    record = next(iter(world.store.records()))
    contender = recorded_system(record, world.registry)
    assert part_facts(contender.model).facts() == record.key.model.facts()
    assert list(contender.model.features) == ["crossings"]


def test_a_saved_fusion_is_loaded_with_its_members(world):
    world.run("pair", save_models=True)
    card = min((world.folder / "runs" / "models").rglob("*.json"))
    loaded = load_model(card, world.registry)
    assert isinstance(loaded.model, Model)
    assert list(loaded.model.parts) == ["savable", "older"]
    assert loaded.changed == ()


def test_children_reach_those_that_asked_for_them(world):
    assert [record.reason for record in world.run("ballot").failed] == []
    record = next(iter(world.store.records()))
    assert record.rows["augmented"] == record.rows["train"]


def test_what_a_member_remembers_fails_the_cell(world):
    reasons = {record.reason for record in world.run("leaky").failed}
    assert reasons
    assert all("remembering" in reason for reason in reasons)
