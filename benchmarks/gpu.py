"""What a GPU gives: stacked training, features, and the six corpora from recordings to a board.

stacked    RAVDESS, 5 folds x 3 seeds of attn1dcnn: trained together as one program, against one cell at a time on the
           same GPU. Both predict the test rows; their UAR over all rows is compared.
features   MFCCs of EMO-DB and RAVDESS, decoding included: on the GPU, on two cores, and decoding alone on all cores
corpora    attn1dcnn on every corpus that --data-root has, 3 seeds, with the features, in one run

Without a GPU nothing can be said of one: only --quick runs then, on the CPU and on generated clips, to try the script.
"""

from __future__ import annotations

import contextlib
import os
import sys
import tempfile
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import torch
from measure import arguments, in_turn, machine, ratios, report, spread, table
from serbench_plugins.features.mfcc import Mfcc

from serbench.corpus.audio import decode
from serbench.cost.timing import threads
from serbench.environment import usable_cores
from serbench.features.cache import FeatureCache
from serbench.features.extract import Clip, extract_column
from serbench.learning.stacking.fit import Fit, fit_together
from serbench.locations import Locations
from serbench.plugin.registry import load_registry
from serbench.run.corpora import open_corpus
from serbench.run.estimate import Times
from serbench.run.plan import Cell
from serbench.run.request import Request
from serbench.run.runner import execute
from serbench.run.setup import Setup
from serbench.run.tables import Tables, Workbench, make_tables
from serbench.run.workspace import silent
from serbench.scoring.metrics import uar

PARTS = ("stacked", "features", "corpora")
#: In --quick: five folds of a corpus that is made on the spot, and a network that trains in no time.
QUICK = {
    "synth": {"speakers": 5, "sentences": 1, "takes": 1},
    "attn1dcnn": {"width": 16, "epochs": 2, "augment": False},
}


def main(words: Sequence[str] | None = None) -> int:
    """Run the script; the exit code is 1 when stacked cells come out otherwise than one by one."""
    parser = arguments(__doc__)
    parser.add_argument("--data-root", type=Path, help="the folder of the corpora (default: SERBENCH_DATA)")
    parser.add_argument("--part", choices=PARTS, action="append", help="measure this part; may be given again")
    options = parser.parse_args(words)
    named = options.data_root or os.environ.get("SERBENCH_DATA", "").split(os.pathsep)[0]
    roots = [Path(named)] if named and not options.quick else []
    device = "cuda" if torch.cuda.is_available() else "cpu"
    if not options.quick and (device == "cpu" or not roots):
        parser.error("there is no GPU here, or no --data-root; try the script with --quick")
    facts: dict[str, Any] = {"what": "a GPU", "device": device, "machine": machine(device)}
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        for part in options.part or PARTS:
            work = {"stacked": _stacked, "features": _features, "corpora": _corpora}[part]
            facts[part] = work(place, roots, device, 1 if options.quick else min(options.rounds, 3))
    report(facts, _lines(facts), as_json=options.json)
    gap = facts.get("stacked", {}).get("uar_gap", 0.0)
    return 0 if gap <= 0.02 else 1


def _setup(place: Path, roots: Sequence[Path], device: str, **request: Any) -> Setup:
    asked = Request(models=("attn1dcnn",), settings={} if roots else QUICK, **request)
    return Setup(
        request=asked,
        locations=Locations(tuple(roots), place / "cache"),
        out=place / "out",
        device=device,
        no_plugins=True,
    )


def _stacked(place: Path, roots: Sequence[Path], device: str, rounds: int) -> dict[str, Any]:
    corpus = "ravdess" if roots else "synth"
    setup = _setup(place, roots, device, datasets=(corpus,), seeds=3 if roots else 2)
    cells = setup.plan(load_registry(only=()), silent).cells
    bench = Workbench(FeatureCache(setup.locations.cache), device, (), {}, silent)
    tables = [make_tables(cell, bench) for cell in cells]
    reached: dict[str, float] = {}

    def together() -> None:
        models = [_model(cell, device) for cell in cells]
        fits = [Fit(m, t.train, t.dev, cell.key.seed) for m, t, cell in zip(models, tables, cells, strict=True)]
        wrong = [error for error in fit_together(fits) if error is not None]
        if wrong:
            raise wrong[0]
        reached["stacked"] = _pooled_uar(models, tables, cells)

    def alone() -> None:
        models = [_model(cell, device) for cell in cells]
        for model, each, cell in zip(models, tables, cells, strict=True):
            model.fit(each.train, each.dev, seed=cell.key.seed)
        reached["one by one"] = _pooled_uar(models, tables, cells)

    if device == "cuda":
        together()  # kernels are loaded and chosen
    with threads(1) if device == "cpu" else contextlib.nullcontext():
        found = in_turn({"stacked": together, "one by one": alone}, rounds)
    return {
        "corpus": corpus,
        "cells": len(cells),
        "rounds": found,
        "seconds": {name: spread([each["seconds"] for each in samples]) for name, samples in found.items()},
        "cells_per_second": {k: spread([len(cells) / each["seconds"] for each in v]) for k, v in found.items()},
        "times_the_throughput": ratios(found, "one by one", "stacked"),
        "uar": reached,
        "uar_gap": abs(reached["stacked"] - reached["one by one"]),
    }


def _model(cell: Cell, device: str) -> Any:
    model = cell.contender.create()
    model.device = device
    return model


def _pooled_uar(models: Sequence[Any], tables: Sequence[Tables], cells: Sequence[Cell]) -> float:
    """Return the UAR over the test rows of all cells."""
    truth, scores = [], []
    for model, each, cell in zip(models, tables, cells, strict=True):
        manifest = cell.corpus.manifest
        scores.append(model.predict(each.test).aligned(each.test.ids, each.test.labels))
        truth += [manifest.labels.index(manifest.by_id[uid].label) for uid in each.tested]
    return float(uar(np.array(truth), np.concatenate(scores)).value or 0.0)


def _features(place: Path, roots: Sequence[Path], device: str, rounds: int) -> dict[str, Any]:
    setup = _setup(place, roots, device)
    registry = load_registry(only=())
    names = ("emodb", "ravdess") if roots else ("synth",)
    workspace = setup.workspace(registry, silent)
    corpora = [
        open_corpus(registry.get("dataset", name).create(**setup.request.settings.get(name, {})), workspace)
        for name in names
    ]
    clips = [clip for corpus in corpora for clip in corpus.clips()]
    count = iter(range(10**6))

    def extract(where: str) -> None:
        extract_column(Mfcc(), clips, FeatureCache(place / f"features-{next(count)}"), device=where)

    def on_two_cores() -> None:
        mine = os.sched_getaffinity(0)
        os.sched_setaffinity(0, set(sorted(mine)[:2]))
        try:
            extract("cpu")
        finally:
            os.sched_setaffinity(0, mine)

    extract(device)  # libraries and kernels are loaded
    rivals = {device: lambda: extract(device), "two cores": on_two_cores, "decode only": lambda: _decode_all(clips)}
    found = in_turn(rivals, rounds)
    return {
        "clips": len(clips),
        "rounds": found,
        "clips_per_second": {k: spread([len(clips) / each["seconds"] for each in v]) for k, v in found.items()},
        "times_two_cores": ratios(found, "two cores", device),
        "share_of_decode_bound": ratios(found, "decode only", device),
    }


def _decode_all(clips: Sequence[Clip]) -> None:
    with ThreadPoolExecutor(usable_cores()) as pool:
        for _ in pool.map(lambda clip: len(decode(clip.path).samples), clips):
            pass


def _corpora(place: Path, roots: Sequence[Path], device: str, rounds: int) -> dict[str, Any]:  # noqa: ARG001  (once)
    fresh = place / "corpora"
    which: dict[str, Any] = {"all_datasets": True} if roots else {"datasets": ("synth",)}
    setup = _setup(fresh, roots, device, seeds=3 if roots else 1, **which)
    registry = load_registry(only=())
    start = time.perf_counter()
    plan = setup.plan(registry, silent)
    outcome = execute(plan, registry, setup, Times(setup.locations.cache, device), silent, stacked=device == "cpu")
    seconds = time.perf_counter() - start
    if outcome.failed:
        raise RuntimeError(outcome.failed[0].reason)
    return {
        "corpora": [corpus.manifest.dataset for corpus in plan.corpora],
        "cells": len(outcome.done),
        "seconds": seconds,
    }


def _lines(facts: dict[str, Any]) -> list[str]:
    lines = []
    if "stacked" in facts:
        part = facts["stacked"]
        rows = [(name, each["median"], part["uar"][name]) for name, each in part["cells_per_second"].items()]
        times = part["times_the_throughput"]["median"]
        lines += [table((f"{part['cells']} cells of {part['corpus']}", "cells/s", "UAR"), rows), ""]
        lines += [f"stacked: {times:.2f} times the throughput of one cell at a time on {facts['device']}", ""]
    if "features" in facts:
        part = facts["features"]
        rows = [(name, each["median"]) for name, each in part["clips_per_second"].items()]
        share = 100 * part["share_of_decode_bound"]["median"]
        lines += [table((f"{part['clips']} clips", "clips/s"), rows), ""]
        lines += [f"{part['times_two_cores']['median']:.2f} times two cores; {share:.0f} % of decoding alone", ""]
    if "corpora" in facts:
        part = facts["corpora"]
        lines += [f"{part['cells']} cells of {', '.join(part['corpora'])}: {part['seconds']:.0f} s"]
    return lines


if __name__ == "__main__":
    sys.exit(main())
