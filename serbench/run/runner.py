"""All cells of a plan, each to its record as soon as it is done."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace

from serbench.cost.calibration import calibrate
from serbench.digest import digest_value
from serbench.environment import machine_card, versions
from serbench.features.cache import FeatureCache
from serbench.part import Part
from serbench.plugin.events import JobEvent
from serbench.plugin.registry import Registry
from serbench.results.facts import Calibration, Environment
from serbench.results.record import Record
from serbench.results.store import Store
from serbench.run.estimate import Times
from serbench.run.job import failed, run_cell
from serbench.run.parallel import Order, Workers, choose_jobs
from serbench.run.plan import Cell, Plan
from serbench.run.request import Progress
from serbench.run.setup import Setup
from serbench.run.stacked_cells import run_stack, stack_cells
from serbench.run.tables import Workbench, extract_for


@dataclass
class RunOutcome:
    """What a run came to.

    Attributes
    ----------
    done, failed
        Records that this run wrote.
    interrupted
        True when a person ended it; finished cells are kept.
    """

    done: list[Record] = field(default_factory=list)
    failed: list[Record] = field(default_factory=list)
    interrupted: bool = False


def execute(
    plan: Plan,
    registry: Registry,
    setup: Setup,
    times: Times,
    progress: Progress,
    watch: Callable[[JobEvent], None] = lambda _: None,
    *,
    jobs: int | None = None,
    stacked: bool = False,
    timeout: float | None = None,
) -> RunOutcome:
    """Run the open cells of a plan.

    Cells run side by side on the CPU where that pays, and are trained together on an accelerator. Those in which
    latencies are measured come first, and are alone while that is done.

    Parameters
    ----------
    setup
        What the plan was made from: further processes make it again.
    times
        Learns how long cells take.
    progress
        Shows the extraction of features.
    watch
        Told of every event, as observers among the plugins are.
    jobs
        Cells at once on the CPU; None: as many as there are cores, where that pays.
    stacked
        Train cells together on any device, not on an accelerator alone; for tests and measurements.
    timeout
        Seconds that a cell may take; None: as long as it takes.

    Returns
    -------
    What was written. A cell that fails is a record; an interruption ends the run and loses no finished cell.
    """
    outcome = RunOutcome()

    def tell(event: JobEvent) -> None:
        registry.notify(event)
        watch(event)

    def started(cell: Cell) -> None:
        tell(JobEvent("start", cell.name, cell.key.digest))

    try:
        for cell, record, seconds in _run_all(
            plan.open, registry, setup, times, progress, started, jobs, stacked=stacked, timeout=timeout
        ):
            if record.status == "done":
                outcome.done.append(record)
                times.learn(cell, record.cost["train_seconds"].value or 0.0)
                tell(JobEvent("done", cell.name, cell.key.digest, seconds))
            else:
                outcome.failed.append(record)
                tell(JobEvent("failed", cell.name, cell.key.digest, seconds, record.reason))
    except KeyboardInterrupt:
        outcome.interrupted = True
    finally:
        times.save()
    return outcome


def _run_all(
    cells: Sequence[Cell],
    registry: Registry,
    setup: Setup,
    times: Times,
    progress: Progress,
    started: Callable[[Cell], None],
    jobs: int | None,
    *,
    stacked: bool,
    timeout: float | None,
) -> Iterator[tuple[Cell, Record, float]]:
    """Yield every cell with its record and its seconds.

    Where one cell runs at a time, those of our own plugins run in this process; a stranger's never do.
    """
    if not cells:
        return
    at_once = choose_jobs(jobs, len(cells), times.seconds(cells), setup.device)
    alone = _environment(setup.device)
    metrics = [offer.part for offer in registry.metrics.values()]
    bench = Workbench(FeatureCache(setup.locations.cache), setup.device, metrics, alone, progress, setup.models)
    store = Store(setup.out)
    here, apart = [], list(cells)
    if at_once == 1 and timeout is None:
        here = [cell for cell in cells if not _is_stranger(registry, cell)]
        apart = [cell for cell in cells if _is_stranger(registry, cell)]
    for these in stack_cells(here, setup.device, forced=stacked):
        if len(these) > 1:
            yield from run_stack(these, bench, store, started)
            continue
        started(these[0])
        start = time.perf_counter()
        record = store.write(*run_cell(these[0], bench))
        yield these[0], record, time.perf_counter() - start
    if apart:
        environment = replace(alone, jobs=at_once)
        with Workers(setup, environment, at_once, progress, timeout) as workers:
            yield from _run_apart(apart, workers, registry, bench, store, started, stacked=stacked)


def _run_apart(
    cells: Sequence[Cell],
    workers: Workers,
    registry: Registry,
    bench: Workbench,
    store: Store,
    started: Callable[[Cell], None],
    *,
    stacked: bool,
) -> Iterator[tuple[Cell, Record, float]]:
    """Yield cells that run in processes of their own, features before, so that no two compute the same."""

    def lost(cell: Cell, reason: str) -> tuple[Cell, Record, float]:
        return cell, store.write(failed(cell, bench, reason)), 0.0

    for cell in cells:
        if not _is_strange(registry, _extracting(cell)):
            extract_for(cell, bench)  # on all cores, once, before several processes ask for it
    by_features = {_features(cell): cell for cell in reversed(cells) if _is_strange(registry, _extracting(cell))}
    orders = [Order((cell,), "extract") for cell in by_features.values()]
    killing = {_features(ended.cell): ended.reason for ended in workers.carry_out(orders, started)}
    for cell in cells:
        if _features(cell) in killing:
            started(cell)
            yield lost(cell, killing[_features(cell)])
    left = [cell for cell in cells if _features(cell) not in killing]
    timed_first = sorted(left, key=lambda cell: not cell.is_timed)
    orders = [Order(tuple(these)) for these in stack_cells(timed_first, bench.device, forced=stacked)]
    for ended in workers.carry_out(orders, started):
        if ended.record is None:
            yield lost(ended.cell, ended.reason)
        else:
            yield ended.cell, ended.record, ended.seconds


def _extracting(cell: Cell) -> list[Part]:
    """Return the plugins that have a part in a cell's features."""
    contender = cell.contender
    return [*contender.extractors.values(), *contender.augmentations.values(), *cell.applied.values()]


def _features(cell: Cell) -> str:
    """Return what is the same for cells that ask for the same features of the same corpus."""
    return digest_value([cell.corpus.manifest.digest, [part.identity.digest for part in _extracting(cell)]])


def _is_stranger(registry: Registry, cell: Cell) -> bool:
    return _is_strange(registry, [*_extracting(cell), cell.contender.model])


def _is_strange(registry: Registry, parts: Sequence[Part]) -> bool:
    """Tell whether one of some plugins came by a file or another package, which a worker can load too."""
    return any(registry.is_strange(type(part)) for part in parts)


def _environment(device: str) -> Environment:
    """Return versions, machine card, how fast the machine is now and how many cells run at once, for the records.

    A cell whose latencies are measured times the machine anew.
    """
    card = machine_card(device)
    if device == "cpu":
        card |= {"threads": 1}  # of a cell, whatever torch would take
    return Environment(versions=versions(), machine=card, calibration=Calibration.read(calibrate()), jobs=1)


__all__ = ["RunOutcome", "execute"]
