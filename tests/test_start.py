"""What a fresh interpreter loads: the command line answers before anything heavy is there."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

HEAVY = {
    "torch",
    "torchaudio",
    "librosa",
    "pandas",
    "sklearn",
    "scipy",
    "pyarrow",
    "numba",
    "soundfile",
    "miniaudio",
    "soxr",
    "matplotlib",
}

PROGRAM = """
import json, sys
{work}
json.dump(sorted({{name.partition(".")[0] for name in sys.modules}}), sys.stderr)
"""

CLI = """
sys.argv = ["serbench", *{arguments!r}]
from serbench.cli.app import main
try:
    main()
except SystemExit as end:
    assert not end.code, end.code
"""


def loaded_by(work):
    """Return the top-level names of all modules that a fresh interpreter has loaded after ``work``."""
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM.format(work=work)],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "SERBENCH_PLUGINS": ""},
    )
    assert done.returncode == 0, done.stderr
    return set(json.loads(done.stderr.splitlines()[-1]))


@pytest.mark.parametrize(
    "arguments",
    [
        ["--help"],
        ["--version"],
        ["list", "--help"],
        ["list", "datasets"],
        ["list", "features"],
        ["list", "augmentations"],
        ["list", "models"],
        ["list", "metrics"],
        ["list", "protocols"],
        ["list", "plugins", "--json"],
        ["show", "attn1dcnn"],
        ["show", "mfcc"],
        ["show", "uar"],
        ["data", "where"],
        ["cache", "info"],
    ],
    ids=" ".join,
)
def test_the_command_line_loads_nothing_heavy(arguments):
    assert loaded_by(CLI.format(arguments=arguments)) & HEAVY == set()


def test_a_run_that_is_done_loads_no_torch(tmp_path):
    arguments = ["run", "--model", "majority", "--dataset", "synth", "--device", "cpu", "--out", str(tmp_path)]
    assert "torch" in loaded_by(CLI.format(arguments=arguments))

    assert loaded_by(CLI.format(arguments=arguments)) & {"torch", "pandas", "sklearn", "librosa", "soundfile"} == set()


def test_help_loads_neither_numpy_nor_rich_nor_a_plugin():
    assert loaded_by(CLI.format(arguments=["--help"])) & {"numpy", "rich", "serbench_plugins"} == set()


@pytest.mark.parametrize("module", ["serbench", "serbench.api", "serbench.plugin.registry", "serbench_plugins"])
def test_the_libraries_load_nothing_heavy(module):
    assert loaded_by(f"import {module}") & (HEAVY | {"rich", "typer"}) == set()


def test_python_m_is_the_same_program():
    done = subprocess.run([sys.executable, "-m", "serbench", "--version"], capture_output=True, text=True, check=True)
    assert done.stdout.startswith("serbench 0.")
