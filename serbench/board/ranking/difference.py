"""How far one system is ahead of another, on one dataset or over several, and how sure that is.

Conventions
-----------
A is compared with B on the same utterances, speaker paired with speaker; a difference is positive where A is better.
Over several datasets every dataset weighs the same, whatever its number of speakers. Where several test the same
recordings (corpora that are crossed, or adapted to), their speakers are the same people and count once.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from serbench.board.ranking.significance import pair_detectable_difference
from serbench.results.row import Row
from serbench.scoring.comparison import (
    LEVEL,
    minimum_detectable_difference,
    paired_interval,
    paired_standard_error,
    sign_flip_test,
    smallest_p,
)
from serbench.scoring.figure import Figure
from serbench.scoring.metrics import Values
from serbench.scoring.seed_variance import SeedVariance, StandardError
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
    detectable
        The minimum detectable difference: 80 % power at a level of 5 %.
    speakers
        How many.
    """

    value: float
    interval: Interval
    p: float
    smallest_p: float
    detectable: Figure
    speakers: int

    @property
    def is_significant(self) -> bool:
        """True when the difference is significant at 5 %."""
        return self.p <= LEVEL

    def facts(self) -> dict[str, Any]:
        """Return the JSON form."""
        return {
            "value": self.value,
            "interval": self.interval.facts(),
            "p": self.p,
            "smallest_p": self.smallest_p,
            "speakers": self.speakers,
            "detectable": self.detectable.facts(),
            "is_significant": self.is_significant,
        }


def difference_over(pairs: Sequence[tuple[Row, Row]]) -> Difference:
    """Return the mean difference over datasets.

    Parameters
    ----------
    pairs
        Per dataset the rows of A and of B, with the same speakers, two at least; on the same recordings the same.

    Raises
    ------
    ValueError
        With fewer than two speakers.
    """
    number = len(pairs)
    seed_variances = [SeedVariance.total([first.seed_variance, second.seed_variance]) for first, second in pairs]
    groups = _of_one_corpus(pairs)
    shares = np.concatenate([np.sum([_shares(*pair) for pair in group], axis=0) for group in groups]) / number
    p = sign_flip_test(shares, seed_variance=SeedVariance.total(seed_variances, 1 / number)).value
    if p is None:
        raise ValueError("a difference takes two speakers at least")
    value, speakers = float(shares.sum()), len(shares)
    if number == 1:
        ((first, second),) = pairs
        interval = paired_interval(first.speaker_values, second.speaker_values, seed_variance=seed_variances[0])
        detectable = pair_detectable_difference(first, second)
    else:
        standard_error = _mean_standard_error(groups, SeedVariance.total(seed_variances, 1 / number))
        half = standard_error.half_width()
        interval = Interval(value - half, value + half, "paired t, stratified", speakers)
        detectable = minimum_detectable_difference(standard_error, speakers)
    return Difference(value, interval, p, smallest_p(speakers), detectable, speakers)


def set_against(row: Row, reference: Row) -> tuple[Figure, Interval]:
    """Return how far a row is ahead of another of the same system on the same utterances, with the paired interval.

    Undefined with a reason where cells are missing, and where both are one row.
    """
    if row is reference:
        return Figure(0.0), Interval.undefined("this is what the others are compared with", row.speakers)
    if row.uar.value is None or reference.uar.value is None or not (row.is_complete and reference.is_complete):
        reason = "cells are missing"
        return Figure.undefined(reason), Interval.undefined(reason, row.speakers)
    seed_variance = SeedVariance.total([row.seed_variance, reference.seed_variance])
    interval = paired_interval(row.speaker_values, reference.speaker_values, seed_variance=seed_variance)
    return Figure(row.uar.value - reference.uar.value), interval


def _of_one_corpus(pairs: Sequence[tuple[Row, Row]]) -> list[list[tuple[Row, Row]]]:
    """Return pairs of rows in groups that were tested on the same recordings of the same speakers."""
    groups: dict[tuple[str, str, frozenset[str]], list[tuple[Row, Row]]] = {}
    for first, second in pairs:
        name = first.dataset.tested_on
        key = (name, first.dataset.members[name].audio, frozenset(first.speaker_shares))
        groups.setdefault(key, []).append((first, second))
    return list(groups.values())


def _shares(first: Row, second: Row) -> Values:
    return np.array([first.speaker_shares[name] - second.speaker_shares[name] for name in sorted(first.speaker_shares)])


def _mean_standard_error(groups: Sequence[Sequence[tuple[Row, Row]]], seed_variance: SeedVariance) -> StandardError:
    """Return the standard error of a stratified mean over datasets, freedom by Welch and Satterthwaite."""
    number = sum(map(len, groups))
    parts = [
        paired_standard_error(
            _mean_values([first for first, _ in group]), _mean_values([second for _, second in group])
        )
        for group in groups
    ]
    weights = [(len(group) / number) ** 2 for group in groups]
    weighed = list(zip(weights, parts, strict=True))
    variance = sum(weight * part.variance for weight, part in weighed)
    squares = sum((weight * part.variance) ** 2 / part.freedom for weight, part in weighed)
    return StandardError.of(
        variance, variance**2 / squares if squares else sum(part.freedom for part in parts), seed_variance
    )


def _mean_values(rows: Sequence[Row]) -> dict[str, float]:
    """Return each speaker's pseudo-value, mean over rows that are of the same speakers."""
    return {name: sum(row.speaker_values[name] for row in rows) / len(rows) for name in rows[0].speaker_values}


__all__ = ["Difference", "difference_over", "set_against"]
