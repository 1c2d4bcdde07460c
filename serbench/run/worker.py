"""A process that runs cells for another one, and may die without taking anything with it.

Conventions
-----------
The first process sends an order (what to do, with digests of cells) and the worker answers with messages, pairs of a
:class:`Said` and what belongs to it, the last of them ``DONE``. Processes are spawned, not forked: OpenMP
does not survive a fork. A worker makes its own plan, takes features from the cache and writes its records itself; the
store bears that. What it prints goes to the error stream, for the other belongs to the first process. It is the first
of a group of processes, so that what a plugin starts can be ended with it. What a plugin changes in it is put back
after each cell (``serbench.run.footprints``), and a copy of it that a plugin forked says nothing.
"""

from __future__ import annotations

import contextlib
import importlib
import logging
import multiprocessing
import os
import pickle
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from multiprocessing.connection import Connection
from typing import Any

from serbench.features.cache import FeatureCache
from serbench.learning.model import Model
from serbench.results.drafts import Drafts
from serbench.results.facts import Environment
from serbench.results.record import Record
from serbench.results.store import Store
from serbench.run.footprints import Footprints
from serbench.run.job import failed
from serbench.run.orders import Said
from serbench.run.plan import Cell
from serbench.run.setup import Setup
from serbench.run.stacked_cells import run_stack
from serbench.run.tables import Workbench, extract_for
from serbench.run.timing import draft_cell, keep_timed, run_cell, time_draft
from serbench.run.workspace import silent

#: Seconds between two messages about how far an extraction is.
_PROGRESS_SECONDS = 0.2
#: Bytes that a message may have: the record of a cell, with the history of its training.
_LONGEST = 64 << 20


class NoMessageError(Exception):
    """What came from a worker is no message."""


class Wire:
    """A worker's connection to the first process; nothing that a plugin forks off goes on beyond a use of it."""

    def __init__(self, connection: Connection) -> None:
        self._connection, self._owner = connection, os.getpid()

    def say(self, said: Said, about: Any = None) -> None:
        """Send a message."""
        self.end_copies()
        self._connection.send((said, about))

    def hear(self) -> Any:
        """Wait for what the first process says."""
        self.end_copies()
        return self._connection.recv()

    def end_copies(self) -> None:
        """End this process if it is not the one that the wire was made in."""
        if os.getpid() != self._owner:
            os._exit(0)


def messages(connection: Connection) -> Iterator[tuple[Said, Any]]:
    """Yield what a worker has said; where it died in the middle of a word, what it said before.

    Raises
    ------
    NoMessageError
        When something else came: a plugin wrote to what is not its own.
    """
    while True:
        try:
            if not connection.poll():
                return
            data = connection.recv_bytes(_LONGEST)
        except (EOFError, OSError) as error:
            if "bad message length" in str(error):
                raise NoMessageError from error
            return
        try:
            said, about = pickle.loads(data)  # noqa: S301  (as Connection.recv does; plugins may do worse)
        except Exception as error:
            raise NoMessageError from error
        if not isinstance(said, Said):
            raise NoMessageError
        yield said, about


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
        _serve(Wire(connection), setup.anchored(), environment)
    except (EOFError, OSError):  # the first process is gone, or a plugin closed what is not its own
        os._exit(1)
    os._exit(0)  # threads that a plugin left behind are not waited for


def _serve(wire: Wire, setup: Setup, environment: Environment) -> None:
    registry = setup.registry()
    cells = {cell.key.digest: cell for cell in setup.plan(registry, silent).cells}
    bench = Workbench(
        FeatureCache(setup.locations.cache),
        setup.device,
        [offer.part for offer in registry.metrics.values()],
        environment,
        _progress(wire),
        setup.models,
    )
    store = Store(setup.out)
    footprints = Footprints()
    kept: dict[str, Model] = {}
    wire.say(Said.READY)
    while (order := wire.hear()) is not None:
        what, digests = order
        asked = [cells[digest] for digest in digests]
        try:
            if what == "extract":
                extract_for(asked[0], bench)
            elif what == "draft":
                _draft(asked[0], bench, store, wire, footprints, kept)
            elif what == "time":
                _time(asked[0], bench, store, wire, footprints, kept.pop(digests[0], None))
            else:
                _run(asked, bench, store, wire, footprints)
            wire.end_copies()
            if not footprints.wipe():
                wire.say(Said.SPENT)
                return
            wire.say(Said.DONE)
        except OSError as error:
            wire.say(Said.BROKEN, error)


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


def _run(cells: Sequence[Cell], bench: Workbench, store: Store, wire: Wire, footprints: Footprints) -> None:
    """Run one cell, or several that are trained together; whatever a plugin raises is the cell's failure."""

    def started(cell: Cell) -> None:
        wire.say(Said.STARTED, cell.key.digest)

    if len(cells) > 1:
        for cell, record, seconds in run_stack(cells, bench, store, started):
            wire.say(Said.RECORD, (cell.key.digest, record, seconds))
        return
    (cell,) = cells
    started(cell)
    start = time.perf_counter()
    try:
        record, predictions = run_cell(cell, bench)
    except BaseException as error:  # noqa: BLE001  (a plugin may raise KeyboardInterrupt, too)
        record, predictions = failed(cell, bench, error), None
    _leave_no_trace(wire, footprints)
    wire.say(Said.RECORD, (cell.key.digest, keep_timed(record, predictions, store), time.perf_counter() - start))


def _leave_no_trace(wire: Wire, footprints: Footprints) -> None:
    """End what a plugin forked off and put back what it changed: what is written next is ours."""
    wire.end_copies()
    footprints.wipe()


def _draft(
    cell: Cell, bench: Workbench, store: Store, wire: Wire, footprints: Footprints, kept: dict[str, Model]
) -> None:
    """Run a timed cell but for its timing; its model is kept where it does not say what it learned."""
    digest = cell.key.digest
    wire.say(Said.STARTED, digest)
    start = time.perf_counter()
    drafts = Drafts(store.folder)
    try:
        found = draft_cell(cell, bench, drafts)
    except OSError:
        raise
    except BaseException as error:  # noqa: BLE001  (a plugin may raise KeyboardInterrupt, too)
        found = failed(cell, bench, error)
    _leave_no_trace(wire, footprints)
    seconds = time.perf_counter() - start
    if isinstance(found, Record):
        wire.say(Said.RECORD, (digest, store.write(found), seconds))
        return
    draft = drafts.find(cell.key, cell.label)
    if is_kept := draft is None or draft.state is None:
        kept[digest] = found
    wire.say(Said.DRAFTED, (digest, seconds, is_kept))


def _time(cell: Cell, bench: Workbench, store: Store, wire: Wire, footprints: Footprints, model: Model | None) -> None:
    """Time a draft, and write its record."""
    digest = cell.key.digest
    wire.say(Said.STARTED, digest)
    start = time.perf_counter()
    draft = Drafts(store.folder).find(cell.key, cell.label)
    if draft is None:  # somebody removed it
        _run([cell], bench, store, wire, footprints)
        return
    try:
        record = time_draft(cell, bench, draft, model)
    except OSError:
        raise
    except BaseException as error:  # noqa: BLE001  (a plugin may raise KeyboardInterrupt, too)
        record = failed(cell, bench, error)
    _leave_no_trace(wire, footprints)
    predictions = draft.predictions if record.status == "done" else None
    wire.say(Said.RECORD, (digest, keep_timed(record, predictions, store), time.perf_counter() - start))


def _progress(wire: Wire) -> Any:
    @contextlib.contextmanager
    def progress(label: str, total: int) -> Iterator[Callable[[int], None]]:
        wire.say(Said.EXTRACTING, (label, total))
        last = time.monotonic()

        def reach(number: int) -> None:
            nonlocal last
            if time.monotonic() - last > _PROGRESS_SECONDS:
                last = time.monotonic()
                wire.say(Said.EXTRACTED, number)

        yield reach
        wire.say(Said.EXTRACTED, total)

    return progress


__all__ = ["NoMessageError", "end_group", "end_with_parent", "messages", "work"]
