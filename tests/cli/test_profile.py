"""``profile`` as a person meets it: tables that say what they are, reasons for what is missing, JSON in full."""

from __future__ import annotations

import json

import pytest

from serbench.cli.profile import is_busy
from serbench.cost.efficiency import FIGURES

PLUGIN = """
from serbench.api import Model, ModelCard, hookimpl

class Refuses(Model):
    '''It cannot be fitted.'''
    card = ModelCard(name="refuses", version="1", summary="refuses", features=())

    def fit(self, train, dev, *, seed):
        raise ArithmeticError("the moon is\\n not full")

@hookimpl
def serbench_models():
    yield Refuses
"""


@pytest.fixture
def plugin(tmp_path):
    path = tmp_path / "refuses.py"
    path.write_text(PLUGIN)
    return path


def test_tables_name_their_units_and_what_is_missing(serbench):
    result = serbench("profile", "--model", "majority", "--model", "prior", "--runs", "3")

    assert result.exit_code == 0
    lines = result.stdout.splitlines()
    assert max(map(len, lines)) <= 80
    titles = [above for above, line in zip(["", *lines], lines, strict=False) if line.startswith("model  ")]
    assert titles == [
        "size; memory and disk in bytes",
        "the model alone, its features left out; memory in bytes",
        "answering one clip; peak memory in bytes",
        "latency of a clip of 3 s at batch 1, in ms",
        "throughput, in seconds of audio per second",
    ]
    assert "model     numbers  trained  memory  disk  MACs 3 s  MACs/s" in lines
    assert "- all of fitting: fitted in haste; name a dataset" in lines
    assert "feature seconds per audio second; features p50 of majority: majority takes no" in result.stdout
    assert "Latency: 3 runs after 10 that are not timed" in result.stdout
    assert lines[-1].endswith("--json")


def test_json_has_a_value_or_a_reason_for_every_figure(serbench):
    facts = json.loads(serbench("profile", "--model", "majority", "--runs", "3", "--json").stdout)

    assert set(facts) == {"card", "thoroughness", "models"}
    assert facts["thoroughness"]["runs"] == 3
    assert set(facts["card"]) == {"machine", "threads", "precision", "versions", "calibration", "load"}
    (model,) = facts["models"]
    assert model["fitted_on"] == {"dataset": "synth", "rows": 16, "quick": True}
    assert list(model["figures"]) == list(FIGURES)
    for figure in model["figures"].values():
        assert (figure["value"] is None) == bool(figure.get("reason"))
    measured = {name for name, figure in model["figures"].items() if figure["value"] is not None}
    assert measured >= {
        *("parameters_total", "disk_bytes", "macs_3s", "macs_per_audio_second", "cold_start_seconds"),
        *("latency_p50_ms", "latency_p90_ms", "model_latency_p50_ms", "latency_all_threads_p50_ms"),
        *("throughput_all_threads_batch_64_realtime", "throughput_all_threads_best_batch"),
    }


def test_a_model_that_cannot_be_fitted_leaves_the_others_alone(serbench, plugin):
    asked = ("profile", "--model", "refuses", "--model", "majority", "--plugin", plugin, "--runs", "3")
    result = serbench(*asked)

    assert result.exit_code == 7
    assert "- everything of refuses: fitting failed: ArithmeticError: the moon is not full" in result.stdout
    assert "error: 1 of 2 models cannot be fitted: refuses" in result.stderr


@pytest.mark.parametrize(("load", "busy"), [(None, False), (2.0, False), (3.0, False), (3.1, True), (10.0, True)])
def test_a_busy_machine_is_told_by_its_load(load, busy):
    assert is_busy({"load": load, "threads": {"all": 2}}) == busy


@pytest.mark.parametrize(
    ("words", "code", "message"),
    [
        ((), 2, "expected either --model NAME or --all-models"),
        (("--model", "majority", "--all-models"), 2, "expected either --model NAME or --all-models"),
        (("--model", "majorty"), 2, "majority"),
        (("--model", "majority", "--dataset", "sinth"), 2, "synth"),
        (("--model", "majority", "--set", "majority.depth=2"), 2, "depth"),
        (("--model", "majority", "--runs", "0"), 2, "--runs"),
    ],
)
def test_errors_are_one_line_before_anything_is_measured(serbench, words, code, message):
    result = serbench("profile", *words)
    assert result.exit_code == code
    assert message in result.stderr
    assert result.stdout == ""
