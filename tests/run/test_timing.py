"""What is timed of a cell: apart from its training, whenever that was, and with the same result."""

from __future__ import annotations

from dataclasses import replace

import pytest

from serbench.api import ModelCard
from serbench.cost.efficiency import LATENCIES, TIMED
from serbench.features.cache import FeatureCache
from serbench.results.drafts import Drafts
from serbench.results.facts import Environment
from serbench.run import timing
from serbench.run.job import NOT_YET
from serbench.run.tables import Workbench
from serbench.run.timing import draft_cell, good_drafts, run_cell, time_draft
from serbench.run.workspace import silent
from tests.run import toy


class Kept(toy.Nearest):
    """The toy, with a state that can be saved."""

    card = ModelCard(name="kept", version="1", summary="with a state", features=("crossings",), seeded=False)

    def state(self):
        return {"means": self.means_}

    def load_state(self, state, labels):
        self.labels_, self.means_ = labels, state["means"]
        return self


class Words(Kept):
    """Says words of its state."""

    card = ModelCard(name="words", version="1", summary="no numbers", features=("crossings",), seeded=False)

    def state(self):
        return {"means": list(self.means_)}


class Unloadable(Kept):
    """Cannot take up what it said."""

    card = ModelCard(name="unloadable", version="1", summary="one way", features=("crossings",), seeded=False)

    def load_state(self, state, labels):
        raise ValueError("not this one")


class Extra:
    """Offers them."""

    @toy.hookimpl
    def serbench_models(self):
        yield from (Kept, Words, Unloadable)


@pytest.fixture
def kept(world_with):
    return world_with(Extra())


def timed_cell(world, model):
    (cell,) = (cell for cell in world.plan(model).cells if cell.is_timed)
    return cell


def bench_of(world, **facts):
    metrics = [offer.part for offer in world.registry.metrics.values()]
    environment = Environment(versions={"python": "3"}, machine={"processor": "one"}, jobs=2)
    return Workbench(FeatureCache(world.folder / "cache"), "cpu", metrics, replace(environment, **facts), silent)


def not_fitted(*_, **__):
    raise AssertionError("it was trained again")


def untimed(record):
    """Return what of a record does not depend on the moment."""
    return replace(record, cost={}, environment=None, predictions=None)


def test_a_draft_is_the_record_but_for_its_times(kept):
    cell, bench, drafts = timed_cell(kept, "kept"), bench_of(kept), Drafts(kept.store.folder)
    whole, predictions = run_cell(cell, bench)
    model = draft_cell(cell, bench, drafts)
    draft = drafts.find(cell.key, cell.label)

    assert isinstance(model, Kept)
    assert untimed(draft.record) == untimed(whole)
    assert draft.predictions.digest == predictions.digest
    assert list(draft.record.cost) == list(whole.cost)
    assert all(draft.record.cost[name] == NOT_YET for name in LATENCIES)
    timed = time_draft(cell, bench, draft)
    assert untimed(timed) == untimed(whole)
    assert list(timed.cost) == list(whole.cost)
    assert all((timed.cost[name].value is None) == (whole.cost[name].value is None) for name in TIMED)
    assert timed.cost["latency_p50_ms"].value > 0


@pytest.mark.parametrize("model", ["kept", "nearest", "words", "unloadable"])
@pytest.mark.parametrize("is_at_hand", [True, False])
def test_a_model_is_trained_again_where_neither_it_nor_its_state_is_there(kept, monkeypatch, model, is_at_hand):
    cell, bench, drafts = timed_cell(kept, model), bench_of(kept), Drafts(kept.store.folder)
    fitted = draft_cell(cell, bench, drafts)
    fits = []
    fit = toy.Nearest.fit
    monkeypatch.setattr(toy.Nearest, "fit", lambda *given, **named: fits.append(1) or fit(*given, **named))
    record = time_draft(cell, bench, drafts.find(cell.key, cell.label), fitted if is_at_hand else None)

    assert record.cost["latency_p50_ms"].value > 0
    assert len(fits) == (0 if is_at_hand or model == "kept" else 1)


def test_the_next_run_times_a_draft_and_trains_it_no_more(kept, monkeypatch):
    draft = draft_by_a_run(kept)
    monkeypatch.setattr(Kept, "fit", not_fitted)
    outcome = kept.run("kept")

    (record,) = outcome.done
    assert len(outcome.failed) == 3
    assert record.cost["latency_p50_ms"].value > 0
    assert kept.store.predictions(record).digest == draft.predictions.digest
    assert not list(kept.folder.glob("runs/drafts/*"))


def test_a_disturbed_timing_is_taken_again_where_it_is_asked_for(kept, monkeypatch):
    quietly, seen = timing.quietly, ["a neighbour", None]
    monkeypatch.setattr(timing, "quietly", lambda work: replace(quietly(work), disturbance=seen.pop(0)))
    kept.run("kept")
    assert not kept.plan("kept").open

    (cell,) = kept.plan("kept", retime=True).open
    before = kept.store.find(cell.key, cell.label)
    (record,) = kept.run("kept", retime=True).done

    assert cell.is_timed
    assert before.environment.disturbed == "a neighbour"
    assert record.environment.disturbed is None
    assert untimed(record) == untimed(before)
    assert not kept.plan("kept", retime=True).open


def draft_by_a_run(world):
    """Leave the draft that a run would leave that was killed before it timed it."""
    from serbench.run.runner import _environment

    environment = _environment("cpu")
    bench = bench_of(world, versions=environment.versions, machine=environment.machine)
    cell, drafts = timed_cell(world, "kept"), Drafts(world.store.folder)
    draft_cell(cell, bench, drafts)
    return drafts.find(cell.key, cell.label)


def test_a_draft_of_a_cell_that_is_done_goes(kept):
    kept.run("kept")
    before = {path: path.read_bytes() for path in kept.folder.glob("runs/records/**/*.json")}
    draft_by_a_run(kept)
    assert kept.run("kept").done == []
    assert not list(kept.folder.glob("runs/drafts/*"))
    assert {path: path.read_bytes() for path in kept.folder.glob("runs/records/**/*.json")} == before


@pytest.mark.parametrize(
    ("change", "is_good"),
    [
        ({}, True),
        ({"jobs": 4}, True),
        ({"versions": {"python": "4"}}, False),
        ({"machine": {"processor": "other"}}, False),
    ],
)
def test_a_draft_of_other_versions_or_another_machine_is_not_taken(kept, change, is_good):
    cell, drafts = timed_cell(kept, "kept"), Drafts(kept.store.folder)
    draft_cell(cell, bench_of(kept), drafts)
    assert bool(good_drafts([cell], bench_of(kept, **change), kept.store)) == is_good


def test_a_draft_of_other_code_is_not_taken(kept, monkeypatch):
    cell, bench = timed_cell(kept, "kept"), bench_of(kept)
    draft_cell(cell, bench, Drafts(kept.store.folder))
    monkeypatch.setattr("serbench.run.job.source_digest", lambda part: f"another {part.__name__}")
    assert good_drafts([cell], bench, kept.store) == {}


def test_a_model_that_cannot_be_timed_loses_its_times_and_not_its_scores(kept, monkeypatch):
    cell, bench, drafts = timed_cell(kept, "kept"), bench_of(kept), Drafts(kept.store.folder)
    draft_cell(cell, bench, drafts)

    def refuse(*_):
        raise RuntimeError("no clocks here")

    monkeypatch.setattr("serbench.run.timing.timed_figures", refuse)
    record = time_draft(cell, bench, drafts.find(cell.key, cell.label))
    assert record.status == "done"
    reasons = {record.cost[name].reason for name in LATENCIES}
    assert len(reasons) == 1
    assert reasons.pop().startswith("measuring failed: RuntimeError: no clocks here (in test_timing.py:")
    assert record.cost["disk_bytes"].value > 0


def test_a_failing_cell_leaves_no_draft(world):
    cell, drafts = timed_cell(world, "failing"), Drafts(world.store.folder)
    assert draft_cell(cell, bench_of(world), drafts).status == "failed"
    assert not list(world.folder.glob("runs/drafts/*"))
