"""How far each value of a sweep is ahead of its first one.

Conventions
-----------
Both are compared on the same utterances, speaker paired with speaker, as by ``serbench.board.ranking.compare``; a
difference is positive where the value is better than the first. p is corrected for the number of values (Holm). Over
several datasets every dataset weighs the same; those that are excluded from averages are shown and not counted, unless
there are no others.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from serbench.board.ranking.boards import Board
from serbench.board.ranking.difference import Difference, difference_over
from serbench.board.wording import task_name
from serbench.results.row import Row
from serbench.scoring.comparison import holm


@dataclass(frozen=True)
class SweepLine:
    """A value of a sweep on one dataset, or over several.

    Attributes
    ----------
    model, protocol, value
        Of what; ``value`` as it was written.
    first
        The value that it is compared with.
    dataset
        Its name; of a mean over datasets their number.
    row
        Its scores; None for a mean, and where it has none.
    difference
        To the first value; None for that one itself, and where a reason says why there is none.
    corrected_p
        Of the difference, for the number of values; None without one.
    reason
        Why there is no difference.
    is_mean
        True where it is over several datasets.
    """

    model: str
    protocol: str
    value: str
    first: str
    dataset: str
    row: Row | None
    difference: Difference | None
    corrected_p: float | None
    reason: str | None
    is_mean: bool = False

    @property
    def is_one_draw(self) -> bool:
        """True where training draws at random and ran under one seed: how far that moves the score is not known."""
        return self.row is not None and self.row.standing.declared.seeded and len(self.row.seeds) == 1

    def facts(self) -> dict[str, Any]:
        """Return the JSON form."""
        return {
            "model": self.model,
            "protocol": self.protocol,
            "value": self.value,
            "first": self.first,
            "dataset": self.dataset,
            "name": None if self.row is None else self.row.label,
            "uar": None if self.row is None else self.row.uar.facts(),
            "seeds": None if self.row is None else self.row.seeds,
            "difference": None if self.difference is None else self.difference.facts(),
            "corrected_p": self.corrected_p,
            "reason": self.reason,
            "is_mean": self.is_mean,
        }


def sweep_of(model: str, protocol: str, systems: Mapping[str, str], boards: Sequence[Board]) -> list[SweepLine]:
    """Return a line per dataset and value of one model's sweep, the first value first; then means over datasets.

    Parameters
    ----------
    systems
        From value to :attr:`~serbench.results.row.Row.system`, the first value first.
    boards
        Of any protocols; those of this one are taken.
    """
    here = [board for board in boards if board.protocol == protocol]
    first, *others = systems
    lines: list[SweepLine] = []
    pairs: dict[str, list[tuple[bool, tuple[Row, Row]]]] = {value: [] for value in others}
    for board in here:
        by_system = {row.system: row for row in board.rows}
        rows = {value: by_system.get(system) for value, system in systems.items()}
        found: dict[str, Difference] = {}
        reasons: dict[str, str | None] = {first: None}
        for value in others:
            compared = _compared(rows[value], rows[first], first)
            if isinstance(compared, str):
                reasons[value] = compared
                continue
            reasons[value], found[value] = None, difference_over([compared])
            pairs[value].append((board.exclusion is None, compared))
        lines += _lines((model, protocol), first, task_name(board), found, reasons, rows)
    return lines + list(_means((model, protocol), first, pairs))


def _compared(row: Row | None, base: Row | None, first: str) -> tuple[Row, Row] | str:
    """Return the two rows to compare, or why they cannot be."""
    if row is None or base is None:
        return "it has no row" if row is None else f"{first} has no row"
    if not row.is_complete or not base.is_complete:
        return "it is incomplete" if not row.is_complete else f"{first} is incomplete"
    if len(row.speaker_shares) < 2 or set(row.speaker_shares) != set(base.speaker_shares):
        return "there are no two speakers to compare on"
    return row, base


def _lines(
    at: tuple[str, str],
    first: str,
    dataset: str,
    found: Mapping[str, Difference],
    reasons: Mapping[str, str | None],
    rows: Mapping[str, Row | None],
    *,
    is_mean: bool = False,
) -> Iterator[SweepLine]:
    corrected = dict(zip(found, holm([difference.p for difference in found.values()]), strict=True))
    for value, reason in reasons.items():
        yield SweepLine(
            *at,
            value,
            first,
            dataset,
            rows.get(value),
            found.get(value),
            corrected.get(value),
            reason,
            is_mean,
        )


def _means(
    at: tuple[str, str], first: str, pairs: Mapping[str, Sequence[tuple[bool, tuple[Row, Row]]]]
) -> Iterator[SweepLine]:
    """Yield the means over the datasets that count, where every value was compared on the same two or more."""
    counted = {
        value: [pair for counts, pair in found if counts] or [pair for _, pair in found]
        for value, found in pairs.items()
    }
    tasks = {tuple(row.task for row, _ in found) for found in counted.values()}
    if len(tasks) != 1 or len(next(iter(tasks))) < 2:
        return
    found = {value: difference_over(of_value) for value, of_value in counted.items()}
    dataset = f"mean of {len(next(iter(tasks)))} datasets"
    yield from _lines(at, first, dataset, found, dict.fromkeys(found), {}, is_mean=True)


__all__ = ["SweepLine", "sweep_of"]
