"""Whether a machine was quiet while something was timed, and timing again where it was not.

Conventions
-----------
A time is only the system's where nothing else wanted the processor. Four things say that something did, each seen over
the whole of a timing: this process waited for its core although it could have run, other programs had a good part of
the cores, another machine had the processor (steal), or the calibration kernel (``serbench.cost.calibration``) took
longer after than before. What this system does not tell is not held against it. A disturbed timing is taken again, and
of timings that were all disturbed the shortest is kept, with a sentence that says what was seen: other programs only
make a time longer.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Generic, TypeVar

from serbench.cost.calibration import calibrate

#: Beyond the 15 % by which times of a quiet machine may differ between two rounds.
SLOW = 1.25
#: How often a timing is taken before a disturbed one is kept, and after how many seconds it is not repeated any more.
ATTEMPTS, PATIENCE = 3, 30.0
#: Of the clock: what a process may wait where it could have run, and how often a second its core may be taken from it.
_WAITED, _SWITCHES = 0.05, 5.0
#: Of all cores, what other programs may have; of one, what another machine may have.
_OTHERS, _STOLEN = 0.2, 0.05
_STAT = Path("/proc/stat")

T = TypeVar("T")


@dataclass(frozen=True)
class Moment:
    """What the clocks of a machine and of this process show.

    Attributes
    ----------
    clock
        Seconds of a monotonic clock.
    own
        Processor seconds of this process, all its threads.
    switches
        How often this process lost its core while it could have run; None where the system does not say.
    cores, all, stolen
        Of the machine: its cores, and the processor seconds that programs and other machines have had; None likewise.
    """

    clock: float
    own: float
    switches: int | None = None
    cores: int | None = None
    all: float | None = None
    stolen: float | None = None


@dataclass(frozen=True)
class Timing(Generic[T]):
    """What was timed, and how quiet it was.

    Attributes
    ----------
    value
        What came of it.
    calibration
        As :func:`serbench.cost.calibration.calibrate` says it: the slower of before and after.
    disturbance
        What disturbed it, in a sentence; None where nothing did.
    """

    value: T
    calibration: dict[str, Any]
    disturbance: str | None


def moment() -> Moment:
    """Return what the clocks show now."""
    cores, used, stolen = _machine()
    return Moment(time.perf_counter(), time.process_time(), _switches(), cores, used, stolen)


def disturbance(before: Moment, after: Moment, paces: Sequence[float] = ()) -> str | None:
    """Return what disturbed this process between two moments, or None.

    Parameters
    ----------
    paces
        Seconds of the calibration kernel, in the order in which they were taken.
    """
    clock, own = after.clock - before.clock, after.own - before.own
    if clock <= 0:
        return None
    lost = None if before.switches is None or after.switches is None else after.switches - before.switches
    if lost is not None and own < (1 - _WAITED) * clock and lost > _SWITCHES * clock:
        return f"its core was taken from it {lost} times in {clock:.2g} s"
    if after.cores and after.all is not None and before.all is not None:
        others = (after.all - before.all - own) / clock
        if others > _OTHERS * after.cores:
            return f"other programs had {others:.1f} of {after.cores} cores"
    if after.stolen is not None and before.stolen is not None and after.stolen - before.stolen > _STOLEN * clock:
        return f"another machine had {100 * (after.stolen - before.stolen) / clock:.0f} % of a core"
    if paces and max(paces) > SLOW * min(paces):
        quick, slow = (f"{1e3 * seconds:.1f} ms" for seconds in (min(paces), max(paces)))
        return f"the calibration kernel took {quick} and {slow} within moments"
    return None


def quietly(
    work: Callable[[], T],
    *,
    attempts: int = ATTEMPTS,
    patience: float = PATIENCE,
    look: Callable[[], Moment] = moment,
    pace: Callable[[], dict[str, Any]] = calibrate,
) -> Timing[T]:
    """Do work that times something, again where it was disturbed.

    Parameters
    ----------
    work
        Times something on one thread.
    attempts, patience
        How often at most, and after how many seconds not again.
    look, pace
        Say what the clocks show, and time the calibration kernel.

    Returns
    -------
    The first timing that nothing disturbed; else the one that took the shortest.
    """
    tried: list[tuple[float, Timing[T]]] = []
    for _ in range(attempts):
        first, before = pace(), look()
        value = work()
        after, last = look(), pace()
        slower = max(first, last, key=lambda each: float(each["seconds"]))
        found = disturbance(before, after, (first["seconds"], last["seconds"]))
        if found is None:
            return Timing(value, slower, None)
        tried.append((after.clock - before.clock, Timing(value, slower, found)))
        if sum(seconds for seconds, _ in tried) > patience:
            break
    return min(tried, key=lambda each: each[0])[1]


def _machine() -> tuple[int | None, float | None, float | None]:
    """Return the machine's cores, and what programs and other machines have had of them, in processor seconds."""
    import os

    try:
        lines = _STAT.read_text().splitlines()
        # user, nice, system, idle, waiting for a disk, interrupts, soft interrupts, stolen
        words = [int(word) for word in lines[0].split()[1:9]]
        ticks = os.sysconf("SC_CLK_TCK")
    except (OSError, ValueError, IndexError, AttributeError):
        return None, None, None
    if len(words) < 8 or not any(words):
        return None, None, None
    cores = sum(line.startswith("cpu") for line in lines) - 1
    return cores or None, (sum(words[:3]) + sum(words[5:7])) / ticks, words[7] / ticks


def _switches() -> int | None:
    try:
        import resource
    except ImportError:  # not on this system
        return None
    return resource.getrusage(resource.RUSAGE_SELF).ru_nivcsw


__all__ = ["ATTEMPTS", "PATIENCE", "SLOW", "Moment", "Timing", "disturbance", "moment", "quietly"]
