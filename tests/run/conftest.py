from __future__ import annotations

import contextlib
from dataclasses import dataclass
from pathlib import Path

import pytest

from serbench.plugin.registry import load_registry
from serbench.results.store import Store
from serbench.run.estimate import Times
from serbench.run.request import Request
from serbench.run.runner import execute
from serbench.run.setup import Setup
from tests.run import toy


@contextlib.contextmanager
def no_progress(label, total):
    yield lambda done: None


@dataclass
class World:
    """A corpus, a cache and a store below one temporary folder."""

    folder: Path
    registry: object
    data_root: Path | None = None

    @property
    def store(self):
        return Store(self.folder / "runs")

    def setup(self, *models, plugins=(), **request):
        return Setup(
            request=Request(models=models, **{"datasets": ("toy",), "seeds": 2, **request}),
            data_roots=[self.data_root or self.folder],
            cache=self.folder / "cache",
            out=self.folder / "runs",
            device="cpu",
            plugins=plugins,
            no_plugins=True,
        )

    def plan(self, *models, **request):
        return self.setup(*models, **request).plan(self.registry, no_progress)

    def run(self, *models, watch=lambda event: None, jobs=1, stacked=False, plugins=(), **request):
        setup = self.setup(*models, plugins=plugins, **request)
        plan, times = setup.plan(self.registry, no_progress), Times(self.folder / "cache", "cpu")
        return execute(plan, self.registry, setup, times, no_progress, watch, jobs=jobs, stacked=stacked)


@pytest.fixture
def world(tmp_path):
    return World(toy.make_corpus(tmp_path), load_registry(only=(), extra=[toy]))


@pytest.fixture
def world_with(tmp_path):
    """Return a function that makes a world with further plugin modules or objects."""
    return lambda *extra: World(toy.make_corpus(tmp_path), load_registry(only=(), extra=[toy, *extra]))
