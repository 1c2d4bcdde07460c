"""A fitted estimator of scikit-learn to arrays of numbers, without pickle."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

from serbench.errors import PluginError
from serbench.learning.estimators.arrays import (
    MADE_AGAIN,
    NATIVE,
    STRUCTURE,
    Arrays,
    arguments_of,
    is_estimator,
    is_of_training,
    version,
)


def to_arrays(estimator: Any) -> Arrays:
    """Return what a fitted estimator or pipeline learned.

    Raises
    ------
    PluginError
        When it learned something that is neither numbers nor words nor an estimator of scikit-learn; names it.
    """
    writer = _Writer()
    facts = {"version": version(), "estimator": writer.learned(estimator, type(estimator).__name__)}
    text = json.dumps(facts, separators=(",", ":")).encode()
    return {STRUCTURE: np.frombuffer(text, dtype=np.uint8), **writer.arrays}


class _Writer:
    """Walks an estimator and collects its arrays, each once."""

    def __init__(self) -> None:
        self.arrays: Arrays = {}
        self._names: dict[int, str] = {}

    def learned(self, estimator: Any, path: str) -> dict[str, Any]:
        """Return what stands in an estimator that the reader has made already."""
        if not is_estimator(estimator):
            raise PluginError(f"{path} is {_class_name(estimator)}, expected an estimator of scikit-learn to save")
        given = arguments_of(estimator)
        inside = {
            name: self._inside(value, f"{path}.{name}")
            for name, value in vars(estimator).items()
            if name in given and _holds_estimator(value)
        }
        return {"inside": inside, "learned": self._attributes(estimator, path, apart=given)}

    def _inside(self, value: Any, path: str) -> Any:
        """Return what the estimators in an argument learned; None for what is no estimator."""
        if isinstance(value, list | tuple):
            return [self._inside(each, f"{path}.{place}") for place, each in enumerate(value)]
        return self.learned(value, path) if is_estimator(value) else None

    def _attributes(self, thing: Any, path: str, apart: set[str]) -> dict[str, Any]:
        found = {}
        for name, value in vars(thing).items():
            if name not in apart and not is_of_training(name, value):
                is_made_again = name in MADE_AGAIN and value is not None
                found[name] = {"again": True} if is_made_again else self._value(value, f"{path}.{name}")
        return found

    def _value(self, value: Any, path: str) -> Any:
        if value is None or isinstance(value, str | bool | int | float):
            return value.item() if isinstance(value, np.generic) else value
        for kind, write in self._kinds():
            if isinstance(value, kind):
                return write(value, path)
        if is_estimator(value) and type(value).__module__.startswith("sklearn."):
            return {"made": _class_name(value), "learned": self._attributes(value, path, apart=set())}
        if type(value).__module__ in NATIVE:
            return self._native(value, path)
        raise PluginError(f"{path} is {_class_name(value)}, which is neither numbers nor words: it cannot be saved")

    def _kinds(self) -> list[tuple[type, Callable[[Any, str], dict[str, Any]]]]:
        return [
            (np.generic, lambda value, path: {"scalar": self._array(np.array([value]), path)}),
            (np.ndarray, self._any_array),
            (list, lambda value, path: {"list": self._values(value, path)}),
            (tuple, lambda value, path: {"tuple": self._values(value, path)}),
            (slice, lambda value, path: {"slice": self._values([value.start, value.stop, value.step], path)}),
            (dict, self._dict),
        ]

    def _dict(self, value: dict[Any, Any], path: str) -> dict[str, Any]:
        pairs = [[self._value(key, path), self._value(held, f"{path}.{key}")] for key, held in value.items()]
        return {"dict": pairs}

    def _values(self, values: Any, path: str) -> list[Any]:
        return [self._value(each, f"{path}.{place}") for place, each in enumerate(values)]

    def _any_array(self, array: npt.NDArray[Any], path: str) -> dict[str, Any]:
        if array.dtype.names is not None:
            dtype, names = array.dtype, array.dtype.names
            offsets = [dtype.fields[name][1] for name in names if dtype.fields is not None]
            layout = {"names": names, "formats": [dtype[name].str for name in names], "offsets": offsets}
            fields = [self._array(array[name], f"{path}.{name}") for name in names]
            return {"record": fields, "layout": {**layout, "itemsize": dtype.itemsize}}
        if array.dtype.kind in "fiub":
            # products with a matrix round by the way in which it lies in memory
            is_upright = array.ndim == 2 and array.strides[0] < array.strides[1]
            return {"array": self._array(array, path), "shape": array.shape} | ({"by": "column"} if is_upright else {})
        if array.dtype.kind == "U":
            return {"words": array.ravel().tolist(), "dtype": array.dtype.str, "shape": array.shape}
        if array.dtype.kind == "O":
            return {"objects": self._values(array.ravel(), path), "shape": array.shape}
        raise PluginError(
            f"{path} is an array of {array.dtype}, which is neither numbers nor words: it cannot be saved"
        )

    def _native(self, value: Any, path: str) -> dict[str, Any]:
        made, arguments, *rest = value.__reduce__()
        if made is not type(value):
            raise PluginError(f"{path} is {_class_name(value)}, which does not say how it is made: it cannot be saved")
        state = self._value(rest[0] if rest else None, path)
        return {"native": _class_name(value), "arguments": self._values(arguments, path), "state": state}

    def _array(self, array: npt.NDArray[Any], path: str) -> str:
        if id(array) not in self._names:
            name = path.partition(".")[2]
            self.arrays[name] = array  # kept, so that no other array gets its id
            self._names[id(array)] = name
        return self._names[id(array)]


def _holds_estimator(value: object) -> bool:
    if isinstance(value, list | tuple):
        return any(_holds_estimator(each) for each in value)
    return is_estimator(value)


def _class_name(value: object) -> str:
    return f"{type(value).__module__}:{type(value).__qualname__}"


__all__ = ["to_arrays"]
