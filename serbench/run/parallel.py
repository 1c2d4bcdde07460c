"""Cells in processes of their own: side by side on the CPU, and apart from whatever their plugins do.

Conventions
-----------
A cell trains and predicts with one thread wherever it runs (see ``serbench.run.job``), so its result does not depend on
how many run beside it, and cells never fight for cores: networks of this size gain more from a second cell than from a
second thread. Workers are kept from cell to cell; one that dies or takes too long is replaced, and its cell is a failed
record with the reason. While latencies are measured in one, the others wait.
"""

from __future__ import annotations

import contextlib
import multiprocessing
import signal
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from enum import Enum, auto
from multiprocessing.connection import Connection, wait
from multiprocessing.context import SpawnProcess
from typing import Any, Self

from serbench.environment import usable_cores
from serbench.results.facts import Environment
from serbench.run.plan import Cell
from serbench.run.request import Progress
from serbench.run.setup import Setup
from serbench.run.worker import Ended, NoMessageError, Order, Said, end_group, messages, work

#: Less work than this, in seconds, is done before further processes have started.
WORTH_STARTING = 20.0
#: Workers that die one after another before they are ready: then no cell is to blame.
_STARTS = 3
#: Seconds that measuring latencies may take beside a cell's own time.
_MEASURING = 60.0
#: Seconds that a worker is given to end by itself.
_PATIENCE = 5.0


class _State(Enum):
    STARTING = auto()
    IDLE = auto()
    WORKING = auto()
    #: Wants to measure latencies.
    WAITING = auto()
    MEASURING = auto()
    #: Has done its last order.
    LEAVING = auto()


#: In these a worker disturbs a measurement.
_LOUD = (_State.STARTING, _State.WORKING, _State.MEASURING)


@dataclass
class _Worker:
    process: SpawnProcess
    connection: Connection
    state: _State = _State.STARTING
    order: Order | None = None
    left: dict[str, Cell] = field(default_factory=dict)
    #: Seconds that it may still take, while it waits for silence.
    remaining: float = 0.0
    deadline: float | None = None
    is_confused: bool = False
    bar: contextlib.ExitStack = field(default_factory=contextlib.ExitStack)
    reach: Callable[[int], None] = lambda _: None


class Workers:
    """Processes that carry out orders.

    Parameters
    ----------
    setup
        What every one of them makes its plan from.
    environment
        For the records.
    jobs
        How many work at once.
    progress
        Shows the extraction of features.
    timeout
        Seconds that a cell may take, waiting for silence aside, and an extraction between two clips; None: for ever.
    """

    def __init__(
        self, setup: Setup, environment: Environment, jobs: int, progress: Progress, timeout: float | None = None
    ) -> None:
        self._setup, self._environment, self._jobs = setup, environment, jobs
        self._progress, self._timeout = progress, timeout
        self._workers: list[_Worker] = []
        self._died_early = 0

    def carry_out(self, orders: Sequence[Order], started: Callable[[Cell], None]) -> Iterator[Ended]:
        """Yield each cell as it ends; of orders to extract, those that a worker did not survive.

        Parameters
        ----------
        started
            Told of each cell when it is begun.

        Raises
        ------
        OSError
            When a worker cannot write: the disk is full.
        """
        waiting = deque(orders)
        while waiting or any(worker.order for worker in self._workers):
            self._give(waiting)
            for worker, said, about in self._messages():
                yield from self._heard(worker, said, about, started)
            for worker in filter(_is_lost, tuple(self._workers)):
                reason = _reason(worker, self._timeout)
                _end(worker)
                for said, about in _drained(worker):  # its last words: a record may be among them
                    yield from self._heard(worker, said, about, started)
                again, ended = self._bury(worker, reason, waiting)
                waiting.extendleft(again)
                yield from ended

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for worker in self._workers:
            worker.bar.close()
            if worker.order is None and worker.process.is_alive():
                with contextlib.suppress(OSError):
                    worker.connection.send(None)
                worker.process.join(_PATIENCE)
            _end(worker)
            worker.connection.close()
        self._workers = []

    def _give(self, waiting: deque[Order]) -> None:
        """Hand orders to idle workers, start further ones, or let one measure."""
        quiet = [worker for worker in self._workers if worker.state is _State.WAITING]
        if quiet or any(worker.state is _State.MEASURING for worker in self._workers):
            if not any(worker.state in _LOUD for worker in self._workers):
                self._change(quiet[0], _State.MEASURING)
                quiet[0].connection.send("go")
            return
        for worker in [worker for worker in self._workers if worker.state is _State.IDLE]:
            if waiting:
                self._order(worker, waiting.popleft())
        starting = sum(worker.state is _State.STARTING for worker in self._workers)
        for _ in range(min(self._jobs - len(self._workers), len(waiting) - starting)):
            self._workers.append(self._start())

    def _start(self) -> _Worker:
        spawn = multiprocessing.get_context("spawn")
        mine, theirs = spawn.Pipe()
        process = spawn.Process(
            target=work,
            args=(theirs, self._setup, self._environment),
            kwargs={"is_timed": self._timeout is not None},
            name="serbench-worker",
        )
        process.start()
        theirs.close()
        return _Worker(process, mine)

    def _order(self, worker: _Worker, order: Order) -> None:
        worker.order, worker.left = order, {cell.key.digest: cell for cell in order.cells}
        self._change(worker, _State.WORKING)
        with contextlib.suppress(OSError):  # it died while it was idle: it is found lost
            worker.connection.send((order.what, list(worker.left)))

    def _change(self, worker: _Worker, state: _State) -> None:
        """Give a worker another state; its time runs while it works."""
        now = time.monotonic()
        if self._timeout is not None:
            if state is _State.WAITING and worker.deadline is not None:
                worker.remaining = worker.deadline - now
                worker.deadline = None
            elif worker.state is _State.WAITING:
                worker.deadline = now + worker.remaining + _MEASURING
            elif state is _State.WORKING and worker.state is not _State.MEASURING:
                worker.deadline = now + self._timeout * max(1, len(worker.left))
            elif state in (_State.IDLE, _State.LEAVING):
                worker.deadline = None
        worker.state = state

    def _messages(self) -> Iterator[tuple[_Worker, Said, Any]]:
        """Yield what workers say, after waiting for one of them to say something, to die or to take too long."""
        ends = [worker.deadline for worker in self._workers if worker.deadline is not None]
        patience = max(0.0, min(ends) - time.monotonic()) if ends else None
        wait([end for worker in self._workers for end in (worker.connection, worker.process.sentinel)], patience)
        for worker in self._workers:
            for said, about in _drained(worker):
                yield worker, said, about

    def _heard(self, worker: _Worker, said: Said, about: Any, started: Callable[[Cell], None]) -> Iterator[Ended]:
        match said:
            case Said.READY:
                self._died_early = 0
                self._change(worker, _State.IDLE)
            case Said.STARTED:
                started(worker.left[about])
            case Said.RECORD:
                digest, record, seconds = about
                yield Ended(worker.left.pop(digest), record, seconds)
                self._change(worker, _State.WORKING)
            case Said.MEASURE:
                self._change(worker, _State.WAITING)
            case Said.MEASURED:
                self._change(worker, _State.WORKING)
            case Said.EXTRACTING:
                worker.bar.close()
                worker.reach = worker.bar.enter_context(self._progress(*about))
            case Said.EXTRACTED:
                worker.reach(about)
                self._change(worker, _State.WORKING)
            case Said.DONE | Said.SPENT:
                worker.bar.close()
                worker.order = None
                self._change(worker, _State.IDLE if said is Said.DONE else _State.LEAVING)
            case Said.BROKEN:
                raise about

    def _bury(self, worker: _Worker, reason: str, waiting: deque[Order]) -> tuple[list[Order], list[Ended]]:
        """Take a lost worker out; return what is to be tried again, and what has ended with it."""
        self._workers.remove(worker)
        worker.bar.close()
        worker.connection.close()
        cells = list(worker.left.values()) if worker.order else []
        if worker.state is _State.STARTING:
            self._died_early += 1
            if self._died_early < _STARTS:
                return [], []
            lost = [cell for order in waiting for cell in order.cells]
            waiting.clear()
            return [], [Ended(cell, None, 0.0, f"no process could be made ready for it: {reason}") for cell in lost]
        if len(cells) > 1:  # one of them: each alone shows which
            return [Order((cell,)) for cell in reversed(cells)], []
        return [], [Ended(cell, None, 0.0, reason) for cell in cells]


def _drained(worker: _Worker) -> Iterator[tuple[Said, Any]]:
    """Yield what a worker has said, up to what is no message."""
    if not worker.is_confused:
        try:
            yield from messages(worker.connection)
        except NoMessageError:
            worker.is_confused = True


def _is_lost(worker: _Worker) -> bool:
    is_late = worker.deadline is not None and time.monotonic() > worker.deadline
    return is_late or worker.is_confused or not worker.process.is_alive()


def _reason(worker: _Worker, timeout: float | None) -> str:
    """Return why a worker was lost."""
    if worker.is_confused:
        return "its process said what is no message, as where a plugin writes to a file that is not its own"
    worker.process.join(0)
    code = worker.process.exitcode
    if code is None:
        doing = "no clip was extracted" if worker.order and worker.order.what == "extract" else "it was not done"
        return f"{doing} within {timeout:g} s, the limit of --cell-timeout"
    if code < 0:
        memory = ", perhaps for want of memory" if -code == signal.SIGKILL else ""
        return f"its process was killed by {signal.Signals(-code).name}{memory}"
    return f"its process ended with exit code {code} before it answered"


def _end(worker: _Worker) -> None:
    """Kill a worker that still lives, and whatever it started."""
    pid = worker.process.pid
    if pid is not None:
        end_group(pid)
    if worker.process.is_alive():
        worker.process.kill()
    worker.process.join()


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


__all__ = ["WORTH_STARTING", "Ended", "Order", "Workers", "choose_jobs"]
