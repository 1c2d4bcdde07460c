"""Cells side by side on the CPU: a process each, one thread each.

Conventions
-----------
A cell trains and predicts with one thread wherever it runs (see ``serbench.run.job``), so its result does not depend on
how many run beside it, and cells never fight for cores: networks of this size gain more from a second cell than from a
second thread. Processes are spawned, not forked: OpenMP does not survive a fork. Each makes its own plan, takes
features from the cache and writes its records itself; the store bears that. While latencies are measured in one, the
others wait.
"""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import signal
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from dataclasses import dataclass
from multiprocessing.context import SpawnContext

from serbench.environment import usable_cores
from serbench.features.cache import FeatureCache
from serbench.results.facts import Environment
from serbench.results.record import Record
from serbench.results.store import Store
from serbench.run.job import run_cell
from serbench.run.plan import Cell
from serbench.run.setup import Setup
from serbench.run.tables import Workbench
from serbench.run.workspace import silent

#: Less work than this, in seconds, is done before further processes have started.
WORTH_STARTING = 20.0


class Silence:
    """Lets one cell at a time have the machine to itself.

    A cell that works holds one token of as many as there are processes; one that is measured gives its own back and
    takes all of them, which it gets as cells end and before new ones begin.

    Parameters
    ----------
    context
        Where locks come from.
    jobs
        How many cells run at once.
    """

    def __init__(self, context: SpawnContext, jobs: int) -> None:
        self._jobs, self._tokens, self._turn = jobs, context.Semaphore(jobs), context.Lock()

    @contextlib.contextmanager
    def working(self) -> Iterator[None]:
        """Run a cell beside others."""
        with self._tokens:
            yield

    @contextlib.contextmanager
    def alone(self) -> Iterator[None]:
        """Within :meth:`working`: wait until no other cell works, and let none work."""
        self._tokens.release()
        try:
            with self._turn, contextlib.ExitStack() as taken:
                for _ in range(self._jobs):
                    taken.enter_context(self._tokens)
                yield
        finally:
            self._tokens.acquire()


@dataclass(frozen=True)
class _Place:
    """A process's own copy of what a cell needs."""

    cells: Mapping[str, Cell]
    bench: Workbench
    store: Store
    silence: Silence


_place: _Place | None = None


def choose_jobs(asked: int | None, cells: int, seconds: float, device: str) -> int:
    """Return how many cells to run at once.

    Parameters
    ----------
    asked
        What a person wants; None: as many as there are cores, where that pays.
    cells, seconds
        How many are open, and how long they are expected to take one after another.
    device
        Cells side by side are for the CPU; an accelerator is kept busy by one.
    """
    if device != "cpu" or cells < 2:
        return 1
    if asked is not None:
        return min(asked, cells)
    return min(usable_cores(), cells) if seconds > WORTH_STARTING else 1


def side_by_side(
    cells: Sequence[Cell], setup: Setup, environment: Environment, jobs: int, started: Callable[[Cell], None]
) -> Iterator[tuple[Cell, Record, float]]:
    """Yield each cell with its record, which is in the store, and its seconds, in the order in which they end.

    Parameters
    ----------
    environment
        For the records.
    jobs
        How many run at once.
    started
        Told of each cell when it is given to a process.

    Raises
    ------
    BrokenProcessPool
        When a process was killed from outside; cells that were yielded are kept.
    """
    spawn = multiprocessing.get_context("spawn")
    start = (setup, environment, Silence(spawn, jobs))
    pool = ProcessPoolExecutor(jobs, mp_context=spawn, initializer=_open, initargs=start)
    waiting, running = deque(cells), dict[Future[tuple[Record, float]], Cell]()
    try:
        while waiting or running:
            while waiting and len(running) < jobs:
                cell = waiting.popleft()
                started(cell)
                running[pool.submit(_run, cell.key.digest)] = cell
            for future in wait(running, return_when=FIRST_COMPLETED).done:
                yield running.pop(future), *future.result()
    finally:
        pool.shutdown(wait=False, cancel_futures=True)
        for process in multiprocessing.active_children():
            if running:  # interrupted: nobody waits for what is half done
                process.terminate()
            process.join()


def _open(setup: Setup, environment: Environment, silence: Silence) -> None:
    """Make this process ready; the keyboard is the first process's business."""
    global _place  # noqa: PLW0603  (a worker process has no other place)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    end_with_parent()
    with silence.working():  # making a plan disturbs a measurement as much as a cell does
        registry = setup.registry()
        plan = setup.plan(registry, silent)
    metrics = [offer.part for offer in registry.metrics.values()]
    bench = Workbench(
        FeatureCache(setup.locations.cache), setup.device, metrics, environment, silent, setup.models, silence.alone
    )
    _place = _Place({cell.key.digest: cell for cell in plan.cells}, bench, Store(setup.out), silence)


def end_with_parent() -> None:
    """Let this process end when the one that started it does, however: it would wait for its next cell for ever."""
    parent = multiprocessing.parent_process()
    if parent is None:
        return

    def watch() -> None:
        parent.join()
        os._exit(1)

    threading.Thread(target=watch, daemon=True, name="serbench-parent").start()


def _run(digest: str) -> tuple[Record, float]:
    if _place is None:
        raise RuntimeError("a worker got a cell before it was made ready")
    start = time.perf_counter()
    with _place.silence.working():
        record = _place.store.write(*run_cell(_place.cells[digest], _place.bench))
    return record, time.perf_counter() - start


__all__ = ["WORTH_STARTING", "Silence", "choose_jobs", "end_with_parent", "side_by_side"]
