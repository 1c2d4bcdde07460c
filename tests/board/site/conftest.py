"""One board with everything that a page has to show, some of it hostile; and a browser, where there is one."""

from __future__ import annotations

import os
import shutil

import pytest

from serbench.protocol.protocol import REPLICA
from serbench.results.store import Store
from serbench.results.summary import summarise
from tests.board.conftest import build, dataset, model
from tests.results.conftest import MACHINE, add_cells, cells, store

__all__ = ["cells", "store"]

#: A name that would run, break out of an attribute, and write what follows backwards.
HOSTILE = "<script>document.title='taken'</script>\"'><img src=x onerror=alert(1)> \u202etxt.exe {{ 7 * 7 }}"
#: The same as a page shows it: the sign that turns the direction is written out.
SHOWN = HOSTILE.replace("\u202e", "[U+202E]")

#: Name, skill, latency in ms, parameters.
SYSTEMS = (("majority", -0.4, 0.1, 0), ("logreg", 0.2, 1.0, 900), ("good", 8.0, 3.0, 46772), ("slow", 7.9, 90.0, 2e6))


def cost(latency, parameters, macs=1000):
    figures = {"parameters_total": parameters, "macs_3s": macs, "latency_p50_ms": latency, "train_seconds": 1.5}
    known = {name: {"value": value} for name, value in figures.items() if value is not None}
    return {name: {"value": None, "reason": HOSTILE} for name in figures} | known


def fill(store):
    """Write the records of the board."""
    apart = {"ranked": True, "diagnostic": True, "headline": False, "reason": "two speakers"}
    never = {"ranked": False, "diagnostic": False, "headline": True, "reason": None}
    for name, skill, latency, parameters in SYSTEMS:
        facts = {"label": name, "skill": skill, "cost": cost(latency, parameters)}
        for corpus in ("emodb", "emovo", "savee"):
            folds = (0, 1) if (name, corpus) == ("slow", "emovo") else (0, 1, 2)
            add_cells(store, folds=folds, seeds=(0, 1), key={"model": model(name), "dataset": dataset(corpus)}, **facts)
    seen = {**apart, "declared": {"pretrained_on": ["tess"], "uses_test_statistics": True}}
    add_cells(store, key={"model": model("good"), "dataset": dataset("tess")}, label="good", standing=seen)
    hostile = {"label": HOSTILE, "skill": 5.0, "cost": cost(7.0, 5000, macs=None), "notes": (HOSTILE,)}
    audio, machine = {"label": HOSTILE, "lossy": True}, {**MACHINE, "processor": HOSTILE}
    environment = {"versions": {"torch": HOSTILE}, "machine": machine}
    key = {"model": model(HOSTILE, **{"a b": HOSTILE}), "dataset": dataset("emodb")}
    add_cells(store, key=key, audio=audio, environment=environment, **hostile)
    for protocol in ("random", f"{REPLICA}2507.03251"):
        facts = {"name": protocol, "version": "1", "split": f"s-{protocol}", "folds": 3}
        key = {"model": model("good"), "dataset": dataset("emodb"), "protocol": facts}
        add_cells(store, key=key, label="good", standing=never, skill=19.0)
    return store


@pytest.fixture(scope="session")
def board_rows(tmp_path_factory):
    """Return the rows of the board."""
    return summarise(fill(Store(tmp_path_factory.mktemp("board"))))


@pytest.fixture(scope="session")
def board(board_rows, tmp_path_factory):
    """Return a folder with the views of the board, built once."""
    folder = tmp_path_factory.mktemp("views")
    build(board_rows, folder)
    return folder


@pytest.fixture(scope="session")
def chromium():
    """Return the path of a Chromium, or skip: SERBENCH_CHROMIUM, else what is installed."""
    found = os.environ.get("SERBENCH_CHROMIUM") or shutil.which("chromium")
    if not found:
        pytest.skip("no Chromium: neither SERBENCH_CHROMIUM nor a program named chromium (Debian: chromium)")
    return found
