"""SklearnModel: authors name an estimator of scikit-learn or a pipeline of them; the rest is here.

Conventions
-----------
Rows are vectors; several features lie side by side in the order in which the model names them: ``x`` is float32
(n, d). Scores are probabilities, or the softmax of decision values: the order of classes in a row is the estimator's.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Self

import numpy as np
import numpy.typing as npt

from serbench.errors import PluginError
from serbench.features.table import FeatureTable, Floats
from serbench.learning.model import Model, ModelCard, Predictions, Scores, Size
from serbench.seeding import derive


class SklearnModel(Model):
    """An estimator of scikit-learn, or anything that fits and predicts like one. An author writes ``estimator``.

    Each ``random_state`` that is None, in a pipeline too, is drawn from the seed, and an ``n_jobs`` becomes 1: cells
    run side by side. A model in which nothing is random says ``seeded=False`` on its card.

    Example
    -------
    ::

        class Svm(SklearnModel):
            card = ModelCard(name="svm", version="1", summary="a support vector machine", features=("mfcc-stats",),
                             seeded=False)

            def __init__(self, *, c: float = 1.0) -> None:
                self.c = c

            def estimator(self, seed):
                from sklearn.pipeline import make_pipeline
                from sklearn.preprocessing import StandardScaler
                from sklearn.svm import SVC
                return make_pipeline(StandardScaler(), SVC(C=self.c))
    """

    card: ClassVar[ModelCard]

    def estimator(self, seed: int) -> Any:
        """Return a fresh, unfitted estimator or pipeline, made from the constructor's arguments.

        Parameters
        ----------
        seed
            For what takes no ``random_state``; most need nothing of it.
        """
        raise NotImplementedError

    def fit(self, train: FeatureTable, dev: FeatureTable | None, *, seed: int) -> Self:
        """Fit the estimator on x (n, d) and the names of classes.

        Raises
        ------
        PluginError
            When a feature is no vector, the card says that the model chooses on dev, or ``estimator`` returns nothing
            that fits and predicts.
        """
        if dev is not None:
            raise PluginError(
                f"{self.card.name} says chooses_on_dev=True, and an estimator chooses nothing on dev, expected False; "
                f"or write fit"
            )
        self.labels_ = train.labels
        self.estimator_ = self._made(seed)
        self.estimator_.fit(self._rows(train), train.y)
        return self

    def predict(self, test: FeatureTable) -> Predictions:
        """Score by ``predict_proba``, else by ``decision_function``, else by 1 for the class of ``predict``."""
        self.check_fitted("estimator_")
        return Predictions(test.ids, _scores(self.estimator_, self._rows(test)), self._classes())

    def size(self, clip: FeatureTable) -> Size:  # noqa: ARG002  (an estimator does the same for every clip)
        """Count the numbers and operations of the estimators that are known; see :class:`Model`.

        Of others the numbers that they keep are counted and their operations are not; override it to say more.
        """
        from serbench.learning.estimators.shares import share_of

        self.check_fitted("estimator_")
        share = share_of(self.estimator_)
        total = share.learned + share.stored
        return Size(share.learned, total, share.bytes, share.macs, None if share.macs is not None else share.reason)

    def state(self) -> dict[str, npt.NDArray[Any]]:
        """Return what the estimator learned as arrays, without pickle; see :class:`Model`.

        Raises
        ------
        PluginError
            When something of it is neither numbers nor words; the message names it.
        """
        from serbench.learning.estimators.writing import to_arrays

        self.check_fitted("estimator_")
        return to_arrays(self.estimator_)

    def load_state(self, state: Mapping[str, npt.NDArray[Any]], labels: tuple[str, ...]) -> Self:
        """Make the estimator anew and give it what the other learned; see :class:`Model`."""
        from serbench.learning.estimators.reading import from_arrays

        self.labels_ = labels
        self.estimator_ = from_arrays(self._made(0), state)
        return self

    def _classes(self) -> tuple[str, ...]:
        return tuple(str(label) for label in self.estimator_.classes_)

    def _made(self, seed: int) -> Any:
        made = self.estimator(seed)
        if isinstance(made, type) or not (hasattr(made, "fit") and hasattr(made, "predict")):
            said = made.__name__ if isinstance(made, type) else type(made).__name__
            raise PluginError(f"{self.card.name}: estimator() returns {said}, expected an estimator of scikit-learn")
        if hasattr(made, "get_params"):
            given = made.get_params(deep=True)
            drawn = {name: derive(seed, name) for name in given if _ends(name, "random_state") and given[name] is None}
            made.set_params(**drawn, **{name: 1 for name in given if _ends(name, "n_jobs") and given[name] is not None})
        return made

    def _rows(self, table: FeatureTable) -> Floats:
        """Return x, float32 (n, d): the vectors of all features side by side."""
        for name, column in table.columns.items():
            if column.output != "vector":
                raise PluginError(
                    f"{self.card.name}: feature {name} is a {column.output}, expected a vector; take one of output "
                    f"'vector' such as mfcc-stats, or write an extractor that pools it"
                )
        if not table.columns:
            raise PluginError(f"{self.card.name} names no feature, expected one at least")
        order = [use.name for use in self.uses("features")]
        columns = [table.columns[name].values for name in sorted(table.columns, key=order.index)]
        return columns[0] if len(columns) == 1 else np.concatenate(columns, axis=1)


def _ends(name: str, word: str) -> bool:
    return name == word or name.endswith(f"__{word}")


def _scores(estimator: Any, x: Floats) -> Scores:
    """Return (n, k'): a column for each of the estimator's classes."""
    classes = np.asarray(estimator.classes_)
    last = estimator[-1] if hasattr(estimator, "steps") else estimator
    scores: Scores
    if hasattr(estimator, "predict_proba"):
        scores = np.asarray(estimator.predict_proba(x), dtype=np.float64)
    elif hasattr(estimator, "decision_function") and getattr(last, "decision_function_shape", "ovr") == "ovr":
        values = np.asarray(estimator.decision_function(x), dtype=np.float64)
        if values.ndim == 1:  # of two classes, for the second
            values = np.stack([-values, values], axis=1) / 2
        above = np.exp(values - values.max(axis=1, keepdims=True))
        scores = above / above.sum(axis=1, keepdims=True)
    else:
        scores = (np.asarray(estimator.predict(x))[:, None] == classes).astype(np.float64)
    return scores


__all__ = ["SklearnModel"]
