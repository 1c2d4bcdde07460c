"""The core metrics: pure functions of truth and scores.

Conventions
-----------
``truth`` is int64 (n,), ``scores`` float64 (n, k); the predicted class is the column of the largest score,
the first of equal ones. Values are fractions, never per cent. Without rows every metric is undefined.

A class *is present in truth* when at least one row has it. UAR averages over those classes only: truth
``aab``, prediction ``aac`` with classes ``abc`` gives ``(1 + 0) / 2``, not a third of it. Macro-F1 averages over
the classes present in truth or prediction. Whoever changes a definition raises the version of its card.

What depends on the predicted class alone is computed from *counts*, (..., k, k) with rows truth and columns
prediction, so that the same definition serves one table of counts or two thousand resampled ones.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from serbench.scoring.figure import Figure
from serbench.scoring.metric import Metric, MetricCard, Scores, Truth

#: Counts of truth against prediction, (..., k, k); means over seeds need not be whole numbers.
Counts = npt.NDArray[np.float64] | npt.NDArray[np.int64]
Values = npt.NDArray[np.float64]

#: Smallest probability that log-loss knows; below it the logarithm would outweigh all other rows together.
SMALLEST = 1e-15
#: How far a row of probabilities may sum from 1.
TOLERANCE = 1e-6
#: Bins of the expected calibration error.
BINS = 15

_NO_ROWS = "there are no rows"


def confusion(truth: Truth, scores: Scores) -> npt.NDArray[np.int64]:
    """Return int64 (k, k) counts, rows truth, columns prediction.

    >>> confusion(np.array([0, 0, 1]), np.eye(3)[[0, 0, 2]]).tolist()
    [[2, 0, 0], [0, 0, 1], [0, 0, 0]]
    """
    k = scores.shape[1]
    if not len(truth):
        return np.zeros((k, k), dtype=np.int64)
    places = truth * k + scores.argmax(axis=1)
    return np.bincount(places, minlength=k * k).reshape(k, k).astype(np.int64, copy=False)


def uar_of_counts(counts: Counts) -> Values:
    """Return UAR (...) of counts (..., k, k), none of them empty."""
    support, hits = counts.sum(axis=-1), np.diagonal(counts, axis1=-2, axis2=-1)  # (..., k) each
    return _mean_where(_ratio(hits, support), support > 0)


def wa_of_counts(counts: Counts) -> Values:
    """Return accuracy (...) of counts (..., k, k), none of them empty."""
    return _ratio(np.trace(counts, axis1=-2, axis2=-1), counts.sum(axis=(-2, -1)))


def macro_f1_of_counts(counts: Counts) -> Values:
    """Return macro-F1 (...) of counts (..., k, k), none of them empty."""
    hits = np.diagonal(counts, axis1=-2, axis2=-1)  # (..., k)
    either = counts.sum(axis=-1) + counts.sum(axis=-2)  # (..., k): twice the hits, plus all mistakes
    return _mean_where(_ratio(2 * hits, either), either > 0)


def uar(truth: Truth, scores: Scores) -> Figure:
    """Return the unweighted average recall: the mean recall of the classes present in truth, in [0, 1].

    scikit-learn calls it ``balanced_accuracy_score``. A constant truth is one class, whose recall it is.

    >>> uar(np.array([0, 0, 1]), np.eye(3)[[0, 0, 2]]).value
    0.5
    >>> uar(np.array([], dtype=int), np.zeros((0, 2))).reason
    'there are no rows'
    """
    return Figure(float(uar_of_counts(confusion(truth, scores)))) if len(truth) else Figure.undefined(_NO_ROWS)


def wa(truth: Truth, scores: Scores) -> Figure:
    """Return the weighted accuracy: the share of rows whose predicted class is the true one, in [0, 1].

    >>> wa(np.array([0, 0, 0, 1]), np.eye(2)[[0, 0, 0, 0]]).value
    0.75
    """
    return Figure(float(wa_of_counts(confusion(truth, scores)))) if len(truth) else Figure.undefined(_NO_ROWS)


def macro_f1(truth: Truth, scores: Scores) -> Figure:
    """Return the mean F1 of the classes present in truth or prediction, in [0, 1].

    scikit-learn calls it ``f1_score(average="macro")``. A class that is predicted and never true counts as 0.

    >>> round(macro_f1(np.array([0, 0, 1]), np.eye(3)[[0, 0, 2]]).value, 3)
    0.333
    """
    return Figure(float(macro_f1_of_counts(confusion(truth, scores)))) if len(truth) else Figure.undefined(_NO_ROWS)


def log_loss(truth: Truth, scores: Scores) -> Figure:
    """Return the mean negative natural logarithm of the true class's probability, in [0, 34.54].

    Probabilities below 1e-15 count as 1e-15, so that one certain mistake costs 34.54 and not infinity.
    Undefined unless every row of scores is non-negative and sums to 1 within 1e-6.

    >>> log_loss(np.array([0, 1]), np.array([[0.5, 0.5], [0.5, 0.5]])).value
    0.6931471805599453
    >>> log_loss(np.array([0]), np.array([[2.0, -1.0]])).reason
    'the scores are no probabilities: some are negative'
    """
    reason = _not_probabilities(scores)
    if reason:
        return Figure.undefined(reason)
    of_truth = scores[np.arange(len(truth)), truth]  # (n,)
    return Figure(float(-np.log(np.clip(of_truth, SMALLEST, 1.0)).mean()) + 0.0)  # + 0.0: no minus zero


def ece(truth: Truth, scores: Scores) -> Figure:
    """Return the expected calibration error of the top probability, in [0, 1].

    Rows are sorted by their largest probability into 15 bins of equal width, each open at its lower and
    closed at its upper end; the figure is the mean over rows of the distance between a bin's accuracy and
    its mean probability. Undefined where the scores are no probabilities, as for :func:`log_loss`.

    >>> round(ece(np.array([0, 1]), np.array([[0.75, 0.25], [0.75, 0.25]])).value, 3)
    0.25
    """
    reason = _not_probabilities(scores)
    if reason:
        return Figure.undefined(reason)
    top, right = scores.max(axis=1), scores.argmax(axis=1) == truth  # (n,) each
    edges = np.linspace(0.0, 1.0, BINS + 1)
    bins = np.searchsorted(edges[1:-1], top, side="left")  # (n,) in [0, BINS)
    gaps = np.bincount(bins, weights=right - top, minlength=BINS)  # each: rows × (accuracy - probability)
    return Figure(float(np.abs(gaps).sum() / len(truth)))


def per_class_recall(truth: Truth, scores: Scores) -> list[Figure]:
    """Return each class's recall, in [0, 1]; undefined for a class that no row has.

    >>> [each.value for each in per_class_recall(np.array([0, 0]), np.eye(2)[[0, 1]])]
    [0.5, None]
    """
    counts = confusion(truth, scores)
    return [
        Figure(float(counts[place, place] / rows)) if rows else Figure.undefined("no row has this class")
        for place, rows in enumerate(counts.sum(axis=1))
    ]


def _ratio(above: npt.NDArray[Any], below: npt.NDArray[Any]) -> Values:
    ratio: Values = np.divide(above, below, out=np.zeros(np.shape(below)), where=np.asarray(below) > 0)
    return ratio


def _mean_where(values: Values, counted: npt.NDArray[np.bool_]) -> Values:
    return np.asarray(values.sum(axis=-1, where=counted) / counted.sum(axis=-1))


def _not_probabilities(scores: Scores) -> str | None:
    if not len(scores):
        return _NO_ROWS
    if (scores < 0).any():
        return "the scores are no probabilities: some are negative"
    if (np.abs(scores.sum(axis=1) - 1) > TOLERANCE).any():
        return "the scores are no probabilities: some rows do not sum to 1"
    return None


CORE_METRICS: tuple[Metric, ...] = (
    Metric(
        MetricCard(
            name="uar",
            version="1",
            heading="UAR",
            summary="mean recall over the classes",
            better="higher",
            lowest=0,
            highest=1,
        ),
        uar,
    ),
    Metric(
        MetricCard(name="wa", version="1", heading="WA", summary="accuracy", better="higher", lowest=0, highest=1), wa
    ),
    Metric(
        MetricCard(
            name="macro-f1",
            version="1",
            heading="macro-F1",
            summary="mean F1 over the classes",
            better="higher",
            lowest=0,
            highest=1,
        ),
        macro_f1,
    ),
    Metric(
        MetricCard(
            name="log-loss", version="1", summary="mean surprise at the truth, in nats", better="lower", lowest=0
        ),
        log_loss,
    ),
    Metric(
        MetricCard(
            name="ece",
            version="1",
            heading="ECE",
            summary="distance of confidence from accuracy",
            better="lower",
            lowest=0,
            highest=1,
        ),
        ece,
    ),
)

__all__ = [
    "CORE_METRICS",
    "Counts",
    "confusion",
    "ece",
    "log_loss",
    "macro_f1",
    "macro_f1_of_counts",
    "per_class_recall",
    "uar",
    "uar_of_counts",
    "wa",
    "wa_of_counts",
]
