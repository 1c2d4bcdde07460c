from __future__ import annotations

import signal

import numpy as np
import pytest

from serbench.cost.calibration import VERSION
from serbench.cost.efficiency import FIGURES
from serbench.cost.quiet import Timing
from serbench.plugin.hookspecs import hookimpl
from serbench.results.summary import summarise
from serbench.scoring.figure import Figure
from tests.run import toy


def scores(world):
    return [(row.label, row.uar.value, row.confusion) for row in summarise(world.store)]


def test_every_cell_becomes_a_whole_record(world):
    outcome = world.run("nearest", "augmented", "choosy", "majority")
    records = {record.label: record for record in world.store.records()}

    assert not outcome.failed
    assert len(outcome.done) == 4 + 8 + 4 + 4
    assert records["nearest"].rows == {"train": 27, "dev": 0, "test": 9, "augmented": 0}
    assert records["choosy"].rows == {"train": 18, "dev": 9, "test": 9, "augmented": 0}
    assert records["augmented"].rows == {"train": 27, "dev": 0, "test": 9, "augmented": 27}
    assert records["nearest"].classes == ("angry", "calm", "sad")
    assert set(records["nearest"].cost) == set(FIGURES)
    assert records["nearest"].scores["uar"].value == pytest.approx(1.0)
    assert records["majority"].scores["uar"].value == pytest.approx(1 / 3)
    assert np.sum(records["nearest"].confusion) == 9
    assert set(records["majority"].environment.facts()) - {"disturbed"} == {
        "versions", "machine", "calibration", "jobs"
    }  # fmt: skip
    assert "sentences are spoken both in test and outside it" in " ".join(records["nearest"].notes)


def test_a_figure_has_a_value_or_a_reason(world):
    world.run("nearest", "majority", "prior")
    for record in world.store.records():
        for name, figure in record.cost.items():
            assert (figure.value is None) == bool(figure.reason), (record.label, name)


def test_latency_is_measured_once_per_model(world):
    world.run("nearest")
    measured = [record.key.fold for record in world.store.records() if record.cost["latency_p50_ms"].value]

    assert measured == ["speaker-spk0"]


def test_a_latency_has_the_pace_of_the_machine_at_that_moment_beside_it(world, monkeypatch):
    def kernel(seconds):
        return {"kernel": VERSION, "seconds": seconds, "value": 1.0}

    monkeypatch.setattr("serbench.run.runner.calibrate", lambda: kernel(0.03))
    monkeypatch.setattr(
        "serbench.run.timing.quietly", lambda work: Timing(work(), kernel(0.02), "other programs had 1.0 of 2 cores")
    )
    world.run("nearest")
    found = {
        record.environment.calibration.seconds: record.cost["latency_p50_ms"].value is None
        for record in world.store.records()
    }

    assert found == {0.03: True, 0.02: False}
    (row,) = summarise(world.store)
    assert row.calibration == Figure(0.02)
    assert row.disturbed == "other programs had 1.0 of 2 cores"


def test_finished_cells_are_not_run_again(world):
    world.run("nearest")
    before = {path: path.stat().st_mtime_ns for path in world.folder.joinpath("runs").rglob("*.json")}
    outcome = world.run("nearest")

    assert not outcome.done
    assert before == {path: path.stat().st_mtime_ns for path in world.folder.joinpath("runs").rglob("*.json")}


def test_a_failing_plugin_makes_a_failed_record_and_the_rest_goes_on(world):
    outcome = world.run("failing", "nearest")

    assert len(outcome.failed) == len(outcome.done) == 4
    assert outcome.failed[0].reason.startswith("RuntimeError: no luck today (in toy.py:")
    assert world.run("failing", "nearest").done == []


def test_a_failed_cell_is_tried_again_and_its_record_replaced(world, monkeypatch):
    world.run("failing")
    monkeypatch.setattr(toy.Failing, "fit", toy.Nearest.fit)
    outcome = world.run("failing")

    assert len(outcome.done) == 4
    assert {record.status for record in world.store.records()} == {"done"}


def test_an_interrupted_run_keeps_what_it_had_and_ends_like_an_undisturbed_one(world, world_with, tmp_path):
    def stop(event):
        if event.kind == "done" and event.cell.endswith("spk2/seed0/nearest"):
            raise KeyboardInterrupt

    outcome = world.run("nearest", "prior", watch=stop)
    assert outcome.interrupted
    assert len(list(world.store.records())) == 3

    resumed = world.run("nearest", "prior")
    assert len(resumed.done) == 12 - 3
    whole = scores(world)
    for path in world.folder.joinpath("runs").rglob("*.*"):
        path.unlink()
    world.run("nearest", "prior")
    assert scores(world) == whole


def test_observers_see_every_cell_and_cannot_end_a_run(world_with, caplog):
    seen = []

    class Watcher:
        @hookimpl
        def serbench_job_event(self, event):
            seen.append((event.kind, event.cell.rsplit("/", 1)[-1]))
            raise ValueError("an observer's bug")

    outcome = world_with(Watcher()).run("nearest", "failing")

    assert len(outcome.done) == 4
    assert seen == [("start", "nearest"), ("done", "nearest")] * 4 + [("start", "failing"), ("failed", "failing")] * 4
    assert "observer" in caplog.text


@pytest.fixture
def unreadable(world):
    path = world.folder / "toy" / "spk1" / "calm-1.wav"
    path.write_bytes(path.read_bytes()[:-100])
    return path


def test_an_unreadable_recording_fails_the_corpus_and_is_named(world, unreadable):
    outcome = world.run("nearest", "majority")

    assert not outcome.done
    assert all("1 recordings cannot be read" in record.reason for record in outcome.failed)
    assert all(str(unreadable.name) in record.reason for record in outcome.failed)
    assert "--skip-bad-audio" in outcome.failed[0].reason


def test_unreadable_recordings_are_left_out_on_request_and_recorded(world, unreadable):
    outcome = world.run("nearest", skip_bad_audio=True)

    assert not outcome.failed
    assert sum(record.rows["test"] for record in outcome.done) == 35
    assert all(list(record.left_out) == ["calm-spk1-1"] for record in outcome.done)
    assert all(unreadable.name in record.left_out["calm-spk1-1"] for record in outcome.done)


def test_interruptions_are_the_keyboards(world):
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
