"""Cells as a run would leave them, without a run."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from serbench.results.facts import AudioCopy, DatasetFacts, Environment, PartFacts, ProtocolFacts, Standing
from serbench.results.predictions import TestPredictions
from serbench.results.record import CellKey, Record
from serbench.scoring.figure import Figure

CLASSES = ("angry", "calm", "sad")
MACHINE = {"system": "Linux x86_64", "processor": "Intel(R) Xeon(R)", "cores": 2, "threads": 2, "accelerator": None}
SPEAKERS = tuple("abcdef")


def part(facts):
    """Return the facts of a plugin, with what is not said."""
    return PartFacts.read({"version": "1", "params": {}, "settings": {}, **facts})


def dataset_facts(facts):
    """Return the facts of a corpus, with what is not said."""
    usual = {
        "version": "1",
        "params": {},
        "label_map": {"name": "toy-3", "version": "1"},
        "manifest": "m1",
        "audio": "a1",
    }
    return DatasetFacts.read({**usual, **facts})


def protocol_facts(facts):
    """Return the facts of a protocol, with what is not said."""
    return ProtocolFacts.read({"version": "1", "split": "s1", "folds": 3, **facts})


def standing_facts(facts):
    """Return the facts of a standing, with what is not said."""
    declared = {"seeded": False, "uses_test_statistics": False, "pretrained_on": [], **facts.get("declared", {})}
    usual = {"ranked": True, "diagnostic": False, "headline": True, "reason": None}
    return Standing.read({**usual, **facts, "declared": declared})


def audio_facts(facts):
    """Return the facts of a copy, with what is not said."""
    usual = {
        "label": None,
        "lossy": False,
        "derived": False,
        "clips": 72,
        "seconds": 90.0,
        "published_sample_rates": [],
    }
    formats = {"codec": "FLAC", "sample_rate": 16000, "channels": 1}
    found = {**usual, **formats, **facts}
    if "corpora" in facts:
        found["corpora"] = {name: audio_facts(each).facts() for name, each in facts["corpora"].items()}
    return AudioCopy.read(found)


def make_key(**changed):
    facts = {
        "dataset": {"name": "toy"},
        "protocol": {"name": "si"},
        "fold": "group-1",
        "seed": 0,
        "model": {"name": "logreg", "params": {"c": 1.0}},
        "features": ({"name": "mfcc-stats"},),
        "augmentations": (),
        **changed,
    }
    makers = {"dataset": dataset_facts, "protocol": protocol_facts, "model": part}
    made = {name: make(facts[name]) if isinstance(facts[name], dict) else facts[name] for name, make in makers.items()}
    parts = {name: tuple(map(part, facts[name])) for name in ("features", "augmentations")}
    return CellKey(**{**facts, **made, **parts})


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
        "audio": {"label": "FLAC 16 kHz"},
        "standing": {},
        "scores": {},
        "cost": {},
        "rows": {} if changed.get("status") == "failed" else {"train": 48, "dev": 0, "test": 24, "augmented": 0},
        **changed,
    }
    figures = {name: {key: Figure.read(each) for key, each in facts[name].items()} for name in ("scores", "cost")}
    return Record(
        key=key or make_key(),
        **{
            **facts,
            **figures,
            "environment": Environment.read(facts["environment"]),
            "audio": audio_facts(facts["audio"]),
            "standing": standing_facts(facts["standing"]),
        },
    )


def add_cells(store, *, folds=(0, 1, 2), seeds=(0,), skill=1.0, key=None, per_class=4, **changed):
    """Write done cells; ``key`` holds what differs in their keys."""
    for seed in seeds:
        for fold in folds:
            record = make_record(make_key(fold=f"group-{fold + 1}", seed=seed, **(key or {})), **changed)
            found = make_predictions(fold, seed, skill=skill, per_class=per_class)
            store.write(replace(record, rows={**record.rows, "test": len(found.ids)}), found)


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
