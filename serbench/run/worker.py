"""A process that runs cells for another one, and may die without taking anything with it.

Conventions
-----------
The first process sends an order (``run`` or ``extract``, with digests of cells) and the worker answers with messages,
pairs of a :class:`Said` and what belongs to it, the last of them ``DONE``. Processes are spawned, not forked: OpenMP
does not survive a fork. A worker makes its own plan, takes features from the cache and writes its records itself; the
store bears that. What it prints goes to the error stream, for the other belongs to the first process. It is the first
of a group of processes, so that what a plugin starts can be ended with it.
"""

from __future__ import annotations

import contextlib
import importlib
import logging
import multiprocessing
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from enum import Enum, auto
from multiprocessing.connection import Connection
from typing import Any, Literal

from serbench.features.cache import FeatureCache
from serbench.results.facts import Environment
from serbench.results.record import Record
from serbench.results.store import Store
from serbench.run.job import failed, run_cell
from serbench.run.plan import Cell
from serbench.run.setup import Setup
from serbench.run.stacked_cells import run_stack
from serbench.run.tables import Workbench, extract_for
from serbench.run.workspace import silent

#: Seconds between two messages about how far an extraction is.
_PROGRESS_SECONDS = 0.2


@dataclass(frozen=True)
class Order:
    """What a worker is asked to do.

    Attributes
    ----------
    cells
        To run, several where they are trained together; or the one whose features are to be extracted.
    what
        Which of the two.
    """

    cells: tuple[Cell, ...]
    what: Literal["run", "extract"] = "run"


@dataclass(frozen=True)
class Ended:
    """A cell that has ended, or an order that a worker did not survive.

    Attributes
    ----------
    cell
        Which one.
    record
        What came of it, in the store; None where its worker died.
    seconds
        How long it took.
    reason
        Why there is no record.
    """

    cell: Cell
    record: Record | None
    seconds: float
    reason: str = ""


class Said(Enum):
    """What a message of a worker is about."""

    #: It has made its plan.
    READY = auto()
    #: A cell was begun: its digest.
    STARTED = auto()
    #: A cell has ended: its digest, its record, which is in the store, and its seconds.
    RECORD = auto()
    #: Latencies are to be measured: it waits until it is told that nobody else works.
    MEASURE = auto()
    #: They were measured.
    MEASURED = auto()
    #: An extraction begins: what of what, and how many clips.
    EXTRACTING = auto()
    #: So many of them are done.
    EXTRACTED = auto()
    #: The order was carried out.
    DONE = auto()
    #: It cannot go on, whatever is asked of it: a full disk. The error.
    BROKEN = auto()


def work(connection: Connection, setup: Setup, environment: Environment, *, is_timed: bool = False) -> None:
    """Carry out orders until there are no more; the whole life of a worker.

    Parameters
    ----------
    is_timed
        Whether cells may take so long only: then what all of them load is loaded before the first.
    """
    _settle()
    if is_timed:
        for name in ("torch", "sklearn.linear_model", "librosa"):
            importlib.import_module(name)
    try:
        _serve(connection, setup, environment)
    except (EOFError, OSError):  # the first process is gone, or a plugin closed what is not its own
        os._exit(1)
    os._exit(0)  # threads that a plugin left behind are not waited for


def _serve(connection: Connection, setup: Setup, environment: Environment) -> None:
    registry = setup.registry()
    cells = {cell.key.digest: cell for cell in setup.plan(registry, silent).cells}
    bench = Workbench(
        FeatureCache(setup.locations.cache),
        setup.device,
        [offer.part for offer in registry.metrics.values()],
        environment,
        _progress(connection),
        setup.models,
        lambda: _alone(connection),
    )
    store = Store(setup.out)
    connection.send((Said.READY, None))
    while (order := connection.recv()) is not None:
        what, digests = order
        asked = [cells[digest] for digest in digests]
        try:
            if what == "extract":
                extract_for(asked[0], bench)
            else:
                _run(asked, bench, store, connection)
            connection.send((Said.DONE, None))
        except OSError as error:
            connection.send((Said.BROKEN, error))


def _settle() -> None:
    """Make this process a good guest: the keyboard is the first one's business, and so is what is printed."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if hasattr(os, "setsid"):
        os.setsid()
    end_with_parent()
    sys.stdout.flush()
    os.dup2(2, 1)
    # of what cannot be kept the first process has told: it looked at the same recordings
    logging.getLogger("serbench.corpus").setLevel(logging.ERROR)


def end_with_parent() -> None:
    """Let this process end when the one that started it does, however: it would wait for its next cell for ever."""
    parent = multiprocessing.parent_process()
    if parent is None:
        return

    def watch() -> None:
        parent.join()
        end_group(os.getpid())
        os._exit(1)

    threading.Thread(target=watch, daemon=True, name="serbench-parent").start()


def end_group(leader: int) -> None:
    """Kill a group of processes: a worker, and all that it started; one that is gone is no error."""
    if hasattr(os, "killpg"):
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(leader, signal.SIGKILL)


def _run(cells: Sequence[Cell], bench: Workbench, store: Store, connection: Connection) -> None:
    """Run one cell, or several that are trained together; whatever a plugin raises is the cell's failure."""

    def started(cell: Cell) -> None:
        connection.send((Said.STARTED, cell.key.digest))

    if len(cells) > 1:
        for cell, record, seconds in run_stack(cells, bench, store, started):
            connection.send((Said.RECORD, (cell.key.digest, record, seconds)))
        return
    (cell,) = cells
    started(cell)
    start = time.perf_counter()
    try:
        record, predictions = run_cell(cell, bench)
    except BaseException as error:  # noqa: BLE001  (a plugin may raise KeyboardInterrupt, too)
        record, predictions = failed(cell, bench, error), None
    connection.send((Said.RECORD, (cell.key.digest, store.write(record, predictions), time.perf_counter() - start)))


@contextlib.contextmanager
def _alone(connection: Connection) -> Iterator[None]:
    """Wait until nobody else works, and let nobody work while the block runs."""
    connection.send((Said.MEASURE, None))
    connection.recv()
    try:
        yield
    finally:
        connection.send((Said.MEASURED, None))


def _progress(connection: Connection) -> Any:
    @contextlib.contextmanager
    def progress(label: str, total: int) -> Iterator[Callable[[int], None]]:
        connection.send((Said.EXTRACTING, (label, total)))
        last = time.monotonic()

        def reach(number: int) -> None:
            nonlocal last
            if time.monotonic() - last > _PROGRESS_SECONDS:
                last = time.monotonic()
                connection.send((Said.EXTRACTED, number))

        yield reach
        connection.send((Said.EXTRACTED, total))

    return progress


__all__ = ["Ended", "Order", "Said", "end_group", "end_with_parent", "work"]
