"""``serbench run`` and ``serbench plan``: from a request to records and a table of scores."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from serbench.cli import console, places
from serbench.cli.request import Prepared, with_options
from serbench.errors import CellsFailedError, DatasetError, ProtocolError, ResourceError

if TYPE_CHECKING:
    from serbench.results.row import Row
    from serbench.run.request import Skip
    from serbench.run.runner import RunOutcome

#: A run that is expected to take longer than this many seconds shows its plan first.
LONG = 60.0
#: How many skips, failures and deviations are named before the rest is counted.
NAMED = 8


def register(program: typer.Typer) -> None:
    """Add the commands to the program."""
    program.command("run")(with_options(run))
    program.command("plan")(with_options(plan, writes=False, save_models=False))


def run(prepared: Prepared) -> None:
    """Evaluate models on datasets; finished cells are kept.

    What was interrupted goes on where it was: the same command runs the cells that are missing.
    """
    from serbench.board.facts import json_rows
    from serbench.board.ranking.boards import make_boards
    from serbench.board.ranking.matrix import matrix_facts
    from serbench.cli.scores import print_scores

    outcome, rows = run_cells(prepared)
    if prepared.as_json:
        console.print_json(
            {"rows": json_rows(make_boards(rows)), "matrix": matrix_facts(rows), **_plan_facts(prepared)}
        )
    else:
        print_scores(rows)
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
    seconds = prepared.seconds
    if not prepared.as_json and (seconds > LONG or prepared.plan.skips):
        _print_plan(prepared, seconds)
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


def plan(prepared: Prepared) -> None:
    """Show what a run would do, and how long that takes.

    Its cells, what of them is done, what is skipped and why, the time of the rest.
    """
    if prepared.as_json:
        console.print_json(_plan_facts(prepared))
    else:
        _print_plan(prepared, prepared.seconds)
        console.verbatim("run it: the same command with 'run' in place of 'plan'")


def _execute(prepared: Prepared) -> RunOutcome:
    from serbench.plugin.events import JobEvent
    from serbench.run.runner import execute

    cells = {cell.key.digest: cell for cell in prepared.plan.open}
    expected = {digest: max(1e-6, prepared.times.seconds([cell])) for digest, cell in cells.items()}
    with console.progress(sum(expected.values()), "starting") as bar:

        def watch(event: JobEvent) -> None:
            if event.kind == "start":
                bar.relabel(event.cell)
                return
            bar.advance(expected[event.digest])
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
            jobs=prepared.jobs,
            timeout=prepared.timeout,
        )


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


def _duration(seconds: float) -> str:
    whole = round(seconds)
    if whole < 120:
        return f"{whole} s"
    return f"{round(whole / 60)} min" if whole < 7200 else f"{whole / 3600:.1f} h"


def _plan_facts(prepared: Prepared) -> dict[str, Any]:
    made = prepared.plan
    return {
        "cells": [
            {
                "name": cell.name,
                "key": cell.key.digest,
                "done": cell.key.digest in made.done,
                "seconds": prepared.times.seconds([cell]),
            }
            for cell in made.cells
        ],
        "skips": [{"what": skip.what, "reason": skip.reason} for skip in made.skips],
        "seconds": prepared.seconds,
        "device": prepared.times.device,
    }


def _print_plan(prepared: Prepared, seconds: float) -> None:
    made = prepared.plan
    lines: dict[tuple[str, str, str], list[Any]] = {}
    for cell in made.cells:
        dataset = "each with each" if cell.protocol.crosses_corpora else cell.key.dataset.name
        at = (dataset, cell.key.protocol.name, cell.label)
        done = cell.key.digest in made.done
        entry = lines.setdefault(at, [0, 0, 0.0])
        entry[0] += 1
        entry[1] += done
        entry[2] += 0.0 if done else prepared.times.seconds([cell])
    console.table(
        ("dataset", "protocol", "model", "cells", "done", "left"),
        [(*at, cells, done, _duration(left)) for at, (cells, done, left) in lines.items()],
        right=("cells", "done", "left"),
    )
    if any(protocol == "si" for _, protocol, _ in lines):
        console.line("si: speaker-independent, nobody who is tested was heard before")
    for skip in made.skips[:NAMED]:
        console.prose(f"skipped {skip.what}: {skip.reason}")
    if len(made.skips) > NAMED:
        console.line(f"and {len(made.skips) - NAMED} more are skipped")
    for corpus in made.corpora:
        for deviation in (*corpus.manifest.deviations[:NAMED], *corpus.parts.values()):
            console.prose(f"{corpus.manifest.dataset}: {deviation}")
    total, left = len(made.cells), len(made.open)
    console.line(f"{left} of {total} cells to run on {prepared.times.device}, about {_duration(seconds)} of training")
    console.line()


__all__ = ["LONG", "finish", "plan", "register", "run", "run_cells"]
