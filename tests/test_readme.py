"""The README's commands, typed as they stand there, in the page's order; its plugin, run by name."""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from serbench.cli.app import app
from tests import sample_trees
from tests.pages import blocks, resolve, typed_commands

README = (Path(__file__).parents[1] / "README.md").read_text(encoding="utf-8")
#: Every command of the page, in blocks, in tables and in prose. One that stands there twice is typed twice.
COMMANDS = typed_commands(README)
_ALL = "--model attn1dcnn --all-datasets --data-root path/to/corpora"
_INFLATE = "--model logreg --dataset synth --out inflation"
_CROSS = "--protocol cross --model logreg --dataset emodb --dataset savee --data-root path/to/corpora"
_ADAPT = (
    "--protocol adapt --set adapt.target=emodb --model logreg --dataset emodb --dataset savee "
    "--data-root path/to/corpora"
)
#: What is typed in place of what stands on the page, where that would take long.
INSTEAD = {
    # an hour of training is announced, not done
    f"serbench run {_ALL}": f"serbench plan {_ALL}",
    # how often a figure is measured changes nothing in how it is asked for
    f"serbench inflate {_INFLATE}": f"serbench inflate {_INFLATE} --seeds 1",
    f"serbench run {_CROSS}": f"serbench run {_CROSS} --seeds 1",
    f"serbench run {_ADAPT}": f"serbench run {_ADAPT} --seeds 1",
    "serbench profile --model mlp": "serbench profile --model mlp --runs 20",
}
#: What is answered to the commands that ask.
ANSWERS = {"serbench cache prune": "y\n"}
#: What the commands leave behind, as the page says.
LEFT = (
    *("inflation/inflation.md", "runs/README.md", "runs/site/index.html", "runs/leaderboard.json"),
    *("speakers.pdf", "model-index.yml", "trained/models"),
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Return the folder where the page's reader works, with the files that the page takes for granted."""
    folder = tmp_path_factory.mktemp("reader")
    sample_trees.sample_emodb(folder / "path/to/corpora/emodb")
    # sound that is not in the other corpus: the runner refuses one recording on both sides
    for number, name in enumerate(sample_trees.savee_names(each=5), start=1000):
        sample_trees.write_clip(folder / "path/to/corpora/savee" / name, number)
    sample_trees.write_clip(folder / "clip.wav")
    (code,) = blocks(README, "python")
    (folder / "always_first.py").write_text(code, encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def reader(folder):
    """Return a function that types a command of the page into a shell that stands in the reader's folder."""
    environment = {**os.environ, "SERBENCH_CACHE": str(folder / "cache")}

    def run(command):
        return subprocess.run(
            [sys.executable, "-m", *shlex.split(INSTEAD.get(command, command))],
            cwd=folder,
            env=environment,
            input=ANSWERS.get(command, ""),
            capture_output=True,
            text=True,
            check=False,
        )

    return run


def test_the_page_shows_commands():
    assert len(COMMANDS) >= 25


@pytest.mark.parametrize("command", [*INSTEAD, *ANSWERS])
def test_what_is_treated_apart_stands_on_the_page(command):
    assert command in COMMANDS


@pytest.mark.parametrize("command", COMMANDS)
def test_a_command_of_the_page_runs(reader, command):
    """In the page's order: what a command leaves behind, the next one uses."""
    if command.startswith("serbench plot"):
        pytest.importorskip("matplotlib", reason="figures need the extra plot")
    result = reader(command)
    asked = result.stderr if command in ANSWERS else ""
    assert (result.returncode, result.stderr) == (0, asked)
    assert result.stdout


@pytest.mark.parametrize("name", LEFT)
def test_the_commands_left_what_the_page_says(folder, name):
    if name.endswith(".pdf"):
        pytest.importorskip("matplotlib", reason="figures need the extra plot")
    assert (folder / name).exists()


def test_the_commands_that_install_parse():
    """They make environments, which is tried elsewhere; here their words are held to the program's options."""
    lines = "".join(blocks(README, "sh")).splitlines()
    found = [
        part.split()[1:] for line in lines for part in line.split(" && ") if part.startswith(".venv/bin/serbench ")
    ]
    assert found
    for words in found:
        command, rest = resolve(words)
        with command.make_context("serbench", list(rest)) as context:
            assert context.params["model"]


def test_the_page_s_model_runs(install, tmp_path):
    (code,) = blocks(README, "python")
    install("always_first", code)
    command = ["run", "--model", "always-first", "--no-floors", "--dataset", "synth", "--seeds", "1", "--json"]
    result = CliRunner().invoke(app, [*command, "--out", str(tmp_path / "runs")], catch_exceptions=False)
    (row,) = json.loads(result.stdout)["rows"]
    assert (result.exit_code, row["scores"]["uar"]["mean"]["value"]) == (0, 0.25)
