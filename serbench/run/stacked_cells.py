"""Cells of one model and split trained together on an accelerator, and taken apart into their records again.

Conventions
-----------
A small network leaves most of an accelerator idle, so folds and seeds are trained as one program
(``serbench.learning.stacking.fit``). The plan decides it, never the author of a model; a cell comes out as it would
alone, but for the order of sums. Its training seconds are an equal share of the stack's; its record's environment says
how many cells that stack had.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

from serbench.cost.meter import Clock, fit_and_predict_figures
from serbench.features.table import FeatureTable
from serbench.learning.model import Model
from serbench.learning.stacking.fit import Fit, fit_together, is_stackable
from serbench.results.predictions import TestPredictions
from serbench.results.record import Record
from serbench.results.store import Store
from serbench.run.job import failed, finish, prepare
from serbench.run.memory import Memory, class_memory, expect_forgotten
from serbench.run.plan import Cell
from serbench.run.tables import Tables, Workbench
from serbench.scoring.figure import Figure

#: At most so many cells, and about so many bytes of features, are trained together.
MOST, ROOM = 64, 8 * 2**30


def stack_cells(cells: Sequence[Cell], device: str, *, forced: bool = False) -> list[list[Cell]]:
    """Return the cells in their order, those that are to be trained together in one list; others have one each.

    Parameters
    ----------
    device
        Stacks are for ``cuda``: on a CPU they pay for the tiniest networks alone.
    forced
        Make stacks on any device; for tests and measurements.
    """
    if device != "cuda" and not forced:
        return [[cell] for cell in cells]
    groups: dict[str, list[Cell]] = {}
    for cell in cells:
        may_stack = not cell.is_timed and is_stackable(cell.contender.model)
        name = replace(cell.key, fold="", seed=0).digest if may_stack else cell.key.digest
        groups.setdefault(name, []).append(cell)
    return list(groups.values())


@dataclass
class _Ready:
    """A cell about to be fitted."""

    cell: Cell
    model: Model
    tables: Tables


def run_stack(
    cells: Sequence[Cell], bench: Workbench, store: Store, started: Callable[[Cell], None]
) -> Iterator[tuple[Cell, Record, float]]:
    """Train cells together, as many at once as there is room for.

    Yields
    ------
    Each cell with its record, which is in the store, and its share of the seconds.
    """
    ready: list[_Ready] = []
    size = 0
    for cell in cells:
        started(cell)
        try:
            model, tables = prepare(cell, bench)
        except Exception as error:  # noqa: BLE001  (a plugin may raise anything)
            yield cell, store.write(failed(cell, bench, error), None), 0.0
            continue
        ready.append(_Ready(cell, model, tables))
        size += _bytes(tables.train)
        if len(ready) == MOST or size > ROOM:
            yield from _fit_and_finish(ready, bench, store)
            ready, size = [], 0
    if ready:
        yield from _fit_and_finish(ready, bench, store)


def _fit_and_finish(ready: Sequence[_Ready], bench: Workbench, store: Store) -> Iterator[tuple[Cell, Record, float]]:
    cls = type(ready[0].model)
    memory = class_memory(cls)
    fits = [Fit(each.model, each.tables.train, each.tables.dev, each.cell.key.seed) for each in ready]
    with Clock() as fit:
        answers = fit_together(fits)
    share = fit.share(len(ready))
    told = replace(bench, environment=replace(bench.environment, stacked=len(ready)))
    for each, answer in zip(ready, answers, strict=True):
        start = time.perf_counter()
        record, predictions = _finished(each, answer, share, told, memory)
        yield each.cell, store.write(record, predictions), share.seconds + time.perf_counter() - start


def _finished(
    each: _Ready, answer: Exception | None, share: Clock, bench: Workbench, memory: Memory
) -> tuple[Record, TestPredictions | None]:
    if answer is not None:
        return failed(each.cell, bench, answer), None
    try:
        with Clock() as predict:
            said = each.model.predict(each.tables.test)
        expect_forgotten(each.model.card.name, memory, class_memory(type(each.model)))
        others = (bench.environment.stacked or 1) - 1
        together = Figure.undefined(f"trained together with {others} other cells")
        work = dict.fromkeys(("peak_memory_bytes", "device_memory_bytes", "energy_joules"), together)
        work |= fit_and_predict_figures(share, predict)
        return finish(each.cell, bench, each.model, each.tables, said, work)
    except Exception as error:  # noqa: BLE001  (a plugin may raise anything)
        return failed(each.cell, bench, error), None


def _bytes(table: FeatureTable) -> int:
    return sum(column.values.nbytes for column in table.columns.values())


__all__ = ["MOST", "ROOM", "run_stack", "stack_cells"]
