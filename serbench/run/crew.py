"""A run's cells in workers: features first, then training side by side, then what is timed, one after another.

Conventions
-----------
The features of our own extractors are computed by the first process, on all cores, before several ask for them; those
of a stranger's in a worker, since they may not survive it.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterator, Sequence

from serbench.digest import digest_value
from serbench.part import Part
from serbench.plugin.registry import Registry
from serbench.results.record import Record
from serbench.results.store import Store
from serbench.run.estimate import Times, in_order
from serbench.run.job import failed
from serbench.run.orders import Ended, Order
from serbench.run.parallel import Workers
from serbench.run.plan import Cell
from serbench.run.stacked_cells import stack_cells
from serbench.run.tables import Workbench, extract_for


class Crew:
    """Workers, and all that is needed to have cells run by them."""

    def __init__(
        self,
        workers: Workers,
        registry: Registry,
        bench: Workbench,
        store: Store,
        times: Times,
        started: Callable[[Cell], None],
        trained: Callable[[Cell], None],
    ) -> None:
        self._workers, self._registry, self._bench, self._store = workers, registry, bench, store
        self._times, self._tell, self._tell_trained = times, started, trained
        self._begun: set[str] = set()

    def run(
        self, cells: Sequence[Cell], drafts: Collection[str], *, stacked: bool, is_alone: bool
    ) -> Iterator[tuple[Cell, Record, float]]:
        """Yield cells with their records: features first, then training side by side, then what is to be timed.

        Parameters
        ----------
        drafts
            Digests of cells that are trained already.
        is_alone
            Whether one cell runs at a time: it is then timed at once.
        """
        killing = self._extract([cell for cell in cells if cell.key.digest not in drafts])
        for cell in cells:
            if features_of(cell) in killing:
                self._started(cell)
                yield self._lost(cell, killing[features_of(cell)])
        left = [cell for cell in cells if features_of(cell) not in killing]
        to_train = [cell for cell in left if cell.key.digest not in drafts]
        if not is_alone:
            to_train = in_order(to_train, self._times.cell_seconds)
        orders = [
            Order(tuple(these), "draft" if these[0].is_timed and not is_alone else "run")
            for these in stack_cells(to_train, self._bench.device, forced=stacked)
        ]
        drafted: dict[str, float] = {}
        for ended in self._workers.carry_out(orders, self._started):
            if ended.is_draft:
                drafted[ended.cell.key.digest] = ended.seconds
                self._tell_trained(ended.cell)
            else:
                yield self._ended(ended)
        to_time = [cell for cell in left if cell.key.digest in drafts or cell.key.digest in drafted]
        if to_time:
            for cell, record, seconds in self._time(to_time):
                yield cell, record, seconds + drafted.get(cell.key.digest, 0.0)

    def _time(self, cells: Sequence[Cell]) -> Iterator[tuple[Cell, Record, float]]:
        """Yield cells whose drafts are timed, one after another."""
        with self._bench.progress("timing", len(cells)) as reach:
            orders = [Order((cell,), "time") for cell in cells]
            for number, ended in enumerate(self._workers.quietly(orders, self._started), 1):
                yield self._ended(ended)
                reach(number)

    def _extract(self, cells: Sequence[Cell]) -> dict[str, str]:
        """Compute features before they are asked for by several processes at once; return what of them kills, and how.

        Those of our own extractors are computed here, on all cores; a stranger's in a worker.
        """
        by_features = {features_of(cell): cell for cell in reversed(cells)}
        strange = [cell for cell in by_features.values() if _is_strange(self._registry, _extracting(cell))]
        for cell in by_features.values():
            if not _is_strange(self._registry, _extracting(cell)):
                extract_here(cell, self._bench, self._times)
        orders = [Order((cell,), "extract") for cell in strange]
        sound, start = self._times.missing_sound(strange), time.perf_counter()
        lost = {features_of(ended.cell): ended.reason for ended in self._workers.carry_out(orders, self._started)}
        self._times.learn_features(sound, time.perf_counter() - start)
        return lost

    def _started(self, cell: Cell) -> None:
        """Tell of a cell that is begun, once."""
        if cell.key.digest not in self._begun:
            self._begun.add(cell.key.digest)
            self._tell(cell)

    def _ended(self, ended: Ended) -> tuple[Cell, Record, float]:
        return (
            self._lost(ended.cell, ended.reason) if ended.record is None else (ended.cell, ended.record, ended.seconds)
        )

    def _lost(self, cell: Cell, reason: str) -> tuple[Cell, Record, float]:
        return cell, self._store.write(failed(cell, self._bench, reason)), 0.0


def extract_here(cell: Cell, bench: Workbench, times: Times) -> None:
    """Compute a cell's features on all cores, once, before they are asked for."""
    sound, start = times.missing_sound([cell]), time.perf_counter()
    extract_for(cell, bench)
    times.learn_features(sound, time.perf_counter() - start)


def _extracting(cell: Cell) -> list[Part]:
    """Return the plugins that have a part in a cell's features."""
    contender = cell.contender
    return [*contender.extractors.values(), *contender.augmentations.values(), *cell.applied.values()]


def features_of(cell: Cell) -> str:
    """Return what is the same for cells that ask for the same features of the same corpus."""
    return digest_value([cell.corpus.manifest.digest, [part.identity.digest for part in _extracting(cell)]])


def is_stranger(registry: Registry, cell: Cell) -> bool:
    """Tell whether a cell's model or features came by a file or another package: then it runs in a worker."""
    return _is_strange(registry, [*_extracting(cell), cell.contender.model])


def _is_strange(registry: Registry, parts: Sequence[Part]) -> bool:
    """Tell whether one of some plugins came by a file or another package, which a worker can load too."""
    return any(registry.is_strange(type(part)) for part in parts)


__all__ = ["Crew", "extract_here", "features_of", "is_stranger"]
