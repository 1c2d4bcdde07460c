"""A trained model on disk: a card that people can read, and its numbers as safetensors. No pickle: no code.

Conventions
-----------
``models/<dataset>/<protocol>/<model>/<fold>.seed<k>.<key>.json`` and a ``.safetensors`` of that stem. The numbers are
written first and the card holds their digest, so a card that names numbers always has them; the card itself is sealed,
since its classes and arguments decide what the numbers mean. A model that cannot be saved has a card with the reason.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from serbench.digest import digest_bytes
from serbench.errors import FormatError
from serbench.files import atomic_write, read_document, write_document
from serbench.results.record import CellKey
from serbench.results.seal import sealed, unsealed

KIND, FORMAT = "serbench-model", 2

State = Mapping[str, npt.NDArray[Any]]


@dataclass(frozen=True, kw_only=True)
class SavedModel:
    """What is to be known of a saved model.

    Attributes
    ----------
    key
        The cell's.
    label
        The row's label.
    classes
        The task's, in the order of scores.
    sample_rates
        From feature to the sample rate it hears, in Hz.
    trained_on
        ``rows`` and ``ids``: how many utterances it learned from or chose on, and the digest of their ids.
    versions
        Of Python, serbench and the packages that results depend on.
    code
        From the name of the model and each feature to the digest of its source.
    weights
        Digest of the file of numbers, or None with a ``reason``.
    checkpoints
        The pretrained weights that predicting needs beside the file of numbers, by feature: ``name``, ``sha256`` and
        how to ``obtain`` them. What the model itself was initialised from is in its numbers, and not among them.
    """

    key: CellKey
    label: str
    classes: tuple[str, ...]
    sample_rates: Mapping[str, int]
    trained_on: Mapping[str, Any]
    versions: Mapping[str, str]
    code: Mapping[str, str | None]
    weights: str | None = None
    reason: str | None = None
    checkpoints: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)

    @classmethod
    def read(cls, path: Path) -> SavedModel:
        """Read a card.

        Raises
        ------
        FormatError
            When it is damaged, altered or no card.
        """
        facts = read_document(path, KIND, FORMAT)
        try:
            said, is_as_written = unsealed(facts)
            return cls._of(said, is_as_written=is_as_written)
        except (FormatError, TypeError) as error:
            raise FormatError(f"{path}: {error}; save the model again") from error

    @classmethod
    def _of(cls, facts: dict[str, Any], *, is_as_written: bool) -> SavedModel:
        expected = {each.name for each in fields(cls)}
        facts = {"checkpoints": {}, **facts}  # written only where there are any
        if set(facts) != expected:
            raise FormatError(f"facts {sorted(set(facts) ^ expected)} are missing or unknown")
        if not is_as_written:
            raise FormatError("it was altered after it was written: its seal does not fit")
        return cls(**{**facts, "key": CellKey.read(facts["key"]), "classes": tuple(facts["classes"])})

    def state(self, path: Path) -> dict[str, npt.NDArray[Any]]:
        """Read the numbers that belong to the card at ``path``.

        Raises
        ------
        FormatError
            When they are missing or are not those that the card was written with, or there are none.
        """
        from safetensors.numpy import load

        file = path.with_suffix(".safetensors")
        if self.weights is None:
            raise FormatError(f"{path} holds no model: {self.reason}")
        try:
            data = file.read_bytes()
        except FileNotFoundError as error:
            raise FormatError(f"{file} is missing; save the model again") from error
        if digest_bytes(data) != self.weights:
            raise FormatError(f"{file} was changed after its card was written; save the model again")
        found: dict[str, npt.NDArray[Any]] = load(data)
        return found


def write_model(path: Path, card: Mapping[str, Any], state: State | None, reason: str | None = None) -> int | None:
    """Write a model, its numbers first; return how many bytes these take, None without any.

    Parameters
    ----------
    path
        Of the card, ending in ``.json``.
    card
        The facts of :class:`SavedModel` but for ``weights`` and ``reason``.
    state
        The numbers by name, or None with the reason.
    """
    data = None if state is None else packed(state)
    if data is not None:
        with atomic_write(path.with_suffix(".safetensors")) as stream:
            stream.write(data)
    weights = None if data is None else digest_bytes(data)
    write_document(path, KIND, FORMAT, sealed({**card, "weights": weights, "reason": reason}))
    return None if data is None else len(data)


def packed(state: State) -> bytes:
    """Return numbers as safetensors.

    Raises
    ------
    FormatError
        When a value is no array of numbers.
    """
    from safetensors.numpy import save

    for name, values in state.items():
        if not isinstance(values, np.ndarray) or values.dtype.kind not in "fiub":
            raise FormatError(f"the state {name!r} is {type(values).__name__}, expected an array of numbers")
    data: bytes = save({name: np.ascontiguousarray(values) for name, values in state.items()})
    return data


__all__ = ["FORMAT", "KIND", "SavedModel", "State", "packed", "write_model"]
