"""Cells of a row run again: what the code made is found again, what it did not make is not."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from serbench.audit.board.reproduce import differing, reproduce
from serbench.errors import BoardError, UsageError
from serbench.locations import Locations
from serbench.plugin.registry import load_registry
from serbench.run.workspace import Workspace
from tests.records import edit_record
from tests.run import toy
from tests.run.conftest import World

MODELS = ("nearest", "augmented", "prior", "logreg")


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    folder = tmp_path_factory.mktemp("world")
    world = World(toy.make_corpus(folder, speakers=3, takes=2), load_registry(only=(), extra=[toy]))
    assert world.run(*MODELS).failed == []
    return world


def run_again(world, label, cells=2):
    locations = Locations((world.folder,), world.folder / "cache")
    records = [record for record in world.store.records() if record.label == label][:cells]
    return reproduce(world.store, records, Workspace(registry=world.registry, locations=locations), "cpu")


@pytest.mark.parametrize("label", MODELS)
def test_a_cell_that_is_run_again_says_the_same(made, label):
    found = run_again(made, label)
    assert [cell.difference for cell in found] == [0.0, 0.0]
    assert all(cell.same_machine and cell.is_same and cell.agreement == 1.0 for cell in found)
    assert differing(found) == []


@pytest.fixture
def forged(made):
    """Return a record whose predictions are better than its model, and put it back afterwards."""
    record = next(record for record in made.store.records() if record.label == "prior")
    honest = made.store.predictions(record)
    made.store.write(record, replace(honest, scores=np.eye(len(honest.classes))[honest.truth]))
    yield record
    made.store.write(record, honest)


@pytest.mark.parametrize("elsewhere", [{}, {"processor": "another"}, {"instructions": "another"}])
def test_predictions_that_no_code_has_made_do_not_hold(made, forged, elsewhere):
    """A model that was patched to know the truth: perfect predictions, with every digest as it should be."""
    if elsewhere:
        environment = forged.environment
        machine = {**environment.machine, **elsewhere}
        edit_record(made.store, forged, environment=replace(environment, machine=machine).facts())
    found = run_again(made, "prior", cells=1)
    assert found[0].published == 1.0
    assert found[0].same_machine != bool(elsewhere)
    assert differing(found) == found


def test_a_plugin_that_is_not_there_is_a_mistake(made):
    record = next(record for record in made.store.records() if record.label == "nearest")
    bare = Workspace(registry=load_registry(only=()), locations=Locations((made.folder,), made.folder / "cache"))
    with pytest.raises(UsageError, match="a plugin of nearest is not installed in the version it names"):
        reproduce(made.store, [record], bare, "cpu")


def test_another_copy_is_named(made, tmp_path):
    record = next(record for record in made.store.records() if record.label == "nearest")
    toy.make_corpus(tmp_path, speakers=4, takes=2)
    other = Workspace(registry=made.registry, locations=Locations((tmp_path,), tmp_path / "cache"))
    with pytest.raises(BoardError, match="its split is not what is made here"):
        reproduce(made.store, [record], other, "cpu")
