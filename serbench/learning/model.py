"""The Model contract: fit on labelled rows, predict scores for rows without labels.

Conventions
-----------
``k`` is the number of classes of the task. A model may know fewer classes than the task has (a class may be
missing from training): :meth:`Predictions.aligned` gives the missing ones the score 0.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, Literal, Self

import numpy as np
import numpy.typing as npt

from serbench.errors import NotFittedError, PluginError
from serbench.features.table import FeatureTable
from serbench.part import Card, Part
from serbench.size import Size
from serbench.use import Use, uses_of

Scores = npt.NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class ModelCard(Card):
    """What a model says of itself.

    Attributes
    ----------
    features
        The feature extractors it takes: by their names, or as :class:`~serbench.use.Use` where one is to have other
        arguments or is taken more than once; none for a model that looks at labels alone.
    augmentations
        Likewise the augmentations whose children it wants beside its training rows.
    chooses_on_dev
        True when it selects anything (an epoch, a constant) on dev. Where False, the runner joins dev to
        train, so that everybody learns from the same rows outside the test set.
    seeded
        False when the seed changes nothing; such a model runs under the first seed only.
    uses_test_statistics
        True when it uses statistics of the test rows beyond one row at a time; the board marks it.
    pretrained_on
        Names of corpora (or of text about them) that weights inside the model saw before ``fit``; a dataset of
        ours by its name here. The board marks the model, and more so on a corpus among them.
    seconds_per_row
        Rough training seconds per training row on one present-day CPU core, for the plan's estimate until
        this machine has times of its own.
    quick
        Arguments with which ``serbench.testing`` runs it, as ``--set`` names them (``epochs``, or
        ``mfcc.n_mfcc`` for a feature's): a form that learns 32 clips in about a second. No part of the identity.
    """

    features: tuple[str | Use, ...] = ()
    augmentations: tuple[str | Use, ...] = ()
    chooses_on_dev: bool = False
    seeded: bool = True
    uses_test_statistics: bool = False
    pretrained_on: tuple[str, ...] = ()
    seconds_per_row: float = 1e-3
    quick: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Predictions:
    """What a model says of rows.

    Attributes
    ----------
    ids
        The rows, in the order in which they came.
    scores
        (n, k') per row and class, finite; probabilities where the model has them.
    labels
        The k' classes of the columns.
    """

    ids: tuple[str, ...]
    scores: Scores
    labels: tuple[str, ...]

    def aligned(self, ids: tuple[str, ...], labels: tuple[str, ...]) -> Scores:
        """Check against what was asked, and return float64 (n, k) with columns in the order of ``labels``.

        Raises
        ------
        PluginError
            When ids differ or are out of order, a class is unknown or repeats, the shape is off, or a score
            is no finite real number.
        """
        said = np.asarray(self.scores)
        if said.dtype.kind not in "fiub":
            raise PluginError(f"scores are of type {said.dtype}, expected real numbers")
        scores = said.astype(np.float64)
        if tuple(self.ids) != ids:
            raise PluginError(f"predictions are for {len(self.ids)} ids in an order of their own, expected those given")
        if scores.shape != (len(ids), len(self.labels)):
            raise PluginError(f"scores have shape {scores.shape}, expected {(len(ids), len(self.labels))}")
        if not np.isfinite(scores).all():
            raise PluginError(f"{int((~np.isfinite(scores)).sum())} scores are not finite, expected all")
        names = [str(label) for label in self.labels]
        if len(set(names)) != len(names) or not set(names) <= set(labels):
            raise PluginError(f"score columns are {names}, expected classes out of {list(labels)}, each once")
        full = np.zeros((len(ids), len(labels)))
        full[:, [labels.index(name) for name in names]] = scores
        return full


class Model(Part):
    """A classifier. An author writes the card, ``fit`` and ``predict``.

    Attributes
    ----------
    device
        Set by the runner before ``fit``: ``cpu``, ``cuda`` or ``mps``. No part of the identity.
    """

    card: ClassVar[ModelCard]
    device: str = "cpu"

    @property
    def features(self) -> tuple[str | Use, ...]:
        """The feature extractors it takes; the card's unless an argument changes them."""
        return self.card.features

    @property
    def augmentations(self) -> tuple[str | Use, ...]:
        """The augmentations it wants; the card's unless an argument changes them."""
        return self.card.augmentations

    def uses(self, what: Literal["features", "augmentations"]) -> tuple[Use, ...]:
        """Return the features or augmentations that it asks for as uses; its own code says so.

        Raises
        ------
        PluginError
            When that code raises, asks for something else than parts, or for two of one name.
        """
        whose = f"{self.card.name}'s {what}"
        try:
            asked = tuple(getattr(self, what))
        except (Exception, SystemExit) as error:
            raise PluginError(f"{whose} are not said: {type(error).__name__}: {error}") from error
        if not all(isinstance(name, str | Use) for name in asked):
            raise PluginError(f"{whose} are {asked!r}, expected names of parts, or Use(...)")
        uses = uses_of(asked, whose)
        if what == "features" and any(use.copies > 1 for use in uses):
            raise PluginError(f"{whose} ask for several copies of one, expected copies of augmentations alone")
        return uses

    def fit(self, train: FeatureTable, dev: FeatureTable | None, *, seed: int) -> Self:
        """Learn from labelled rows.

        Parameters
        ----------
        train
            Rows to learn from, augmented children among them where asked for.
        dev
            Rows to choose on, never test rows; None when the card's ``chooses_on_dev`` is False.
        seed
            The only source of randomness; the global generators stay untouched.

        Returns
        -------
        self. What was learned is stored in attributes that end in ``_``.
        """
        raise NotImplementedError

    def predict(self, test: FeatureTable) -> Predictions:
        """Score rows without labels, each row as if it were alone.

        Raises
        ------
        NotFittedError
            Before ``fit``.
        """
        raise NotImplementedError

    def size(self, clip: FeatureTable) -> Size | None:  # noqa: ARG002  (for models that count operations)
        """Return how large the fitted model is, or None when it does not say.

        Parameters
        ----------
        clip
            A table of one row without a label: a clip of 3 s, for counting the operations of scoring it.
        """
        return None

    def state(self) -> dict[str, npt.NDArray[Any]] | None:
        """Return what ``predict`` needs of what ``fit`` learned, or None when the model cannot be saved.

        Returns
        -------
        Arrays of numbers by name. Constructor arguments and the task's classes are no part of it: they are saved
        beside it.
        """
        return None

    def load_state(self, state: Mapping[str, npt.NDArray[Any]], labels: tuple[str, ...]) -> Self:
        """Take up what a model with the same arguments said in :meth:`state`; it then predicts what that one does.

        Parameters
        ----------
        state
            As ``state`` returned it.
        labels
            The task's classes, in the order of the training table's.

        Returns
        -------
        self.
        """
        raise NotImplementedError

    def history(self) -> list[dict[str, Any]]:
        """Return a JSON-like row per step of training, for the record; empty when there is none."""
        return []

    def check_fitted(self, attribute: str) -> None:
        """Raise :class:`NotFittedError` unless ``attribute`` was set by ``fit``."""
        if not hasattr(self, attribute):
            raise NotFittedError(f"{self.card.name}: predict was called before fit; fit it first")


__all__ = ["Model", "ModelCard", "Predictions", "Size"]
