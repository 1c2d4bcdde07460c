"""How fast a machine was when the runs of its rows began, by the calibration kernel (``serbench.calibration``).

Conventions
-----------
Two rows of one machine card may have been measured at different paces: other programs ran, or a neighbour had the
processor. The kernel's time is a hint: it is taken once, as a run begins. A row is named when its machine then took
more than :data:`SLOW` times as long for the kernel as for the quickest row beside it: its times may be too long.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from serbench.board.rank import Place
from serbench.board.wording import machine_key
from serbench.results.row import Row

#: Beyond the 15 % by which times of a quiet machine may differ between two rounds.
SLOW = 1.25


def paces(rows: Sequence[Row]) -> dict[str, str]:
    """Return from :func:`machine_key` to the kernel's time in words, for the machines of which it is known.

    >>> paces([])
    {}
    """
    found = {card: [1e3 * each for each in times] for card, times in _times(rows).items()}
    return {card: f"calibration kernel {_span(min(times), max(times))} ms" for card, times in found.items()}


def slow_rows(places: Sequence[Place]) -> Iterator[str]:
    """Yield a sentence for the rows whose run began on a slow machine, beside the quickest of ``places``."""
    best = {card: min(times) for card, times in _times([place.row for place in places]).items()}
    slow: dict[str, list[str]] = {}
    for place in places:
        seconds, card = place.row.calibration.value, machine_key(place.row)
        if seconds is not None and seconds > SLOW * best[card]:
            taken = f"{1e3 * seconds:.1f} ms for the calibration kernel as the run began, {1e3 * best[card]:.1f} ms"
            slow.setdefault(f"the machine took {taken} when it was quickest", []).append(place.name)
    yield from (f"Times may be too long ({', '.join(names)}): {why}" for why, names in slow.items())


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
