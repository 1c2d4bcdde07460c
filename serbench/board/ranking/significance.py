"""Which rows of a task differ significantly, the ranks that follow, and the minimum detectable difference.

Conventions
-----------
Two rows are *significantly different* when their difference in UAR has p ≤ 0.05 in a permutation test over speakers,
corrected for all pairs of the board (``serbench.scoring.comparison.all_pairs_test``): with 95 % confidence no pair of a
board is called different that is not. That a difference is not significant does not say that two rows are equal.

A row's *rank* is 1 plus the number of rows that scored above it and differ significantly from it. The test compares
differences in points of UAR, so of two differences the larger is significant first: rows without a significant
difference are runs in the order of UAR, and ranks rise with it. Runs overlap, since the absence of a significant
difference is not passed on: the first of three may beat the third while neither differs significantly from the second.
Then ranks are 1, 1, 2, and what is not shown between the second and the third is kept in
:attr:`Significance.not_different`: equal ranks never mean "equal".
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import median

import numpy as np

from serbench.results.row import Row
from serbench.scoring.comparison import LEVEL, all_pairs_test, minimum_detectable_difference, paired_standard_error
from serbench.scoring.figure import Figure
from serbench.scoring.seed_variance import SeedVariance


@dataclass(frozen=True)
class Significance:
    """What the speakers say about rows in the order of their UAR.

    Attributes
    ----------
    ranks
        Of each row, from 1.
    not_different
        From system digest to the digests of those that do not differ significantly from it.
    """

    ranks: tuple[int, ...]
    not_different: Mapping[str, tuple[str, ...]]


def significance(rows: Sequence[Row]) -> Significance:
    """Return ranks and pairs without a significant difference of the complete rows of one task, the best UAR first."""
    number = len(rows)
    p_values = np.ones((number, number))
    compared = _comparable(rows)
    if len(compared) > 1:
        speakers = sorted(rows[compared[0]].speaker_shares)
        shares = np.array([[rows[index].speaker_shares[name] for name in speakers] for index in compared])
        seed_variances = [rows[index].seed_variance for index in compared]
        p_values[np.ix_(compared, compared)] = all_pairs_test(shares, seed_variances)
    differs = p_values <= LEVEL
    ranks: list[int] = []
    for index in range(number):
        # the largest so far, for rows of exactly one score: they may differ in p
        ranks.append(max([1 + int(differs[index, :index].sum()), *ranks[-1:]]))
    not_different = {
        row.system: tuple(
            other.system for column, other in enumerate(rows) if column != index and not differs[index, column]
        )
        for index, row in enumerate(rows)
    }
    return Significance(tuple(ranks), not_different)


def board_detectable_difference(rows: Sequence[Row]) -> Figure:
    """Return the minimum detectable difference in UAR of one comparison on this task: 80 % power at a level of 5 %.

    The median over pairs of rows (see :func:`minimum_detectable_difference`). Rows without a feature are left out where
    two others stand: how far guessing is from listening scatters more than how far two listeners are from each other.
    """
    listening = [row for row in rows if row.features]
    chosen = listening if len(listening) > 1 else list(rows)
    figures = [
        pair_detectable_difference(first, second)
        for index, first in enumerate(chosen)
        for second in chosen[:index]
        if set(first.speaker_values) == set(second.speaker_values)
    ]
    values = [figure.value for figure in figures if figure.value is not None]
    if values:
        return Figure(median(values))
    return figures[0] if figures else Figure.undefined("there are no two rows to compare")


def pair_detectable_difference(first: Row, second: Row) -> Figure:
    """Return the minimum detectable difference in UAR of a comparison of these two rows."""
    number = len(first.speaker_values)
    if number < 2:
        return Figure.undefined("there are no two speakers to compare on")
    seed_variance = SeedVariance.total([first.seed_variance, second.seed_variance])
    standard_error = paired_standard_error(first.speaker_values, second.speaker_values, seed_variance)
    return minimum_detectable_difference(standard_error, number)


def _comparable(rows: Sequence[Row]) -> list[int]:
    """Return the indices of the rows that were tested on the first one's speakers; rows of one task all are."""
    speakers = set(rows[0].speaker_shares) if rows else set()
    return [index for index, row in enumerate(rows) if len(speakers) > 1 and set(row.speaker_shares) == speakers]


__all__ = ["Significance", "board_detectable_difference", "pair_detectable_difference", "significance"]
