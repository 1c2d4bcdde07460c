"""Cells side by side: the same records as one after another, whatever runs beside them."""

from __future__ import annotations

import multiprocessing
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from serbench.run import parallel
from serbench.run.parallel import WORTH_STARTING, Silence, choose_jobs
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


@pytest.mark.parametrize("jobs", [1, 2, 5])
def test_while_one_is_measured_no_other_works(jobs):
    silence = Silence(multiprocessing.get_context("spawn"), jobs)
    busy, most, beside = set(), [], []

    def cell(number):
        with silence.working():
            busy.add(number)
            most.append(len(busy))
            time.sleep(0.002)
            if number % 3 == 0:
                busy.remove(number)
                with silence.alone():
                    beside.append(len(busy))
                    time.sleep(0.002)
                    beside.append(len(busy))
                busy.add(number)
            busy.remove(number)

    with ThreadPoolExecutor(jobs) as pool:
        for done in [pool.submit(cell, number) for number in range(40)]:
            done.result(timeout=30)

    assert min(jobs, 2) <= max(most) <= jobs  # how many meet depends on the machine
    assert beside == [0] * 28


def test_no_process_gets_ready_while_one_is_measured(monkeypatch):
    silence = Silence(multiprocessing.get_context("spawn"), 2)
    measured = threading.Event()

    def measure():
        with silence.working(), silence.alone():
            measured.set()

    class Starting:
        def registry(self):
            threading.Thread(target=measure, daemon=True).start()
            assert not measured.wait(0.2)
            raise InterruptedError

    monkeypatch.setattr(parallel.signal, "signal", lambda *_: None)
    with pytest.raises(InterruptedError):
        parallel._open(Starting(), {}, silence)
    assert measured.wait(10)


def test_a_measurement_that_fails_lets_the_others_go_on():
    silence = Silence(multiprocessing.get_context("spawn"), 2)
    with pytest.raises(ZeroDivisionError), silence.working(), silence.alone():
        raise ZeroDivisionError
    for _ in range(3):
        with silence.working(), silence.alone():
            pass


def test_a_failing_cell_is_a_record_there_too(world):
    outcome = world.run("failing", "nearest", jobs=2, plugins=FILE)
    assert (len(outcome.failed), len(outcome.done)) == (4, 4)
    assert {record.reason for record in outcome.failed} == {outcome.failed[0].reason}


ORPHAN = """
import multiprocessing, os, time
from concurrent.futures import ProcessPoolExecutor
from serbench.run.parallel import end_with_parent

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
