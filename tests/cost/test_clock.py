from __future__ import annotations

import pytest

from serbench.cost import meter
from serbench.cost.meter import Clock, fit_and_predict_figures
from serbench.scoring.figure import Figure


@pytest.fixture
def hands(monkeypatch):
    """What the clock and the processor's clock show."""
    now = {"perf_counter": 100.0, "process_time": 7.0}
    monkeypatch.setattr(meter.time, "perf_counter", lambda: now["perf_counter"])
    monkeypatch.setattr(meter.time, "process_time", lambda: now["process_time"])
    return now


def work(hands, clock, processor):
    hands["perf_counter"] += clock
    hands["process_time"] += processor


def test_a_block_has_its_seconds_of_both_clocks(hands):
    with Clock() as fit:
        work(hands, 4.0, 3.0)
    work(hands, 50.0, 50.0)
    with Clock() as predict:
        work(hands, 0.5, 0.25)

    assert (fit, predict) == (Clock(4.0, 3.0), Clock(0.5, 0.25))
    assert fit.share(4) == Clock(1.0, 0.75)
    assert fit_and_predict_figures(fit, predict) == {
        "train_seconds": Figure(4.0),
        "train_cpu_seconds": Figure(3.0),
        "predict_seconds": Figure(0.5),
    }
