"""The scripts that measure: what they do works, and what they conclude follows from the numbers; never how fast."""

from __future__ import annotations

import configparser
import csv
import importlib
import json
import math
import sys
from pathlib import Path

import pytest

FOLDER = Path(__file__).parents[2] / "benchmarks"


@pytest.fixture(autouse=True)
def _own_random_numbers():
    """Scripts draw as they like; nobody after them does."""
    import torch

    with torch.random.fork_rng():
        yield


@pytest.fixture
def script(monkeypatch):
    """Return a function that imports a script by name."""
    monkeypatch.syspath_prepend(str(FOLDER))
    monkeypatch.syspath_prepend(str(FOLDER / "rivals"))
    monkeypatch.setattr(sys, "path", [*sys.path])
    return importlib.import_module


@pytest.fixture
def said(script, capsys):
    """Return a function that runs a script in haste and returns its exit code and its facts."""

    def run(name, *words):
        code = script(name).main(["--quick", "--json", *words])
        return code, json.loads(capsys.readouterr().out)

    return run


def test_cells_of_a_gpu_are_stacked_and_come_out_alike(said):
    code, facts = said("gpu", "--part", "stacked")

    assert code == 0
    assert facts["stacked"]["cells"] == 10
    assert set(facts["stacked"]["uar"]) == {"stacked", "one by one"}
    assert facts["stacked"]["times_the_throughput"]["median"] > 0


def test_features_and_corpora_of_a_gpu_are_measured(said):
    code, facts = said("gpu", "--part", "features", "--part", "corpora")

    assert code == 0
    assert facts["features"]["clips"] == 20
    assert set(facts["features"]["clips_per_second"]) == {facts["device"], "two cores", "decode only"}
    assert facts["corpora"]["corpora"] == ["synth"]
    assert facts["corpora"]["cells"] == 5


def test_an_epoch_is_compared_with_bare_loops_and_with_the_peak(said):
    code, facts = said("training", "--part", "epoch")
    epoch = facts["epoch"]

    assert code == 0
    assert {"serbench", "bare loop", "DataLoader"} <= set(epoch["seconds"])
    assert (epoch["bf16"]["times_faster"] is None) == bool(epoch["bf16"]["reason"])
    assert epoch["times_the_bare_loop"]["bare loop"]["median"] == 1
    assert all(share > 0 for share in epoch["share_of_peak"].values())


def test_a_step_counts_the_operations_of_forward_and_backward(script):
    import torch

    training = script("training")
    layer = torch.nn.Linear(5, 3)

    # forward 2 n d k, and as much again for the weights' gradient; the input needs none
    assert training._operations(layer, torch.randn(7, 5)) == 2 * 2 * 7 * 5 * 3


def test_bf16_is_measured_where_the_processor_has_it(script, monkeypatch):
    training = script("training")
    monkeypatch.setattr(training.Path, "is_file", lambda self: True)
    for flags, known in (("fma avx512_bf16", True), ("fma avx2", False)):
        monkeypatch.setattr(training.Path, "read_text", lambda self, flags=flags: f"flags : {flags}\n")
        assert (training.bf16_reason() is None) == known


def test_every_stage_is_measured_by_recordings_and_by_name(script):
    scaling = script("scaling")
    found = scaling.measure(40)

    assert list(found) == [
        "scan", "stock", "split", "check", "audit", "extract", "reopen", "epoch", "score", "run", "board",
    ]  # fmt: skip
    assert list(scaling.measure_names(500)) == ["scan", "split", "check"]
    assert all(set(each) == {"seconds", "cpu", "mib"} for each in found.values())


@pytest.mark.parametrize(
    ("larger", "exponent"), [(10.0, 1.0), (100.0, 2.0), (1.0, 0.0), (0.05, None)], ids=["n", "n²", "1", "too short"]
)
def test_the_exponent_is_the_slope_between_the_two_largest_sizes(script, larger, exponent):
    by_size = {size: {"scan": {"cpu": cpu}} for size, cpu in ((10, 7.0), (100, 1.0), (1000, larger))}

    assert script("scaling")._exponents(by_size)["scan"] == (exponent if exponent is None else pytest.approx(exponent))


def test_n_log_n_is_told_from_a_power(script):
    by_size = {size: {"scan": {"cpu": size * math.log(size)}} for size in (1000, 10_000)}

    assert 1.1 < script("scaling")._exponents(by_size)["scan"] < 1.15


def test_a_version_builds_the_same_views_as_itself(said):
    code, facts = said("board_build")

    assert code == 0
    assert facts["views_that_differ"] == []
    assert facts["share"]["median"] > 0
    assert facts["share_of_cpu"]["median"] > 0


def test_another_serbench_than_that_of_the_checkout_is_not_measured(script, tmp_path):
    with pytest.raises(RuntimeError, match="expected the serbench of"):
        script("versions").Version.prepared(tmp_path, tmp_path / "place")


def test_a_run_its_features_and_a_first_look_of_two_versions_are_compared(said):
    code, facts = said("safety")

    assert code == 0
    assert {"run", "features", "look"} < set(facts)
    for part in ("run", "features", "look"):
        assert set(facts[part]["seconds"]) == {"this", "other"}
        assert facts[part]["ratio"]["median"] > 0


def test_rivals_are_given_the_same_folds(script, tmp_path):
    projects = script("projects")
    for speaker in ("03", "08", "09"):
        for name in ("a01Wa", "a01Na"):
            (tmp_path / f"{speaker}{name}.wav").touch()
    clips = projects.clips(tmp_path)
    (first, _) = projects.nkululeko_mlp(tmp_path / "mlp", clips, 2)
    (svm,) = projects.nkululeko_svm(tmp_path / "svm", clips)
    project = projects.autrainer(tmp_path / "project", clips, 3)

    def speakers(path):
        with Path(path).open(encoding="utf-8") as stream:
            return {row["speaker"] for row in csv.DictReader(stream)}

    data = configparser.ConfigParser()
    data.read(first)
    assert speakers(data["DATA"]["test"]) == {"03"}
    assert speakers(data["DATA"]["train"]) == {"08", "09"}
    data.read(svm)
    assert speakers(data["DATA"]["all"]) == {"03", "08", "09"}
    last = (project / "conf" / "dataset" / "Fold-09.yaml").read_text(encoding="utf-8").splitlines()
    assert {"train_speakers: [8]", "dev_speakers: [3]", "test_speakers: [9]"} <= set(last)
    assert [clip.emotion for clip in clips[:2]] == ["neutral", "anger"]


def test_a_rival_that_fails_is_named_with_what_it_said(script, tmp_path):
    emodb = script("emodb")
    command = [sys.executable, "-c", "import sys; print('no luck'); sys.exit(3)"]

    with pytest.raises(RuntimeError, match=r"(?s)ended with 3.*no luck"):
        emodb.call(command, tmp_path / "log", {})
