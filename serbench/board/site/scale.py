"""From values to places on a chart: per cent of its width, pixels of its height.

Conventions
-----------
Places are texts with two digits after the point, so that the last bits of a logarithm change no page.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

from serbench.board.numbers import short
from serbench.scoring.figure import Figure

#: The part of the width that marks stand in, per cent.
_LEFT, _RIGHT = 5.0, 95.0
#: Where a cost of 0 stands, which no logarithm reaches, and where the axis begins then.
_ZERO, _BEGIN = 5.0, 17.0
#: More labels than these do not fit side by side on a telephone.
_MOST_LABELS = 6


@dataclass(frozen=True)
class Tick:
    """A place on an axis and what is written there (nothing, where there is no room)."""

    place: str
    text: str


@dataclass(frozen=True)
class LogAxis:
    """An axis of whole decades; 0 has a place of its own, left of a gap.

    Attributes
    ----------
    first, last
        Exponents of the ends.
    has_zero
        True when a value is 0.
    """

    first: int
    last: int
    has_zero: bool

    @classmethod
    def around(cls, values: Iterable[float]) -> LogAxis:
        """Return the axis that holds all values, which are not below 0."""
        values = list(values)
        logs = [math.log10(value) for value in values if value > 0]
        if not logs:
            return cls(0, 1, has_zero=bool(values))
        # a value that is a power of ten but for its last bits stands on its tick
        first, last = math.floor(min(logs) + 1e-9), math.ceil(max(logs) - 1e-9)
        return cls(first, max(last, first + 1), len(logs) < len(values))

    def place(self, value: float) -> float:
        """Return a value's place in per cent of the width."""
        if value <= 0:
            return _ZERO
        return self._between((math.log10(value) - self.first) / (self.last - self.first))

    @property
    def ticks(self) -> list[Tick]:
        """A tick per decade, labelled as far as there is room, and one at 0 where it is needed."""
        decades = self.last - self.first
        step = math.ceil((decades + 1) / _MOST_LABELS)
        found = [Tick(f"{_ZERO:.2f}", "0")] if self.has_zero else []
        for exponent in range(self.first, self.last + 1):
            text = short(Figure(10.0**exponent)) if exponent >= 0 else f"{10.0**exponent:g}"
            place = self._between((exponent - self.first) / decades)
            found.append(Tick(f"{place:.2f}", text if (exponent - self.first) % step == 0 else ""))
        return found

    def _between(self, share: float) -> float:
        left = _BEGIN if self.has_zero else _LEFT
        return left + share * (_RIGHT - left)


@dataclass(frozen=True)
class Height:
    """The axis of UAR, upwards, in pixels from the top.

    Attributes
    ----------
    low, high
        Tenths of UAR at the ends.
    pixels
        From the top to the bottom of the chart.
    """

    low: int
    high: int
    pixels: int
    margin: int = 12

    @classmethod
    def around(cls, values: Iterable[float], pixels: int) -> Height:
        """Return the axis that holds all fractions."""
        values = list(values) or [0.0, 1.0]
        low = max(0, math.floor(10 * min(values) + 1e-9))
        high = min(10, math.ceil(10 * max(values) - 1e-9))
        return cls(min(low, 9), max(high, min(low, 9) + 1), pixels)

    def place(self, value: float) -> float:
        """Return a fraction's place in pixels from the top; what lies outside stands at the end."""
        share = min(1.0, max(0.0, (10 * value - self.low) / (self.high - self.low)))
        return self.pixels - self.margin - share * (self.pixels - 2 * self.margin)

    @property
    def ticks(self) -> list[Tick]:
        """A tick per ten points, or per twenty where there are more than six."""
        step = 1 if self.high - self.low <= 6 else 2
        return [
            Tick(f"{self.place(tenth / 10):.2f}", str(10 * tenth)) for tenth in range(self.low, self.high + 1, step)
        ]


__all__ = ["Height", "LogAxis", "Tick"]
