"""Latencies of slow systems: fewer calls, and no percentile that so few cannot say."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from serbench.cost import latency
from serbench.cost.latency import ONE_THREAD, Specimen, affordable_runs, latency_figures
from serbench.cost.noise_clip import NoiseClips
from serbench.plugin.registry import load_registry


@pytest.fixture
def specimen():
    majority = load_registry(only=()).get("model", "majority")()
    noise = NoiseClips({}, ("angry", "calm"))
    rows = replace(noise.table(4), y=np.array(["angry", "calm"] * 2))
    return Specimen("majority", majority.fit(rows, None, seed=0), noise)


@pytest.mark.parametrize(("seconds", "runs"), [(1e-4, 200), (0.05, 200), (0.1, 100), (0.4, 25), (3.0, 20)])
def test_a_slow_system_is_called_as_often_as_ten_seconds_hold(specimen, monkeypatch, seconds, runs):
    monkeypatch.setattr(latency, "timed", lambda call, wait: seconds)
    assert affordable_runs(specimen, ONE_THREAD) == runs


def test_the_first_call_may_load_a_network_and_does_not_count(specimen, monkeypatch):
    taken = iter([60.0, 0.1])
    monkeypatch.setattr(latency, "timed", lambda call, wait: next(taken))
    assert affordable_runs(specimen, ONE_THREAD) == 100


def test_a_system_that_cannot_be_called_says_why_where_it_is_measured(specimen, monkeypatch):
    def refuse(rows):
        raise RuntimeError("no answer")

    monkeypatch.setattr(specimen.model, "predict", refuse)
    assert affordable_runs(specimen, ONE_THREAD) == latency.RUNS


@pytest.mark.parametrize(("runs", "is_known"), [(99, False), (100, True)])
def test_a_99th_percentile_takes_100_calls(specimen, runs, is_known):
    figures = latency_figures([specimen], ONE_THREAD, runs=runs, warm_up=0)["majority"]
    assert figures["latency_p50_ms"].value is not None
    assert figures["latency_p90_ms"].value is not None
    assert (figures["latency_p99_ms"].value is not None) == is_known
    if not is_known:
        assert figures["latency_p99_ms"].reason == "99 timed calls, expected 100 for a 99th percentile"
