"""A model under test: its tables, its fits, and what it says.

Conventions
-----------
Everything is judged on 32 clips of four voices whose classes any model can learn. The model is fitted with its card's
``quick`` arguments; a fit and its predictions are shared by the checks that only look at them.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from serbench.features.extractor import FeatureExtractor
from serbench.features.table import Column, FeatureTable
from serbench.learning.fusion import models_of
from serbench.learning.model import Model, ModelCard, Predictions
from serbench.part import Part
from serbench.plugin.members import complete
from serbench.plugin.uses import make_features
from serbench.scoring.metrics import uar
from serbench.seeding import generator
from serbench.testing.check import Subject
from serbench.testing.toys import toy_table
from serbench.use import numbered

Scores = npt.NDArray[np.float64]

#: Rows to learn from, to choose on, to predict.
TRAIN, DEV, TEST = 32, 8, 16


@dataclass(frozen=True)
class Toys:
    """Tables as the runner cuts them, but with their labels; ``dev`` is None where the model chooses nothing."""

    train: FeatureTable
    dev: FeatureTable | None
    test: FeatureTable


class ModelSubject(Subject):
    """A model under test."""

    @property
    def card(self) -> ModelCard:
        """What the model says of itself."""
        card: ModelCard = self.part.card
        return card

    @cached_property
    def quick(self) -> dict[str, dict[str, Any]]:
        """The quick arguments by part, the model's own under its name."""
        settings: dict[str, dict[str, Any]] = {}
        for path, value in self.card.quick.items():
            part, _, key = path.rpartition(".")
            settings.setdefault(part or self.name, {})[key] = value
        return settings

    @cached_property
    def arguments(self) -> dict[str, dict[str, Any]]:
        """The quick arguments by part, and before them those that are checked."""
        names = dict.fromkeys([*self.quick, *self.settings])
        return {name: {**self.quick.get(name, {}), **self.settings.get(name, {})} for name in names}

    def create(self, device: str = "cpu") -> Model:
        """Return a fresh model with its quick arguments, and those that are checked."""
        model = complete(self.part.create(**self.arguments.get(self.name, {})), self.registry)
        for each in models_of(model):
            self.told(each)
        model.device = device
        return model

    def parts(self) -> list[Part]:
        """Return the model and its extractors."""
        return [self.create(), *self.extractors.values()]

    @cached_property
    def extractors(self) -> dict[str, FeatureExtractor]:
        """The extractors that it takes, by the names of their columns."""
        made = make_features(self.create(), self.registry, self.arguments)
        return {name: self.told(extractor) for name, extractor in made.items()}

    def toys(self, seed: int) -> Toys:
        """Return tables of clips, with children where the model asks for augmentations."""
        train = toy_table("train", TRAIN, self.extractors, seed)
        wanted = [use.name for use in self.create().uses("augmentations") for _ in range(use.copies)]
        children = [_children(train, name, seed) for name in numbered(wanted)]
        dev = toy_table("dev", DEV, self.extractors, seed + 1_000_000) if self.card.chooses_on_dev else None
        test = toy_table("test", TEST, self.extractors, seed + 2_000_000)
        return Toys(FeatureTable.join([train, *children]), dev, test)

    @cached_property
    def shared(self) -> Toys:
        """The tables of all checks that need none of their own."""
        return self.toys(0)

    @cached_property
    def fitted(self) -> Model:
        """A model that was fitted on the shared tables with seed 0."""
        return self.fit(self.shared)

    @cached_property
    def scores(self) -> Scores:
        """Its scores (n, k) of the shared test rows."""
        return score(self.fitted, self.shared.test)

    def fit(self, toys: Toys, *, seed: int = 0, device: str = "cpu") -> Model:
        """Return a fresh model, fitted."""
        model = self.create(device)
        model.fit(toys.train, toys.dev, seed=seed)
        return model


def _children(table: FeatureTable, name: str, seed: int) -> FeatureTable:
    """Return children of every row: the features as they are, a little noisier."""
    rng = generator(seed, "children", name)
    columns = {}
    for feature, column in table.columns.items():
        noise = 0.01 * column.values.std() * rng.standard_normal(column.values.shape)
        columns[feature] = Column(column.output, column.values + noise.astype(np.float32), column.lengths)
    ids = tuple(f"{uid}+{name}" for uid in table.ids)
    return replace(table, ids=ids, columns=columns, parents=table.ids)


def answer(model: Model, table: FeatureTable) -> Predictions:
    """Return what a model says of rows without their labels."""
    return model.predict(table.without_labels())


def score(model: Model, table: FeatureTable) -> Scores:
    """Return scores (n, k), checked as the runner checks them."""
    return answer(model, table).aligned(table.ids, table.labels)


def uar_of(model: Model, table: FeatureTable) -> float:
    """Return the UAR of a model's scores of labelled rows."""
    return float(uar(table.codes, score(model, table)).value or 0.0)


def difference(one: Scores, other: Scores) -> float:
    """Return the largest difference of two scores, as a share of the largest score where that is above 1."""
    return float(np.abs(one - other).max() / max(1.0, float(np.abs(one).max())))


__all__ = ["DEV", "TEST", "TRAIN", "ModelSubject", "Scores", "Toys", "answer", "difference", "score", "uar_of"]
