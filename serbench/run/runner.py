"""All cells of a plan, each to its record as soon as it is done."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass, field, replace

from serbench.cost.calibration import calibrate
from serbench.environment import machine_card, versions
from serbench.features.cache import FeatureCache
from serbench.plugin.events import JobEvent
from serbench.plugin.registry import Registry
from serbench.results.facts import Calibration, Environment
from serbench.results.record import Record
from serbench.results.store import Store
from serbench.run.estimate import Times
from serbench.run.job import run_cell
from serbench.run.parallel import choose_jobs, side_by_side
from serbench.run.plan import Cell, Plan
from serbench.run.request import Progress
from serbench.run.setup import Setup
from serbench.run.stacked_cells import run_stack, stack_cells
from serbench.run.tables import Workbench, extract_for

_log = logging.getLogger(__name__)


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
            plan.open, registry, setup, times, progress, started, jobs, stacked=stacked
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
) -> Iterator[tuple[Cell, Record, float]]:
    """Yield every cell with its record and its seconds."""
    if not cells:
        return
    at_once = choose_jobs(jobs, len(cells), times.seconds(cells), setup.device)
    alone = _environment(setup.device)
    metrics = [offer.part for offer in registry.metrics.values()]
    bench = Workbench(FeatureCache(setup.locations.cache), setup.device, metrics, alone, progress, setup.models)
    store = Store(setup.out)

    def one_by_one(these: Sequence[Cell]) -> Iterator[tuple[Cell, Record, float]]:
        for cell in these:
            started(cell)
            start = time.perf_counter()
            record = store.write(*run_cell(cell, bench))
            yield cell, record, time.perf_counter() - start

    if stacked or at_once < 2:
        for these in stack_cells(cells, setup.device, forced=stacked):
            yield from one_by_one(these) if len(these) == 1 else run_stack(these, bench, store, started)
        return
    for cell in cells:
        extract_for(cell, bench)  # on all cores, once, before several processes ask for it
    left = {cell.key.digest: cell for cell in cells}
    timed_first = sorted(cells, key=lambda cell: not cell.is_timed)
    try:
        for cell, record, seconds in side_by_side(timed_first, setup, replace(alone, jobs=at_once), at_once, started):
            del left[cell.key.digest]
            yield cell, record, seconds
    except BrokenProcessPool:
        _log.warning("a process was killed, perhaps for want of memory; the other cells are run one after another")
        yield from one_by_one(list(left.values()))


def _environment(device: str) -> Environment:
    """Return versions, machine card, how fast the machine is now and how many cells run at once, for the records.

    A cell whose latencies are measured times the machine anew.
    """
    card = machine_card(device)
    if device == "cpu":
        card |= {"threads": 1}  # of a cell, whatever torch would take
    return Environment(versions=versions(), machine=card, calibration=Calibration.read(calibrate()), jobs=1)


__all__ = ["RunOutcome", "execute"]
