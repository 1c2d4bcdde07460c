"""Do the mean ranks of several systems over several corpora differ by more than chance? Friedman and Nemenyi.

Conventions
-----------
``n`` datasets are the sample here, ``m`` systems stand in the columns; each dataset ranks the systems by their score,
1 for the best, equal scores sharing the mean of their ranks. How sure a score on one dataset is plays no part. The
test is Friedman's, the comparison of all pairs Nemenyi's, as Demšar recommends for classifiers (2006, *Journal of
Machine Learning Research* 7:1): mean ranks differ when they are further apart than the *critical difference* ``q·√(m(m
+ 1) / 6n)``, with ``q`` the quantile of the studentised range for ``m`` groups and infinitely many degrees of freedom,
divided by √2.

Few datasets show little: with five of them, four systems must be 2.1 of 3 ranks apart. Friedman's p-value comes
from the chi-squared distribution, which for so few is approximate and errs on the safe side.

``scipy.stats`` has all of this (``rankdata``, ``friedmanchisquare``, ``studentized_range``), but importing it takes
longer than all else that the views of a board are computed from; tests hold what is written out here to it.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from serbench.scoring.comparison import LEVEL
from serbench.scoring.figure import Figure
from serbench.scoring.metrics import Values

#: Where the normal density is summed up: from where a float64 no longer tells its tail from nothing, in steps whose
#: halves give the same digits.
_STEP = 1 / 16
_GRID = np.arange(-9, 9, _STEP)


@dataclass(frozen=True)
class Ranking:
    """Mean ranks over datasets, and what may be said of them.

    Attributes
    ----------
    mean_ranks
        (m,), 1 is the best possible.
    datasets
        How many datasets ranked.
    statistic, p
        Friedman's chi-squared, corrected for ties, and its p-value; undefined where no dataset tells any two apart.
    critical_difference
        Nemenyi's, at 5 %.
    """

    mean_ranks: tuple[float, ...]
    datasets: int
    statistic: Figure
    p: Figure
    critical_difference: float

    @property
    def groups(self) -> list[tuple[int, ...]]:
        """The largest runs of systems, by place in ``mean_ranks``, whose mean ranks do not differ; two at least."""
        order = sorted(range(len(self.mean_ranks)), key=lambda place: (self.mean_ranks[place], place))
        runs: list[tuple[int, ...]] = []
        for start, first in enumerate(order):
            run = tuple(each for each in order[start:] if self._is_near(first, each))
            if len(run) > 1 and not any(set(run) <= set(other) for other in runs):
                runs.append(run)
        return runs

    def _is_near(self, first: int, second: int) -> bool:
        return self.mean_ranks[second] - self.mean_ranks[first] <= self.critical_difference


def rank_over_datasets(scores: Values) -> Ranking:
    """Return the mean ranks of systems over datasets, with Friedman's test and Nemenyi's critical difference.

    Parameters
    ----------
    scores
        (n, m), the higher the better; three datasets and three systems at least.

    Raises
    ------
    ValueError
        For fewer datasets or systems.
    """
    datasets, systems = scores.shape
    if datasets < 3 or systems < 3:
        raise ValueError(f"{datasets} datasets and {systems} systems, expected three of each at least")
    ahead = (scores[:, None, :] > scores[:, :, None]).sum(axis=-1)  # (n, m): how many systems score higher
    equal = (scores[:, None, :] == scores[:, :, None]).sum(axis=-1)  # (n, m): as high, itself among them
    mean_ranks = (ahead + (equal + 1) / 2).mean(axis=0)
    statistic, p = _friedman(mean_ranks, equal)
    return Ranking(tuple(mean_ranks.tolist()), datasets, statistic, p, critical_difference(systems, datasets))


def _friedman(mean_ranks: Values, equal: npt.NDArray[np.int64]) -> tuple[Figure, Figure]:
    """Return Friedman's statistic and its p-value from mean ranks (m,) and the sizes of ties (n, m), 1 without one."""
    from scipy.special import gammaincc

    datasets, systems = equal.shape
    if (equal == systems).all():
        same = Figure.undefined("all systems score the same on every dataset")
        return same, same
    between = 12 * datasets / (systems * (systems + 1)) * float(((mean_ranks - (systems + 1) / 2) ** 2).sum())
    untied = 1 - float((equal**2 - 1).sum()) / (datasets * systems * (systems**2 - 1))
    statistic = between / untied
    return Figure(statistic), Figure(float(gammaincc((systems - 1) / 2, statistic / 2)))  # chi-squared's upper tail


@functools.lru_cache(maxsize=64)
def critical_difference(systems: int, datasets: int, level: float = LEVEL) -> float:
    """Return how far apart two mean ranks of so many systems over so many datasets must be to differ.

    >>> round(critical_difference(4, 14), 2)
    1.25
    """
    quantile = studentized_range_quantile(1 - level, systems) / 2**0.5
    return float(quantile * (systems * (systems + 1) / (6 * datasets)) ** 0.5)


def studentized_range_quantile(share: float, groups: int) -> float:
    """Return the quantile of the range of ``groups`` standard normal numbers: infinitely many degrees of freedom.

    The range is at most ``q`` where all other numbers lie within ``q`` below the largest, so with probability ``m·∫
    φ(z)·(Φ(z) - Φ(z - q))**(m - 1) dz``; ``q`` is found by bisection. Of so smooth a function the sum over a grid is
    the integral to the last digits.

    >>> round(studentized_range_quantile(0.95, 2) / 2**0.5, 2)
    1.96
    """
    from scipy.special import ndtr

    density = np.exp(-(_GRID**2) / 2) * _STEP / (2 * np.pi) ** 0.5
    low, high = 0.0, 20.0
    while low < (middle := (low + high) / 2) < high:
        inside = groups * (density * (ndtr(_GRID) - ndtr(_GRID - middle)) ** (groups - 1)).sum()
        low, high = (middle, high) if inside < share else (low, middle)
    return high


__all__ = ["Ranking", "critical_difference", "rank_over_datasets", "studentized_range_quantile"]
