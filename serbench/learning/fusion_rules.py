"""How the scores of several models become one, and which weights they get.

Conventions
-----------
``m`` members, ``n`` rows, ``k`` classes. Probabilities are (m, n, k); weights are (m,) and add up to 1. A row is fused
by itself.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product
from typing import Literal

import numpy as np
import numpy.typing as npt

from serbench.features.table import Integers
from serbench.learning.model import Scores

#: How scores become one: ``mean`` and ``product`` are weighted (arithmetic and geometric), ``vote`` counts classes.
Rule = Literal["mean", "product", "vote"]
#: In how many steps of equal size weights on dev go from 0 to 1.
_STEPS = 10
#: What a probability of 0 counts as where logarithms are taken.
_LEAST = 1e-12
#: What the mean of probabilities adds to votes: it decides between classes of equally many.
_TIE = 1e-3


def fused(rule: str, probabilities: Scores, weights: npt.NDArray[np.float64]) -> Scores:
    """Return scores (n, k) of probabilities (m, n, k) with weights (m,) that add up to 1."""
    mean: Scores = np.einsum("m,mnk->nk", weights, probabilities)
    if rule == "mean":
        return mean
    if rule == "product":
        logs = np.einsum("m,mnk->nk", weights, np.log(np.maximum(probabilities, _LEAST)))
        raised = np.exp(logs - logs.max(axis=1, keepdims=True))
        found: Scores = raised / raised.sum(axis=1, keepdims=True)
        return found
    named = probabilities.argmax(axis=2)[:, :, None] == np.arange(probabilities.shape[2])
    votes: Scores = (np.einsum("m,mnk->nk", weights, named.astype(np.float64)) + _TIE * mean) / (1 + _TIE)
    return votes


def as_probabilities(scores: Scores) -> Scores:
    """Return (n, k), each row by itself: see the conventions above."""
    raised = np.exp(scores - scores.max(axis=1, keepdims=True))
    is_plain = (scores.min(axis=1, keepdims=True) >= 0) & (scores.sum(axis=1, keepdims=True) > 0)
    positive = np.where(is_plain, scores, raised)
    found: Scores = positive / positive.sum(axis=1, keepdims=True)
    return found


def are_weights(weights: Sequence[float], count: int) -> bool:
    """Tell whether numbers can weigh so many members: one for each, from 0 up, not all 0."""
    return len(weights) == count and min(weights) >= 0 and sum(weights) > 0


def chosen_weights(rule: str, probabilities: Scores, codes: Integers) -> npt.NDArray[np.float64]:
    """Return the weights of the highest UAR on dev; of equally good ones the likeliest, then the most equal."""
    count = len(probabilities)
    grid = [steps for steps in product(range(_STEPS + 1), repeat=count) if sum(steps) == _STEPS]

    def worth(steps: tuple[int, ...]) -> tuple[float, float, float]:
        scores = fused(rule, probabilities, np.array(steps) / _STEPS)
        likelihood = float(np.log(np.maximum(scores[np.arange(len(codes)), codes], _LEAST)).mean())
        return round(uar_on(codes, scores), 9), round(likelihood, 5), -float(np.square(steps).sum())

    return np.array(max(grid, key=worth)) / _STEPS


def uar_on(codes: Integers, scores: Scores) -> float:
    """Return the UAR of scores (n, k) over the classes that are among the codes (n,), in [0, 1]."""
    hits = scores.argmax(axis=1) == codes
    return float(np.mean([hits[codes == code].mean() for code in np.unique(codes)]))


__all__ = ["Rule", "are_weights", "as_probabilities", "chosen_weights", "fused", "uar_on"]
