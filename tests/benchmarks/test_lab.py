"""The laboratory's own benchmark: what it compares between rounds, whatever the times are."""

from __future__ import annotations

import importlib
import json
import sys
from pathlib import Path

import pytest

FOLDER = Path(__file__).parents[2] / "benchmarks"


def figures(p50, macs=100, gpu=None):
    counts = dict.fromkeys(("parameters_total", "parameters_trainable", "macs_per_audio_second", "disk_bytes"), 5)
    values = {
        **counts,
        "macs_3s": macs,
        "latency_p50_ms": p50,
        "latency_all_threads_p50_ms": p50,
        "latency_gpu_p50_ms": gpu,
    }
    return {name: {"value": value} for name, value in values.items()}


@pytest.fixture
def lab(monkeypatch):
    """Return the script with rounds that are made up."""
    monkeypatch.syspath_prepend(str(FOLDER))
    script = importlib.import_module("lab")
    card = {"machine": {"processor": "toy"}, "calibration": {"seconds": 0.05}, "load": 5.0, "threads": {"all": 2}}

    def with_rounds(*rounds):
        waiting = iter(rounds)
        monkeypatch.setattr(
            script,
            "_profile",
            lambda *_: {"card": card, "models": [{"label": name, "figures": f} for name, f in next(waiting).items()]},
        )
        return script

    yield with_rounds
    for name in ("lab", "measure"):
        sys.modules.pop(name, None)


def test_the_spread_is_between_rounds_and_a_missing_place_is_left_out(lab, capsys):
    script = lab({"a": figures(2.0), "b": figures(1.0)}, {"a": figures(2.2), "b": figures(1.5, macs=101)})
    assert script.main(["--json"]) == 0
    facts = json.loads(capsys.readouterr().out)
    assert facts["models"]["a"]["latency"]["1 thread"] == {"p50_ms": [2.0, 2.2], "spread": pytest.approx(0.1)}
    assert set(facts["models"]["a"]["latency"]) == {"1 thread", "all threads"}
    assert facts["models"]["a"]["counts_are_equal"]
    assert not facts["models"]["b"]["counts_are_equal"]
    assert facts["is_one_card"]


def test_the_table_says_which_p50_moved_too_far(lab, capsys):
    lab({"a": figures(2.0), "b": figures(1.0)}, {"a": figures(2.2), "b": figures(1.5)}).main([])
    lines = capsys.readouterr().out.splitlines()
    assert next(line for line in lines if line.startswith("a, 1 thread")).endswith("10.0 %     yes")
    assert next(line for line in lines if line.startswith("b, 1 thread")).endswith("50.0 %      NO")
    assert "counts that differ between rounds: none" in lines
    assert "programs that wanted to run, round by round: 5.0, 5.0; the machine was BUSY" in "\n".join(lines)


def test_one_round_compares_nothing(lab, capsys):
    with pytest.raises(SystemExit):
        lab().main(["--rounds", "1"])
    assert "--rounds is 1, expected 2 or more" in capsys.readouterr().err
