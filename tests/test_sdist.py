"""The source distribution: with it alone somebody can build the package and run its tests."""

from __future__ import annotations

import importlib.metadata
import shutil
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest

from serbench import __version__

TOP = Path(__file__).parents[1]
FOLDERS = ("serbench", "plugins", "tests", "docs", "benchmarks", ".ci", ".github")
#: What a tool leaves beside the sources.
LITTER = shutil.ignore_patterns("__pycache__", "*.pyc", "*.egg-info")
BUILD = "import sys; from setuptools import build_meta; print(build_meta.build_sdist(sys.argv[1]))"
#: The first that reads a licence as this project's file writes it.
SETUPTOOLS = 77


def _setuptools():
    try:
        return int(importlib.metadata.version("setuptools").partition(".")[0])
    except importlib.metadata.PackageNotFoundError:
        return 0


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """Return the files of a source distribution and their modes; it is built from a copy of the sources and a board."""
    if _setuptools() < SETUPTOOLS:
        pytest.skip(f"setuptools is {_setuptools() or 'missing'}, a build needs {SETUPTOOLS} or newer")
    source, made = tmp_path_factory.mktemp("source"), tmp_path_factory.mktemp("made")
    for path in TOP.iterdir():
        if path.is_file() and path.name != ".git":
            shutil.copy(path, source)
    for name in FOLDERS:
        shutil.copytree(TOP / name, source / name, ignore=LITTER)
    (source / "leaderboard" / "records").mkdir(parents=True)
    (source / "leaderboard" / "README.md").touch()
    (source / "leaderboard" / "records" / "one.json").touch()
    done = subprocess.run(
        [sys.executable, "-c", BUILD, str(made)], cwd=source, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    with tarfile.open(made / f"serbench-{__version__}.tar.gz") as archive:
        return {each.name.partition("/")[2]: each.mode for each in archive if each.isfile()}


@pytest.mark.parametrize("folder", FOLDERS)
def test_it_holds_every_file_of(files, tmp_path, folder):
    shutil.copytree(TOP / folder, tmp_path / folder, ignore=LITTER)
    expected = {path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*") if path.is_file()}
    assert expected
    assert expected - set(files) == set()


@pytest.mark.parametrize(
    "name",
    [
        *("README.md", "CHANGELOG.md", "CONTRIBUTING.md", "LICENSE", "SECURITY.md", "CODE_OF_CONDUCT.md"),
        *("CITATION.cff", "MANIFEST.in", "pyproject.toml", "tox.ini", ".gitattributes"),
    ],
)
def test_it_holds(files, name):
    assert name in files


def test_it_leaves_the_published_results_out(files):
    assert [name for name in files if name.startswith("leaderboard/")] == []


def test_it_holds_nothing_that_was_compiled(files):
    assert [name for name in files if "__pycache__" in name or name.endswith(".pyc")] == []


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such mode")
def test_its_gate_can_be_run(files):
    assert files[".ci/run"] & 0o100
