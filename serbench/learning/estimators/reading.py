"""Arrays of numbers back to a fitted estimator of scikit-learn: nothing of a file is run."""

from __future__ import annotations

import importlib
import json
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from serbench.errors import FormatError
from serbench.learning.estimators.arrays import MADE_AGAIN, NATIVE, STRUCTURE, Arrays, arguments_of, version
from serbench.learning.estimators.soundness import expect_arguments, expect_sound

_DAMAGED = (AttributeError, ImportError, IndexError, KeyError, TypeError, ValueError, RecursionError)


def from_arrays(estimator: Any, arrays: Mapping[str, npt.NDArray[Any]]) -> Any:
    """Return an unfitted estimator after it has taken up what an equal one had learned.

    Raises
    ------
    FormatError
        When the arrays are of another estimator or of another release of scikit-learn, or are damaged.
    """
    try:
        facts = json.loads(bytes(arrays[STRUCTURE]))
        saved_by, learned = facts["version"], facts["estimator"]
    except _DAMAGED as error:
        raise FormatError(f"the saved estimator does not say what it is ({type(error).__name__})") from error
    if saved_by != version():
        raise FormatError(
            f"the estimator was saved by scikit-learn {saved_by}, and this is {version()}; install scikit-learn "
            f"{saved_by}, or fit it again"
        )
    try:
        _Reader(arrays).fill(estimator, learned)
    except _DAMAGED as error:
        raise FormatError(f"the saved estimator is no {type(estimator).__name__}: {error}; fit it again") from error
    return estimator


class _Reader:
    """Gives an estimator what was written of its like."""

    def __init__(self, arrays: Mapping[str, npt.NDArray[Any]]) -> None:
        self._arrays = arrays
        self._taken: Arrays = {}

    def fill(self, estimator: Any, facts: Mapping[str, Any]) -> None:
        for name, inside in facts["inside"].items():
            self._fill_inside(getattr(estimator, name), inside)
        given = arguments_of(estimator)
        self._take_up(estimator, {name: each for name, each in facts["learned"].items() if name not in given})

    def _fill_inside(self, value: Any, facts: Any) -> None:
        if isinstance(facts, list):
            for each, inside in zip(value, facts, strict=True):
                self._fill_inside(each, inside)
        elif facts is not None:
            self.fill(value, facts)

    def _take_up(self, thing: Any, learned: Mapping[str, Any]) -> None:
        again = [name for name, node in learned.items() if isinstance(node, dict) and "again" in node]
        vars(thing).update({name: self._value(node) for name, node in learned.items() if name not in again})
        expect_sound(thing)
        vars(thing).update({name: MADE_AGAIN[name](thing) for name in again})

    def _value(self, node: Any) -> Any:  # noqa: C901  (a line for each kind)
        if not isinstance(node, dict):
            return node
        kind, said = next(iter(node.items()))
        match kind:
            case "array":
                value: Any = self._array(**node)
            case "scalar":
                value = self._arrays[said][0]
            case "record":
                value = self._record(said, node["layout"])
            case "words":
                value = np.array(said, dtype=np.dtype(node["dtype"])).reshape(node["shape"])
            case "objects":
                value = np.empty(len(said), dtype=object)
                value[:] = self._values(said)
                value = value.reshape(node["shape"])
            case "list":
                value = self._values(said)
            case "tuple":
                value = tuple(self._values(said))
            case "slice":
                value = slice(*self._values(said))
            case "dict":
                value = dict(self._values(pair) for pair in said)
            case "made":
                value = self._made(said, node["learned"])
            case _:
                value = self._native(node["native"], node["arguments"], node["state"])
        return value

    def _values(self, nodes: Sequence[Any]) -> list[Any]:
        return [self._value(node) for node in nodes]

    def _array(self, array: str, shape: list[int], by: str = "row") -> npt.NDArray[Any]:
        """Return an array, the same wherever it stood."""
        if array not in self._taken:
            values = np.array(self._arrays[array]).reshape(shape)
            self._taken[array] = np.asfortranarray(values) if by == "column" else values
        return self._taken[array]

    def _record(self, fields: list[str], layout: Mapping[str, Any]) -> npt.NDArray[Any]:
        columns = [self._arrays[name] for name in fields]
        record = np.zeros(columns[0].shape, dtype=np.dtype({**layout}))  # type: ignore[call-overload]
        for name, column in zip(layout["names"], columns, strict=True):
            record[name] = column
        return record

    def _made(self, named: str, learned: Mapping[str, Any]) -> Any:
        from sklearn.base import BaseEstimator

        module, _, name = named.partition(":")
        cls = getattr(importlib.import_module(module), name) if module.startswith("sklearn.") else None
        if not isinstance(cls, type) or not issubclass(cls, BaseEstimator):
            raise _stranger(named)
        thing: Any = object.__new__(cls)
        self._take_up(thing, learned)
        return thing

    def _native(self, named: str, arguments: Sequence[Any], state: Any) -> Any:
        module, _, name = named.partition(":")
        cls = getattr(importlib.import_module(module), name) if module in NATIVE else None
        if not isinstance(cls, type):
            raise _stranger(named)
        values = self._values(arguments)
        expect_arguments(name, values)
        thing: Any = cls(*values)
        if state is not None:
            thing.__setstate__(self._value(state))
        return thing


def _stranger(named: str) -> ValueError:
    return ValueError(f"it holds {named}, which is no estimator of scikit-learn")


__all__ = ["from_arrays"]
