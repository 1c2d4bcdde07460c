"""``serbench run`` and ``serbench plan``: from a request to records and a table of scores."""

from __future__ import annotations

import contextlib
import functools
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from serbench.cli import console
from serbench.cli.options import AsJson, DataRoots, NoPlugins, PluginFiles, open_registry
from serbench.errors import CellsFailedError, UsageError

if TYPE_CHECKING:
    from serbench.plugin.registry import Registry
    from serbench.results.row import Row
    from serbench.run.estimate import Times
    from serbench.run.plan import Plan, Request
    from serbench.run.runner import Outcome

#: A run that is expected to take longer than this many seconds shows its plan first.
LONG = 60.0
#: How many skips, failures and deviations are named before the rest is counted.
NAMED = 8


class DeviceName(StrEnum):
    """What ``--device`` takes."""

    AUTO = "auto"
    CPU = "cpu"
    CUDA = "cuda"
    MPS = "mps"


Models = Annotated[list[str] | None, typer.Option("--model", metavar="NAME", help="A model; may be given again.")]
Datasets = Annotated[list[str] | None, typer.Option("--dataset", metavar="NAME", help="A dataset; may be given again.")]
AllDatasets = Annotated[bool, typer.Option("--all-datasets", help="Every dataset that is found, and synth.")]
Protocols = Annotated[
    list[str] | None, typer.Option("--protocol", metavar="NAME", help="A protocol; may be given again.  [default: si]")
]
Seeds = Annotated[int, typer.Option("--seeds", min=1, help="How many seeds: 0, 1, ...")]
Settings = Annotated[
    list[str] | None,
    typer.Option(
        "--set",
        metavar="KEY=VALUE",
        help="An argument of the models, or of any part: mfcc.n_mfcc=20; may be given again.",
    ),
]
Floors = Annotated[bool, typer.Option("--floors/--no-floors", help="Run majority, prior and logreg beside the models.")]
SkipBad = Annotated[bool, typer.Option("--skip-bad-audio", help="Leave unreadable recordings out, and record which.")]
Out = Annotated[Path, typer.Option("--out", metavar="FOLDER", help="Where records and predictions are kept.")]
OnDevice = Annotated[DeviceName, typer.Option("--device", help="Where features and models are computed.")]


@dataclass(frozen=True)
class Prepared:
    """A request, turned into a plan.

    Attributes
    ----------
    request, plan
        What was asked for and what it comes to.
    registry
        Who offers it.
    times
        What this machine knows of how long it takes.
    out
        Where records and predictions are kept.
    as_json
        True when the answer is for a machine.
    """

    request: Request
    plan: Plan
    registry: Registry
    times: Times
    out: Path
    as_json: bool

    @property
    def seconds(self) -> float:
        """How long the open cells are expected to take."""
        return self.times.seconds(self.plan.open)


def prepare(
    model: Models = None,
    dataset: Datasets = None,
    all_datasets: AllDatasets = False,
    protocol: Protocols = None,
    seeds: Seeds = 3,
    settings: Settings = None,
    data_root: DataRoots = None,
    out: Out = Path("runs"),
    device: OnDevice = DeviceName.AUTO,
    floors: Floors = True,
    skip_bad_audio: SkipBad = False,
    plugin: PluginFiles = None,
    no_plugins: NoPlugins = False,
    as_json: AsJson = False,
) -> Prepared:
    """Turn the options that ``run`` and ``plan`` share into a plan."""
    from serbench.board.rank import FLOORS
    from serbench.environment import cache_folder, data_roots, resolve_device
    from serbench.results.store import Store
    from serbench.run.estimate import Times
    from serbench.run.plan import Request, make_plan
    from serbench.run.settings import read_settings

    if not model:
        raise UsageError("no model was named, expected --model NAME; see serbench list models")
    if bool(dataset) == all_datasets:
        raise UsageError("expected either --dataset NAME or --all-datasets; see serbench list datasets")
    registry = open_registry(plugin, no_plugins)
    named = tuple(dict.fromkeys(model))
    request = Request(
        models=tuple(dict.fromkeys([*named, *(FLOORS if floors else ())])),
        datasets=tuple(dict.fromkeys(dataset or ())),
        all_datasets=all_datasets,
        protocols=tuple(dict.fromkeys(protocol or ("si",))),
        seeds=seeds,
        settings=read_settings(settings or (), registry, named),
        skip_bad_audio=skip_bad_audio,
    )
    cache = cache_folder()
    made = make_plan(request, registry, Store(out), data_roots(data_root or ()), cache, _progress)
    return Prepared(request, made, registry, Times(cache, resolve_device(device.value)), out, as_json)


def register(program: typer.Typer) -> None:
    """Add the commands to the program."""
    program.command("run")(_command(run))
    program.command("plan")(_command(plan))


def _command(act: Callable[[Prepared], None]) -> Callable[..., None]:
    """Give a command the options of :func:`prepare`, written once."""

    @functools.wraps(prepare)
    def command(**options: Any) -> None:
        act(prepare(**options))

    command.__doc__ = act.__doc__
    return command


def run(prepared: Prepared) -> None:
    """Evaluate models on datasets; finished cells are kept and never run again."""
    seconds = prepared.seconds
    if not prepared.as_json and (seconds > LONG or prepared.plan.skips):
        _print_plan(prepared, seconds)
    _finish(prepared, _execute(prepared))


def plan(prepared: Prepared) -> None:
    """Show what a run would do: its cells, what is done, what is skipped and why, how long the rest takes."""
    if prepared.as_json:
        console.print_json(_plan_facts(prepared))
    else:
        _print_plan(prepared, prepared.seconds)
        console.line("run it: the same command with 'run' in place of 'plan'")


@contextlib.contextmanager
def _progress(label: str, total: int) -> Iterator[Callable[[int], None]]:
    with console.progress(total or None, label) as bar:
        yield bar.reach


def _execute(prepared: Prepared) -> Outcome:
    from serbench.plugin.events import JobEvent
    from serbench.results.store import Store
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

        return execute(prepared.plan, prepared.registry, Store(prepared.out), prepared.times, inner, watch)


def _finish(prepared: Prepared, outcome: Outcome) -> None:
    """Say the scores, where the records lie, and what to do next; raise when cells failed."""
    from serbench.board.matrix import matrix_facts
    from serbench.board.rank import to_json
    from serbench.cli.scores import print_scores
    from serbench.results.store import Store
    from serbench.results.summary import summarise

    out = prepared.out
    if outcome.interrupted:
        kept = len(prepared.plan.done) + len(outcome.done)
        console.notice(
            f"interrupted: {kept} of {len(prepared.plan.cells)} cells are done and kept in {out}; "
            "the same command goes on from there"
        )
        raise KeyboardInterrupt
    rows = [row for row in summarise(Store(out)) if _is_asked_for(row, prepared)]
    if prepared.as_json:
        console.print_json({"rows": to_json(rows), "matrix": matrix_facts(rows), **_plan_facts(prepared)})
    else:
        print_scores(rows)
        cells = f"{len(outcome.done)} cells run, {len(prepared.plan.done)} were done before"
        console.line(f"{cells}; records and predictions: {out}")
        console.line(f"next: serbench leaderboard build {out}")
    if outcome.failed:
        raise CellsFailedError(
            f"{len(outcome.failed)} of {len(prepared.plan.cells)} cells failed: {outcome.failed[0].reason}; "
            f"the records in {out} say why, the same command tries them again"
        )


def _is_asked_for(row: Row, prepared: Prepared) -> bool:
    asked = {(cell.key.dataset["audio"], cell.key.protocol["split"], cell.label) for cell in prepared.plan.cells}
    return (row.dataset["audio"], row.protocol["split"], row.label) in asked


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
        dataset = "each with each" if cell.protocol.crosses_corpora else cell.key.dataset["name"]
        at = (dataset, cell.key.protocol["name"], cell.label)
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
    for skip in made.skips[:NAMED]:
        console.line(f"skipped {skip.what}: {skip.reason}")
    if len(made.skips) > NAMED:
        console.line(f"and {len(made.skips) - NAMED} more are skipped")
    for corpus in made.corpora:
        for deviation in corpus.manifest.deviations[:NAMED]:
            console.line(f"{corpus.manifest.dataset}: {deviation}")
    total, left = len(made.cells), len(made.open)
    console.line(f"{left} of {total} cells to run on {prepared.times.device}, about {_duration(seconds)} of training")
    console.line()


__all__ = ["LONG", "DeviceName", "plan", "prepare", "register", "run"]
