"""Holds extractors and augmentations to their word: a row depends on its clip alone.

One that keeps something between clips (a running mean, the wave before) would carry the sound of test clips into
training rows, and nobody would see it. So one of the first clips of every extraction is made once more, after others,
out of its batch, and before anything is kept.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import islice
from typing import TypeVar

import numpy as np

from serbench.errors import PluginError
from serbench.features.table import Floats

#: By what share values may differ on average; rounding differs between a clip alone and the same clip in a batch.
_CLOSE, _CLOSE_IN_BATCH = 1e-5, 1e-2

Batch = TypeVar("Batch")


def repeated(batches: Iterator[Batch], verify: Callable[[list[Batch]], None], after: int) -> Iterator[Batch]:
    """Yield the batches, the first ``after`` of them when they had all been made and ``verify`` was called with them.

    >>> list(repeated(iter("abc"), lambda batches: print("again:", batches), after=2))
    again: ['a', 'b']
    ['a', 'b', 'c']
    """
    made = list(islice(batches, after))
    if made:
        verify(made)
    yield from made
    yield from batches


def expect_same(who: str, where: str, row: Floats, again: Floats, *, in_batch: bool) -> None:
    """Raise when a row of a clip is not what it was before.

    Parameters
    ----------
    in_batch
        True where the clip was in a batch before, and is alone now.

    Raises
    ------
    PluginError
        When the shapes differ, or values on average by more than 0.001 %; by more than one per cent with ``in_batch``.
    """
    if row.shape != again.shape or _deviation(row, again) > (_CLOSE_IN_BATCH if in_batch else _CLOSE):
        raise PluginError(
            f"{who} made other values of {where} after other clips than before, expected the same; a row may depend on "
            f"its clip alone: keep nothing between clips, draw from rng alone"
        )


def _deviation(row: Floats, again: Floats) -> float:
    """Return the mean of |a - b| / (|a| + |b|) over all values, in [0, 1]."""
    gap, size = np.abs(row - again), np.abs(row) + np.abs(again)
    return float(np.divide(gap, size, out=np.zeros_like(gap), where=size > 0).mean())


__all__ = ["expect_same", "repeated"]
