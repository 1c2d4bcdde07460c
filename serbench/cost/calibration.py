"""A small fixed piece of work whose time says how fast a machine is just now.

Conventions
-----------
The time varies from run to run, so it is no part of a machine card and decides nothing: rows are compared within one
card. It helps a reader to judge two cards, and to see that a machine was busy when it measured.

The kernel, on one CPU thread: four products of float32 matrices of 256 × 256, one after another, and four real
Fourier transforms of 256 frames of 2,048 samples: what convolutions and spectra spend their time on.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from statistics import median
from typing import Any

#: Raised whenever the kernel changes; times of two versions are not compared.
VERSION = "1"
_STEPS, _RUNS, _SIZE = 4, 5, 256
_FRAME = 2048


def calibrate() -> dict[str, Any]:
    """Run the kernel and return its time.

    Returns
    -------
    dict
        ``kernel`` (its version), ``seconds`` (median of 5 runs after one that is not timed) and ``value``, which is
        the same on every machine that computes rightly: the kernel's result, to 4 digits.
    """
    taken, value = _runs(time.perf_counter)
    return {"kernel": VERSION, "seconds": median(taken), "value": float(f"{value:.4g}")}


def processor_pace() -> float:
    """Return the processor seconds of the kernel, the least of 5 runs: what a core can do, whatever else runs now."""
    return min(_runs(time.process_time)[0])


def _runs(clock: Callable[[], float]) -> tuple[list[float], float]:
    """Return the seconds of each run of the kernel but the first, by some clock, and its result."""
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        taken = []
        for _ in range(_RUNS + 1):
            start = clock()
            value = kernel()
            taken.append(clock() - start)
    finally:
        torch.set_num_threads(before)
    return taken[1:], value


def kernel() -> float:
    """Do the work and return a number that depends on all of it."""
    import torch

    with torch.inference_mode():
        places = torch.arange(_SIZE * _SIZE, dtype=torch.float32)
        matrix = torch.sin(places).reshape(_SIZE, _SIZE)
        state = torch.cos(places).reshape(_SIZE, _SIZE)
        frames = torch.sin(torch.arange(_SIZE * _FRAME, dtype=torch.float32) * 0.05).reshape(_SIZE, _FRAME)
        power = torch.zeros(())
        for step in range(_STEPS):
            state = matrix @ state
            state = state / state.norm()
            power = power + torch.fft.rfft(frames * (step + 1)).abs().mean()
        return float(power.double() + (matrix @ state).abs().sum().double())


__all__ = ["VERSION", "calibrate", "kernel", "processor_pace"]
