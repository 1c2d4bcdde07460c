"""Which rows a budget can pay for, and why the others are left out.

Conventions
-----------
A budget is one or several limits; a row fits when every cost is known and at most its limit. A time is that of the
machine that measured it: among rows of one task, those timed on another machine than most cannot be compared and are
left out by name. Ranks, ties and fronts are then those among the rows that fit.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from serbench.board.numbers import short
from serbench.board.ranking.boards import display_names
from serbench.digest import canonical_json
from serbench.errors import UsageError
from serbench.results.row import Row
from serbench.scoring.figure import Figure

_NUMBER = re.compile(r"(\d+\.?\d*|\.\d+)(e[+-]?\d+)?([kMG]?)", re.ASCII)
_PREFIXES = {"": 1.0, "k": 1e3, "M": 1e6, "G": 1e9}


@dataclass(frozen=True)
class Limit:
    """The most that a row may cost in one respect.

    Attributes
    ----------
    option
        How it is asked for: ``--max-params``.
    figure
        The name of the figure in a row's ``cost``.
    words
        What the figure is, with its unit, after a number.
    most
        The largest value that fits.
    is_time
        True when values of two machines cannot be compared.
    """

    option: str
    figure: str
    words: str
    most: float
    is_time: bool = False


@dataclass(frozen=True)
class LeftOut:
    """A row that does not fit, by its name on the board, and the reason."""

    row: Row
    name: str
    reason: str

    def facts(self) -> dict[str, Any]:
        """Return the JSON form."""
        row = self.row
        where = {"protocol": row.protocol.name, "dataset": row.dataset.name, "task": row.task}
        return {**where, "name": self.name, "reason": self.reason}


def make_limits(params: str | None, macs_per_second: str | None, latency_ms: str | None) -> tuple[Limit, ...]:
    """Return the limits that a person asked for.

    Raises
    ------
    UsageError
        When one is no number.
    """
    asked = (
        ("--max-params", params, "parameters_total", "parameters", False),
        ("--max-macs-per-second", macs_per_second, "macs_per_audio_second", "MACs per second of audio", False),
        ("--max-latency-ms", latency_ms, "latency_p50_ms", "ms (p50)", True),
    )
    return tuple(
        Limit(option, figure, words, read_number(text, option), is_time)
        for option, text, figure, words, is_time in asked
        if text is not None
    )


def read_number(text: str, option: str) -> float:
    """Return a number as people write it.

    Raises
    ------
    UsageError
        When it is none, or less than 0; the message names the option.

    Examples
    --------
    >>> read_number("100k", "--most"), read_number("1.5M", "--most"), read_number("5", "--most")
    (100000.0, 1500000.0, 5.0)
    """
    found = _NUMBER.fullmatch(text.strip())
    value = math.inf if found is None else float(f"{found[1]}{found[2] or ''}") * _PREFIXES[found[3]]
    if not math.isfinite(value):
        raise UsageError(f"{option} is {text!r}, expected a number of 0 or more: 5000, 0.5, 100k, 1.5M or 2G")
    return value


def within(rows: Iterable[Row], limits: Sequence[Limit]) -> tuple[list[Row], list[LeftOut]]:
    """Return the rows that fit, and those that do not, each in the order given."""
    rows = list(rows)
    names = display_names(rows)
    usual = _usual_cards(rows)
    kept, left = [], []
    for row in rows:
        reasons = [reason for limit in limits if (reason := _why_not(row, limit, usual[row.task]))]
        if reasons:
            left.append(LeftOut(row, names[row.system], "; ".join(reasons)))
        else:
            kept.append(row)
    return kept, left


def _usual_cards(rows: Iterable[Row]) -> dict[str, str]:
    """Return the machine card of most rows of each task; among equals the first in the order of their texts."""
    counts: dict[str, Counter[str]] = {}
    for row in rows:
        counts.setdefault(row.task, Counter())[canonical_json(row.machine)] += 1
    return {task: min(cards, key=lambda card: (-cards[card], card)) for task, cards in counts.items()}


def _why_not(row: Row, limit: Limit, usual: str) -> str | None:
    cost = row.cost_of(limit.figure)
    if cost.value is None:
        return f"{limit.words} not known: {cost.reason}"
    if limit.is_time and canonical_json(row.machine) != usual:
        return "timed on another machine than most rows here"
    return None if cost.value <= limit.most else f"{short(Figure(cost.value))} {limit.words}"


__all__ = ["LeftOut", "Limit", "make_limits", "read_number", "within"]
