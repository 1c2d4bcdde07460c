"""How sure a figure is: intervals over speakers, never over clips.

Conventions
-----------
``s`` speakers are the sample. Clips of one voice resemble one another, so five hundred clips of four men say
what four men say. All intervals are two-sided; a figure without a defined interval says why.

Every interval works on *counts per speaker*, (s, k, k) with rows truth and columns prediction. Where a system
was run under several seeds, a speaker's counts are first averaged over them: more seeds make the estimate of
a speaker steadier, they do not make more speakers.

* Below ten speakers: a t-interval with ``s - 1`` degrees of freedom over jackknife pseudo-values,
  ``s·m - (s - 1)·m₍₋ᵢ₎``, where ``m`` is the metric pooled over all speakers and ``m₍₋ᵢ₎`` without speaker ``i``. Where
  every speaker has the same number of clips of each class, a pseudo-value of UAR is that speaker's own UAR,
  and this is the plain t-interval over speakers. It is centred on the pooled metric.
* From ten speakers: a cluster bootstrap. Speakers are drawn with replacement, the pooled metric is computed
  anew, 2,000 times; the ends are percentiles of the draws. Plain percentiles are too narrow for few speakers
  (with ten, 90 % where 95 % is written), because they use the normal quantile and divide by ``s``: the
  percentiles are moved outwards to ``Φ(-t·√(s / (s - 1)))``, which undoes both.
"""

from __future__ import annotations

import statistics
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from serbench.scoring.figure import Figure
from serbench.scoring.metric import Scores, Truth
from serbench.scoring.metrics import Counts, uar_of_counts
from serbench.seeding import generator

#: From this many speakers on the bootstrap has enough different draws.
ENOUGH_SPEAKERS = 10
DRAWS = 2000

CountsMetric = Callable[[Counts], npt.NDArray[np.float64]]


@dataclass(frozen=True)
class Interval:
    """Two ends, or the reason why there are none.

    Attributes
    ----------
    low, high
        The ends; None exactly when there is a reason.
    method
        How they were found: ``jackknife t``, ``cluster bootstrap`` or ``paired t``.
    speakers
        How many speakers it rests on.
    reason
        Why there is no interval.
    """

    low: float | None
    high: float | None
    method: str | None
    speakers: int
    reason: str | None = None

    @classmethod
    def undefined(cls, reason: str, speakers: int) -> Self:
        """Return the interval that has no ends."""
        return cls(None, None, None, speakers, reason)

    def holds(self, value: float) -> bool:
        """Tell whether ``value`` cannot be excluded: it lies inside, or there is no interval."""
        return self.low is None or self.high is None or self.low <= value <= self.high

    def facts(self) -> dict[str, Any]:
        """Return the JSON form."""
        return asdict(self)


def speaker_counts(truth: Truth, scores: Scores, speakers: Sequence[str]) -> dict[str, npt.NDArray[np.int64]]:
    """Return each speaker's confusion counts, (k, k), speakers sorted.

    Parameters
    ----------
    truth, scores
        (n,) and (n, k).
    speakers
        (n,), who speaks in each row.
    """
    names, codes = np.unique(np.asarray(speakers, dtype=object).astype(str), return_inverse=True)
    k = scores.shape[1]
    if not len(truth):
        return {}
    places = (codes * k + truth) * k + scores.argmax(axis=1)
    counts = np.bincount(places, minlength=len(names) * k * k).reshape(len(names), k, k)
    return {str(name): counts[code].astype(np.int64, copy=False) for code, name in enumerate(names)}


def speaker_interval(
    truth: Truth,
    scores: Scores,
    speakers: Sequence[str],
    metric: CountsMetric = uar_of_counts,
    *,
    level: float = 0.95,
    seed: int = 0,
) -> Interval:
    """Return the interval of a pooled metric over speakers.

    Parameters
    ----------
    truth, scores
        (n,) and (n, k).
    speakers
        (n,), who speaks in each row.
    metric
        A metric of counts with bounds 0 and 1: ``uar_of_counts``, ``wa_of_counts`` or ``macro_f1_of_counts``.
    level
        Coverage, in (0, 1).
    seed
        Of the bootstrap; the same seed gives the same ends.
    """
    counts = speaker_counts(truth, scores, speakers)
    stacked = np.stack(list(counts.values())) if counts else np.zeros((0, scores.shape[1], scores.shape[1]))
    return interval_of_counts(stacked, metric, level=level, seed=seed)


def interval_of_counts(
    counts: Counts, metric: CountsMetric = uar_of_counts, *, level: float = 0.95, seed: int = 0
) -> Interval:
    """Return the interval of a pooled metric from counts per speaker, (s, k, k); each speaker has a clip at least.

    The ends are clipped to the metric's bounds, 0 and 1. Undefined with fewer than two speakers.
    """
    number = len(counts)
    if number < 2:
        return Interval.undefined(f"{number} speaker{'s' * (number != 1)}, an interval takes two at least", number)
    if number < ENOUGH_SPEAKERS:
        half = _half_width(jackknife_values(counts, metric), level)
        centre = float(metric(counts.sum(axis=0)))
        low, high, method = centre - half, centre + half, "jackknife t"
    else:
        low, high = _bootstrap(counts, metric, level, seed)
        method = "cluster bootstrap"
    return Interval(max(0.0, low), min(1.0, high), method, number)


def jackknife_values(counts: Counts, metric: CountsMetric = uar_of_counts) -> npt.NDArray[np.float64]:
    """Return each speaker's pseudo-value (s,) of the pooled metric of counts (s, k, k), two speakers at least."""
    number, pooled = len(counts), counts.sum(axis=0)
    without = metric(pooled[None] - counts)  # (s,)
    return np.asarray(number * metric(pooled) - (number - 1) * without)


def paired_interval(first: Mapping[str, float], second: Mapping[str, float], *, level: float = 0.95) -> Interval:
    """Return the t-interval of the difference of two systems, from their pseudo-values per speaker.

    The differences of pseudo-values are the pseudo-values of the difference, so this is the jackknife
    interval of the pooled difference, speaker paired with speaker.

    Parameters
    ----------
    first, second
        From speaker to pseudo-value; see :func:`jackknife_values`.
    level
        Coverage of this one comparison; several comparisons want a correction by the caller.
    """
    if set(first) != set(second):
        return Interval.undefined("the systems were not tested on the same speakers", len(set(first) & set(second)))
    number = len(first)
    if number < 2:
        return Interval.undefined(f"{number} speaker{'s' * (number != 1)}, an interval takes two at least", number)
    differences = np.array([first[name] - second[name] for name in sorted(first)])
    centre, half = float(differences.mean()), _half_width(differences, level)
    return Interval(centre - half, centre + half, "paired t", number)


def mean_and_spread(values: Sequence[Figure]) -> tuple[Figure, Figure]:
    """Return the mean and the standard deviation (n - 1) of figures, each undefined with a reason where it must be.

    >>> mean_and_spread([Figure(1.0), Figure(3.0)])[0].value
    2.0
    >>> mean_and_spread([Figure(1.0)])[1].reason
    'one value has no spread'
    """
    if not values:
        return Figure.undefined("there is no value"), Figure.undefined("there is no value")
    for each in values:
        if each.reason is not None:
            return Figure.undefined(each.reason), Figure.undefined(each.reason)
    numbers = [each.value for each in values if each.value is not None]
    mean = Figure(statistics.fmean(numbers))
    if len(numbers) == 1:
        return mean, Figure.undefined("one value has no spread")
    return mean, Figure(statistics.stdev(numbers))


def _t_quantile(level: float, freedom: int) -> float:
    from scipy.special import stdtrit  # scipy.stats would say the same and take a second to import

    return float(stdtrit(freedom, (1 + level) / 2))


def _half_width(values: npt.NDArray[np.float64], level: float) -> float:
    return _t_quantile(level, len(values) - 1) * float(values.std(ddof=1)) / float(np.sqrt(len(values)))


def _bootstrap(counts: Counts, metric: CountsMetric, level: float, seed: int) -> tuple[float, float]:
    number, k = len(counts), counts.shape[-1]
    rng = generator(seed, "speaker-interval")
    times = rng.multinomial(number, np.full(number, 1 / number), size=DRAWS)  # (draws, s): how often each is drawn
    pooled = (times @ counts.reshape(number, k * k)).reshape(DRAWS, k, k)
    wide = _t_quantile(level, number - 1) * (number / (number - 1)) ** 0.5
    tail = statistics.NormalDist().cdf(-wide)
    low, high = np.quantile(metric(pooled), [tail, 1 - tail])
    return float(low), float(high)


__all__ = [
    "DRAWS",
    "ENOUGH_SPEAKERS",
    "CountsMetric",
    "Interval",
    "interval_of_counts",
    "jackknife_values",
    "mean_and_spread",
    "paired_interval",
    "speaker_counts",
    "speaker_interval",
]
