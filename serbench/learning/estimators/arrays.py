"""What is the same where an estimator is written and where it is read.

Conventions
-----------
What an estimator learned are its attributes that are no constructor arguments; they are walked down to arrays. One
array of bytes, :data:`STRUCTURE`, says as JSON what lies where, and each other array is there once. What was given to
the constructor is not written: whoever reads makes the same estimator first. Estimators that a fit makes (the trees of
a forest) are written whole. Random generators and optimisers are left out, since no prediction draws or learns.

Only classes of scikit-learn are ever made from a file, and of these only estimators and those of :data:`NATIVE`; what
its compiled code trusts is checked in ``serbench.learning.estimators.soundness``.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

Arrays = dict[str, npt.NDArray[Any]]

#: The array of bytes that says what lies where.
STRUCTURE = "estimator"
#: Modules whose classes are written by what their own ``__reduce__`` says.
NATIVE = ("sklearn.tree._tree", "sklearn.linear_model._sgd_fast")
#: Attributes that training alone needs, and copies of others.
_OF_TRAINING = ("_optimizer", "_best_coefs", "_best_intercepts", "_sample_weight")


def version() -> str:
    """Return major and minor version of scikit-learn: attributes keep their meaning within them."""
    import sklearn

    return ".".join(sklearn.__version__.split(".")[:2])


def is_estimator(value: object) -> bool:
    """Tell whether a value is an estimator of scikit-learn, or derived from one."""
    from sklearn.base import BaseEstimator

    return isinstance(value, BaseEstimator)


def arguments_of(estimator: Any) -> set[str]:
    """Return the names of a constructor's arguments."""
    return set(estimator.get_params(deep=False))


def is_of_training(name: str, value: object) -> bool:
    """Tell whether an attribute means nothing to a prediction."""
    return name in _OF_TRAINING or isinstance(value, np.random.RandomState | np.random.Generator)


def _tree_of_neighbours(estimator: Any) -> Any:
    from sklearn.neighbors import BallTree, KDTree

    learned = vars(estimator)
    kind = {"kd_tree": KDTree, "ball_tree": BallTree}[learned["_fit_method"]]
    further = estimator.effective_metric_params_
    return kind(learned["_fit_X"], estimator.leaf_size, metric=estimator.effective_metric_, **further)


def _loss(estimator: Any) -> Any:
    return getattr(estimator, "_get_loss")(sample_weight=None)  # noqa: B009  (private, and what its own fit calls)


#: Attributes of estimators that are made as their fit makes them, from the others: the same rows give the same tree.
MADE_AGAIN: dict[str, Callable[[Any], Any]] = {"_tree": _tree_of_neighbours, "_loss": _loss}

__all__ = ["MADE_AGAIN", "NATIVE", "STRUCTURE", "Arrays", "arguments_of", "is_estimator", "is_of_training", "version"]
