"""What every metric is held to."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from serbench.errors import PluginError
from serbench.scoring.figure import Figure
from serbench.scoring.metric import Metric, MetricCard, Scores, Truth
from serbench.seeding import generator
from serbench.testing import parts
from serbench.testing.check import Subject
from serbench.testing.watch import random_state_untouched

#: How far a figure may move where sums are taken in another order.
_CLOSE = 1e-9
_ROWS, _CLASSES = 60, 4


class MetricSubject(Subject):
    """A metric under test."""

    @property
    def card(self) -> MetricCard:
        """What the metric says of itself."""
        card: MetricCard = self.part.card
        return card


def _rows(seed: int = 0) -> tuple[Truth, Scores]:
    """Return truth (n,) and probabilities (n, k) that are better than chance."""
    rng = generator(seed, "rows")
    truth = rng.integers(_CLASSES, size=_ROWS)
    scores = rng.dirichlet(np.ones(_CLASSES), size=_ROWS) + 0.3 * np.eye(_CLASSES)[truth]
    return truth, scores / scores.sum(axis=1, keepdims=True)


def _cases() -> dict[str, tuple[Truth, Scores]]:
    """Return truth and scores by name: the plain case, and all that leaves a metric little to say."""
    truth, scores = _rows()
    constant: npt.NDArray[np.int64] = np.ones(_ROWS, dtype=np.int64)
    return {
        "probabilities": (truth, scores),
        "a perfect prediction": (truth, np.eye(_CLASSES)[truth]),
        "a prediction that is always wrong": (truth, np.eye(_CLASSES)[(truth + 1) % _CLASSES]),
        "no rows": (truth[:0], scores[:0]),
        "one row": (truth[:1], scores[:1]),
        "a constant truth": (constant, scores),
        "a class that no row has": (truth % 2, scores),
        "equal scores": (truth, np.full_like(scores, 1 / _CLASSES)),
        "scores that are no probabilities": (truth, 10 * scores - 5),
    }


def _figure(metric: Metric, case: str, truth: Truth, scores: Scores) -> Figure:
    try:
        figure: object = metric(truth, scores)
    except Exception as error:
        raise PluginError(
            f"{case}: raises {type(error).__name__}: {error}, expected a Figure; where there is no value, "
            f"Figure.undefined('why')"
        ) from error
    if not isinstance(figure, Figure):
        raise PluginError(f"{case}: returns {type(figure).__name__}, expected a Figure")
    return figure


def check_card(subject: MetricSubject) -> None:
    """The card is complete, with bounds in order."""
    parts.check_card(subject)
    card = subject.card
    if card.better not in ("higher", "lower"):
        raise PluginError(f"better is {card.better!r}, expected 'higher' or 'lower'")
    if card.lowest is not None and card.highest is not None and card.lowest >= card.highest:
        raise PluginError(f"the bounds are {card.lowest} and {card.highest}, expected the lowest below the highest")


def check_defined_or_reasoned(subject: MetricSubject) -> None:
    """There is a number, or the reason for none."""
    for case, (truth, scores) in _cases().items():
        _figure(subject.part, case, truth, scores)


def check_within_bounds(subject: MetricSubject) -> None:
    """Every value lies within the card's bounds."""
    lowest, highest = subject.card.lowest, subject.card.highest
    for case, (truth, scores) in _cases().items():
        value = _figure(subject.part, case, truth, scores).value
        if value is None:
            continue
        if (lowest is not None and value < lowest - _CLOSE) or (highest is not None and value > highest + _CLOSE):
            raise PluginError(f"{case}: {value}, expected a value from {lowest} to {highest}, as the card says")


def check_perfect_is_best(subject: MetricSubject) -> None:
    """A perfect prediction reaches the best bound."""
    card = subject.card
    best = card.highest if card.better == "higher" else card.lowest
    value = _figure(subject.part, "a perfect prediction", *_cases()["a perfect prediction"]).value
    wrong = _figure(subject.part, "always wrong", *_cases()["a prediction that is always wrong"]).value
    if value is None:
        raise PluginError("a perfect prediction has no value, expected one")
    if best is not None and abs(value - best) > _CLOSE:
        raise PluginError(f"a perfect prediction scores {value}, expected {best}, the card's best")
    if wrong is not None and (wrong > value if card.better == "higher" else wrong < value):
        raise PluginError(f"all wrong scores {wrong} and all right {value}, expected {card.better} to be better")


def check_order_of_rows(subject: MetricSubject) -> None:
    """The order of rows changes nothing."""
    truth, scores = _rows()
    order = generator(1, "order").permutation(_ROWS)
    one = _figure(subject.part, "rows", truth, scores).value
    other = _figure(subject.part, "permuted rows", truth[order], scores[order]).value
    if one != other and (one is None or other is None or abs(one - other) > _CLOSE):
        raise PluginError(f"permuted rows score {other}, and {one} in their own order, expected the same")


def check_pure(subject: MetricSubject) -> None:
    """It changes no input, draws and keeps nothing."""
    truth, scores = _rows()
    given = truth.copy(), scores.copy()
    first = _figure(subject.part, "rows", truth, scores)
    if not (np.array_equal(truth, given[0]) and np.array_equal(scores, given[1])):
        raise PluginError("the arrays were changed in place, expected them as they came")
    _figure(subject.part, "other rows", *_rows(1))
    with random_state_untouched("the metric"):
        second = _figure(subject.part, "rows", truth, scores)
    if first != second:
        raise PluginError(f"the same rows score {first.value}, then {second.value}, expected the same")


METRIC_CHECKS = (
    check_card,
    check_defined_or_reasoned,
    check_within_bounds,
    check_perfect_is_best,
    check_order_of_rows,
    check_pure,
)

__all__ = ["METRIC_CHECKS", "MetricSubject"]
