"""``serbench plan``: what a run would do, and how long that takes."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import typer

from serbench.cli import console
from serbench.cli.request import Prepared, with_options

if TYPE_CHECKING:
    from serbench.run.estimate import Estimate
    from serbench.run.plan import Cell

#: Seconds below which a part of the estimate is not named.
LEAST = 1.0
#: How many skips and deviations are named before the rest is counted.
NAMED = 8


def register(program: typer.Typer) -> None:
    """Add the command to the program."""
    program.command("plan")(with_options(plan, writes=False, save_models=False))


def plan(prepared: Prepared) -> None:
    """Show what a run would do, and how long that takes.

    Its cells, what of them is done, what is skipped and why, the time of the rest.
    """
    if prepared.as_json:
        console.print_json(plan_facts(prepared))
    else:
        print_plan(prepared)
        console.verbatim("run it: the same command with 'run' in place of 'plan'")


def duration(seconds: float) -> str:
    """Return seconds as people say them: ``95 s``, ``12 min``, ``2.5 h``."""
    whole = round(seconds)
    if whole < 120:
        return f"{whole} s"
    return f"{round(whole / 60)} min" if whole < 7200 else f"{whole / 3600:.1f} h"


def expected_time(estimate: Estimate) -> str:
    """Return how long a run takes in words, and what for where that is several things."""
    parts = {
        "starting": estimate.start,
        "features": estimate.features,
        f"training, {estimate.jobs} at once" if estimate.jobs > 1 else "training": estimate.training,
        "timing": estimate.timing,
    }
    named = [f"{duration(seconds)} of {what}" for what, seconds in parts.items() if seconds >= LEAST]
    about = f"about {duration(estimate.seconds)}"
    return f"{about}: {'; '.join(named)}" if len(named) > 1 else about


def plan_facts(prepared: Prepared) -> dict[str, Any]:
    """Return the plan for ``--json``: its cells, what is skipped, and the estimate in seconds."""
    made, estimate = prepared.plan, prepared.estimate
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
        "seconds": estimate.seconds,
        "estimate": asdict(estimate),
        "device": prepared.times.device,
    }


def print_plan(prepared: Prepared) -> None:
    """Print a line for each model on each dataset, what is skipped and why, and how long the rest takes."""
    made, estimate = prepared.plan, prepared.estimate
    lines: dict[tuple[str, str, str], list[Any]] = {}
    for cell in made.cells:
        dataset = _tested(cell)
        at = (dataset, cell.key.protocol.name, cell.label)
        done = cell.key.digest in made.done
        entry = lines.setdefault(at, [0, 0, 0.0])
        entry[0] += 1
        entry[1] += done
        entry[2] += 0.0 if done else prepared.times.seconds([cell])
    console.table(
        ("dataset", "protocol", "model", "cells", "done", "left"),
        [(*at, cells, done, duration(left)) for at, (cells, done, left) in lines.items()],
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
    console.line(f"{left} of {total} cells to run on {prepared.times.device}, {expected_time(estimate)}")
    console.line()


def _tested(cell: Cell) -> str:
    """Return what a line of the plan is of: a dataset, a target of adaptation, or all that is crossed."""
    if cell.key.dataset.adapted is not None:
        return f"all others to {cell.key.dataset.tested_on}"
    return "each with each" if cell.protocol.crosses_corpora else cell.key.dataset.name


__all__ = ["NAMED", "duration", "expected_time", "plan", "plan_facts", "print_plan", "register"]
