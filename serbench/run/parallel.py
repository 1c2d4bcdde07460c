"""Cells in processes of their own: side by side on the CPU, and apart from whatever their plugins do.

Conventions
-----------
A cell trains and predicts with one thread wherever it runs (see ``serbench.run.job``), so its result does not depend on
how many run beside it, and cells never fight for cores: networks of this size gain more from a second cell than from a
second thread. Workers are kept from cell to cell; one that dies or takes too long is replaced, and its cell is a failed
record with the reason. Nobody waits for silence: what is to be timed is kept as a draft, and when nothing is left to
train one worker times the drafts, one after another (:meth:`Workers.quietly`).
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

from serbench.cost.quiet import ATTEMPTS
from serbench.results.facts import Environment
from serbench.run.orders import Ended, Order, Said
from serbench.run.plan import Cell
from serbench.run.request import Progress
from serbench.run.setup import Setup
from serbench.run.worker import NoMessageError, end_group, messages, work

#: Workers that die one after another before they are ready: then no cell is to blame.
_STARTS = 3
#: Seconds that timing a draft may take beside a cell's own time: in case its model is to be trained once more.
_TIMING = 60.0 * ATTEMPTS
#: Seconds that a worker is given to end by itself.
_PATIENCE = 5.0


class _State(Enum):
    STARTING = auto()
    IDLE = auto()
    WORKING = auto()
    #: Has done its last order.
    LEAVING = auto()


@dataclass
class _Worker:
    process: SpawnProcess
    connection: Connection
    state: _State = _State.STARTING
    order: Order | None = None
    left: dict[str, Cell] = field(default_factory=dict)
    #: Digests of drafts whose models it alone has.
    keeps: set[str] = field(default_factory=set)
    deadline: float | None = None
    begun: float = field(default_factory=time.monotonic)
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
        Seconds that a cell may take, its timing aside, and an extraction between two clips; None: for ever.
    """

    def __init__(
        self, setup: Setup, environment: Environment, jobs: int, progress: Progress, timeout: float | None = None
    ) -> None:
        self._setup, self._environment, self._jobs = setup, environment, jobs
        self._progress, self._timeout = progress, timeout
        self._workers: list[_Worker] = []
        self._died_early = 0
        #: Seconds that the first worker took to be ready; None while none is.
        self.start_seconds: float | None = None

    def carry_out(self, orders: Sequence[Order], started: Callable[[Cell], None]) -> Iterator[Ended]:
        """Yield each cell as it ends or is a draft; of orders to extract, those that a worker did not survive.

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

    def quietly(self, orders: Sequence[Order], started: Callable[[Cell], None]) -> Iterator[Ended]:
        """Yield as :meth:`carry_out` does, while one process works and the others are gone, or hold a model and wait.

        An order about a draft goes to the worker that has its model, where there is one.
        """
        spare = [worker for worker in self._workers if not worker.keeps]
        chosen = next((worker for worker in spare if worker.state is _State.IDLE), None)
        for worker in spare:
            if worker is not chosen:
                self._dismiss(worker)
        for order in orders:
            yield from self.carry_out([order], started)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for worker in tuple(self._workers):
            self._dismiss(worker)

    def _dismiss(self, worker: _Worker) -> None:
        """End a worker: one that has no order is asked to."""
        worker.bar.close()
        if worker.order is None and worker.state is not _State.STARTING and worker.process.is_alive():
            with contextlib.suppress(OSError):
                worker.connection.send(None)
            worker.process.join(_PATIENCE)
        _end(worker)
        worker.connection.close()
        self._workers.remove(worker)

    def _give(self, waiting: deque[Order]) -> None:
        """Hand orders to idle workers, and start further ones."""
        idle = [worker for worker in self._workers if worker.state is _State.IDLE]
        while idle and waiting:
            order = waiting.popleft()
            about = {cell.key.digest for cell in order.cells}
            worker = next((each for each in idle if about & each.keeps), idle[0])
            idle.remove(worker)
            self._order(worker, order)
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
        if self._timeout is not None:
            if state is _State.WORKING:
                more = _TIMING if worker.order and worker.order.what == "time" else 0.0
                worker.deadline = time.monotonic() + self._timeout * max(1, len(worker.left)) + more
            else:
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
                self.start_seconds = self.start_seconds or time.monotonic() - worker.begun
                self._change(worker, _State.IDLE)
            case Said.STARTED:
                started(worker.left[about])
            case Said.RECORD:
                digest, record, seconds = about
                worker.keeps.discard(digest)
                yield Ended(worker.left.pop(digest), record, seconds)
                self._change(worker, _State.WORKING)
            case Said.DRAFTED:
                digest, seconds, is_kept = about
                worker.keeps |= {digest} if is_kept else set()
                yield Ended(worker.left.pop(digest), None, seconds)
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


__all__ = ["Workers"]
