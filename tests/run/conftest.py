from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from pathlib import Path

import pytest

from serbench.cost.quiet import quietly
from serbench.locations import Locations
from serbench.plugin.registry import load_registry
from serbench.results.store import Store
from serbench.run.estimate import Times
from serbench.run.request import Request
from serbench.run.runner import execute
from serbench.run.setup import Setup
from serbench.run.workspace import Workspace, silent
from serbench.weights import WeightFolders
from tests.run import toy


@dataclass
class World:
    """A corpus, a cache and a store below one temporary folder."""

    folder: Path
    registry: object
    data_root: Path | None = None
    weights: tuple[Path, ...] = ()

    @property
    def store(self):
        return Store(self.folder / "runs")

    def locations(self, *data_roots):
        cache = self.folder / "cache"
        return Locations(data_roots or (self.data_root or self.folder,), cache, WeightFolders(self.weights, cache))

    def workspace(self, *data_roots, **settings):
        return Workspace(registry=self.registry, locations=self.locations(*data_roots), settings=settings)

    def setup(self, *models, plugins=(), **request):
        return Setup(
            request=Request(models=models, **{"datasets": ("toy",), "seeds": 2, **request}),
            locations=self.locations(),
            out=self.folder / "runs",
            device="cpu",
            plugins=plugins,
            no_plugins=True,
        )

    def plan(self, *models, **request):
        return self.setup(*models, **request).plan(self.registry, silent)

    def run(self, *models, watch=lambda event: None, jobs=1, stacked=False, plugins=(), **request):
        setup = self.setup(*models, plugins=plugins, **request)
        plan, times = setup.plan(self.registry, silent), Times(self.folder / "cache", "cpu")
        return execute(plan, self.registry, setup, times, silent, watch, jobs=jobs, stacked=stacked)


@pytest.fixture(autouse=True)
def one_attempt(monkeypatch):
    """Time once in this process, however busy the machine is: tests of the runner do not look at times."""
    monkeypatch.setattr("serbench.run.timing.quietly", partial(quietly, attempts=1))


@pytest.fixture
def world(tmp_path):
    return World(toy.make_corpus(tmp_path), load_registry(only=(), extra=[toy]))


@pytest.fixture
def world_with(tmp_path):
    """Return a function that makes a world with further plugin modules or objects."""
    return lambda *extra: World(toy.make_corpus(tmp_path), load_registry(only=(), extra=[toy, *extra]))
