"""``serbench list checkpoints``, and ``--weights`` of the commands that work with pretrained weights."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from serbench.digest import sha256_file
from tests.run import toy, weighted
from tests.tiny_encoders import MADE

PLUGINS = [word for module in (toy, weighted) for word in ("--plugin", Path(module.__file__))]


@pytest.fixture(autouse=True)
def _nowhere(monkeypatch, tmp_path):
    """Nothing of this user is found."""
    monkeypatch.delenv("SERBENCH_WEIGHTS", raising=False)
    monkeypatch.setenv("SERBENCH_CACHE", str(tmp_path / "cache"))
    for name in ("HF_HUB_CACHE", "HF_HOME", "TORCH_HOME"):
        monkeypatch.setenv(name, str(tmp_path / "nowhere"))


@pytest.fixture
def pretrained(tmp_path):
    """Return a folder with one of two checkpoints."""
    place = tmp_path / "pretrained" / "small"
    place.mkdir(parents=True)
    (place / "model.safetensors").write_bytes(weighted.file_of(*weighted.SMALL))
    return tmp_path / "pretrained"


def test_each_is_listed_with_who_uses_it_and_where_it_lies(serbench, pretrained):
    found = json.loads(serbench("list", "checkpoints", *PLUGINS, "--weights", pretrained, "--json").stdout)

    by_name = {each["name"]: each for each in found}
    small, large = by_name["small"], by_name["large"]
    assert small["used_by"] == ["scaled", "tuned"]
    assert small["found"] == str(pretrained / "small")
    assert small["missing"] is None
    assert small["sha256"] == weighted.Scaled().checkpoint.sha256
    assert (large["name"], large["used_by"], large["found"]) == ("large", ["scaled"], None)
    assert "write large yourself" in large["missing"]
    assert (large["trained_on"], large["licence"]) == (["toy"], "CC0")


def test_the_table_says_the_same_in_80_columns(serbench, pretrained):
    said = serbench("list", "checkpoints", *PLUGINS, "--weights", pretrained).stdout

    assert {"checkpoint", "small", "large"} <= {line.split()[0] for line in said.splitlines() if line[0] != " "}
    assert max(map(len, said.splitlines())) <= 80


def test_those_of_the_built_in_encoders_are_listed_and_say_how_to_obtain_them(serbench):
    found = json.loads(serbench("list", "checkpoints", "--no-plugins", "--json").stdout)
    assert {"ge2e", "whisper-tiny.en", "facebook/hubert-base-ls960"} <= {each["name"] for each in found}
    assert all(each["found"] is None and each["missing"] for each in found)


def test_weights_are_no_matter_of_other_listings(serbench, pretrained):
    result = serbench("list", "models", "--weights", pretrained)
    assert result.exit_code == 2
    assert "--weights is for serbench list checkpoints" in result.stderr


def test_a_card_names_its_checkpoints(serbench):
    facts = json.loads(serbench("show", "scaled", *PLUGINS, "--json").stdout)
    assert [each["name"] for each in facts["checkpoints"]] == ["small", "large"]
    assert "small, large" in serbench("show", "scaled", *PLUGINS).stdout
    assert json.loads(serbench("show", "majority", "--json").stdout)["checkpoints"] == []


def test_a_run_and_a_check_take_the_folder(serbench, pretrained, tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(Path(__file__).parents[2])  # the plugin's file imports from here, in a worker too
    toy.make_corpus(tmp_path / "corpora", speakers=3, takes=1)
    places = ["--dataset", "toy", "--data-root", tmp_path / "corpora", "--out", tmp_path / "runs", "--jobs", "1"]
    words = ["run", "--model", "weighing", *places, *PLUGINS, "--no-floors"]

    missing = serbench(*words)
    assert missing.exit_code == 4
    assert "scaled requires its checkpoint" in missing.stderr
    assert serbench(*words, "--weights", pretrained).exit_code == 0
    (pretrained / "small" / "model.safetensors").write_bytes(weighted.file_of(9, 9))
    exchanged = serbench(*words, "--weights", pretrained)
    assert exchanged.exit_code == 3
    assert "has sha256" in exchanged.stderr


def test_a_name_that_is_no_checkpoint_is_answered_with_those_that_are(serbench, pretrained):
    words = ["run", "--model", "weighing", "--set", "scaled.scale=smal", "--dataset", "synth", *PLUGINS]
    result = serbench(*words, "--weights", pretrained)

    assert result.exit_code == 2
    assert "did you mean 'small'?" in result.stderr


def test_a_newcomer_runs_a_probe_on_what_the_hub_s_cache_holds(serbench, tmp_path, monkeypatch):
    """All of ``serbench run --model superb-probe --set encoder=wavlm-base-plus`` but the download."""
    transformers = pytest.importorskip("transformers")
    import torch

    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path / "hub"))
    words = ["run", "--model", "superb-probe", "--set", "encoder=wavlm-base-plus", "--no-floors", "--seeds", "1"]
    words += ["--dataset", "synth", "--set", "synth.speakers=4", "--set", "synth.takes=1", "--set", "synth.sentences=1"]
    words += ["--set", "epochs=2", "--out", str(tmp_path / "runs")]

    absent = serbench(*words)
    assert absent.exit_code == 4
    said = " ".join((absent.stdout + absent.stderr).split())
    assert "hf download microsoft/wavlm-base-plus config.json pytorch_model.bin brings it into the hub's cache" in said

    folder = tmp_path / "hub" / "models--microsoft--wavlm-base-plus" / "snapshots" / "0123456789"
    folder.mkdir(parents=True)
    _, config, _ = MADE["wavlm-layer"]
    with torch.random.fork_rng():
        model = transformers.WavLMModel(transformers.WavLMConfig(**config))
    model.config.save_pretrained(folder)
    torch.save(model.state_dict(), folder / "pytorch_model.bin")

    other = serbench(*words)
    assert other.exit_code == 3
    assert "expected 3bb273a6ace99408b50cfc81afdbb7ef2de02da2eab0234e18db608ce692fe51" in other.stderr

    digest = sha256_file(folder / "pytorch_model.bin")
    done = serbench(*words, "--set", f"encoder-mean.sha256={digest}", "--json")
    assert done.exit_code == 0, done.stderr
    (row,) = json.loads(done.stdout)["rows"]
    assert row["cells"] == {"done": 4, "expected": 4, "failed": 0, "skipped": 0}
    assert row["columns"]["pretrained_on"] == "gigaspeech; libri-light; voxpopuli"
    inside = sum(each.numel() for each in model.parameters())
    assert row["columns"]["parameters_total"] - row["columns"]["model_alone_parameters"] >= inside
