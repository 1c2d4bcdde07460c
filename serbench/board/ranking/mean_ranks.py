"""Systems over datasets by their mean ranks: Friedman's test and Nemenyi's critical difference.

Conventions
-----------
The datasets are those of a protocol that are not excluded from averages, by their main boards; the systems are those
that are complete on all of them, but for those at reduced precision whose float32 row is among them. With fewer than
three of either there is nothing to say.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from serbench.scoring.friedman import Ranking, rank_over_datasets

#: How many datasets and how many systems there must be.
FEWEST = 3


@dataclass(frozen=True)
class MeanRanks:
    """Systems over the averaged datasets of a protocol.

    Attributes
    ----------
    names
        Of the systems, in the order of ``ranking.mean_ranks``.
    datasets
        Names of the datasets.
    ranking
        What may be said.
    """

    names: tuple[str, ...]
    datasets: tuple[str, ...]
    ranking: Ranking

    @property
    def groups(self) -> list[tuple[str, ...]]:
        """The names in each group without a significant difference, best first."""
        return [tuple(self.names[column] for column in group) for group in self.ranking.groups]

    @property
    def sentences(self) -> list[str]:
        """What may be said, in words, plain text."""
        ranking = self.ranking
        order = sorted(range(len(self.names)), key=lambda column: (ranking.mean_ranks[column], column))
        ranks = ", ".join(f"{self.names[column]} {ranking.mean_ranks[column]:.2f}" for column in order)
        if ranking.p.value is None:
            p = str(ranking.p.reason)
        else:
            p = "p < 0.001" if ranking.p.value < 0.001 else f"p = {ranking.p.value:.2g}"
        found = [
            f"Mean rank over {ranking.datasets} datasets (1 is best): {ranks}.",
            f"Friedman's test of equal mean ranks: {p}.",
            f"Critical difference of mean ranks (Nemenyi, 5 %): {ranking.critical_difference:.2f}.",
        ]
        groups = "; ".join(", ".join(group) for group in self.groups)
        return [*found, f"Not significantly different in mean rank: {groups}."] if groups else found


def mean_ranks(names: Sequence[str], datasets: Sequence[str], scores: Sequence[Sequence[float]]) -> MeanRanks:
    """Return the mean ranks of systems.

    Parameters
    ----------
    names, datasets
        :data:`FEWEST` of each at least.
    scores
        UAR, (datasets, systems).
    """
    return MeanRanks(tuple(names), tuple(datasets), rank_over_datasets(np.array(scores, dtype=np.float64)))


__all__ = ["FEWEST", "MeanRanks", "mean_ranks"]
