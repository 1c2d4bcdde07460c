"""Cells side by side: the same records as one after another, whatever runs beside them."""

from __future__ import annotations

import subprocess
import sys
import time
from collections import deque
from pathlib import Path
from types import SimpleNamespace

import pytest

from serbench.run.parallel import WORTH_STARTING, Order, Workers, _Worker, choose_jobs
from serbench.run.worker import Said
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


class Quiet:
    """Workers whose processes are none: what they are told is kept."""

    def __init__(self, jobs):
        self.workers = Workers(None, None, jobs, None)
        self.workers._start = self.start
        self.told = []

    def start(self):
        connection = SimpleNamespace(send=self.told.append)
        return _Worker(SimpleNamespace(pid=None), connection)

    def give(self, *orders):
        self.workers._give(deque(orders))

    def say(self, number, said):
        for _ in self.workers._heard(self.workers._workers[number], said, None, None):
            raise AssertionError

    @property
    def states(self):
        return [worker.state.name for worker in self.workers._workers]


def test_while_one_is_measured_no_other_works():
    order = Order(())
    quiet = Quiet(3)
    quiet.give(order, order, order)
    assert quiet.states == ["STARTING"] * 3
    for number in range(3):
        quiet.say(number, Said.READY)
    quiet.give(order, order, order)
    assert quiet.states == ["WORKING"] * 3
    quiet.say(0, Said.MEASURE)
    quiet.say(1, Said.MEASURE)
    quiet.give(order)
    assert quiet.states == ["WAITING", "WAITING", "WORKING"]
    quiet.say(2, Said.DONE)
    quiet.give(order)  # the third is idle, and gets nothing now
    assert quiet.states == ["MEASURING", "WAITING", "IDLE"]
    quiet.give(order)
    assert quiet.states == ["MEASURING", "WAITING", "IDLE"]
    quiet.say(0, Said.MEASURED)
    quiet.give(order)
    assert quiet.states == ["WORKING", "WAITING", "IDLE"]
    quiet.say(0, Said.DONE)
    quiet.give(order)
    assert quiet.states == ["IDLE", "MEASURING", "IDLE"]
    quiet.say(1, Said.MEASURED)
    quiet.give(order)
    assert quiet.states == ["WORKING", "WORKING", "IDLE"]


def test_no_process_gets_ready_while_one_is_measured():
    order = Order(())
    quiet = Quiet(2)
    quiet.give(order)
    quiet.say(0, Said.READY)
    quiet.give(order, order)
    assert quiet.states == ["WORKING", "STARTING"]
    quiet.say(0, Said.MEASURE)
    quiet.give()
    assert quiet.states == ["WAITING", "STARTING"]
    quiet.say(1, Said.READY)
    quiet.give()
    assert quiet.states == ["MEASURING", "IDLE"]


def test_a_worker_that_dies_while_others_wait_lets_them_measure():
    order = Order(())
    quiet = Quiet(2)
    quiet.give(order, order)
    for number in range(2):
        quiet.say(number, Said.READY)
    quiet.give(order, order)
    quiet.say(0, Said.MEASURE)
    quiet.give()
    assert quiet.states == ["WAITING", "WORKING"]
    dead = quiet.workers._workers[1]
    dead.connection.close = lambda: None
    assert quiet.workers._bury(dead, "it died", deque()) == ([], [])
    quiet.give()
    assert quiet.states == ["MEASURING"]


def test_the_time_of_a_cell_stands_still_while_it_waits_for_silence():
    quiet = Quiet(2)
    quiet.workers._timeout = 5.0
    quiet.give(Order(()), Order(()))
    for number in range(2):
        quiet.say(number, Said.READY)
    quiet.give(Order(()), Order(()))
    worker = quiet.workers._workers[0]
    assert worker.deadline > time.monotonic() + 4
    quiet.say(0, Said.MEASURE)
    assert worker.deadline is None
    quiet.say(1, Said.DONE)
    quiet.give()
    assert worker.state.name == "MEASURING"
    assert time.monotonic() + 64 < worker.deadline < time.monotonic() + 65.1


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
    monkeypatch.setattr("serbench.run.parallel.usable_cores", lambda: 3)
    assert choose_jobs(None, 9, 1e6, "cpu") == 3
    assert choose_jobs(None, 2, 1e6, "cpu") == 2
