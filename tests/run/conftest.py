from __future__ import annotations

import contextlib
from dataclasses import dataclass
from pathlib import Path

import pytest

from serbench.plugin.registry import load_registry
from serbench.results.store import Store
from serbench.run.estimate import Times
from serbench.run.plan import Request, make_plan
from serbench.run.runner import execute
from tests.run import toy


@contextlib.contextmanager
def no_progress(label, total):
    yield lambda done: None


@dataclass
class World:
    """A corpus, a cache and a store below one temporary folder."""

    folder: Path
    registry: object

    @property
    def store(self):
        return Store(self.folder / "runs")

    def plan(self, *models, **request):
        asked = {"datasets": ("toy",), "seeds": 2, **request}
        return make_plan(
            Request(models=models, **asked),
            self.registry,
            self.store,
            [self.folder],
            self.folder / "cache",
            no_progress,
        )

    def run(self, *models, watch=lambda event: None, **request):
        plan = self.plan(*models, **request)
        return execute(plan, self.registry, self.store, Times(self.folder / "cache", "cpu"), no_progress, watch)


@pytest.fixture
def world(tmp_path):
    return World(toy.make_corpus(tmp_path), load_registry(only=(), extra=[toy]))


@pytest.fixture
def world_with(tmp_path):
    """Return a function that makes a world with further plugin modules or objects."""
    return lambda *extra: World(toy.make_corpus(tmp_path), load_registry(only=(), extra=[toy, *extra]))
