"""How long a call takes: warmed up, on a known number of threads, with the device's work waited for.

Conventions
-----------
Times are seconds of a monotonic clock. A device works behind the caller's back: it is waited for before the clock
starts and before it stops, so that a time holds all the work of its call and nothing of the call before.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any

#: Into how many rounds runs are cut where several calls are compared: a slow spell of the machine then hits them all.
ROUNDS = 10
#: Untimed calls at the start of a round, after other calls had the caches.
_AGAIN = 2


def nothing() -> None:
    """Wait for nothing: a CPU has done its work when the call returns."""


def waiter(device: str) -> Callable[[], None]:
    """Return the function that waits until the device has done all its work."""
    import torch

    return {"cuda": torch.cuda.synchronize, "mps": torch.mps.synchronize}.get(device, nothing)


def timed(call: Callable[[], Any], wait: Callable[[], None] = nothing) -> float:
    """Return the seconds that a call takes, the device's work included."""
    wait()
    start = time.perf_counter()
    call()
    wait()
    return time.perf_counter() - start


def times(call: Callable[[], Any], runs: int, warm_up: int, wait: Callable[[], None] = nothing) -> list[float]:
    """Return the seconds of each of ``runs`` calls, after ``warm_up`` that are not timed."""
    for _ in range(warm_up):
        call()
    return [timed(call, wait) for _ in range(runs)]


def interleaved(
    calls: Mapping[str, Callable[[], Any]], runs: int, warm_up: int, wait: Callable[[], None] = nothing
) -> dict[str, list[float]]:
    """Time several calls in rounds, so that all of them meet the machine in the same moods.

    Parameters
    ----------
    calls
        By name.
    runs
        Timed calls of each, spread over the rounds as evenly as can be.
    warm_up
        Untimed calls of each before the first round; every round begins with two more.
    wait
        Waits for the device.

    Returns
    -------
    By name the seconds of every run.
    """
    if len(calls) == 1:
        return {name: times(call, runs, warm_up, wait) for name, call in calls.items()}
    found: dict[str, list[float]] = {name: [] for name in calls}
    rounds = min(ROUNDS, runs)
    for turn in range(rounds):
        share = runs // rounds + (turn < runs % rounds)
        for name, call in calls.items():
            found[name] += times(call, share, _AGAIN if turn else warm_up, wait)
    return found


@contextlib.contextmanager
def threads(number: int) -> Iterator[None]:
    """Let torch, BLAS and OpenMP use so many threads inside the block."""
    import torch
    from threadpoolctl import threadpool_limits

    before = torch.get_num_threads()
    torch.set_num_threads(number)
    try:
        with threadpool_limits(number):
            yield
    finally:
        torch.set_num_threads(before)


__all__ = ["ROUNDS", "interleaved", "nothing", "threads", "timed", "times", "waiter"]
