"""What the scripts share: rounds in turn, processor seconds, peak memory, the machine, tables.

Rivals are timed in turns, round by round, so that whatever else the machine does hits all alike. Seconds are of the
clock; processor seconds are user and system time of this process and its children, which another program's load hardly
moves. Ratios are taken within a round, and the median ratio is quoted.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from serbench.environment import machine_card

_TICKS = os.sysconf("SC_CLK_TCK") if hasattr(os, "sysconf") else 100


def arguments(description: str | None) -> argparse.ArgumentParser:
    """Return a parser with the options that every script has."""
    summary, _, rest = (description or "").partition("\n")
    formatter = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser(description=summary, epilog=rest.strip(), formatter_class=formatter)
    parser.add_argument("--quick", action="store_true", help="tiny generated data and one round: does it work at all?")
    parser.add_argument("--rounds", type=int, default=5, help="how often each rival is timed (default: %(default)s)")
    parser.add_argument("--json", action="store_true", help="print JSON instead of tables")
    return parser


def in_turn(rivals: Mapping[str, Callable[[], Any]], rounds: int) -> dict[str, list[dict[str, float]]]:
    """Return ``seconds`` and ``cpu`` of every rival in every round; the order turns by one from round to round."""
    found: dict[str, list[dict[str, float]]] = {name: [] for name in rivals}
    names = list(rivals)
    for turn in range(rounds):
        for name in names[turn % len(names) :] + names[: turn % len(names)]:
            busy, start = cpu_seconds(), time.perf_counter()
            rivals[name]()
            seconds = time.perf_counter() - start
            found[name].append({"seconds": seconds, "cpu": cpu_seconds() - busy})
    return found


def ratios(
    found: Mapping[str, Sequence[Mapping[str, float]]], slow: str, fast: str, key: str = "seconds"
) -> dict[str, float]:
    """Return how many times longer ``slow`` takes than ``fast``, round by round."""
    return spread([one[key] / other[key] for one, other in zip(found[slow], found[fast], strict=True)])


def spread(values: Sequence[float]) -> dict[str, float]:
    """Return the median of values and their ends."""
    return {"median": statistics.median(values), "min": min(values), "max": max(values)}


def cpu_seconds() -> float:
    """Return the processor seconds of this process and of its children, those that still run among them."""
    own = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(each.ru_utime + each.ru_stime for each in own) + _of_living_children(os.getpid(), 1)


def user_seconds() -> float:
    """Return the user seconds alone, likewise."""
    own = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(each.ru_utime for each in own) + _of_living_children(os.getpid(), 2)


def _of_living_children(parent: int, step: int) -> float:
    """Return the processor seconds of a process's living children; those of users alone with a step of 2."""
    parents: dict[int, list[tuple[int, float]]] = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            words = stat.read_text().rpartition(")")[2].split()
        except OSError:
            continue  # it has ended meanwhile
        # state, parent, ...; user, system, children's user and system time stand at 11 to 14
        parents.setdefault(int(words[1]), []).append((int(stat.parent.name), sum(map(int, words[11:15:step])) / _TICKS))
    total, waiting = 0.0, [parent]
    while waiting:
        for child, seconds in parents.get(waiting.pop(), ()):
            total += seconds
            waiting.append(child)
    return total


def peak_mib(*, reset: bool = False) -> float:
    """Return the largest resident memory of this process so far, in MiB; of the time since a reset on Linux."""
    status = Path("/proc/self/status")
    if not status.is_file():
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    kib = next(int(line.split()[1]) for line in status.read_text().splitlines() if line.startswith("VmHWM"))
    if reset:
        Path("/proc/self/clear_refs").write_text("5")
    return kib / 2**10


def machine(device: str = "cpu") -> dict[str, Any]:
    """Return the machine card, and how many programs wanted to run in the last minute."""
    return {**machine_card(device), "load": round(os.getloadavg()[0], 1)}


def table(headers: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    """Return a table as text: the first column to the left, the others to the right."""
    cells = [[_text(each) for each in row] for row in (headers, *rows)]
    widths = [max(len(row[place]) for row in cells) for place in range(len(headers))]
    lines = []
    for row in cells:
        rest = (each.rjust(width) for each, width in zip(row[1:], widths[1:], strict=True))
        lines.append("  ".join([row[0].ljust(widths[0]), *rest]).rstrip())
    return "\n".join(lines)


def _text(value: object) -> str:
    if value is None:
        return "–"
    if isinstance(value, float):
        return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.3g}"
    return f"{value:,}" if isinstance(value, int) else str(value)


def report(facts: Mapping[str, Any], lines: Sequence[str], *, as_json: bool) -> None:
    """Print what was found: the facts as JSON, or the lines with the machine below."""
    if as_json:
        print(json.dumps(facts, indent=1))
        return
    card = facts["machine"]
    where = f"{card['processor']}, {card['cores']} cores, load {card['load']}"
    print("\n".join([*lines, "", f"on {where}; torch and librosa as in serbench's requirements"]))


__all__ = [
    "arguments",
    "cpu_seconds",
    "in_turn",
    "machine",
    "peak_mib",
    "ratios",
    "report",
    "spread",
    "table",
    "user_seconds",
]
