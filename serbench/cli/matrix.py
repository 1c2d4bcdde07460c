"""The matrices of crossed corpora, as a person reads them in a terminal."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from serbench.board.ranking.matrix import LEGEND, Matrix, make_matrices, mappings, spread
from serbench.cli import console
from serbench.results.row import Row

#: The narrowest column of figures, and the blanks between two.
_NARROWEST, _BETWEEN = 6, 2


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
        for columns in _that_fit(matrix):
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


def _that_fit(matrix: Matrix) -> Iterator[tuple[str, ...]]:
    """Yield the columns in groups, each of which fits the line."""
    free = console.WIDTH - max(len(line) for line in (*matrix.trained_on, "trained on"))
    group: list[str] = []
    used = 0
    for column in matrix.tested_on:
        width = _BETWEEN + max(_NARROWEST, len(column))
        if group and used + width > free:
            yield tuple(group)
            group, used = [], 0
        group.append(column)
        used += width
    yield tuple(group)


__all__ = ["print_matrices"]
