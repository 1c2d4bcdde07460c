"""Exports from the command line: what goes to the terminal or a file, and what is refused."""

from __future__ import annotations

import json

import pytest
import yaml

from serbench.cli.app import app


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    from typer.testing import CliRunner

    folder = tmp_path_factory.mktemp("exported") / "runs"
    words = ["run", "--model", "majority", "--model", "prior", "--no-floors", "--dataset", "synth", "--seeds", "1"]
    assert CliRunner().invoke(app, [*words, "--out", str(folder)], catch_exceptions=False).exit_code == 0
    return folder


def test_the_model_index_goes_to_the_terminal_or_a_file(serbench, runs, tmp_path):
    words = ("leaderboard", "export", runs, "--format", "hf-model-index", "--model", "prior")
    shown = serbench(*words)
    (model,) = yaml.safe_load(shown.stdout)["model-index"]
    assert (shown.exit_code, shown.stderr, model["name"]) == (0, "", "prior")
    assert serbench(*words, "--to", tmp_path / "index.yml").stdout == f"written: {tmp_path / 'index.yml'}\n"
    assert (tmp_path / "index.yml").read_text() == shown.stdout


def test_croissant_goes_to_the_terminal_and_what_is_unknown_is_named(serbench):
    result = serbench("leaderboard", "export", "--format", "croissant", "--dataset", "emodb")
    assert json.loads(result.stdout)["name"] == "emodb"
    assert "required by Croissant: url, creator, datePublished, distribution;" in result.stderr


@pytest.mark.parametrize(
    ("words", "answer"),
    [
        (("--format", "hf-model-index", "--model", "prior2"), "unknown row 'prior2', expected one of ['majority'"),
        (("--format", "hf-model-index"), "there are 0 models beside the floors, expected --model with one of"),
        (("--format", "hf-model-index", "--dataset", "synth"), "--dataset goes with --format croissant"),
        (("--format", "croissant"), "croissant describes a dataset, expected --dataset NAME"),
        (("--format", "croissant", "--dataset", "emdb"), "did you mean 'emodb'?"),
    ],
)
def test_what_cannot_be_exported_is_a_mistake(serbench, runs, words, answer):
    result = serbench("leaderboard", "export", runs, *words)
    assert (result.exit_code, result.stdout) == (2, "")
    assert answer in result.stderr
