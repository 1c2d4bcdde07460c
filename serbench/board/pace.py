"""How fast a machine was as it measured its rows.

Conventions
-----------
Two rows of one machine card may have been measured at different paces: other programs ran, or a neighbour had the
processor. Two things say so, and a row is named with either: the calibration kernel (``serbench.cost.calibration``),
timed beside its latencies, took more than :data:`SLOW` times as long as for the quickest row beside it; or its training
on a CPU took more than :data:`SLOW` times its processor seconds, so that its core was not its own.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from serbench.board.ranking.boards import Place
from serbench.board.wording import machine_key
from serbench.results.row import Row

#: Beyond the 15 % by which times of a quiet machine may differ between two rounds.
SLOW = 1.25
#: Seconds of training below which a moment's wait is no sign of anything.
_SHORT = 1.0


def paces(rows: Sequence[Row]) -> dict[str, str]:
    """Return from :func:`machine_key` to the kernel's time in words, for the machines of which it is known.

    >>> paces([])
    {}
    """
    found = {card: [1e3 * each for each in times] for card, times in _times(rows).items()}
    return {card: f"calibration kernel {_span(min(times), max(times))} ms" for card, times in found.items()}


def slow_rows(places: Sequence[Place]) -> Iterator[str]:
    """Yield a sentence for rows measured on a busy machine, or on one slower than for the quickest of ``places``."""
    best = {card: min(times) for card, times in _times([place.row for place in places]).items()}
    slow: dict[str, list[str]] = {}
    for place in places:
        seconds, card = place.row.calibration.value, machine_key(place.row)
        if seconds is not None and seconds > SLOW * best[card]:
            slow.setdefault(card, []).append(f"{place.name} {1e3 * seconds:.1f} ms")
    for card, names in slow.items():
        quickest = f"{1e3 * best[card]:.1f} ms when the machine was quickest"
        yield f"Times may be too long ({', '.join(names)}): so long took the calibration kernel then, {quickest}"
    for place in places:
        clock, processor = (place.row.cost_of(name).value for name in ("train_seconds", "train_cpu_seconds"))
        on_cpu = place.row.machine.get("device") == "cpu"
        if on_cpu and clock is not None and processor is not None and clock > max(_SHORT, SLOW * processor):
            took = f"{clock:.3g} s of the clock and {processor:.3g} s of the processor"
            yield f"Training times may be too long ({place.name}): a fit took {took}"


def _times(rows: Sequence[Row]) -> dict[str, list[float]]:
    found: dict[str, list[float]] = {}
    for row in rows:
        if row.calibration.value is not None:
            found.setdefault(machine_key(row), []).append(row.calibration.value)
    return found


def _span(low: float, high: float) -> str:
    ends = f"{low:.1f}", f"{high:.1f}"
    return ends[0] if ends[0] == ends[1] else f"{ends[0]} to {ends[1]}"


__all__ = ["SLOW", "paces", "slow_rows"]
