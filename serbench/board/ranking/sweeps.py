"""The sweeps among the rows of a board: systems that differ in one argument, or in what a run augments them by.

Conventions
-----------
A sweep is told from the rows alone, however they came to be run: of one model under one protocol, on the same features,

* rows that differ in one argument of the model; the first value is its default, which no key names;
* rows that differ in their augmentations. The first value is ``none``, or where no row is without any, ``own``: those
  that the model asks for.

Rows at another precision are compared elsewhere (``serbench.board.ranking.precision``). Protocols that are never ranked
have no sweeps: what leaks may gain by anything.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from serbench.board.ranking.boards import Board, display_names
from serbench.board.ranking.precision import FULL, precision_of
from serbench.board.ranking.sweep import SweepLine, sweep_of
from serbench.board.wording import augmentations_of_run
from serbench.digest import canonical_json, digest_value
from serbench.results.row import Row

AUGMENT = "augment"
DEFAULT, NONE, OWN = "default", "none", "own"


@dataclass(frozen=True)
class Sweep:
    """One model under several values of one thing.

    Attributes
    ----------
    model, protocol
        Of the first value, as boards show it.
    key
        An argument's name, or ``augment``.
    lines
        As of a run's sweep: per dataset and value, then means.
    """

    model: str
    protocol: str
    key: str
    lines: tuple[SweepLine, ...]

    def facts(self) -> dict[str, Any]:
        """Return the JSON form."""
        return {
            "model": self.model,
            "protocol": self.protocol,
            "key": self.key,
            "lines": [each.facts() for each in self.lines],
        }


def sweeps_of(boards: Sequence[Board]) -> list[Sweep]:
    """Return the sweeps of ranked protocols, sorted by protocol, model and key."""
    found = []
    for protocol in dict.fromkeys(board.protocol for board in boards if board.is_ranked):
        here = [board for board in boards if board.protocol == protocol]
        rows = {row.system: row for board in here for row in board.rows if precision_of(row) == FULL}
        names = display_names(rows.values())
        for (base, key), systems in _families(rows.values()):
            compared = [board for board in here if _compares(board, systems)]
            found.append(Sweep(names[base], protocol, key, tuple(sweep_of(names[base], protocol, systems, compared))))
    return sorted((sweep for sweep in found if sweep.lines), key=lambda sweep: (sweep.protocol, sweep.model, sweep.key))


def _compares(board: Board, systems: Mapping[str, str]) -> bool:
    """Tell whether a board has the first value and another one."""
    first, *others = systems.values()
    known = {row.system for row in board.rows}
    return first in known and not known.isdisjoint(others)


def _families(rows: Iterable[Row]) -> Iterator[tuple[tuple[str, str], dict[str, str]]]:
    """Yield the first value's system and the key, then from value to system, the first value first."""
    rows = list(rows)
    by_facts = {_facts_of(row, row.model.params): row.system for row in rows}
    arguments: dict[tuple[str, str], dict[str, str]] = defaultdict(dict)
    augmented: dict[str, dict[str, str]] = defaultdict(dict)
    for row in rows:
        for key, value in row.model.params.items():
            rest = {argument: kept for argument, kept in row.model.params.items() if argument != key}
            if (base := by_facts.get(_facts_of(row, rest))) is not None:
                arguments[base, key][value if isinstance(value, str) else canonical_json(value)] = row.system
        own = OWN if row.augmentations else NONE
        augmented[_unaugmented(row)][augmentations_of_run(row) or own] = row.system
    for at, systems in arguments.items():
        yield at, {DEFAULT: at[0], **dict(sorted(systems.items()))}
    for systems in augmented.values():
        first = NONE if NONE in systems else OWN
        if len(systems) > 1 and first in systems:
            yield (systems[first], AUGMENT), {first: systems[first], **dict(sorted(systems.items()))}


def _facts_of(row: Row, params: Mapping[str, Any]) -> str:
    """Return the digest of a system with these arguments; what a recipe says follows from them."""
    augmentations = [part.facts() for part in row.augmentations]
    return digest_value([row.model.name, row.model.version, dict(params), _features(row), augmentations])


def _unaugmented(row: Row) -> str:
    return digest_value([row.model.facts(), _features(row)])


def _features(row: Row) -> list[Any]:
    return [part.facts() for part in row.features]


__all__ = ["AUGMENT", "DEFAULT", "NONE", "OWN", "Sweep", "sweeps_of"]
