"""What a fitted model costs: size, operations, time, memory, energy.

Conventions
-----------
Times are taken after an untimed warm-up, on a clip of 3 s of noise, at batch 1, on one CPU thread, and
include the features. What cannot be measured is undefined with a reason. Figures in bytes, milliseconds,
seconds, joules, as their names say.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from serbench.features.extractor import FeatureExtractor
from serbench.features.table import Column, FeatureTable, Floats
from serbench.learning.model import Model
from serbench.scoring.figure import Figure
from serbench.seeding import generator

CLIP_SECONDS = 3.0
RUNS, WARM_UP = 200, 10

#: All figures of a cell, in the order of tables.
FIGURES = (
    "parameters_trainable",
    "parameters_total",
    "model_bytes",
    "macs_3s",
    "train_seconds",
    "predict_seconds",
    "feature_seconds_per_audio_second",
    "latency_p50_ms",
    "latency_p90_ms",
    "latency_p99_ms",
    "peak_memory_bytes",
    "device_memory_bytes",
    "energy_joules",
)


@dataclass(frozen=True)
class Probe:
    """A clip of noise and how each feature turns it into a row.

    Attributes
    ----------
    extractors
        By feature name, the extractors of the model under test.
    labels
        The task's classes.
    """

    extractors: dict[str, FeatureExtractor]
    labels: tuple[str, ...]

    def wave(self, sample_rate: int) -> Floats:
        """Return 3 s of quiet noise, float32 (samples,), the same at every call."""
        samples = int(CLIP_SECONDS * sample_rate)
        noise: Floats = generator(0, "probe").normal(0, 0.05, samples).astype(np.float32)
        return noise

    def table(self) -> FeatureTable:
        """Extract the clip's features and return them as a table of one row without a label."""
        columns = {
            name: Column.stack(each.card.output, [each.extract(self.wave(each.card.sample_rate))])
            for name, each in self.extractors.items()
        }
        return FeatureTable(("probe",), columns, self.labels)


def size_figures(model: Model, probe: Probe) -> dict[str, Figure]:
    """Return parameters, bytes and multiply-accumulates of a fitted model."""
    size = model.size(probe.table())
    if size is None:
        unknown = Figure.undefined(f"{model.card.name} does not say how large it is")
        return dict.fromkeys(FIGURES[:4], unknown)
    macs = Figure(size.macs) if size.macs is not None else Figure.undefined(size.macs_reason or "not counted")
    return {
        "parameters_trainable": Figure(size.trainable),
        "parameters_total": Figure(size.total),
        "model_bytes": Figure(size.bytes),
        "macs_3s": macs,
    }


def latency_figures(model: Model, probe: Probe, *, runs: int = RUNS, warm_up: int = WARM_UP) -> dict[str, Figure]:
    """Return latency percentiles from wave to scores, and the features' share per second of audio.

    Parameters
    ----------
    model
        Fitted. It predicts on the CPU while it is timed.
    probe
        The clip.
    runs, warm_up
        Timed and untimed calls.
    """
    device, model.device = model.device, "cpu"
    try:
        with one_thread():
            whole = times(lambda: model.predict(probe.table()), runs, warm_up)
            features = times(probe.table, max(1, runs // 4), warm_up)
    finally:
        model.device = device
    p50, p90, p99 = np.percentile(whole, [50, 90, 99]) * 1e3
    per_second = (
        Figure(float(np.median(features)) / CLIP_SECONDS)
        if probe.extractors
        else Figure.undefined(f"{model.card.name} takes no features")
    )
    return {
        "feature_seconds_per_audio_second": per_second,
        "latency_p50_ms": Figure(float(p50)),
        "latency_p90_ms": Figure(float(p90)),
        "latency_p99_ms": Figure(float(p99)),
    }


def times(call: Callable[[], Any], runs: int, warm_up: int) -> Sequence[float]:
    """Return the seconds of each of ``runs`` calls, after ``warm_up`` that are not timed."""
    for _ in range(warm_up):
        call()
    taken = []
    for _ in range(runs):
        start = time.perf_counter()
        call()
        taken.append(time.perf_counter() - start)
    return taken


@contextlib.contextmanager
def one_thread() -> Iterator[None]:
    """Let torch, BLAS and OpenMP use one thread inside the block."""
    import torch
    from threadpoolctl import threadpool_limits

    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        with threadpool_limits(1):
            yield
    finally:
        torch.set_num_threads(before)


@dataclass
class Meter:
    """Memory and energy of a block of work.

    Attributes
    ----------
    device
        Where the work is done.
    figures
        Filled when the block ends.
    """

    device: str
    figures: dict[str, Figure] = field(default_factory=dict)

    @contextlib.contextmanager
    def running(self) -> Iterator[None]:
        """Measure the block."""
        resident = _reset_peak_memory()
        if self.device == "cuda":
            import torch

            torch.cuda.reset_peak_memory_stats()
        joules = _energy_counter(self.device)
        before = joules() if callable(joules) else 0.0
        yield
        self.figures["energy_joules"] = (
            Figure(max(0.0, joules() - before)) if callable(joules) else Figure.undefined(joules)
        )
        self.figures["peak_memory_bytes"] = _peak_memory() if resident is None else Figure.undefined(resident)
        if self.device == "cuda":
            import torch

            self.figures["device_memory_bytes"] = Figure(torch.cuda.max_memory_allocated())
        else:
            self.figures["device_memory_bytes"] = Figure.undefined("the work was done on the CPU")


_STATUS, _CLEAR = Path("/proc/self/status"), Path("/proc/self/clear_refs")


def _reset_peak_memory() -> str | None:
    """Start the peak anew; return why that is impossible, or None."""
    try:
        _CLEAR.write_text("5")
    except OSError:
        return "this system does not let a process start its memory peak anew"
    return None


def _peak_memory() -> Figure:
    for line in _STATUS.read_text().splitlines():
        if line.startswith("VmHWM:"):
            return Figure(int(line.split()[1]) * 1024)
    return Figure.undefined("this system does not say a process's memory peak")


def _energy_counter(device: str) -> Callable[[], float] | str:
    """Return a function that reads a running total in joules, or why there is none."""
    if device == "cuda":
        try:
            import pynvml
        except ImportError:
            return "nvidia-ml-py is not installed; pip install serbench[energy]"
        try:
            pynvml.nvmlInit()
            handle = pynvml.nvmlDeviceGetHandleByIndex(0)
            pynvml.nvmlDeviceGetTotalEnergyConsumption(handle)
        except pynvml.NVMLError as error:
            return f"the accelerator has no energy counter: {error}"
        return lambda: float(pynvml.nvmlDeviceGetTotalEnergyConsumption(handle)) / 1e3
    counter = Path("/sys/class/powercap/intel-rapl:0/energy_uj")
    try:
        counter.read_text()
    except OSError:
        return "no readable energy counter (RAPL) on this machine"
    return lambda: float(counter.read_text()) / 1e6


__all__ = [
    "CLIP_SECONDS",
    "FIGURES",
    "RUNS",
    "WARM_UP",
    "Meter",
    "Probe",
    "latency_figures",
    "one_thread",
    "size_figures",
    "times",
]
