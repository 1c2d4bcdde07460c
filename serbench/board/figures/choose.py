"""Which rows a figure shows: those of several folders, by the names on the board.

Conventions
-----------
Names are made over all rows at hand before any are left out, so a system has one name in all figures of a folder.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from serbench.board.ranking.boards import display_names
from serbench.board.wording import is_part, marked_dataset
from serbench.errors import UnknownNameError, UsageError, check_names
from serbench.results.row import Row


@dataclass(frozen=True)
class Wanted:
    """What a user asked for; empty means all.

    Attributes
    ----------
    models
        Names on the board.
    datasets
        Names of datasets.
    protocol
        The protocol's name.
    """

    models: tuple[str, ...] = ()
    datasets: tuple[str, ...] = ()
    protocol: str = "si"


def join(folders: Sequence[Sequence[Row]]) -> list[Row]:
    """Return the rows of several folders, one that is in two of them once.

    Raises
    ------
    UsageError
        When two folders have different results of one system on one task.
    """
    found: dict[tuple[str, str], Row] = {}
    for rows in folders:
        for row in rows:
            if found.setdefault((row.task, row.system), row) != row:
                raise UsageError(
                    f"two folders have different results of {row.label} on {row.dataset.name} under "
                    f"{row.protocol.name}, expected one; join their cells with serbench leaderboard merge"
                )
    return list(found.values())


def choose(rows: Sequence[Row], wanted: Wanted, protocols: Sequence[str] = ()) -> list[tuple[str, Row]]:
    """Return the rows that are wanted, each with its name, in the order in which models were named, else by name.

    Parameters
    ----------
    protocols
        Those that the figure is about, in place of the one that was asked for.

    Raises
    ------
    UnknownNameError
        When no row has a name that was asked for.
    """
    names = display_names(rows)
    asked = list(protocols) or [wanted.protocol]
    under = [row for row in rows if row.protocol.name in asked]
    if not under:
        raise UnknownNameError("protocol in these records", asked[0], {row.protocol.name for row in rows})
    check_names("dataset in these records", wanted.datasets, {row.dataset.name for row in under})
    check_names("row", wanted.models, {names[row.system] for row in under})
    found = [
        (names[row.system], row)
        for row in under
        if (not wanted.models or names[row.system] in wanted.models)
        and (not wanted.datasets or row.dataset.name in wanted.datasets)
    ]
    if not found:
        raise UsageError(f"no row of {', '.join(wanted.models)} on {', '.join(wanted.datasets)}, expected one at least")
    order = {name: place for place, name in enumerate(wanted.models)}
    return sorted(found, key=lambda pair: (order.get(pair[0], 0), pair[0], pair[1].dataset.name, pair[1].task))


def of_one_task(named: Sequence[tuple[str, Row]], figure: str) -> list[tuple[str, Row]]:
    """Return the rows of the one dataset that there is; of its tasks the one with most rows.

    A task on a part of the corpus is taken where there is no other.

    Raises
    ------
    UsageError
        When there are several datasets.
    """
    datasets = sorted({row.dataset.name for _, row in named})
    if len(datasets) > 1:
        raise UsageError(f"{figure} shows one dataset, expected --dataset with one of {datasets}")
    tasks = Counter(row.task for _, row in named)
    parts = {row.task: is_part(row) for _, row in named}
    main = min(tasks, key=lambda task: (parts[task], -tasks[task], task))
    return [(name, row) for name, row in named if row.task == main]


def place_of(row: Row) -> str:
    """Return where the row was tested: ``emodb, si``."""
    return f"{marked_dataset(row)}, {row.protocol.name}"


__all__ = ["Wanted", "choose", "join", "of_one_task", "place_of"]
