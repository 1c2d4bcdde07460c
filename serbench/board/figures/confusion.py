"""Who is taken for whom: the confusion matrix of one row, rows in per cent of a class, with the counts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from serbench.board.figures.choose import Wanted, choose, of_one_task, place_of
from serbench.errors import UsageError
from serbench.results.row import Row
from serbench.text import one_line

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def draw(sheet: Figure, rows: Sequence[Row], wanted: Wanted) -> str:
    """Draw the matrix of the one row that is wanted; return the caption.

    Raises
    ------
    UsageError
        When several rows are left, or nothing was tested.
    """
    named = of_one_task(choose(rows, wanted), "confusion")
    if len(named) > 1:
        raise UsageError(f"confusion shows one row, expected --model with one of {[name for name, _ in named]}")
    name, row = named[0]
    counts = np.array(row.confusion, dtype=np.float64)
    if not counts.size:
        raise UsageError(f"{name} has no cell that is done on {place_of(row)}, expected one at least")
    totals = counts.sum(axis=1, keepdims=True)
    shares = np.divide(counts, totals, out=np.zeros_like(counts), where=totals > 0)
    _paint(sheet, [one_line(label) for label in row.classes], shares, counts)
    seeds = f", summed over {len(row.seeds)} seeds" if len(row.seeds) > 1 else ""
    return (
        f"Confusions of {name} on {place_of(row)}: per cent of the clips of a class, in parentheses their number"
        f"{seeds}; nothing where there is none. The mean of the diagonal is UAR."
    )


def _paint(sheet: Figure, classes: Sequence[str], shares: np.ndarray, counts: np.ndarray) -> None:
    width = sheet.get_figwidth()
    axes = sheet.subplots()
    axes.imshow(shares, cmap="Blues", vmin=0, vmax=1)
    places = range(len(classes))
    axes.set_xticks(places, classes, rotation=45, ha="right", rotation_mode="anchor")
    axes.set_yticks(places, classes)
    axes.set_xlabel("recognised as")
    axes.set_ylabel("meant")
    axes.tick_params(length=0)
    axes.spines[:].set_visible(False)
    cell = 72 * 0.72 * width / len(classes)  # points; names and labels take the rest
    large = min(8.0, 0.32 * cell)
    for row in places:
        for column in places:
            share, count = shares[row, column], counts[row, column]
            if not count:
                continue
            ink = "white" if share > 0.7 else "black"  # where either is read best on its blue
            for shift, side, size, text in (
                (-0.02, "bottom", large, f"{100 * share:.0f}"),
                (0.06, "top", 0.68 * large, f"({count:.0f})"),
            ):
                axes.text(column, row + shift, text, ha="center", va=side, fontsize=size, color=ink)
    sheet.set_figheight(0.92 * width)


__all__ = ["draw"]
