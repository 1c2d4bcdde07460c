"""The main job: how busy it keeps the cores, phase by phase, and how well its time was foretold.

starting     workers get ready, tables of features are opened
training     cells side by side, until nothing is left to train
timing       what is timed, one cell after another: one core has nothing to do, and is not to have
together     the first two: user seconds over those of the clock, out of as many as there are cores

The job is a model with the floors, one seed, on every corpus of --data-root but the generated one; features are
extracted before the clock runs. In every round the estimate is made first, by what this machine knows by then: the
first round of a new cache is foretold by the cards, the next one by what the first one took.
"""

from __future__ import annotations

import contextlib
import os
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from measure import arguments, machine, report, table, user_seconds

from serbench.board.ranking.boards import FLOORS
from serbench.environment import usable_cores
from serbench.features.cache import FeatureCache
from serbench.locations import Locations
from serbench.plugin.registry import Registry, load_registry
from serbench.results.facts import Environment
from serbench.run.estimate import Times
from serbench.run.request import Request
from serbench.run.runner import execute, expect
from serbench.run.setup import Setup
from serbench.run.tables import Workbench, extract_for
from serbench.run.workspace import silent

PHASES = ("starting", "training", "timing")


def main(words: Sequence[str] | None = None) -> int:
    """Run the script."""
    parser = arguments(__doc__)
    parser.set_defaults(rounds=1)
    parser.add_argument("--data-root", type=Path, help="the folder of the corpora (default: SERBENCH_DATA)")
    parser.add_argument("--cache", type=Path, help="a cache folder (default: the user's)")
    parser.add_argument("--model", default="attn1dcnn", help="beside the floors (default: %(default)s)")
    parser.add_argument("--dataset", action="append", help="instead of all; may be given again")
    options = parser.parse_args(words)
    named = options.data_root or os.environ.get("SERBENCH_DATA", "").split(os.pathsep)[0]
    with tempfile.TemporaryDirectory(prefix="serbench-busy-") as folder:
        place = Path(folder)
        roots = (Path(named),) if named and not options.quick else (place,)
        known = Locations.of_user(roots)
        cache = options.cache or (place / "cache" if options.quick else known.cache)
        registry = load_registry(only=())
        models = (options.model, *FLOORS) if not options.quick else ("mlp", *FLOORS)
        request = Request(
            models=models,
            datasets=("synth",) if options.quick else tuple(options.dataset or _corpora(registry, known)),
            seeds=1,
            settings={"synth": {"speakers": 4, "sentences": 1, "takes": 1}} if options.quick else {},
        )
        setup = Setup(
            request=request, locations=Locations(roots, cache), out=place / "runs", device="cpu", no_plugins=True
        )
        rounds = [_round(setup, registry, place / f"runs-{number}") for number in range(options.rounds)]
    facts = {"what": "the main job", "machine": machine(), "models": models, "datasets": request.datasets}
    report({**facts, "rounds": rounds}, _lines(rounds), as_json=options.json)
    return 0


def _corpora(registry: Registry, locations: Locations) -> list[str]:
    """Return the real corpora whose folders are there."""
    found = []
    for name, offer in registry.datasets.items():
        folders = offer.part.card.folders
        if name != "synth" and any((root / each).is_dir() for root in locations.data_roots for each in folders):
            found.append(name)
    return found


@dataclass
class Clocks:
    """Seconds of the clock and user seconds, phase by phase."""

    phases: dict[str, dict[str, float]] = field(default_factory=dict)
    _since: tuple[float, float] = field(default_factory=lambda: (time.perf_counter(), user_seconds()))

    def end(self, phase: str) -> None:
        """Let what has passed since the phase before be this one's; a phase ends once."""
        if phase not in self.phases:
            now = (time.perf_counter(), user_seconds())
            clock, user = (late - early for late, early in zip(now, self._since, strict=True))
            self.phases[phase] = {"seconds": clock, "user": user, "busy": user / clock if clock else 0.0}
            self._since = now


def _round(setup: Setup, registry: Registry, out: Path) -> dict[str, Any]:
    """Run the job, its features at hand."""
    mine = Setup(
        request=setup.request, locations=setup.locations, out=out, device=setup.device, no_plugins=setup.no_plugins
    )
    plan, times = mine.plan(registry, silent), Times(mine.locations.cache, "cpu")
    bench = Workbench(FeatureCache(mine.locations.cache), "cpu", (), Environment(), silent)
    for cell in plan.cells:
        extract_for(cell, bench)
    jobs = usable_cores()
    estimate = expect(plan.open, registry, mine, times, jobs=jobs)
    clocks = Clocks()

    @contextlib.contextmanager
    def progress(label: str, _: int) -> Iterator[Callable[[int], None]]:
        if label == "timing":
            clocks.end("training")
        yield lambda _: None

    outcome = execute(plan, registry, mine, times, progress, lambda _: clocks.end("starting"), jobs=jobs)
    clocks.end("timing")
    found = clocks.phases
    whole = {key: sum(found[phase][key] for phase in PHASES[:2] if phase in found) for key in ("seconds", "user")}
    seconds = sum(each["seconds"] for each in found.values())
    return {
        "cells": {"done": len(outcome.done), "failed": len(outcome.failed)},
        "phases": found,
        "together": {**whole, "busy": whole["user"] / whole["seconds"]},
        "seconds": seconds,
        "estimate": {**{name: getattr(estimate, name) for name in (*_PARTS, "jobs")}, "seconds": estimate.seconds},
        "estimate_over_seconds": estimate.seconds / seconds,
    }


_PARTS = ("start", "features", "training", "timing")


def _lines(rounds: Sequence[dict[str, Any]]) -> Iterator[str]:
    lines = []
    for number, each in enumerate(rounds, 1):
        for phase in (*PHASES, "together"):
            took = each["phases"].get(phase) or (each["together"] if phase == "together" else None)
            expected = each["estimate"].get({"starting": "start"}.get(phase, phase))
            if took is not None:
                lines.append([f"{number} {phase}", took["seconds"], took["user"], took["busy"], expected])
        lines.append([f"{number} all", each["seconds"], None, None, each["estimate"]["seconds"]])
    return iter(table(("round and phase", "seconds", "user", "user / clock", "estimate"), lines).splitlines())


if __name__ == "__main__":
    sys.exit(main())
