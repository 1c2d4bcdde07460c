"""Whether what a file says of a fitted estimator may be given to compiled code, which trusts it.

Conventions
-----------
A file may come from a stranger. Code in Python notices an index that is out of bounds; these do not: trees, support
vector machines on libsvm, and neighbours. So each is looked at before anything is predicted by it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np


def expect_arguments(name: str, arguments: Sequence[Any]) -> None:
    """Refuse arguments of a compiled class that would make it read beyond them.

    Raises
    ------
    ValueError
        When a tree has other classes than outputs.
    """
    if name == "Tree":
        _, classes, outputs = arguments
        if np.shape(classes) != (outputs,) or np.min(classes, initial=1) < 1:
            raise ValueError("its tree has other classes than outputs")


def expect_sound(estimator: Any) -> None:
    """Refuse an estimator whose numbers do not fit together.

    Raises
    ------
    ValueError
        When one points outside of another; says which.
    """
    if hasattr(estimator, "tree_"):
        _expect_tree(estimator)
    if isinstance(getattr(estimator, "estimators_", None), list | np.ndarray):
        _expect_ensemble(estimator)
    if hasattr(estimator, "support_vectors_"):
        _expect_support(estimator)
    if hasattr(estimator, "_fit_X"):
        _expect_neighbours(estimator)


def _expect_tree(estimator: Any) -> None:
    tree = estimator.tree_
    state = tree.__getstate__()
    nodes = state["nodes"]
    number = np.arange(len(nodes))
    inner = nodes["left_child"] != -1
    for side in ("left_child", "right_child"):
        child = nodes[side]
        if not ((child > number) & (child < len(nodes)))[inner].all():
            raise ValueError("a branch of its tree leads nowhere")
    feature = nodes["feature"][inner]
    if not ((feature >= 0) & (feature < estimator.n_features_in_)).all() or tree.n_features != estimator.n_features_in_:
        raise ValueError("its tree asks for a value that no row has")
    if state["node_count"] != len(nodes) or len(state["values"]) != len(nodes) or not len(nodes):
        raise ValueError("its tree has other values than nodes")


def _expect_ensemble(estimator: Any) -> None:
    members = [each for each in np.ravel(np.array(estimator.estimators_, dtype=object)) if hasattr(each, "tree_")]
    if any(each.n_features_in_ != estimator.n_features_in_ for each in members):
        raise ValueError("its trees ask for values that no row has")
    columns = getattr(estimator, "n_trees_per_iteration_", None)
    if columns is not None and np.shape(estimator.estimators_)[1:] != (columns,):
        raise ValueError(f"it has other trees than the {columns} for each step")


def _expect_support(estimator: Any) -> None:
    vectors, count, count_of = estimator.support_vectors_, len(estimator.classes_), vars(estimator)["_n_support"]
    shapes = {
        "support_vectors_": (int(np.sum(count_of)), estimator.n_features_in_),
        "_dual_coef_": (count - 1, len(vectors)),
        "_intercept_": (count * (count - 1) // 2,),
        "_n_support": (count,),
    }
    for name, shape in shapes.items():
        if getattr(estimator, name).shape != shape:
            raise ValueError(f"its {name} has shape {getattr(estimator, name).shape}, expected {shape}")
    for name in ("_probA", "_probB"):
        if getattr(estimator, name).shape not in ((0,), shapes["_intercept_"]):
            raise ValueError(f"its {name} has shape {getattr(estimator, name).shape}, expected one for each pair")
    if min(count_of) < 0:
        raise ValueError("it has fewer support vectors than none")


def _expect_neighbours(estimator: Any) -> None:
    rows, codes = vars(estimator)["_fit_X"], getattr(estimator, "_y", None)
    if rows.ndim != 2 or rows.shape[1] != estimator.n_features_in_ or len(rows) != estimator.n_samples_fit_:
        raise ValueError(f"its rows have shape {rows.shape}, expected {estimator.n_features_in_} values each")
    if codes is not None and (codes.shape != (len(rows),) or codes.min() < 0 or codes.max() >= len(estimator.classes_)):
        raise ValueError("its rows are of classes that it does not know")


__all__ = ["expect_arguments", "expect_sound"]
