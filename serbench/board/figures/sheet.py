"""The sheet that a figure is drawn on: its style, its size, and how it becomes a file.

Conventions
-----------
Lengths are inches, as matplotlib takes them; type is 8 points high and less. Colours are those of Okabe and Ito (2008),
which people with any kind of colour vision tell apart, and never alone: marks or places differ too. Nothing of
matplotlib's global state is read or left changed, and the same rows give the same bytes with the same matplotlib: no
date, no random ids. Fonts are embedded as TrueType (type 42), as publishers ask.

Text from records is drawn as it is: a dollar sign starts no formula.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Any

from serbench.errors import UsageError, suggestion
from serbench.files import atomic_write

if TYPE_CHECKING:
    from matplotlib.figure import Figure


class Width(StrEnum):
    """How wide a figure is: one column of a two-column page, or both."""

    COLUMN = "column"
    PAGE = "page"


#: Inches, of the page that IEEE and ISCA prescribe.
INCHES: Mapping[Width, float] = {Width.COLUMN: 3.5, Width.PAGE: 7.16}

#: Okabe and Ito's, the yellow left out: it is too light for a thin line on white.
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")
GREY = "#767676"
MARKS = ("o", "s", "^", "D", "v", "P", "X")

#: From a file's ending to what it may not say of itself: the day on which it was made.
_UNDATED: Mapping[str, dict[str, Any]] = {"pdf": {"CreationDate": None}, "png": {}, "svg": {"Date": None}}

_STYLE: Mapping[str, Any] = {
    "font.size": 8,
    "axes.labelsize": 8,
    "axes.linewidth": 0.6,
    "axes.spines.right": False,
    "axes.spines.top": False,
    "axes.axisbelow": True,
    "grid.color": "#d9d9d9",
    "grid.linewidth": 0.5,
    "legend.fontsize": 7,
    "legend.frameon": False,
    "lines.linewidth": 1.0,
    "lines.markersize": 4,
    "pdf.fonttype": 42,
    "savefig.dpi": 300,
    "svg.hashsalt": "serbench",
    "text.parse_math": False,
    "text.usetex": False,
    "xtick.labelsize": 7,
    "ytick.labelsize": 7,
    "xtick.major.width": 0.6,
    "ytick.major.width": 0.6,
}


def write_figure(path: Path, width: Width, draw: Callable[[Figure], str]) -> str:
    """Draw a figure into a file; return its caption.

    Parameters
    ----------
    path
        Ends in ``.pdf``, ``.png`` (300 dpi) or ``.svg``.
    draw
        Draws on the sheet, sets its height, returns the caption in plain text.

    Raises
    ------
    UsageError
        For another ending, or where matplotlib is missing.
    """
    ending = path.suffix.lower().removeprefix(".")
    if ending not in _UNDATED:
        known = [f".{field}" for field in _UNDATED]
        near = suggestion(path.suffix, known)
        raise UsageError(f"{path} ends in {path.suffix or 'nothing'!r}, expected one of {known}{near}")
    try:
        from matplotlib import style
        from matplotlib.figure import Figure as Sheet
    except ImportError as error:
        raise UsageError(f"figures need matplotlib ({error}); pip install 'serbench[plot]'") from error
    with style.context(dict(_STYLE), after_reset=True):
        sheet = Sheet(figsize=(INCHES[width], INCHES[width]), layout="constrained")
        caption = draw(sheet)
        with atomic_write(path) as stream:
            sheet.savefig(stream, format=ending, metadata=_UNDATED[ending])
    return caption


def percent(value: float) -> float:
    """Return a fraction in per cent: what axes show."""
    return 100 * value


__all__ = ["COLOURS", "GREY", "INCHES", "MARKS", "Width", "percent", "write_figure"]
