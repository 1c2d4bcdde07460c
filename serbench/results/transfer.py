"""Records and predictions from one store into another: how a run is published and two boards become one.

Conventions
-----------
A leaderboard has two files a row: the records of all its cells, and their predictions. A cell is known by its key. Two
records of one cell are the same when all their facts are; one that was handed in
without its predictions is the same as one that has them, and gives way to it. Nothing is ever overwritten by anything
else, and nothing is written before all was compared.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from serbench.digest import canonical_json
from serbench.errors import UsageError
from serbench.results.record import Record
from serbench.results.store import Store


@dataclass(frozen=True)
class Transfer:
    """What came of it.

    Attributes
    ----------
    added
        Records that were written.
    present
        Records that were there before, the same.
    """

    added: tuple[Record, ...]
    present: tuple[Record, ...]


def transfer(
    sources: Sequence[Store],
    target: Store,
    keep: Callable[[Record], bool] = lambda _: True,
    *,
    predictions: bool = True,
) -> Transfer:
    """Put the records of ``sources`` into ``target``, with their predictions.

    Parameters
    ----------
    keep
        Tells which records are taken.
    predictions
        False: the records alone, marked as having none; the rows are then self-reported.

    Raises
    ------
    UsageError
        When two records of one cell differ; both files are named, and what differs first. Nothing was written then.
        Likewise when another program is changing the target.
    FormatError
        When a record or its predictions are damaged.
    """
    with target.alone():
        known = {record.key.digest: (target, record) for record in target.records()}
        chosen: dict[str, tuple[Store, Record]] = {}
        present: dict[str, Record] = {}
        for source in sources:
            for record in filter(keep, source.records()):
                if predictions and record.predictions is not None:
                    source.predictions(record)  # raises where they are missing or were changed
                elif record.predictions is not None:
                    record = replace(record, predictions=None)  # noqa: PLW2901  (the same record, without them)
                digest = record.key.digest
                where, other = chosen.get(digest) or known.get(digest) or (source, None)
                if other is None or _gives_way(other, record):
                    chosen[digest] = (source, record)
                elif _is_same(other, record) or _gives_way(record, other):
                    present.setdefault(digest, other)
                else:
                    raise UsageError(_conflict(where, other, source, record))
        rows: dict[str, list[tuple[Store, Record]]] = defaultdict(list)
        for where, record in (known | chosen).values():
            rows[record.row_stem].append((where, record))
        for stem in dict.fromkeys(record.row_stem for _, record in chosen.values()):
            _write(target, rows[stem])
        return Transfer(tuple(record for _, record in chosen.values()), tuple(_without(present, chosen)))


def _write(target: Store, row: Sequence[tuple[Store, Record]]) -> None:
    told = {
        (record.key.fold, record.key.seed): where.predictions(record)
        for where, record in row
        if record.predictions is not None
    }
    target.write_row([record for _, record in row], told)


def _without(present: dict[str, Record], chosen: dict[str, Any]) -> Iterable[Record]:
    return (record for digest, record in present.items() if digest not in chosen)


def _is_same(first: Record, second: Record) -> bool:
    return canonical_json(first.facts()) == canonical_json(second.facts())


def _gives_way(first: Record, second: Record) -> bool:
    """Tell whether the first is the second without its predictions."""
    lacks = first.predictions is None and second.predictions is not None
    return lacks and _is_same(first, replace(second, predictions=None))


def _conflict(where: Store, first: Record, source: Store, second: Record) -> str:
    differs = _first_difference(first.facts(), second.facts())
    return (
        f"{where.where(first)} and {source.where(second)} are different results of one cell (first in "
        f"{differs}), expected the same; remove one of them, with the other records of its row, and its predictions"
    )


def _first_difference(first: Any, second: Any, path: str = "") -> str:
    """Return where two JSON-like values differ first: ``cost.train_seconds.value``."""
    if isinstance(first, dict) and isinstance(second, dict):
        for name in sorted({*first, *second}):
            if canonical_json(first.get(name)) != canonical_json(second.get(name)):
                return _first_difference(first.get(name), second.get(name), f"{path}.{name}" if path else name)
    return path or "nothing"


__all__ = ["Transfer", "transfer"]
