"""How long cells take: this machine's own times, or the model cards' word until there are some.

Conventions
-----------
A time is seconds of fit per training row, kept per model identity and device in one document of the cache
folder. It is an estimate for people and enters no result; a damaged document is begun anew.
"""

from __future__ import annotations

import contextlib
import math
from collections.abc import Iterable
from pathlib import Path

from serbench.errors import FormatError
from serbench.files import read_document, write_document
from serbench.run.plan import Cell

_KIND, _FORMAT = "serbench-times", 1
#: Seconds a cell takes beside its training: tables, scoring, writing.
_OVERHEAD = 0.1


class Times:
    """Seconds per training row, by model and device.

    Parameters
    ----------
    cache
        The cache folder.
    device
        Where models are trained.
    """

    def __init__(self, cache: Path, device: str) -> None:
        self.path, self.device = cache / "times.json", device
        try:
            known = read_document(self.path, _KIND, _FORMAT)["seconds_per_row"]
            self.rows: dict[str, float] = {name: rate for name, rate in known.items() if 0 <= float(rate) < math.inf}
        except (FormatError, OSError, KeyError, TypeError, ValueError, AttributeError):
            self.rows = {}  # it only helps to plan

    def seconds(self, cells: Iterable[Cell]) -> float:
        """Return the seconds that the cells will take, one after another."""
        total = 0.0
        for cell in cells:
            rate = self.rows.get(self._key(cell), cell.contender.model.card.seconds_per_row)
            total += _OVERHEAD + rate * len(cell.training)
        return total

    def learn(self, cell: Cell, seconds: float) -> None:
        """Remember how long a cell took, half as strongly as what was known before."""
        rate, key = seconds / max(1, len(cell.training)), self._key(cell)
        self.rows[key] = rate if key not in self.rows else (self.rows[key] + rate) / 2

    def save(self) -> None:
        """Write what was learned; where that cannot be, it is learned again."""
        with contextlib.suppress(OSError):
            write_document(self.path, _KIND, _FORMAT, {"seconds_per_row": self.rows})

    def _key(self, cell: Cell) -> str:
        return f"{cell.contender.model.identity.digest[:16]}/{self.device}"


__all__ = ["Times"]
