"""Training attn1dcnn on a CPU: against bare loops over the same network, and against what the cores can do.

An epoch, one thread each, on as many clips of 94 frames of 40 MFCCs:

serbench     TorchModel: segments gathered by index, in the order that its generator draws
bare loop    the network over tensors in memory, cut into segments before the clock runs; nothing else
DataLoader   the same with torch.utils.data.DataLoader over a TensorDataset, in the loop's own process
bf16         serbench with precision="bf16", where the processor computes in it

A run, folds and seeds of a corpus, from features in the cache to records:

serbench     as many cells at once as it chooses, each with one thread, with tables, scores, records and latencies
one by one   the cells one after another in the bare loop with every core; test is scored at the end, over as many
             segments of each clip as the model's own prediction is a mean of
one thread   likewise with one thread

The share of the peak is the network's operations over an epoch's seconds, against a large float32 matrix product on
one thread. The corpus is RAVDESS where --data-root has it, else the generated one.
"""

from __future__ import annotations

import dataclasses
import os
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from loops import bare_cell, bare_loop, data_loader, tensors_of
from measure import arguments, in_turn, machine, ratios, report, spread, table
from serbench_plugins.models.attn1dcnn import Attn1dCnn

from serbench.cost.timing import threads
from serbench.environment import usable_cores
from serbench.features.cache import FeatureCache
from serbench.features.table import Column, FeatureTable
from serbench.learning.training import repeatable, train
from serbench.locations import Locations
from serbench.plugin.registry import load_registry
from serbench.run.estimate import Times
from serbench.run.request import Request
from serbench.run.runner import execute
from serbench.run.setup import Setup
from serbench.run.tables import Workbench, make_tables
from serbench.run.workspace import silent

FRAMES, COEFFICIENTS, CLASSES = 94, 40, 8
#: What a processor's flags must have for bfloat16 to be more than a detour.
BF16_FLAGS = ("avx512_bf16", "amx_bf16")


def main(words: Sequence[str] | None = None) -> int:
    """Run the script."""
    parser = arguments(__doc__)
    parser.add_argument("--data-root", type=Path, help="the folder of ravdess (default: SERBENCH_DATA)")
    parser.add_argument("--part", choices=("epoch", "run"), help="measure this part alone")
    options = parser.parse_args(words)
    named = options.data_root or os.environ.get("SERBENCH_DATA", "").split(os.pathsep)[0]
    facts: dict[str, Any] = {"what": "training attn1dcnn on a CPU", "machine": machine()}
    if options.part != "run":
        clips, epochs = (64, 1) if options.quick else (1200, 2)
        facts["epoch"] = epoch_facts(clips, epochs, 1 if options.quick else options.rounds, quick=options.quick)
    if options.part != "epoch":
        facts["run"] = run_facts(None if options.quick or not named else Path(named), options)
    report(facts, _lines(facts), as_json=options.json)
    return 0


def epoch_facts(clips: int, epochs: int, rounds: int, *, quick: bool = False) -> dict[str, Any]:
    """Time an epoch of each rival with one thread."""
    rows = _table(clips)
    model = Attn1dCnn(width=16) if quick else Attn1dCnn()
    inputs = torch.from_numpy(rows.column.values.reshape(clips, FRAMES, COEFFICIENTS).copy())
    codes = torch.from_numpy(rows.codes)
    rivals = {
        "serbench": _serbench(model, rows, epochs),
        "bare loop": lambda: bare_loop(_network(model), inputs, codes, epochs),
        "DataLoader": lambda: data_loader(_network(model), inputs, codes, epochs),
    }
    reason = bf16_reason()
    if reason is None:
        rivals["bf16"] = _serbench(model, rows, epochs, precision="bf16")
    with threads(1):
        for each in rivals.values():
            each()
        found = in_turn(rivals, rounds)
        peak = _peak(256 if quick else 2048)
    work = _operations(_network(model), inputs[:32]) * clips / 32  # floating-point operations of an epoch
    seconds = {name: spread([each["seconds"] / epochs for each in samples]) for name, samples in found.items()}
    return {
        "clips": clips,
        "rounds": found,
        "seconds": seconds,
        "times_the_bare_loop": {name: ratios(found, name, "bare loop") for name in found},
        "cpu_times_the_bare_loop": {name: ratios(found, name, "bare loop", "cpu") for name in found},
        "gflop_per_epoch": work / 1e9,
        "peak_gflops": peak / 1e9,
        "share_of_peak": {name: work / each["median"] / peak for name, each in seconds.items()},
        "bf16": {
            "times_faster": ratios(found, "serbench", "bf16") if reason is None else None,
            "reason": reason,
        },
    }


def bf16_reason() -> str | None:
    """Return why bfloat16 is not measured here, or None."""
    info = Path("/proc/cpuinfo")
    flags = info.read_text().split() if info.is_file() else []
    if any(flag in flags for flag in BF16_FLAGS):
        return None
    return f"the processor has none of {', '.join(BF16_FLAGS)}"


def _table(clips: int) -> FeatureTable:
    rng = np.random.default_rng(0)
    codes = rng.integers(CLASSES, size=clips)
    values = rng.normal(size=(clips * FRAMES, COEFFICIENTS)).astype(np.float32)
    labels = tuple(f"class-{each}" for each in range(CLASSES))
    column = Column("sequence", values, np.full(clips, FRAMES))
    ids = tuple(f"clip-{each}" for each in range(clips))
    return FeatureTable(ids, {"mfcc": column}, labels, np.array(labels)[codes])


def _network(model: Attn1dCnn) -> torch.nn.Module:
    with repeatable(0, "cpu"):
        network: torch.nn.Module = model.build((FRAMES, COEFFICIENTS), CLASSES)
    return network


def _serbench(model: Attn1dCnn, rows: FeatureTable, epochs: int, **change: Any) -> Callable[[], object]:
    recipe = dataclasses.replace(model.recipe, epochs=epochs, keep="last", **change)

    begun = model.begin_training(rows, None, seed=0)

    def work() -> None:
        network = _network(model)
        with repeatable(0, "cpu"):
            train(
                dataclasses.replace(begun, network=network, recipe=recipe, optimizer=model.optimizer(network, recipe))
            )

    return work


def _operations(network: torch.nn.Module, batch: torch.Tensor) -> int:
    """Return the floating-point operations of a step, forward and backward: two per multiply-add."""
    from torch.utils.flop_counter import FlopCounterMode

    with FlopCounterMode(display=False) as counter:
        network(batch).sum().backward()
    total: int = counter.get_total_flops()
    return total


def _peak(size: int) -> float:
    """Return the floating-point operations per second of the best of some matrix products."""
    one, other = torch.randn(size, size), torch.randn(size, size)
    best = float("inf")
    for _ in range(6):
        start = time.perf_counter()
        torch.mm(one, other)
        best = min(best, time.perf_counter() - start)
    return 2 * size**3 / best


def run_facts(root: Path | None, options: Any) -> dict[str, Any]:
    """Time a whole run and its cells one after another."""
    corpus = "ravdess" if root is not None and (root / "ravdess").is_dir() else "synth"
    settings: dict[str, dict[str, Any]] = {"attn1dcnn": {"augment": False, "epochs": 6}}
    if options.quick:
        settings = {
            "attn1dcnn": {"augment": False, "epochs": 1, "width": 16},
            "synth": {"speakers": 6, "sentences": 1, "takes": 1},
        }
    request = Request(models=("attn1dcnn",), datasets=(corpus,), seeds=1 if options.quick else 3, settings=settings)
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        setup = Setup(
            request=request, locations=Locations((root,) if root else (), place / "cache"), out=place, device="cpu",
            no_plugins=True,
        )  # fmt: skip
        registry = load_registry(only=())
        cells = setup.plan(registry, silent).cells
        bench = Workbench(FeatureCache(setup.locations.cache), "cpu", (), {}, silent)
        data = [tensors_of(make_tables(cell, bench), FRAMES) for cell in cells]  # and every feature is in the cache now
        models = [cell.contender.create() for cell in cells]
        count = iter(range(10**6))

        def ours() -> None:
            mine = dataclasses.replace(setup, out=place / f"out-{next(count)}")
            plan, times = mine.plan(registry, silent), Times(place / "times", "cpu")
            # told, not left to an estimate that knows nothing of this machine yet
            outcome = execute(plan, registry, mine, times, silent, jobs=min(usable_cores(), len(cells)))
            if outcome.failed:
                raise RuntimeError(outcome.failed[0].reason)

        def theirs(number: int) -> Callable[[], None]:
            def work() -> None:
                with threads(number):
                    for model, tensors in zip(models, data, strict=True):
                        bare_cell(model, tensors)

            return work

        rivals = {"serbench": ours, "one by one": theirs(usable_cores()), "one thread": theirs(1)}
        found = in_turn(rivals, 1 if options.quick else min(options.rounds, 3))
    return {
        "corpus": corpus,
        "cells": len(cells),
        "epochs": settings["attn1dcnn"]["epochs"],
        "rounds": found,
        "seconds": {name: spread([each["seconds"] for each in samples]) for name, samples in found.items()},
        "times_sooner": {name: ratios(found, name, "serbench") for name in ("one by one", "one thread")},
    }


def _lines(facts: dict[str, Any]) -> list[str]:
    lines = []
    if "epoch" in facts:
        epoch = facts["epoch"]
        rows = [
            (name, each["median"], epoch["times_the_bare_loop"][name]["median"],
             epoch["cpu_times_the_bare_loop"][name]["median"], f"{100 * epoch['share_of_peak'][name]:.0f} %")
            for name, each in epoch["seconds"].items()
        ]  # fmt: skip
        headers = ("an epoch", "seconds", "× the bare loop", "× its CPU", "of the peak")
        lines += [
            table(headers, rows),
            "",
            f"{epoch['clips']} clips, one thread; peak {epoch['peak_gflops']:.0f} GFLOP/s",
        ]
        faster = epoch["bf16"]["times_faster"]
        lines += [
            f"bf16: {faster['median']:.2f} times as fast as fp32" if faster else f"bf16: {epoch['bf16']['reason']}"
        ]
    if "run" in facts:
        run = facts["run"]
        rows = [
            (name, each["median"], run["times_sooner"].get(name, {}).get("median"))
            for name, each in run["seconds"].items()
        ]
        lines += ["", table(("a run", "seconds", "× serbench"), rows), ""]
        lines += [f"{run['corpus']}: {run['cells']} cells of {run['epochs']} epochs"]
    return lines


if __name__ == "__main__":
    sys.exit(main())
