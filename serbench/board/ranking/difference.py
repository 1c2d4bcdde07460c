"""How far one system is ahead of another, on one dataset or over several, and how sure that is.

Conventions
-----------
A is compared with B on the same utterances, speaker paired with speaker; a difference is positive where A is better.
Over several datasets every dataset weighs the same, whatever its number of speakers.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from serbench.board.ranking.significance import pair_resolvable
from serbench.results.row import Row
from serbench.scoring.comparison import (
    LEVEL,
    paired_doubt,
    paired_interval,
    sign_flip_test,
    smallest_difference,
    smallest_p,
)
from serbench.scoring.figure import Figure
from serbench.scoring.metrics import Values
from serbench.scoring.seed_variance import Doubt, Luck
from serbench.scoring.statistics import Interval


@dataclass(frozen=True)
class Difference:
    """How far A is ahead of B, and how sure that is.

    Attributes
    ----------
    value
        UAR of A less UAR of B; over several datasets the mean of it.
    interval
        95 %, over speakers.
    p
        Of a permutation test over speakers.
    smallest_p
        Below which so few speakers cannot come.
    resolvable
        The smallest difference that would have been shown in 4 of 5 cases.
    speakers
        How many.
    """

    value: float
    interval: Interval
    p: float
    smallest_p: float
    resolvable: Figure
    speakers: int

    @property
    def is_shown(self) -> bool:
        """True when the difference is more than chance."""
        return self.p <= LEVEL

    def facts(self) -> dict[str, Any]:
        """Return the JSON form."""
        return {
            "value": self.value,
            "interval": self.interval.facts(),
            "p": self.p,
            "smallest_p": self.smallest_p,
            "speakers": self.speakers,
            "resolvable": self.resolvable.facts(),
            "is_shown": self.is_shown,
        }


def difference_over(pairs: Sequence[tuple[Row, Row]]) -> Difference:
    """Return the mean difference over datasets.

    Parameters
    ----------
    pairs
        Per dataset the rows of A and of B, with the same speakers, two at least.

    Raises
    ------
    ValueError
        With fewer than two speakers.
    """
    number = len(pairs)
    lucks = [Luck.total([first.training_luck, second.training_luck]) for first, second in pairs]
    shares = np.concatenate([_shares(first, second) for first, second in pairs]) / number
    p = sign_flip_test(shares, luck=Luck.total(lucks, 1 / number)).value
    if p is None:
        raise ValueError("a difference takes two speakers at least")
    value, speakers = float(shares.sum()), len(shares)
    if number == 1:
        ((first, second),) = pairs
        interval = paired_interval(first.speaker_values, second.speaker_values, luck=lucks[0])
        resolvable = pair_resolvable(first, second)
    else:
        doubt = _mean_doubt(pairs, Luck.total(lucks, 1 / number))
        half = doubt.half_width()
        interval = Interval(value - half, value + half, "paired t, stratified", speakers)
        resolvable = smallest_difference(doubt, speakers)
    return Difference(value, interval, p, smallest_p(speakers), resolvable, speakers)


def _shares(first: Row, second: Row) -> Values:
    return np.array([first.speaker_shares[name] - second.speaker_shares[name] for name in first.speaker_shares])


def _mean_doubt(pairs: Sequence[tuple[Row, Row]], luck: Luck) -> Doubt:
    """Return the doubt of a mean over datasets: a stratified mean, degrees of freedom by Welch and Satterthwaite."""
    parts = [paired_doubt(first.speaker_values, second.speaker_values) for first, second in pairs]
    weight = 1 / len(pairs) ** 2
    variance = weight * sum(each.variance for each in parts)
    squares = sum((weight * each.variance) ** 2 / each.freedom for each in parts)
    return Doubt.of(variance, variance**2 / squares if squares else sum(each.freedom for each in parts), luck)


__all__ = ["Difference", "difference_over"]
