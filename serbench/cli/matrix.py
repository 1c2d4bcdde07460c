"""The matrices of crossed corpora, as a person reads them in a terminal."""

from __future__ import annotations

from collections.abc import Sequence

from serbench.board.ranking.matrix import LEGEND, make_matrices, mappings, spread
from serbench.cli import console
from serbench.results.row import Row


def print_matrices(rows: Sequence[Row]) -> None:
    """Print a matrix per system, what guessing comes to, how labels were mapped, and what is missing.

    Parameters
    ----------
    rows
        Crossed ones, one at least.
    """
    matrices = make_matrices(rows)
    for matrix in matrices:
        if matrix.guesses:
            continue
        columns = matrix.tested_on
        lines = [[line, *(matrix.text(line, column) for column in columns)] for line in matrix.trained_on]
        console.table(("trained on", *columns), lines, title=f"{matrix.name}, tested on", right=columns)
        console.line()
    for matrix in matrices:
        if matrix.guesses:
            console.line(f"guessing, {matrix.name}: {spread(matrix)}")
    for row in rows:
        for problem in row.problems:
            console.prose(f"{row.dataset.name}, {row.label}: {problem}")
    console.line()
    console.prose(LEGEND)
    console.line()
    for sentence in mappings(rows):
        console.prose(sentence)


__all__ = ["print_matrices"]
