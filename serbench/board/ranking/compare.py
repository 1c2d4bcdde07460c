"""Whether A is better than B, by how much, and how sure that is.

Conventions
-----------
Both are compared on the same utterances, speaker paired with speaker, on every dataset on which both are complete. Over
several datasets the mean difference in UAR is tested, every dataset weighing the same and every speaker's sign
flipped: it speaks of new speakers on these datasets, not of other datasets (for those see
``serbench.scoring.friedman``). Datasets that are excluded from averages are shown and not counted, unless there are no
others.

A difference is positive where A is better. All tests are two-sided, at 5 %.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from serbench.board.numbers import listed
from serbench.board.ranking.boards import Board
from serbench.board.ranking.difference import Difference, difference_over
from serbench.errors import UsageError
from serbench.results.row import Row
from serbench.scoring.comparison import LEVEL, holm


@dataclass(frozen=True)
class OnDataset:
    """Two systems on one dataset.

    Attributes
    ----------
    dataset
        Its name.
    first, second
        The rows of A and of B.
    difference
        Of this dataset alone.
    corrected_p
        Holm's, over the datasets that count; None where this one does not.
    excluded
        Why it is excluded from averages, else None; it counts where nothing else does.
    """

    dataset: str
    first: Row
    second: Row
    difference: Difference
    corrected_p: float | None
    excluded: str | None

    @property
    def is_significant(self) -> bool:
        """True when the difference is significant at 5 %, after Holm's correction."""
        return self.corrected_p is not None and self.corrected_p <= LEVEL

    def facts(self) -> dict[str, Any]:
        """Return the JSON form."""
        return {
            "dataset": self.dataset,
            "uar_a": self.first.uar.facts(),
            "uar_b": self.second.uar.facts(),
            "seeds_a": self.first.seeds,
            "seeds_b": self.second.seeds,
            "difference": self.difference.facts(),
            "corrected_p": self.corrected_p,
            "excluded_because": self.excluded,
        }


@dataclass(frozen=True)
class Comparison:
    """Two systems under one protocol.

    Attributes
    ----------
    names
        Of A and B.
    protocol
        Its name.
    datasets
        Those compared, in the boards' order.
    overall
        Over the datasets that count.
    left_out
        From dataset to why it could not be compared.
    """

    names: tuple[str, str]
    protocol: str
    datasets: tuple[OnDataset, ...]
    overall: Difference
    left_out: dict[str, str]

    @property
    def counted(self) -> tuple[OnDataset, ...]:
        """The datasets that count."""
        return tuple(compared for compared in self.datasets if compared.corrected_p is not None)

    @property
    def sentence(self) -> str:
        """The answer; without a significant difference it never says that the two are equal."""
        overall, several = self.overall, len(self.counted) > 1
        ahead, behind = self.names if overall.value > 0 else self.names[::-1]
        over = f"{len(self.counted)} datasets on average" if several else self.counted[0].dataset
        size = f"{100 * abs(overall.value):.1f} points of UAR on {over} ({self._how_sure()})"
        significant = [compared for compared in self.counted if compared.is_significant]
        if not overall.is_significant:
            alone = [f"{self.names[one.difference.value < 0]} is better on {one.dataset}" for one in significant]
            but = f"; but {listed(alone)}" if several and alone else ""
            return f"{' and '.join(self.names)} are not significantly different (5 %): {ahead} is ahead by {size}{but}."
        worse = [compared.dataset for compared in significant if compared.difference.value * overall.value < 0]
        tally = f"; significantly on {len(significant) - len(worse)} of them" if several else ""
        but = f", but worse on {listed(worse)}" if worse else ""
        return f"{ahead} is significantly better than {behind} (5 %) by {size}{tally}{but}."

    def _how_sure(self) -> str:
        """Return interval and p of the overall difference, seen from the one that is ahead."""
        overall = self.overall
        sign = 100 if overall.value > 0 else -100
        low, high = sorted(sign * (end or 0.0) for end in (overall.interval.low, overall.interval.high))
        sure = f"95 % CI {low:.1f} to {high:.1f}, p = {overall.p:.2g} over {overall.speakers} speakers"
        if overall.smallest_p > LEVEL:
            return f"{sure}, who cannot give a p below {overall.smallest_p:.3g}"
        if overall.is_significant or overall.detectable.value is None:
            return sure
        return f"{sure}, minimum detectable difference {100 * overall.detectable.value:.1f} points"

    @property
    def run_under_one_seed(self) -> list[str]:
        """The names of the systems that draw at random in training and were run under one seed only."""
        rows = ([one.first for one in self.counted], [one.second for one in self.counted])
        drawn = [any(row.standing.declared.seeded and len(row.seeds) == 1 for row in of_one) for of_one in rows]
        return [name for name, is_one_draw in zip(self.names, drawn, strict=True) if is_one_draw]

    def facts(self) -> dict[str, Any]:
        """Return the JSON form."""
        return {
            "a": self.names[0],
            "b": self.names[1],
            "protocol": self.protocol,
            "sentence": self.sentence,
            "overall": self.overall.facts(),
            "datasets": [compared.facts() for compared in self.datasets],
            "left_out": self.left_out,
            "run_under_one_seed": self.run_under_one_seed,
        }


def compare(names: tuple[str, str], rows: tuple[Sequence[Row], Sequence[Row]], boards: Sequence[Board]) -> Comparison:
    """Compare two systems on the boards of one protocol.

    Parameters
    ----------
    names
        How A and B are called.
    rows
        The rows of A and those of B; the rows need not stand on the boards (a system under one seed does not).
    boards
        Of one protocol, one at least; of a dataset's tasks the first on which both are complete is taken.

    Raises
    ------
    UsageError
        When there is no dataset on which both are complete.
    """
    pairs: dict[str, tuple[Board, Row, Row]] = {}
    left_out: dict[str, str] = {}
    for board in boards:
        first, second = (next((row for row in of_one if row.task == board.first.task), None) for of_one in rows)
        if board.dataset in pairs:
            continue
        if first is None or second is None or not first.is_complete or not second.is_complete:
            compared = zip(names, (first, second), strict=True)
            lacking = [f"{name} is {_lack(row)}" for name, row in compared if _lack(row)]
            left_out.setdefault(board.dataset, " and ".join(lacking))
        elif len(first.speaker_shares) < 2 or set(first.speaker_shares) != set(second.speaker_shares):
            left_out.setdefault(board.dataset, "there are no two speakers to compare on")
        else:
            pairs[board.dataset] = board, first, second
    left_out = {dataset: why for dataset, why in left_out.items() if dataset not in pairs}
    if not pairs:
        reasons = "; ".join(f"{dataset}: {why}" for dataset, why in left_out.items())
        raise UsageError(
            f"{names[0]} and {names[1]} have no dataset in common, expected one ({reasons}); run both on it"
        )
    return Comparison(names, boards[0].protocol, *_on_datasets(pairs), left_out)


def _lack(row: Row | None) -> str:
    """Return what a row lacks to be compared; empty for nothing."""
    if row is None:
        return "missing"
    return "" if row.is_complete else "incomplete"


def _on_datasets(pairs: Mapping[str, tuple[Board, Row, Row]]) -> tuple[tuple[OnDataset, ...], Difference]:
    """Return the difference on each dataset, and over those that count."""
    counts = [name for name, (board, _, _) in pairs.items() if board.exclusion is None] or list(pairs)
    alone = {name: difference_over([(first, second)]) for name, (_, first, second) in pairs.items()}
    corrected = dict(zip(counts, holm([alone[name].p for name in counts]), strict=True))
    datasets = tuple(
        OnDataset(name, first, second, alone[name], corrected.get(name), board.exclusion)
        for name, (board, first, second) in pairs.items()
    )
    return datasets, difference_over([(pairs[name][1], pairs[name][2]) for name in counts])


__all__ = ["Comparison", "OnDataset", "compare"]
