"""The README's commands, run as they stand there; its plugin, run by name."""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from serbench.cli.app import app
from tests import sample_trees

README = (Path(__file__).parents[1] / "README.md").read_text(encoding="utf-8")
#: What the page shows after a dollar sign, in its order.
COMMANDS = re.findall(r"^\$ (serbench .*)$", README, re.MULTILINE)
#: Where the page's reader has recordings.
CORPORA = "path/to/corpora"


@pytest.fixture(scope="module")
def reader(tmp_path_factory):
    """Return a function that types a command of the page into a shell that stands in an empty folder."""
    folder = tmp_path_factory.mktemp("reader")
    sample_trees.sample_emodb(folder / "corpora" / "emodb")
    environment = {**os.environ, "SERBENCH_CACHE": str(folder / "cache")}

    def run(command):
        words = shlex.split(command.replace(CORPORA, "corpora"))
        if "--all-datasets" in words:
            words[1] = "plan"  # an hour of training is announced, not done
        return subprocess.run(
            [sys.executable, "-m", *words], cwd=folder, env=environment, capture_output=True, text=True, check=False
        )

    return run


def test_the_page_shows_commands():
    assert len(COMMANDS) >= 6


@pytest.mark.parametrize("command", COMMANDS)
def test_a_command_of_the_page_runs(reader, command):
    """In the page's order: what a run leaves behind, the next command shows."""
    result = reader(command)
    assert (result.returncode, result.stderr) == (0, "")
    assert result.stdout


def test_the_page_s_model_runs(install, tmp_path):
    (code,) = re.findall(r"^```python\n(.*?)^```", README, re.DOTALL | re.MULTILINE)
    install("always_first", code)
    command = ["run", "--model", "always-first", "--no-floors", "--dataset", "synth", "--seeds", "1", "--json"]
    result = CliRunner().invoke(app, [*command, "--out", str(tmp_path / "runs")], catch_exceptions=False)
    (row,) = json.loads(result.stdout)["rows"]
    assert (result.exit_code, row["scores"]["uar"]["mean"]["value"]) == (0, 0.25)
