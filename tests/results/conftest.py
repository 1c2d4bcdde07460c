"""Cells as a run would leave them, without a run."""

from __future__ import annotations

import numpy as np
import pytest

from serbench.results.record import CellKey, Record
from serbench.results.store import TestPredictions

CLASSES = ("angry", "calm", "sad")
MACHINE = {"system": "Linux x86_64", "processor": "Intel(R) Xeon(R)", "cores": 2, "threads": 2, "accelerator": None}
SPEAKERS = tuple("abcdef")


def make_key(**changed):
    facts = {
        "dataset": {
            "name": "toy",
            "version": "1",
            "label_map": {"name": "toy-3", "version": "1"},
            "manifest": "m1",
            "audio": "a1",
        },
        "protocol": {"name": "si", "version": "1", "split": "s1", "folds": 3},
        "fold": "group-1",
        "seed": 0,
        "model": {"name": "logreg", "version": "1", "params": {"c": 1.0}},
        "features": ({"name": "mfcc-stats", "version": "1", "params": {}},),
    }
    return CellKey(**{**facts, **changed})


def make_predictions(fold: int, seed: int, *, skill: float = 1.0, per_class: int = 4) -> TestPredictions:
    """Two speakers a fold, ``per_class`` clips of each class; ``skill`` lifts the true class's score."""
    rng = np.random.default_rng([fold, seed])
    speakers = [name for name in SPEAKERS[2 * fold : 2 * fold + 2] for _ in range(3 * per_class)]
    truth = np.tile(np.repeat(np.arange(3), per_class), 2)
    scores = rng.dirichlet(np.ones(3), size=len(truth))
    scores[np.arange(len(truth)), truth] += skill * rng.random(len(truth))
    ids = tuple(f"{name}-{place:03d}" for place, name in enumerate(speakers))
    return TestPredictions(ids, tuple(speakers), truth, scores / scores.sum(axis=1, keepdims=True), CLASSES)


def make_record(key=None, **changed):
    facts = {
        "label": "logreg",
        "status": "done",
        "classes": CLASSES,
        "environment": {"versions": {"torch": "2.11.0"}, "machine": MACHINE},
        "audio": {"label": "FLAC 16 kHz", "lossy": False},
        "standing": {"ranked": True, "diagnostic": False, "headline": True, "reason": None},
    }
    return Record(key=key or make_key(), **{**facts, **changed})


def add_cells(store, *, folds=(0, 1, 2), seeds=(0,), skill=1.0, key=None, per_class=4, **changed):
    """Write done cells; ``key`` holds what differs in their keys."""
    for seed in seeds:
        for fold in folds:
            record = make_record(make_key(fold=f"group-{fold + 1}", seed=seed, **(key or {})), **changed)
            store.write(record, make_predictions(fold, seed, skill=skill, per_class=per_class))


@pytest.fixture
def cells():
    """Return the makers above."""

    class Cells:
        key = staticmethod(make_key)
        record = staticmethod(make_record)
        predictions = staticmethod(make_predictions)
        add = staticmethod(add_cells)
        machine = MACHINE
        classes = CLASSES

    return Cells


@pytest.fixture
def store(tmp_path):
    from serbench.results.store import Store

    return Store(tmp_path / "results")
