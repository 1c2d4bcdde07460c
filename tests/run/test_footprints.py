"""What a plugin changes in its process is put back, or the process is done with."""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from serbench.run.footprints import Footprints


@pytest.fixture
def footprints(monkeypatch):
    """Return the footprints of this process, whose standard output stays where the tests have it."""
    monkeypatch.setattr("os.dup2", lambda one, other: other)
    for name in ("stdout", "stderr"):
        monkeypatch.setattr(sys, name, getattr(sys, name))
    found = Footprints()
    yield found
    os.close(found._error_stream)


def test_what_can_be_put_back_is_put_back(footprints, tmp_path, monkeypatch):
    folder, path, mask = Path.cwd(), os.environ["PATH"], os.umask(0o022)
    os.umask(mask)
    os.chdir(tmp_path)
    os.umask(0o777)
    monkeypatch.delenv("PATH")
    assert footprints.wipe()
    assert (Path.cwd(), os.environ["PATH"]) == (folder, path)
    assert os.umask(mask) == mask


@pytest.mark.parametrize(("module", "name"), [(np.random, "default_rng"), (os, "replace"), (time, "time")])
def test_a_function_that_was_replaced_makes_the_process_useless(footprints, monkeypatch, module, name):
    assert footprints.wipe()
    monkeypatch.setattr(module, name, lambda *_: 0)
    assert not footprints.wipe()


def test_what_a_library_adds_is_no_harm(footprints, monkeypatch):
    monkeypatch.setattr(np, "newly_added", len, raising=False)
    monkeypatch.setenv("SOME_LIBRARY", "1")
    assert footprints.wipe()
    assert os.environ["SOME_LIBRARY"] == "1"
