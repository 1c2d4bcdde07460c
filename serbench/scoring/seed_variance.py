"""Seed-to-seed variance: what speakers of one fold have in common because one trained network heard them all.

Conventions
-----------
If a fold's training run came out well, all its speakers gain, and they are no independent witnesses of how good the
system is. Among 91 speakers in five folds, two copies of one network whose recalls scatter by 2 points between runs are
called different in a quarter of all comparisons that look at speakers alone. So tests, intervals and detectable
differences are widened from the variance over speakers to that variance plus the seed-to-seed variance of both systems,
with the degrees of freedom that Satterthwaite's formula gives the sum (1946, *Biometrics Bulletin* 2:110); the quarter
is then a twentieth again.

With one seed it is not known and counts as 0: such a comparison is between trained networks, not between ways
of training one. Variances are of UAR, a fraction, averaged over seeds.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Self

import numpy as np

from serbench.scoring.metrics import Values
from serbench.scoring.statistics import t_quantile

#: A variance below this share of what it was taken from is rounding.
_ROUNDING = 1e-9


@dataclass(frozen=True)
class SeedVariance:
    """The variance of UAR over training runs that speakers of a fold share.

    Attributes
    ----------
    variance
        Of the mean over seeds; an unbiased estimate, which may be negative by chance. 0 where it is not known.
    error
        The standard error of that estimate.
    is_known
        False where there is one seed only.
    """

    variance: float = 0.0
    error: float = 0.0
    is_known: bool = False

    @classmethod
    def total(cls, parts: Iterable[SeedVariance], weight: float = 1.0) -> Self:
        """Return the variance of a sum of independent terms, each multiplied by ``weight``."""
        parts = list(parts)
        return cls(
            weight**2 * sum(part.variance for part in parts),
            weight**2 * sum(part.error**2 for part in parts) ** 0.5,
            all(part.is_known for part in parts),
        )

    def facts(self) -> dict[str, Any]:
        """Return the JSON form."""
        return asdict(self)


def seed_variance_of(shares: Values, folds: Sequence[str]) -> SeedVariance:
    """Return a system's seed-to-seed variance.

    Within a fold, the variance over seeds of the fold's sum of shares is the sum of the speakers' own variances, plus
    what they have in common. The first less the second, summed over folds and divided by the number of seeds, is the
    estimate. Where each fold has one speaker it is 0: that of the run is part of how speakers scatter.

    Parameters
    ----------
    shares
        (seeds, b): per seed the shares of UAR of the b pairs of fold and speaker; see
        :func:`serbench.scoring.comparison.speaker_shares`.
    folds
        (b,), the fold of each pair.
    """
    seeds = len(shares)
    if seeds < 2:
        return SeedVariance()
    names = sorted(set(folds))
    sums = np.stack([shares[:, [fold == name for fold in folds]].sum(axis=1) for name in names], axis=1)
    by_fold = sums.var(axis=0, ddof=1)
    common = float(by_fold.sum() - shares.var(axis=0, ddof=1).sum())
    if abs(common) <= _ROUNDING * float(by_fold.sum()):
        return SeedVariance(is_known=True)
    return SeedVariance(common / seeds, float(np.sqrt(2 * (by_fold**2).sum() / (seeds - 1))) / seeds, is_known=True)


@dataclass(frozen=True)
class StandardError:
    """The standard error of a difference of two systems.

    Attributes
    ----------
    variance
        The squared standard error of the difference.
    freedom
        Degrees of freedom of that variance, 1 at least.
    """

    variance: float
    freedom: float

    @classmethod
    def of(cls, speakers: float, freedom: float, seed_variance: SeedVariance) -> Self:
        """Return the standard error from a squared one over speakers, its freedom, and the seed-to-seed variance."""
        if seed_variance.variance <= 0 or speakers + seed_variance.variance <= 0:
            return cls(speakers, freedom)
        variance = speakers + seed_variance.variance
        spread = 2 * speakers**2 / freedom + seed_variance.error**2
        return cls(variance, max(1.0, 2 * variance**2 / spread) if spread else freedom)

    def half_width(self, level: float = 0.95) -> float:
        """Return half of the t-interval's width."""
        return t_quantile(level, self.freedom) * float(self.variance**0.5)


__all__ = ["SeedVariance", "StandardError", "seed_variance_of"]
