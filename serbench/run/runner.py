"""All cells of a plan, each to its record as soon as it is done."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace

from serbench.cost.calibration import calibrate, processor_pace
from serbench.environment import machine_card, versions
from serbench.features.cache import FeatureCache
from serbench.plugin.events import JobEvent
from serbench.plugin.registry import Registry
from serbench.results.drafts import Drafts
from serbench.results.facts import Calibration, Environment
from serbench.results.record import Record
from serbench.results.store import Store
from serbench.run.crew import Crew, extract_here, features_of, is_stranger
from serbench.run.estimate import Estimate, Times, choose_jobs
from serbench.run.parallel import Workers
from serbench.run.plan import Cell, Plan
from serbench.run.request import Progress
from serbench.run.setup import Setup
from serbench.run.stacked_cells import run_stack, stack_cells
from serbench.run.tables import Workbench
from serbench.run.timing import forget_timed, good_drafts, keep_timed, run_cell, time_draft


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


def expect(
    cells: Sequence[Cell],
    registry: Registry,
    setup: Setup,
    times: Times,
    *,
    jobs: int | None = None,
    timeout: float | None = None,
) -> Estimate:
    """Return how long :func:`execute` is expected to take for cells, with what it is given.

    Where this machine has no times of its own, its pace is measured first: what the cards say is scaled by it.
    """
    if times.pace is None and not all(times.is_known(cell) for cell in cells):
        times.pace = processor_pace()
    drafts = Drafts(setup.out)
    return times.estimate(
        cells,
        choose_jobs(jobs, len(cells), sum(map(times.cell_seconds, cells)), setup.device),
        drafts={cell.key.digest for cell in cells if cell.is_timed and drafts.has(cell.key, cell.label)},
        in_workers=timeout is not None or any(is_stranger(registry, cell) for cell in cells),
    )


def execute(
    plan: Plan,
    registry: Registry,
    setup: Setup,
    times: Times,
    progress: Progress,
    watch: Callable[[JobEvent], None] = lambda _: None,
    *,
    trained: Callable[[Cell], None] = lambda _: None,
    jobs: int | None = None,
    stacked: bool = False,
    timeout: float | None = None,
) -> RunOutcome:
    """Run the open cells of a plan.

    Cells run side by side on the CPU where that pays, and are trained together on an accelerator. Where they run side
    by side, those that are to be timed are kept as drafts, and timed when nothing is left to train.

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
    trained
        Told of each cell that is trained and will be timed later.
    jobs
        Cells at once on the CPU; None: as many as there are cores, where that pays.
    stacked
        Train cells together on any device, not on an accelerator alone; for tests and measurements.
    timeout
        Seconds that a cell may take; None: as long as it takes.

    Returns
    -------
    What was written. A cell that fails is a record; an interruption ends the run and loses no finished cell and no
    draft.
    """
    outcome = RunOutcome()

    def tell(event: JobEvent) -> None:
        registry.notify(event)
        watch(event)

    def started(cell: Cell) -> None:
        tell(JobEvent("start", cell.name, cell.key.digest))

    forget_timed(plan.cells, plan.done, Store(setup.out))
    try:
        for cell, record, seconds in _run_all(
            plan.open, registry, setup, times, progress, (started, trained), jobs, stacked=stacked, timeout=timeout
        ):
            if record.status == "done":
                outcome.done.append(record)
                times.learn(cell, record, seconds)
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
    listeners: tuple[Callable[[Cell], None], Callable[[Cell], None]],
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
    started, trained = listeners
    at_once = choose_jobs(jobs, len(cells), sum(map(times.cell_seconds, cells)), setup.device)
    alone = _environment(setup.device)
    times.pace = processor_pace()
    metrics = [offer.part for offer in registry.metrics.values()]
    bench = Workbench(FeatureCache(setup.locations.cache), setup.device, metrics, alone, progress, setup.models)
    store = Store(setup.out)
    drafts = good_drafts(cells, bench, store)
    seen: set[str] = set()
    here, apart = [], list(cells)
    if at_once == 1 and timeout is None:
        here = [cell for cell in cells if not is_stranger(registry, cell)]
        apart = [cell for cell in cells if is_stranger(registry, cell)]
    for these in stack_cells(here, setup.device, forced=stacked):
        if len(these) > 1:
            yield from run_stack(these, bench, store, started)
            continue
        (cell,) = these
        started(cell)
        if cell.key.digest not in drafts and features_of(cell) not in seen:
            seen.add(features_of(cell))
            extract_here(cell, bench, times)
        start = time.perf_counter()
        if draft := drafts.get(cell.key.digest):
            record = keep_timed(time_draft(cell, bench, draft), draft.predictions, store)
        else:
            record = keep_timed(*run_cell(cell, bench), store)
        yield cell, record, time.perf_counter() - start
    if apart:
        environment = replace(alone, jobs=at_once)
        with Workers(setup, environment, at_once, progress, timeout) as workers:
            crew = Crew(workers, registry, bench, store, times, started, trained)
            yield from crew.run(apart, drafts.keys(), stacked=stacked, is_alone=at_once == 1)
            times.learn_start(workers.start_seconds)


def _environment(device: str) -> Environment:
    """Return versions, machine card, how fast the machine is now and how many cells run at once, for the records.

    A cell whose latencies are measured times the machine anew.
    """
    card = machine_card(device)
    if device == "cpu":
        card |= {"threads": 1}  # of a cell, whatever torch would take
    return Environment(versions=versions(), machine=card, calibration=Calibration.read(calibrate()), jobs=1)


__all__ = ["RunOutcome", "execute", "expect"]
