"""Cells side by side: the same records as one after another, whatever runs beside them."""

from __future__ import annotations

from pathlib import Path

import pytest

from serbench.run.parallel import WORTH_STARTING, choose_jobs
from tests.run import toy


def results(world):
    """Return all that a cell came to but its times."""
    return {
        record.key.digest: (record.status, record.scores, record.confusion, record.predictions, record.history)
        for record in world.store.records()
    }


@pytest.fixture
def pair(tmp_path, world_with):
    """Return two worlds of one corpus: the records of either lie apart."""
    one, other = world_with(), world_with()
    one.folder, other.folder = (toy.make_corpus(tmp_path / name) for name in ("one", "other"))
    return one, other


FILE = (Path(toy.__file__),)


def test_the_records_are_those_of_a_run_one_by_one(pair):
    alone, beside = pair
    models = ("augmented", "choosy", "prior", "attn1dcnn")
    settings = {"settings": {"attn1dcnn": {"epochs": 2, "width": 32}}, "seeds": 1}
    assert [each.reason for each in alone.run(*models, **settings).failed] == []
    seen = []
    outcome = beside.run(
        *models, jobs=2, plugins=FILE, watch=lambda event: seen.append((event.kind, event.digest)), **settings
    )
    assert not outcome.failed
    assert results(beside) == results(alone)
    assert len(seen) == 2 * len(outcome.done) == 2 * 16
    assert all(seen.index(("start", digest)) < seen.index(("done", digest)) for kind, digest in seen if kind == "done")
    jobs = {record.environment["jobs"] for record in beside.store.records()}
    assert jobs == {1, 2}  # those that were timed ran alone


def test_a_failing_cell_is_a_record_there_too(world):
    outcome = world.run("failing", "nearest", jobs=2, plugins=FILE)
    assert (len(outcome.failed), len(outcome.done)) == (4, 4)
    assert {record.reason for record in outcome.failed} == {outcome.failed[0].reason}


def test_an_interruption_keeps_what_is_done(world):
    def stop(event):
        if event.kind == "done" and not event.cell.endswith("spk0/seed0/prior"):
            raise KeyboardInterrupt

    outcome = world.run("prior", jobs=2, plugins=FILE, watch=stop, seeds=4)
    assert outcome.interrupted
    kept = len(list(world.store.records()))
    assert 2 <= kept < 16
    assert len(world.run("prior", jobs=2, plugins=FILE, seeds=4).done) == 16 - kept


@pytest.mark.parametrize(
    ("asked", "cells", "seconds", "device", "jobs"),
    [
        (None, 9, WORTH_STARTING - 1, "cpu", 1),
        (None, 1, 1e6, "cpu", 1),
        (None, 9, 1e6, "cuda", 1),
        (3, 9, 0.0, "cpu", 3),
        (3, 2, 1e6, "cpu", 2),
        (4, 9, 1e6, "cuda", 1),
    ],
)
def test_how_many_cells_run_at_once(asked, cells, seconds, device, jobs):
    assert choose_jobs(asked, cells, seconds, device) == jobs


def test_never_more_cells_than_cores_unless_asked(monkeypatch):
    monkeypatch.setattr("serbench.run.parallel.usable_cores", lambda: 3)
    assert choose_jobs(None, 9, 1e6, "cpu") == 3
    assert choose_jobs(None, 2, 1e6, "cpu") == 2
