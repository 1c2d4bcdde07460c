"""Time, memory and energy of a block of work.

Conventions
-----------
Seconds, bytes and joules. Processor seconds are those of all threads of this process, waiting left out: beside those of
the clock they say whether the work had its core to itself. What this system does not tell is undefined with the reason.
Energy is that of the whole counter: an accelerator (NVML) or a processor package (RAPL), with whatever else ran on it.

Memory is the largest resident set, as ``/usr/bin/time`` has it, of a process that does nothing but the block: of the
process itself with its interpreter, libraries and tables of features, a few hundred megabytes before a model has done
anything; or of a process that it started and that ended meanwhile, if that one was larger. It is no sum over processes.

Left out is what the process had taken and given back before the block began (features, the cells before), and memory
on an accelerator. The peak is started anew for each block, so ``/usr/bin/time`` of a whole run says what came since its
last cell began, and not what the run took at most.

What remains when the memory at the start is subtracted is no honest figure of a cell: memory that an earlier cell gave
back is used again unseen, so of two equal cells the second would seem to need less. Models are compared by
``inference_memory_bytes`` of ``serbench profile``, where each has a process of its own.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

from serbench.scoring.figure import Figure

_STATUS, _CLEAR = Path("/proc/self/status"), Path("/proc/self/clear_refs")
_RAPL = Path("/sys/class/powercap/intel-rapl:0")


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
        resident, children = _reset_peak_memory(), _peak_of_children()
        if self.device == "cuda":
            import torch

            torch.cuda.reset_peak_memory_stats()
        joules = energy_counter(self.device)
        before = joules() if callable(joules) else 0.0
        yield
        self.figures["energy_joules"] = spent(joules, before)
        self.figures["peak_memory_bytes"] = (
            _larger(peak_memory(), children) if resident is None else Figure.undefined(resident)
        )
        if self.device == "cuda":
            import torch

            self.figures["device_memory_bytes"] = Figure(torch.cuda.max_memory_allocated())
        else:
            self.figures["device_memory_bytes"] = Figure.undefined("the work was done on the CPU")


@dataclass
class Clock:
    """Seconds of a block of work: ``with Clock() as taken: work()``.

    Attributes
    ----------
    seconds, cpu_seconds
        Of the clock and of the processor, since the block began; filled when it ends.
    """

    seconds: float = 0.0
    cpu_seconds: float = 0.0

    def __enter__(self) -> Self:
        self.seconds, self.cpu_seconds = -time.perf_counter(), -time.process_time()
        return self

    def __exit__(self, *_: object) -> None:
        self.seconds += time.perf_counter()
        self.cpu_seconds += time.process_time()

    def share(self, number: int) -> Clock:
        """Return an equal share of the seconds, for one of ``number`` things that were done together."""
        return Clock(self.seconds / number, self.cpu_seconds / number)


def fit_and_predict_figures(fit: Clock, predict: Clock) -> dict[str, Figure]:
    """Return the times among the figures of a cell's work."""
    return {
        "train_seconds": Figure(fit.seconds),
        "train_cpu_seconds": Figure(fit.cpu_seconds),
        "predict_seconds": Figure(predict.seconds),
    }


def peak_memory() -> Figure:
    """Return the largest resident memory that this process has had, in bytes."""
    try:
        lines = _STATUS.read_text().splitlines()
    except OSError:
        lines = []
    for line in lines:
        if line.startswith("VmHWM:"):
            return Figure(int(line.split()[1]) * 1024)
    return Figure.undefined("this system does not say a process's memory peak")


def energy_counter(device: str) -> Callable[[], float] | str:
    """Return a function that reads a running total in joules, or why there is none."""
    return _nvml_counter() if device == "cuda" else _rapl_counter()


def spent(counter: Callable[[], float] | str, before: float, calls: int = 1) -> Figure:
    """Return the joules per call since the counter stood at ``before``."""
    if isinstance(counter, str):
        return Figure.undefined(counter)
    joules = counter() - before
    if joules < 0:
        return Figure.undefined("the energy counter began anew meanwhile")
    return Figure(joules / calls)


def _peak_of_children() -> int:
    """Return the largest resident memory, in bytes, of any process that this one started and that has ended."""
    try:
        import resource
    except ImportError:  # nor is there a peak to be read
        return 0
    return resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * 1024


def _larger(own: Figure, children: int) -> Figure:
    """Return the peak of this process, or that of a child which ended since children had ``children`` bytes at most."""
    now = _peak_of_children()
    return Figure(max(own.value, now)) if own.value is not None and now > children else own


def _reset_peak_memory() -> str | None:
    """Start the peak anew; return why that is impossible, or None."""
    try:
        _CLEAR.write_text("5")
    except OSError:
        return "this system does not let a process start its memory peak anew"
    return None


def _nvml_counter() -> Callable[[], float] | str:
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


def _rapl_counter() -> Callable[[], float] | str:
    counter = _RAPL / "energy_uj"
    try:
        counter.read_text()
    except OSError:
        return "no readable energy counter (RAPL) on this machine"
    return lambda: float(counter.read_text()) / 1e6


__all__ = ["Clock", "Meter", "energy_counter", "fit_and_predict_figures", "peak_memory", "spent"]
