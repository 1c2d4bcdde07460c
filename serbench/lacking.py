"""What parts need beside themselves and is not on this machine, in words that say how to come by it."""

from __future__ import annotations

from collections.abc import Iterable

from serbench.errors import CheckpointMissingError
from serbench.part import Part, missing_packages


def missing_weights(parts: Iterable[Part]) -> str:
    """Return which checkpoints that parts use are not on this machine, and how to obtain them; empty where all are.

    Raises
    ------
    CheckpointError
        When one is there with another digest.
    """
    lacking = []
    for part in parts:
        if part.checkpoint is not None:
            try:
                part.weights()
            except CheckpointMissingError as error:
                lacking.append(f"{part.card.name} requires its checkpoint: {error}")
    return "; ".join(dict.fromkeys(lacking))


def lacking(parts: Iterable[Part]) -> str:
    """Return what is missing of packages, else of checkpoints; empty where nothing is.

    Raises
    ------
    CheckpointError
        When a checkpoint is there with another digest.
    """
    parts = tuple(parts)
    return missing_packages(parts) or missing_weights(parts)


__all__ = ["lacking", "missing_weights"]
