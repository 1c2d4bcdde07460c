"""The pages of docs/examples: each is one short plugin, held to its contract and run, as its own commands say."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from tests import sample_trees
from tests.pages import blocks, typed_commands

FOLDER = Path(__file__).parents[1] / "docs" / "examples"
PAGES = sorted(FOLDER.glob("*.md"))
#: Lines of a plugin that shows one thing; the hooks that every plugin ends with and empty lines are not counted.
LONGEST = 30

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]


def code_lines(code):
    """Return the lines of a plugin that say something of their own: neither empty, nor of the hooks."""
    body, _, _ = code.partition("@hookimpl")
    return [line for line in body.splitlines() if line.strip()]


@pytest.fixture(scope="module")
def corpora(tmp_path_factory):
    """Return a data root with the corpora that the pages name."""
    root = tmp_path_factory.mktemp("corpora")
    sample_trees.write_clips(root / "savee", sample_trees.savee_names(each=2))  # encoders hear all of it
    sample_trees.sample_meld(root / "meld")
    return root


def test_there_are_examples():
    assert len(PAGES) >= 1


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_an_example_is_short_and_is_checked_and_run(page):
    text = page.read_text(encoding="utf-8")
    (code,) = blocks(text, "python")
    verbs = [shlex.split(command)[1] for command in typed_commands(text)]
    assert len(code_lines(code)) <= LONGEST
    assert {"check", "run"} <= set(verbs)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_an_example_does_what_its_page_says(page, corpora, tmp_path, request):
    text = page.read_text(encoding="utf-8")
    (tmp_path / "path/to").mkdir(parents=True)
    if "path/to/weights" in text:
        pytest.importorskip("transformers")
        (tmp_path / "path/to/weights").symlink_to(request.getfixturevalue("weights_folder"))
    (code,) = blocks(text, "python")
    (tmp_path / f"{page.stem.replace('-', '_')}.py").write_text(code, encoding="utf-8")
    (tmp_path / "path/to/corpora").symlink_to(corpora)
    environment = {**os.environ, "SERBENCH_CACHE": str(tmp_path / "cache")}
    for command in typed_commands(text):
        words = [sys.executable, "-m", *shlex.split(command)]
        done = subprocess.run(words, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
        assert done.returncode == 0, f"{command}\n{done.stdout}{done.stderr}"
