"""Cells side by side: the same records as one after another, whatever runs beside them."""

from __future__ import annotations

import subprocess
import sys
import time
from collections import deque
from pathlib import Path
from types import SimpleNamespace

import pytest

from serbench.run.estimate import WORTH_STARTING, choose_jobs, in_order, makespan
from serbench.run.orders import Order, Said
from serbench.run.parallel import Workers, _Worker
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
    assert {record.environment.jobs for record in beside.store.records()} == {2}
    probed = {record.key.fold for record in beside.store.records() if record.cost["latency_p50_ms"].value is not None}
    assert len(probed) == 1
    assert not list(beside.folder.glob("runs/drafts/*"))


def no_process(told):
    """Return a worker whose process is none: what it is told is kept."""
    process = SimpleNamespace(pid=None, is_alive=lambda: False, kill=None, join=lambda *_: None)
    return _Worker(process, SimpleNamespace(send=told.append, close=lambda: None))


class Quiet:
    """Workers whose processes are none."""

    def __init__(self, jobs):
        self.workers = Workers(None, None, jobs, None)
        self.told = []
        self.workers._start = lambda: no_process(self.told)

    def give(self, *orders):
        self.waiting = deque(orders)
        self.workers._give(self.waiting)

    def say(self, number, said, about=None):
        return list(self.workers._heard(self.workers._workers[number], said, about, None))

    @property
    def states(self):
        return [worker.state.name for worker in self.workers._workers]


def order(name, what="run"):
    """Return an order about a cell that has a digest alone."""
    return Order((SimpleNamespace(key=SimpleNamespace(digest=name)),), what)


def ready(jobs):
    """Return workers that wait for orders."""
    quiet = Quiet(jobs)
    quiet.give(*[order(str(number)) for number in range(jobs)])
    for number in range(jobs):
        quiet.say(number, Said.READY)
    return quiet


def test_a_draft_keeps_nobody_from_working():
    quiet = ready(2)
    quiet.give(order("a", "draft"), order("b"), order("c"))
    assert quiet.states == ["WORKING", "WORKING"]
    (ended,) = quiet.say(0, Said.DRAFTED, ("a", 2.5, False))
    assert (ended.is_draft, ended.seconds) == (True, 2.5)
    quiet.say(0, Said.DONE)
    quiet.give(order("c"))
    assert quiet.states == ["WORKING", "WORKING"]


@pytest.mark.parametrize("keeper", [None, 0, 1])
def test_a_draft_is_timed_by_who_has_its_model_and_nobody_else_is_left(keeper):
    quiet = ready(2)
    quiet.give(order("a", "draft"), order("b", "draft"))
    for number, name in enumerate("ab"):
        quiet.say(number, Said.DRAFTED, (name, 1.0, number == keeper))
        quiet.say(number, Said.DONE)
    del quiet.told[:]
    given = []
    quiet.workers.carry_out = lambda orders, _: quiet.give(*orders) or given.append(quiet.states) or []
    assert list(quiet.workers.quietly([order("ab"[keeper or 0], "time")], None)) == []
    (states,) = given
    assert quiet.told[-1] == ("time", ["ab"[keeper or 0]])
    # of those that keep nothing one is left; a keeper works, or waits
    assert sorted(states) == (["WORKING"] if keeper is None else ["IDLE", "WORKING"])


def test_no_process_gets_ready_while_one_times():
    quiet = Quiet(2)
    quiet.give(order("a", "draft"), order("b"))
    quiet.say(0, Said.READY)
    assert quiet.states == ["IDLE", "STARTING"]
    quiet.workers.carry_out = lambda orders, _: quiet.give(*orders) or []
    list(quiet.workers.quietly([order("a", "time")], None))
    assert quiet.states == ["WORKING"]


def test_a_timing_has_time_of_its_own():
    quiet = ready(2)
    quiet.workers._timeout = 5.0
    quiet.give(order("a", "draft"), order("b", "time"))
    one, other = (worker.deadline - time.monotonic() for worker in quiet.workers._workers)
    assert 4 < one < 5.1 < 5 + 3 * 60 - 1 < other < 5.1 + 3 * 60
    quiet.say(0, Said.DRAFTED, ("a", 1.0, False))
    quiet.say(0, Said.DONE)
    assert quiet.workers._workers[0].deadline is None


def cell(task, system, seconds):
    return SimpleNamespace(key=SimpleNamespace(task=task, system=system), seconds=seconds)


def test_the_longest_cells_come_first_and_those_of_a_model_and_corpus_together():
    cells = [cell("emodb", "logreg", 0.1), cell("emodb", "net", 3.0), cell("savee", "net", 9.0)]
    cells += [cell("emodb", "logreg", 0.2), cell("emodb", "net", 4.0), cell("savee", "net", 2.0)]
    found = in_order(cells, lambda each: each.seconds)
    assert [each.seconds for each in found] == [9.0, 2.0, 4.0, 3.0, 0.2, 0.1]


@pytest.mark.parametrize("jobs", [2, 3])
def test_no_worker_waits_longer_at_the_end_than_a_short_cell_takes(jobs):
    cells = [cell("a", "net", 300.0)] * 5 + [cell("b", "net", 30.0)] * 10 + [cell("a", "floor", 1.0)] * 40
    whole = sum(each.seconds for each in cells)
    found = makespan([each.seconds for each in in_order(cells, lambda each: each.seconds)], jobs)
    assert whole / jobs <= found <= whole / jobs + 1.0


def test_a_failing_cell_is_a_record_there_too(world):
    outcome = world.run("failing", "nearest", jobs=2, plugins=FILE)
    assert (len(outcome.failed), len(outcome.done)) == (4, 4)
    assert {record.reason for record in outcome.failed} == {outcome.failed[0].reason}


ORPHAN = """
import multiprocessing, os, time
from concurrent.futures import ProcessPoolExecutor
from serbench.run.worker import end_with_parent

if __name__ == "__main__":
    pool = ProcessPoolExecutor(1, multiprocessing.get_context("spawn"), end_with_parent)
    print(pool.submit(os.getpid).result(), flush=True)
    time.sleep(600)
"""


def test_a_worker_does_not_outlive_a_run_that_is_killed(tmp_path):
    script = tmp_path / "orphan.py"
    script.write_text(ORPHAN)
    with subprocess.Popen([sys.executable, script], stdout=subprocess.PIPE, text=True) as run:
        assert int(run.stdout.readline()) != run.pid
        run.kill()
        run.communicate(timeout=60)  # the worker holds the other end of this pipe for as long as it lives


def test_an_interruption_keeps_what_is_done(world):
    def stop(event):
        if event.kind == "done":
            raise KeyboardInterrupt

    outcome = world.run("prior", jobs=2, plugins=FILE, watch=stop, seeds=4)
    assert outcome.interrupted
    kept = len(list(world.store.records()))
    assert 1 <= kept < 16
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
    monkeypatch.setattr("serbench.run.estimate.usable_cores", lambda: 3)
    assert choose_jobs(None, 9, 1e6, "cpu") == 3
    assert choose_jobs(None, 2, 1e6, "cpu") == 2
