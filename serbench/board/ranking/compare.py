"""Whether A is better than B, by how much, and how sure that is.

Conventions
-----------
Both are compared on the same utterances, speaker paired with speaker, on every dataset on which both are whole. Over
several datasets the mean difference in UAR is tested, every dataset weighing the same and every speaker's sign
flipped: it speaks of new speakers on these datasets, not of other datasets (for those see
``serbench.scoring.friedman``). Diagnostic and generated datasets are shown and not counted, unless there are no others.

A difference is positive where A is better. All tests are two-sided, at 5 %.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from serbench.board.ranking.boards import Board
from serbench.board.ranking.difference import Difference, difference_over
from serbench.board.wording import why_apart
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
    apart
        What sets it apart from the headline, else None; it counts where nothing else does.
    """

    dataset: str
    first: Row
    second: Row
    difference: Difference
    corrected_p: float | None
    apart: str | None

    @property
    def is_shown(self) -> bool:
        """True when the difference is more than chance, after Holm's correction."""
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
            "apart": self.apart,
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
        return tuple(each for each in self.datasets if each.corrected_p is not None)

    @property
    def sentence(self) -> str:
        """The answer."""
        overall, several = self.overall, len(self.counted) > 1
        ahead, behind = self.names if overall.value > 0 else self.names[::-1]
        over = f"{len(self.counted)} datasets on average" if several else self.counted[0].dataset
        size = f"{100 * abs(overall.value):.1f} points of UAR on {over} ({self._how_sure()})"
        shown = [each for each in self.counted if each.is_shown]
        if not overall.is_shown:
            alone = [f"{self.names[each.difference.value < 0]} is better on {each.dataset}" for each in shown]
            but = f"; but {_list(alone)}" if several and alone else ""
            return f"It cannot be told which of {' and '.join(self.names)} is better: {ahead} is ahead by {size}{but}."
        worse = [each.dataset for each in shown if each.difference.value * overall.value < 0]
        tally = f"; shown on {len(shown) - len(worse)} of them" if several else ""
        return f"{ahead} is better than {behind} by {size}{tally}{f', but worse on {_list(worse)}' if worse else ''}."

    def _how_sure(self) -> str:
        """Return interval and p of the overall difference, seen from the one that is ahead."""
        overall = self.overall
        sign = 100 if overall.value > 0 else -100
        low, high = sorted(sign * (end or 0.0) for end in (overall.interval.low, overall.interval.high))
        sure = f"95 % interval {low:.1f} to {high:.1f}, p = {overall.p:.2g} over {overall.speakers} speakers"
        if overall.smallest_p > LEVEL:
            return f"{sure}, who cannot give a p below {overall.smallest_p:.3g}"
        if overall.is_shown or overall.resolvable.value is None:
            return sure
        return f"{sure}, who would show {100 * overall.resolvable.value:.1f} points in 4 of 5 cases"

    @property
    def untold_luck(self) -> list[str]:
        """The names of the systems that draw at random in training and were run under one seed only."""
        first, second = ([each.first for each in self.counted], [each.second for each in self.counted])
        found = zip(self.names, (first, second), strict=True)
        return [name for name, rows in found if any(_is_one_draw(row) for row in rows)]

    def facts(self) -> dict[str, Any]:
        """Return the JSON form."""
        return {
            "a": self.names[0],
            "b": self.names[1],
            "protocol": self.protocol,
            "sentence": self.sentence,
            "overall": self.overall.facts(),
            "datasets": [each.facts() for each in self.datasets],
            "left_out": self.left_out,
            "run_under_one_seed": self.untold_luck,
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
        Of one protocol, one at least; of a dataset's tasks the first on which both are whole is taken.

    Raises
    ------
    UsageError
        When there is no dataset on which both are whole.
    """
    pairs: dict[str, tuple[Board, Row, Row]] = {}
    left_out: dict[str, str] = {}
    for board in boards:
        first, second = (next((row for row in each if row.task == board.first.task), None) for each in rows)
        if board.dataset in pairs:
            continue
        if first is None or second is None or not first.is_whole or not second.is_whole:
            found = zip(names, (first, second), strict=True)
            missing = [f"{name} is {'partial' if row else 'missing'}" for name, row in found if not _is_whole(row)]
            left_out.setdefault(board.dataset, " and ".join(missing))
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


def _is_whole(row: Row | None) -> bool:
    return row is not None and row.is_whole


def _on_datasets(pairs: Mapping[str, tuple[Board, Row, Row]]) -> tuple[tuple[OnDataset, ...], Difference]:
    """Return the difference on each dataset, and over those that count."""
    counts = [name for name, (board, _, _) in pairs.items() if board.is_headline] or list(pairs)
    alone = {name: difference_over([(first, second)]) for name, (_, first, second) in pairs.items()}
    corrected = dict(zip(counts, holm([alone[name].p for name in counts]), strict=True))
    datasets = tuple(
        OnDataset(
            name, first, second, alone[name], corrected.get(name), None if board.is_headline else why_apart(board)
        )
        for name, (board, first, second) in pairs.items()
    )
    return datasets, difference_over([(pairs[name][1], pairs[name][2]) for name in counts])


def _list(words: Sequence[str]) -> str:
    return " and ".join([", ".join(words[:-1]), words[-1]] if len(words) > 1 else words)


def _is_one_draw(row: Row) -> bool:
    return bool(row.standing.get("declared", {}).get("seeded", False)) and len(row.seeds) == 1


__all__ = ["Comparison", "OnDataset", "compare"]
