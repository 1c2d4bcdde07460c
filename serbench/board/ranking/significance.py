"""Which rows of a task the speakers tell apart, and the ranks that follow.

Conventions
-----------
Two rows are *told apart* when their difference in UAR has p ≤ 0.05 in a permutation test over speakers, corrected for
all pairs of the board (``serbench.scoring.comparison.all_pairs_test``): with 95 % confidence no pair of a board is
told apart that is not different.

A row's *rank* is 1 plus the number of rows that scored above it and are told apart from it. The test compares
differences in points of UAR, so of two differences the larger is told apart first: rows that cannot be told apart
are runs in the order of UAR, and ranks rise with it. Runs overlap, since being told apart is not passed on: the first
of three may beat the third while neither is told from the second. Then ranks are 1, 1, 2, and the tie between the
second and the third is kept in :attr:`Separation.ties`: equal ranks never mean "equal".
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import median

import numpy as np

from serbench.results.row import Row
from serbench.scoring.comparison import LEVEL, all_pairs_test, paired_doubt, smallest_difference
from serbench.scoring.figure import Figure
from serbench.scoring.seed_variance import Luck


@dataclass(frozen=True)
class Separation:
    """What the speakers say about rows in the order of their UAR.

    Attributes
    ----------
    ranks
        Of each row, from 1.
    ties
        From system digest to the digests of those it cannot be told apart from.
    """

    ranks: tuple[int, ...]
    ties: Mapping[str, tuple[str, ...]]


def separate(rows: Sequence[Row]) -> Separation:
    """Return ranks and ties of the whole rows of one task, the best UAR first."""
    number = len(rows)
    p_values = np.ones((number, number))
    places = _comparable(rows)
    if len(places) > 1:
        speakers = sorted(rows[places[0]].speaker_shares)
        shares = np.array([[rows[place].speaker_shares[name] for name in speakers] for place in places])
        p_values[np.ix_(places, places)] = all_pairs_test(shares, [rows[place].training_luck for place in places])
    apart = p_values <= LEVEL
    ranks: list[int] = []
    for place in range(number):
        # the largest so far, for rows of exactly one score: they may differ in p
        ranks.append(max([1 + int(apart[place, :place].sum()), *ranks[-1:]]))
    ties = {
        row.system: tuple(other.system for j, other in enumerate(rows) if j != place and not apart[place, j])
        for place, row in enumerate(rows)
    }
    return Separation(tuple(ranks), ties)


def smallest_resolvable(rows: Sequence[Row]) -> Figure:
    """Return the difference in UAR that one comparison on this task would show in 4 of 5 cases, at a level of 5 %.

    The median over pairs of rows (see :func:`smallest_difference`). Rows without a feature are left out where two
    others stand: how far guessing is from listening scatters more than how far two listeners are from each other.
    """
    listening = [row for row in rows if row.features]
    chosen = listening if len(listening) > 1 else list(rows)
    found = [
        pair_resolvable(first, second)
        for place, first in enumerate(chosen)
        for second in chosen[:place]
        if set(first.speaker_values) == set(second.speaker_values)
    ]
    values = [each.value for each in found if each.value is not None]
    if values:
        return Figure(median(values))
    return found[0] if found else Figure.undefined("there are no two rows to compare")


def pair_resolvable(first: Row, second: Row) -> Figure:
    """Return the difference in UAR that a comparison of these two rows would show in 4 of 5 cases."""
    number = len(first.speaker_values)
    if number < 2:
        return Figure.undefined("there are no two speakers to compare on")
    luck = Luck.total([first.training_luck, second.training_luck])
    return smallest_difference(paired_doubt(first.speaker_values, second.speaker_values, luck), number)


def _comparable(rows: Sequence[Row]) -> list[int]:
    """Return the places of the rows that were tested on the first one's speakers; rows of one task all are."""
    speakers = set(rows[0].speaker_shares) if rows else set()
    return [place for place, row in enumerate(rows) if len(speakers) > 1 and set(row.speaker_shares) == speakers]


__all__ = ["Separation", "pair_resolvable", "separate", "smallest_resolvable"]
