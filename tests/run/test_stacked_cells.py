"""Cells trained together: the records of a run one by one, but for rounding."""

from __future__ import annotations

import numpy as np
import pytest

from serbench.api import ModelCard, Recipe, TorchModel, hookimpl
from serbench.run import stacked_cells
from serbench.run.stacked_cells import stack_cells
from tests.run import toy


class Net(TorchModel):
    """A perceptron with dropout that chooses its epoch."""

    card = ModelCard(
        name="net", version="1", summary="a network", features=("crossings",), augmentations=("quieter",),
        chooses_on_dev=True,
    )  # fmt: skip
    recipe = Recipe(epochs=8, batch_size=8, learning_rate=0.05)

    def build(self, input_shape, n_classes):
        from torch import nn

        return nn.Sequential(nn.Linear(*input_shape, 8), nn.ReLU(), nn.Dropout(0.2), nn.Linear(8, n_classes))


class Sticky(Net):
    """Leaves something on its class."""

    card = ModelCard(name="sticky", version="1", summary="keeps", features=("crossings",), chooses_on_dev=True)
    seen = ()

    def build(self, input_shape, n_classes):
        type(self).seen = (*self.seen, n_classes)
        return super().build(input_shape, n_classes)


class Models:
    @hookimpl
    def serbench_models(self):
        yield from (Net, Sticky)


@pytest.fixture
def pair(tmp_path, world_with):
    """Return two worlds of one corpus: the records of either lie apart."""
    one, other = world_with(Models()), world_with(Models())
    one.folder, other.folder = (toy.make_corpus(tmp_path / name) for name in ("one", "other"))
    return one, other


def test_the_records_are_those_of_a_run_one_by_one_but_for_rounding(pair):
    alone, together = pair
    seen = []
    assert not alone.run("net", "nearest", "prior").failed
    outcome = together.run(
        "net", "nearest", "prior", stacked=True, watch=lambda event: seen.append((event.kind, event.digest))
    )
    assert not outcome.failed
    theirs = {record.key.digest: record for record in together.store.records()}
    for record in alone.store.records():
        other = theirs.pop(record.key.digest)
        assert (other.status, other.rows, other.confusion) == (record.status, record.rows, record.confusion)
        assert len(other.history) == len(record.history)
        one, two = (world.store.predictions(each) for world, each in ((alone, record), (together, other)))
        assert (one.ids, one.speakers) == (two.ids, two.speakers)
        np.testing.assert_allclose(two.scores, one.scores, atol=1e-4)
    assert not theirs
    assert all(seen.index(("start", digest)) < seen.index(("done", digest)) for kind, digest in seen if kind == "done")


def test_a_record_says_how_many_were_trained_with_it_and_what_is_unknown_for_that(world_with):
    world = world_with(Models())
    world.run("net", stacked=True)
    records = list(world.store.records())
    beside = [record for record in records if record.environment.stacked]

    assert (len(records), len(beside)) == (8, 7)  # the one that is timed ran alone
    assert {record.environment.stacked for record in beside} == {7}
    shares = {record.cost["train_seconds"].value for record in beside}
    assert len(shares) == 1
    assert shares.pop() > 0
    assert {record.cost["peak_memory_bytes"].reason for record in beside} == {"trained together with 6 other cells"}


def test_where_there_is_no_room_stacks_are_small(world_with, monkeypatch):
    monkeypatch.setattr(stacked_cells, "MOST", 3)
    world = world_with(Models())
    world.run("net", stacked=True)

    assert sorted(record.environment.stacked or 0 for record in world.store.records()) == [0, 1, 3, 3, 3, 3, 3, 3]


def test_a_model_that_remembers_fails_there_too(world_with):
    world = world_with(Models())
    outcome = world.run("sticky", stacked=True)

    assert len(outcome.failed) == 8
    assert all("keeps something on its class" in record.reason for record in outcome.failed)


def test_a_cell_that_cannot_begin_is_a_record_and_the_others_go_on(world_with, monkeypatch):
    world, prepare = world_with(Models()), stacked_cells.prepare

    def refuse(cell, bench):
        if cell.key.seed == 1 and cell.key.fold == "speaker-spk2":
            raise RuntimeError("no luck")
        return prepare(cell, bench)

    monkeypatch.setattr(stacked_cells, "prepare", refuse)
    outcome = world.run("net", stacked=True)

    assert [record.reason.partition(" (")[0] for record in outcome.failed] == ["RuntimeError: no luck"]
    assert len(outcome.done) == 7


def test_stacks_are_of_one_model_and_corpus_and_for_accelerators(world_with):
    cells = world_with(Models()).plan("net", "nearest").cells
    sizes = {device: sorted(len(each) for each in stack_cells(cells, device)) for device in ("cpu", "cuda")}

    assert sizes == {"cpu": [1] * 12, "cuda": [1, 1, 1, 1, 1, 7]}
    assert [cell for each in stack_cells(cells, "cpu") for cell in each] == list(cells)
