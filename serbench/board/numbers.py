"""Numbers as people read them, in every view alike.

Conventions
-----------
Numbers are short here and in full in the CSV and JSON files.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from serbench.scoring.figure import Figure

if TYPE_CHECKING:
    from serbench.scoring.statistics import Interval

#: What stands where there is no number.
NOTHING = "–"

_STEPS = ((1e9, "G"), (1e6, "M"), (1e3, "k"))


def percent(figure: Figure, digits: int = 1) -> str:
    """Return a fraction in per cent, without the sign.

    >>> percent(Figure(0.6239))
    '62.4'
    """
    return NOTHING if figure.value is None else f"{100 * figure.value:.{digits}f}"


def decimal(figure: Figure, digits: int = 3) -> str:
    """Return a number with a fixed number of digits after the point."""
    return NOTHING if figure.value is None else f"{figure.value:.{digits}f}"


def short(figure: Figure) -> str:
    """Return a number in three digits and a prefix: k, M or G.

    >>> short(Figure(46772.0)), short(Figure(12.0)), short(Figure(0.01234)), short(Figure(0.0))
    ('46.8k', '12', '0.0123', '0')
    """
    value = figure.value
    if value is None:
        return NOTHING
    for step, prefix in _STEPS:
        if abs(value) >= step:
            return f"{_three(value / step)}{prefix}"
    return _three(value)


def span(interval: Interval, sign: str = "") -> str:
    """Return the ends of an interval of fractions in per cent; ``sign="+"`` for differences.

    >>> from serbench.scoring.statistics import Interval
    >>> span(Interval(0.5, 0.616, "jackknife t", 4))
    '50.0 to 61.6'
    """
    if interval.low is None or interval.high is None:
        return NOTHING
    return f"{100 * interval.low:{sign}.1f} to {100 * interval.high:{sign}.1f}"


def listed(words: list[str] | tuple[str, ...]) -> str:
    """Return words as a sentence lists them.

    >>> listed(["a", "b", "c"])
    'a, b and c'
    """
    return " and ".join([", ".join(words[:-1]), words[-1]] if len(words) > 1 else words)


def capitalised(text: str) -> str:
    """Return a text with a capital letter at its beginning; the others stay as they are.

    >>> capitalised("minimum of UAR")
    'Minimum of UAR'
    """
    return text[:1].upper() + text[1:]


def _three(value: float) -> str:
    if value == int(value):
        return str(int(value))
    digits = f"{value:#.3g}".rstrip(".")
    return digits if "e+" not in digits else f"{value:.0f}"


__all__ = ["NOTHING", "capitalised", "decimal", "listed", "percent", "short", "span"]
