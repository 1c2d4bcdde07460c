"""The digest of a plugin's code: moved by what the code does, and by nothing else."""

from __future__ import annotations

import importlib
import sys

import pytest

from serbench.source import _digest, source_digest

MODEL = '''
"""A module."""
from lab.helper import factor

class Thing:
    """A class."""
    def act(self):
        return 2 * factor()
'''
HELPER = "def factor():\n    from lab import deeper\n    return deeper.X\n"


@pytest.fixture
def digest(tmp_path, monkeypatch):
    """Return the digest of the class Thing in a package of three files, of which some are changed."""

    def write(**changed):
        folder = tmp_path / "lab"
        folder.mkdir(exist_ok=True)
        for name, text in ({"__init__": "", "model": MODEL, "helper": HELPER, "deeper": "X = 1\n"} | changed).items():
            (folder / f"{name}.py").write_text(text)
        for name in [each for each in sys.modules if each.partition(".")[0] == "lab"]:
            monkeypatch.delitem(sys.modules, name)
        _digest.cache_clear()
        importlib.invalidate_caches()
        return source_digest(importlib.import_module("lab.model").Thing)

    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    yield write
    for name in [each for each in sys.modules if each.partition(".")[0] == "lab"]:
        monkeypatch.delitem(sys.modules, name)


def test_comments_docstrings_and_layout_do_not_count(digest):
    spaced = MODEL.replace("A class.", "Another word.").replace("return 2 * factor()", "return (2\n * factor())  # so")
    assert digest() == digest(model=spaced)


@pytest.mark.parametrize(
    "changed",
    [
        {"model": MODEL.replace("2 *", "3 *")},
        {"helper": HELPER.replace("deeper.X", "-deeper.X")},
        {"deeper": "X = 2\n"},
    ],
    ids=["module", "imported", "imported-in-a-function"],
)
def test_what_the_code_does_counts(digest, changed):
    assert digest() != digest(**changed)
