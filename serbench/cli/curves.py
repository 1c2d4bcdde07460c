"""The curves of adaptation, as a person reads them in a terminal."""

from __future__ import annotations

from collections.abc import Sequence

from serbench.board.ranking.adaptation import HEADINGS, LEGEND, make_targets
from serbench.board.ranking.matrix import mappings
from serbench.cli import console
from serbench.results.row import Row


def print_curves(rows: Sequence[Row]) -> None:
    """Print a table per target, what guessing comes to, how labels were mapped, and what is missing.

    Parameters
    ----------
    rows
        Adapted ones, one at least.
    """
    for target in make_targets(rows):
        lines = [[curve.name, *point.texts] for curve in target.heard for point in curve.points]
        console.table(HEADINGS, lines, title=target.title, right=HEADINGS[2:])
        if target.guessing:
            console.prose(target.guessing)
        console.line()
    for row in rows:
        for problem in row.problems:
            console.prose(f"{row.dataset.name}, {row.label}: {problem}")
    console.prose(LEGEND)
    console.line()
    for sentence in mappings(rows):
        console.prose(sentence)


__all__ = ["print_curves"]
