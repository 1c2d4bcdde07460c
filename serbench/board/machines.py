"""The machines that measured the rows: their names, their letters on a board, and how fast they were.

Conventions
-----------
Two rows of one machine card may have been measured at different speeds: other programs ran, or a neighbour had the
processor. Three things say so, and a row is named with each: its record says what disturbed the timing however often it
was repeated (``serbench.cost.quiet``), and its times then bear a mark; the calibration kernel
(``serbench.cost.calibration``), timed beside its latencies, took more than :data:`SLOW` times as long as for the
quickest row beside it; or its training on a CPU took more than :data:`SLOW` times its processor seconds, so that its
core was not its own.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from serbench.cost.efficiency import LATENCIES
from serbench.cost.quiet import SLOW
from serbench.digest import canonical_json
from serbench.results.row import Row

if TYPE_CHECKING:
    from serbench.board.ranking.boards import Placement

#: After a time that was measured while the machine was busy.
DISTURBED = "?"
#: Seconds of training below which a moment's wait is no sign of anything.
_SHORT = 1.0


def machine_name(card: Mapping[str, object]) -> str:
    """Return a machine card in a few words.

    >>> machine_name({"processor": "Intel(R) Xeon(R) CPU @ 2.20GHz", "cores": 2, "threads": 1, "accelerator": None})
    'Intel Xeon CPU @ 2.20GHz, 2 cores, 1 thread'
    >>> machine_name({"processor": "AMD EPYC", "instructions": "AVX2", "cores": 2, "threads": 2})
    'AMD EPYC (AVX2), 2 cores, 2 threads'
    """
    if not card:
        return "unknown machine"
    words = str(card.get("processor", "unknown processor")).replace("(R)", "").replace("(TM)", "")
    parts = [str(card["accelerator"])] if card.get("accelerator") else []
    instructions = f" ({card['instructions']})" if card.get("instructions") else ""
    parts.append(f"{' '.join(words.split())}{instructions}")
    counts = [(card[name], name) for name in ("cores", "threads") if card.get(name)]
    parts += [f"{number} {name[:-1] if number == 1 else name}" for number, name in counts]
    return ", ".join(parts)


def machine_key(row: Row) -> str:
    """Return the row's machine card as a text that is equal for equal cards."""
    return canonical_json(row.machine)


def machine_letters(rows: Iterable[Row]) -> dict[str, str]:
    """Return a letter per :func:`machine_key`: A for the first in the order of their texts."""
    cards = sorted({machine_key(row) for row in rows})
    return {card: chr(ord("A") + place) if place < 26 else f"M{place + 1}" for place, card in enumerate(cards)}


def machine_descriptions(rows: Sequence[Row]) -> Iterator[tuple[str, str, Mapping[str, object]]]:
    """Yield for each machine of the rows its letter, its name with the calibration kernel's time, and its card."""
    times = calibration_times(rows)
    for key, letter in machine_letters(rows).items():
        card: Mapping[str, object] = json.loads(key)
        yield letter, f"{machine_name(card)}{f'; {times[key]}' if key in times else ''}", card


def calibration_times(rows: Iterable[Row]) -> dict[str, str]:
    """Return from :func:`machine_key` to the kernel's time in words, for the machines of which it is known.

    >>> calibration_times([])
    {}
    """
    found = {card: [1e3 * seconds for seconds in times] for card, times in _times(rows).items()}
    return {card: f"calibration kernel {_range(min(times), max(times))} ms" for card, times in found.items()}


def is_disturbed(cost: str, row: Row) -> bool:
    """Tell whether a cost of a row is a time that was measured while the machine was busy."""
    return cost in LATENCIES and row.disturbed is not None


def slow_rows(placements: Sequence[Placement]) -> Iterator[str]:
    """Yield a sentence for rows measured on a busy machine, or on one slower than for the quickest of these rows."""
    disturbed = [f"{at.name}: {at.row.disturbed}" for at in placements if at.row.disturbed]
    if disturbed:
        yield f"times marked {DISTURBED} may be too long, for something ran beside them ({'; '.join(disturbed)})"
    best = {card: min(times) for card, times in _times(placement.row for placement in placements).items()}
    slow: dict[str, list[str]] = {}
    for placement in placements:
        seconds, card = placement.row.calibration.value, machine_key(placement.row)
        if seconds is not None and seconds > SLOW * best[card]:
            slow.setdefault(card, []).append(f"{placement.name} {1e3 * seconds:.1f} ms")
    for card, names in slow.items():
        quickest = f"{1e3 * best[card]:.1f} ms when the machine was quickest"
        yield f"times may be too long ({', '.join(names)}): so long took the calibration kernel then, {quickest}"
    for placement in placements:
        row = placement.row
        clock, processor = (row.cost_of(name).value for name in ("train_seconds", "train_cpu_seconds"))
        on_cpu = row.machine.get("device") == "cpu"
        if on_cpu and clock is not None and processor is not None and clock > max(_SHORT, SLOW * processor):
            took = f"{clock:.3g} s of the clock and {processor:.3g} s of the processor"
            yield f"training times may be too long ({placement.name}): a fit took {took}"


def _times(rows: Iterable[Row]) -> dict[str, list[float]]:
    found: dict[str, list[float]] = {}
    for row in rows:
        if row.calibration.value is not None:
            found.setdefault(machine_key(row), []).append(row.calibration.value)
    return found


def _range(low: float, high: float) -> str:
    ends = f"{low:.1f}", f"{high:.1f}"
    return ends[0] if ends[0] == ends[1] else f"{ends[0]} to {ends[1]}"


__all__ = [
    "DISTURBED",
    "SLOW",
    "calibration_times",
    "is_disturbed",
    "machine_descriptions",
    "machine_key",
    "machine_letters",
    "machine_name",
    "slow_rows",
]
