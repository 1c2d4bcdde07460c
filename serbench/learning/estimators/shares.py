"""What a fitted estimator of scikit-learn costs: the numbers that decide its predictions, and its operations.

Conventions
-----------
*Learned* numbers are those that fitting sets, *stored* ones are statistics that scale or fill rows, and rows that are
kept as they came. Multiply-accumulates are counted as those of networks are: products with weights and distances;
sums, activations, scaling and comparisons are not. Where an estimator does something else, or how much depends on the
row, there is no count but a reason: never 0 for what it does.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from serbench.learning.estimators.arrays import STRUCTURE
from serbench.learning.estimators.writing import to_arrays


@dataclass(frozen=True)
class EstimatorShare:
    """What one estimator adds to a model.

    Attributes
    ----------
    learned, stored
        Counts of numbers; see above.
    bytes
        Of both.
    macs
        For one row, or None.
    reason
        Why there is no count.
    """

    learned: int = 0
    stored: int = 0
    bytes: int = 0
    macs: int | None = None
    reason: str | None = None

    @classmethod
    def of(
        cls,
        learned: Iterable[Any] = (),
        stored: Iterable[Any] = (),
        *,
        macs: int | None = None,
        reason: str | None = None,
    ) -> EstimatorShare:
        """Count arrays; None and single numbers among them too."""
        sets, keeps = (
            [np.asarray(array) for array in arrays if array is not None and not np.isscalar(array)]
            for arrays in (learned, stored)
        )
        return cls(
            sum(array.size for array in sets),
            sum(array.size for array in keeps),
            sum(array.nbytes for array in (*sets, *keeps)),
            macs,
            reason,
        )

    def __add__(self, other: EstimatorShare) -> EstimatorShare:
        """Return both together; operations that one of them does not count are not counted of both."""
        reason = self.reason or other.reason
        macs = None if self.macs is None or other.macs is None else self.macs + other.macs
        return EstimatorShare(
            self.learned + other.learned, self.stored + other.stored, self.bytes + other.bytes, macs, reason
        )


def share_of(estimator: Any) -> EstimatorShare:
    """Return what a fitted estimator or pipeline costs; of a kind that is not known here, the numbers that it keeps.

    Raises
    ------
    PluginError
        When it is of a kind that is not known here, and cannot be walked either.
    """
    from sklearn.pipeline import Pipeline

    if isinstance(estimator, Pipeline):
        *before, (_, last) = estimator.steps
        share = share_of(last)
        for _, step in before:
            if step is not None and not isinstance(step, str):  # "passthrough"
                share += _projection(step) if type(step).__name__ == "LinearDiscriminantAnalysis" else share_of(step)
        return share
    count = _counter(estimator)
    if count is not None:
        return count(estimator)
    kept = [values for name, values in to_arrays(estimator).items() if name != STRUCTURE]
    return EstimatorShare.of(kept, reason=f"the operations of {type(estimator).__name__} are not counted")


def _counter(estimator: Any) -> Callable[[Any], EstimatorShare] | None:
    module, name = type(estimator).__module__, type(estimator).__name__
    return _COUNTED.get(name) if module.startswith("sklearn.") else None


def _scaling(estimator: Any) -> EstimatorShare:
    names = ("mean_", "scale_", "min_", "center_", "statistics_")
    return EstimatorShare.of(stored=[getattr(estimator, name, None) for name in names], macs=0)


def _linear(estimator: Any) -> EstimatorShare:
    coefficients = np.asarray(estimator.coef_)
    return EstimatorShare.of([coefficients, np.atleast_1d(estimator.intercept_)], macs=coefficients.size)


def _components(estimator: Any) -> EstimatorShare:
    whitened = estimator.explained_variance_ if getattr(estimator, "whiten", False) else None
    mean = getattr(estimator, "mean_", None)
    return EstimatorShare.of([estimator.components_, whitened], [mean], macs=estimator.components_.size)


def _projection(estimator: Any) -> EstimatorShare:
    """Return what a discriminant analysis costs that projects for a step after it."""
    scalings = estimator.scalings_[:, : vars(estimator)["_max_components"]]
    return EstimatorShare.of([scalings], [getattr(estimator, "xbar_", None)], macs=scalings.size)


def _support_vectors(estimator: Any) -> EstimatorShare:
    vectors = estimator.support_vectors_
    # the slopes and offsets that make probabilities of pairs, where it was asked for them
    pairs = [vars(estimator)[name] for name in ("_probA", "_probB")]
    learned = [vectors, estimator.dual_coef_, estimator.intercept_, *pairs]
    reason = None
    if len(pairs[0]) and len(estimator.classes_) > 2:
        reason = "probabilities of pairs are coupled in steps whose number depends on the row"
    elif estimator.kernel not in ("linear", "rbf", "poly", "sigmoid"):
        reason = f"the operations of the kernel {estimator.kernel} are not known"
    # a product or a distance to each vector, and each vector's weight in every pair of classes that it is part of
    return EstimatorShare.of(learned, macs=None if reason else vectors.size + estimator.dual_coef_.size, reason=reason)


def _neighbours(estimator: Any) -> EstimatorShare:
    rows, codes, method = (vars(estimator)[name] for name in ("_fit_X", "_y", "_fit_method"))
    reason = None
    if method != "brute":
        reason = "to how many rows a tree of neighbours compares depends on the row"
    elif estimator.effective_metric_ not in ("euclidean", "sqeuclidean", "cosine"):
        reason = f"the operations of the metric {estimator.effective_metric_} are not known"
    return EstimatorShare.of(stored=[rows, codes], macs=None if reason else rows.size, reason=reason)


def _gaussian_bayes(estimator: Any) -> EstimatorShare:
    # of each value a square, and its product with the inverse variance
    return EstimatorShare.of([estimator.theta_, estimator.var_, estimator.class_prior_], macs=2 * estimator.theta_.size)


def _perceptron(estimator: Any) -> EstimatorShare:
    weights = estimator.coefs_
    return EstimatorShare.of([*weights, *estimator.intercepts_], macs=sum(each.size for each in weights))


def _trees(estimator: Any) -> EstimatorShare:
    members = np.ravel(np.array(getattr(estimator, "estimators_", estimator), dtype=object))
    learned = size = 0
    for member in members:
        state = member.tree_.__getstate__()
        nodes: npt.NDArray[Any] = state["nodes"]
        leaves = int((nodes["left_child"] == -1).sum())
        # a branch is a feature and a threshold; a leaf is its values
        learned += 2 * (len(nodes) - leaves) + leaves * int(np.prod(state["values"].shape[1:]))
        size += nodes.nbytes + state["values"].nbytes
    prior = getattr(getattr(estimator, "init_", None), "class_prior_", np.empty(0))  # where boosting begins
    learned, size = learned + prior.size, size + prior.nbytes
    return EstimatorShare(learned, 0, size, None, "trees compare, and sum what they find: these are no products")


_COUNTED: dict[str, Callable[[Any], EstimatorShare]] = {
    **dict.fromkeys(("StandardScaler", "MinMaxScaler", "MaxAbsScaler", "RobustScaler", "SimpleImputer"), _scaling),
    **dict.fromkeys(("Normalizer", "SelectKBest", "VarianceThreshold"), lambda _: EstimatorShare(macs=0)),
    **dict.fromkeys(("LogisticRegression", "LogisticRegressionCV", "LinearSVC", "RidgeClassifier"), _linear),
    **dict.fromkeys(("SGDClassifier", "Perceptron", "LinearDiscriminantAnalysis"), _linear),
    **dict.fromkeys(("PCA", "TruncatedSVD"), _components),
    **dict.fromkeys(("SVC", "NuSVC"), _support_vectors),
    "KNeighborsClassifier": _neighbours,
    "GaussianNB": _gaussian_bayes,
    "MLPClassifier": _perceptron,
    **dict.fromkeys(("DecisionTreeClassifier", "RandomForestClassifier", "ExtraTreesClassifier"), _trees),
    "GradientBoostingClassifier": _trees,
}

__all__ = ["EstimatorShare", "share_of"]
