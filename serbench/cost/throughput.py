"""Throughput of a fitted model over batch sizes, and what a clip costs in energy and memory.

Conventions
-----------
Throughput is a real-time factor: seconds of audio per second, features included, from waves in memory to scores. What a
model fails at (a batch that does not fit) is undefined with the reason.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from statistics import median
from typing import Any

from serbench.cost.latency import Place, Specimen, failure, moved
from serbench.cost.meter import energy_counter, spent
from serbench.cost.noise_clip import CLIP_SECONDS
from serbench.cost.timing import threads, timed, times, waiter
from serbench.scoring.figure import Figure

#: Batch sizes that throughput is named for, and those among which the best is sought beside them.
BATCHES = (1, 8, 64)
_FURTHER = (16, 32, 128, 256)
#: Larger batches are not tried once throughput has fallen to this share of the best.
_PAST = 0.9
#: Seconds of timed work per batch size; fewest and most timed calls.
_SECONDS, _CALLS = 0.5, (3, 100)


def throughput_figures(specimen: Specimen, place: Place, *, seconds: float = _SECONDS) -> dict[str, Figure]:
    """Return throughput at batch 1, 8, 64 and the best, as real-time factors, and energy per clip at batch 1.

    Parameters
    ----------
    specimen
        What to measure.
    place
        Where.
    seconds
        How long each batch size is timed, three calls at least.
    """
    rate_names = [f"throughput{place.suffix}_batch_{size}_realtime" for size in BATCHES]
    best_names = [f"throughput{place.suffix}_best_{what}" for what in ("realtime", "batch")]
    energy_name = f"inference{place.suffix}_joules_per_clip"
    if place.missing:
        return dict.fromkeys([*rate_names, *best_names, energy_name], Figure.undefined(place.missing))
    rates: dict[int, Figure] = {}
    with threads(place.threads), moved([specimen], place.device):
        for size in sorted({*BATCHES, *_FURTHER}):
            known = [rate.value for rate in rates.values() if rate.value is not None]
            if size > BATCHES[-1] and (not known or (rates[max(rates)].value or 0.0) < _PAST * max(known)):
                break
            rates[size] = _rate(specimen, place, size, seconds)
        energy = _energy_per_clip(specimen, place, seconds)
    values = {size: rate.value for size, rate in rates.items() if rate.value is not None}
    best = max(values, key=values.__getitem__, default=None)
    none = rates[1]
    return {
        **{name: rates[size] for name, size in zip(rate_names, BATCHES, strict=True)},
        best_names[0]: none if best is None else Figure(values[best]),
        best_names[1]: none if best is None else Figure(best),
        energy_name: energy,
    }


def device_memory(specimen: Specimen, place: Place) -> Figure:
    """Return the peak memory on the accelerator while a model answers at batch 1, in bytes."""
    if place.missing:
        return Figure.undefined(place.missing)
    import torch

    try:
        with moved([specimen], place.device):
            torch.cuda.reset_peak_memory_stats()
            specimen.model.predict(specimen.noise.table(device=place.device))
            waiter(place.device)()
            return Figure(torch.cuda.max_memory_allocated())
    except Exception as error:  # noqa: BLE001  (a plugin may raise anything)
        return Figure.undefined(failure(error))


def _batch_of(specimen: Specimen, place: Place, size: int) -> Callable[[], Any]:
    return lambda: specimen.model.predict(specimen.noise.table(size, device=place.device))


def _rate(specimen: Specimen, place: Place, size: int, seconds: float) -> Figure:
    wait, call = waiter(place.device), _batch_of(specimen, place, size)
    try:
        call()
        taken = times(call, _count(timed(call, wait), seconds), 0, wait)
    except Exception as error:  # noqa: BLE001  (a plugin may raise anything; a large batch may not fit)
        return Figure.undefined(failure(error))
    return Figure(size * CLIP_SECONDS / median(taken))


def _count(one: float, seconds: float) -> int:
    """Return how many calls fill the time."""
    least, most = _CALLS
    return max(least, min(most, math.ceil(seconds / max(one, 1e-9))))


def _energy_per_clip(specimen: Specimen, place: Place, seconds: float) -> Figure:
    counter = energy_counter(place.device)
    if isinstance(counter, str):
        return Figure.undefined(counter)
    wait, call = waiter(place.device), _batch_of(specimen, place, 1)
    try:
        calls = _count(timed(call, wait), seconds)
        before = counter()
        times(call, calls, 0, wait)
    except Exception as error:  # noqa: BLE001  (a plugin may raise anything)
        return Figure.undefined(failure(error))
    return spent(counter, before, calls)


__all__ = ["BATCHES", "device_memory", "throughput_figures"]
