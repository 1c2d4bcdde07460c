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
"""

from __future__ import annotations

import functools
from dataclasses import dataclass

import numpy as np

from serbench.scoring.comparison import LEVEL
from serbench.scoring.figure import Figure
from serbench.scoring.metrics import Values


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
    from scipy import stats

    datasets, systems = scores.shape
    if datasets < 3 or systems < 3:
        raise ValueError(f"{datasets} datasets and {systems} systems, expected three of each at least")
    ranks = stats.rankdata(-scores, axis=1)  # (n, m)
    if np.ptp(ranks) == 0:
        statistic = p = Figure.undefined("all systems score the same on every dataset")
    else:
        found = stats.friedmanchisquare(*ranks.T)
        statistic, p = Figure(float(found.statistic)), Figure(float(found.pvalue))
    return Ranking(
        tuple(float(rank) for rank in ranks.mean(axis=0)),
        datasets,
        statistic,
        p,
        critical_difference(systems, datasets),
    )


@functools.lru_cache(maxsize=64)
def critical_difference(systems: int, datasets: int, level: float = LEVEL) -> float:
    """Return how far apart two mean ranks of so many systems over so many datasets must be to differ.

    >>> round(critical_difference(4, 14), 2)
    1.25
    """
    from scipy.stats import studentized_range

    quantile = float(studentized_range.ppf(1 - level, systems, np.inf)) / 2**0.5
    return float(quantile * (systems * (systems + 1) / (6 * datasets)) ** 0.5)


__all__ = ["Ranking", "critical_difference", "rank_over_datasets"]
