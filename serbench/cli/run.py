"""``serbench run``: from a request to records and a table of scores."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from serbench.cli import console, places
from serbench.cli.plan import plan_facts, print_plan
from serbench.cli.request import Prepared, with_options
from serbench.errors import CellsFailedError, DatasetError, ProtocolError, ResourceError

if TYPE_CHECKING:
    from serbench.results.row import Row
    from serbench.run.request import Skip
    from serbench.run.runner import RunOutcome

#: A run that is expected to take longer than this many seconds shows its plan first.
LONG = 60.0


def register(program: typer.Typer) -> None:
    """Add the command to the program."""
    program.command("run")(with_options(run))


def run(prepared: Prepared) -> None:
    """Evaluate models on datasets; finished cells are kept.

    What was interrupted goes on where it was: the same command runs the cells that are missing.
    """
    from serbench.board.facts import json_rows
    from serbench.board.ranking.adaptation import curve_facts
    from serbench.board.ranking.boards import make_boards
    from serbench.board.ranking.matrix import matrix_facts
    from serbench.cli.scores import print_scores
    from serbench.cli.sweep import print_sweep, sweep_lines

    outcome, rows = run_cells(prepared)
    lines = sweep_lines(prepared.plan, rows)
    if prepared.as_json:
        facts = {
            "rows": json_rows(make_boards(rows)),
            "matrix": matrix_facts(rows),
            "adaptation": curve_facts(rows),
            **plan_facts(prepared),
        }
        console.print_json(facts | ({"sweep": [line.facts() for line in lines]} if prepared.swept else {}))
    else:
        print_scores(rows)
        print_sweep(lines, prepared.swept)
    finish(prepared, outcome)


def run_cells(prepared: Prepared) -> tuple[RunOutcome, list[Row]]:
    """Show the plan where that takes long, run its open cells, and return what came of all its cells.

    Raises
    ------
    KeyboardInterrupt
        When a person ended the run; what is kept was said.
    DatasetError, ProtocolError
        When there is nothing to run.
    """
    from serbench.results.store import Store
    from serbench.results.summary import summarise

    places.expect_writable(prepared.out, "--out")
    Store(prepared.out).sweep()
    if not prepared.as_json and (prepared.estimate.seconds > LONG or prepared.plan.skips):
        print_plan(prepared)
    if not prepared.plan.cells:
        _refuse(prepared.plan.skips)
    try:
        outcome = _execute(prepared)
    except OSError as error:
        raise _broken_off(error, prepared) from error
    if outcome.interrupted:
        kept = len(prepared.plan.done) + len(outcome.done)
        console.notice(
            f"interrupted: {kept} of {len(prepared.plan.cells)} cells are done and kept in {prepared.out}; "
            "the same command goes on from there"
        )
        raise KeyboardInterrupt
    metrics = [offer.part for offer in prepared.registry.metrics.values()]
    return outcome, [row for row in summarise(Store(prepared.out), metrics) if _is_asked_for(row, prepared)]


def _broken_off(error: OSError, prepared: Prepared) -> ResourceError:
    """Return why a run ends where the system refuses to write, and what to do."""
    names_out = error.filename is not None and prepared.out in Path(os.fsdecode(error.filename)).parents
    name = ", or name another folder with --out" if names_out else ""
    reason = ResourceError.of(error, advice=f"see to that{name}")
    return ResourceError(f"{reason}; finished cells are kept in {prepared.out}, the same command goes on from there")


def _execute(prepared: Prepared) -> RunOutcome:
    from serbench.plugin.events import JobEvent
    from serbench.run.runner import execute

    expected = _Expected(prepared)
    with console.progress(expected.total, "starting") as bar:

        def watch(event: JobEvent) -> None:
            if event.kind == "start":
                bar.relabel(event.cell)
                bar.advance(expected.begin())
                return
            bar.advance(expected.end(event.digest))
            if event.kind == "failed":
                console.notice(f"failed: {event.cell}: {event.reason}")

        @contextlib.contextmanager
        def inner(label: str, total: int) -> Iterator[Callable[[int], None]]:
            with bar.task(total, label) as below:
                yield below.reach

        return execute(
            prepared.plan,
            prepared.registry,
            prepared.setup,
            prepared.times,
            inner,
            watch,
            trained=lambda cell: bar.advance(expected.train(cell.key.digest)),
            jobs=prepared.jobs,
            timeout=prepared.timeout,
        )


class _Expected:
    """The parts of a run's estimate, each to be taken once as it is done: a bar then shows what is left of the whole.

    Parameters
    ----------
    prepared
        What is run.
    """

    def __init__(self, prepared: Prepared) -> None:
        whole, times = prepared.estimate, prepared.times
        self.total = max(1e-6, whole.seconds)
        self._before = whole.start + whole.features
        cells = {cell.key.digest: cell for cell in prepared.plan.open}
        alone = {digest: times.cell_seconds(cell) for digest, cell in cells.items()}
        share = whole.training / (sum(alone.values()) or 1.0)  # cells side by side are done in less than their sum
        self._training = {digest: seconds * share for digest, seconds in alone.items()}
        self._timing = {digest: times.timing_seconds(cell) for digest, cell in cells.items()}

    def begin(self) -> float:
        """Return the seconds of what is done before the first cell; 0 once that was said."""
        before, self._before = self._before, 0.0
        return before

    def train(self, digest: str) -> float:
        """Return the seconds of a cell's training, once."""
        return self._training.pop(digest, 0.0)

    def end(self, digest: str) -> float:
        """Return the seconds of what is left of a cell."""
        return self.train(digest) + self._timing.pop(digest, 0.0)


def _refuse(skips: Sequence[Skip]) -> None:
    """Raise for what was left out: the corpora that are broken before all else."""
    for skip in sorted(skips, key=lambda skip: not skip.is_broken):
        more = f"; and {len(skips) - 1} more" if len(skips) > 1 else ""
        kind = DatasetError if skip.is_broken else ProtocolError
        raise kind(f"{skip.what} was left out: {skip.reason}{more}")


def finish(prepared: Prepared, outcome: RunOutcome) -> None:
    """Say where the records lie and what to do next.

    Raises
    ------
    CellsFailedError
        When cells failed.
    DatasetError
        When a corpus is there and could not be opened.
    """
    out = prepared.out
    if not prepared.as_json:
        cells = f"{len(outcome.done)} cells run, {len(prepared.plan.done)} were done before"
        console.line(f"{cells}; records and predictions: {out}")
        if prepared.setup.models is not None:
            _print_saved(prepared)
        console.verbatim(f"next: serbench leaderboard build {out}")
    if outcome.failed:
        raise CellsFailedError(
            f"{len(outcome.failed)} of {len(prepared.plan.cells)} cells failed: {outcome.failed[0].reason}; "
            f"the records in {out} say why, the same command tries them again"
        )
    _refuse([skip for skip in prepared.plan.skips if skip.is_broken])


def _print_saved(prepared: Prepared) -> None:
    from serbench.run.saving import count_saved

    saved, reasons = count_saved(prepared.plan.cells, prepared.out)
    console.line(f"{saved} models saved below {prepared.out / 'models'}; on new files: serbench predict --help")
    for reason, number in reasons.items():
        console.prose(f"{number} models are not saved: {reason}")


def _is_asked_for(row: Row, prepared: Prepared) -> bool:
    asked = {(cell.key.dataset.audio, cell.key.protocol.split, cell.label) for cell in prepared.plan.cells}
    return (row.dataset.audio, row.protocol.split, row.label) in asked


__all__ = ["LONG", "finish", "register", "run", "run_cells"]
