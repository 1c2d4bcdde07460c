"""Rows as flat facts for machines: what CSV files, JSON and frames hold."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from serbench.board.columns import BoardColumn, columns_of
from serbench.board.ranking.boards import Board, Placement


def row_facts(columns: Sequence[BoardColumn], board: Board, placement: Placement) -> dict[str, Any]:
    """Return a row in one flat line, by the keys of columns; numbers in full, None for what is not known."""
    return {column.key: column.fact(board, placement) for column in columns}


def flat_rows(boards: Sequence[Board]) -> list[dict[str, Any]]:
    """Return a line of :func:`row_facts` per row, with all columns, in the order of the boards."""
    columns = columns_of(None, boards)
    return [row_facts(columns, board, placement) for board in boards for placement in board.placements]


def json_rows(boards: Sequence[Board]) -> list[dict[str, Any]]:
    """Return every row as JSON-like values, in the order of the boards.

    Beside the row's own facts, nested and with reasons: ``columns`` (the flat line of the CSV files), ``evidence``,
    ``name``, ``rank`` (None without one), ``rank_is_shared``, ``pareto_optimal`` (by axis of cost),
    ``not_significantly_different`` (names of rows), ``variant`` (of a row at reduced precision),
    ``minimum_detectable_difference`` (of its board).
    """
    columns = columns_of(None, boards)
    return [
        {
            **placement.row.facts(),
            "columns": row_facts(columns, board, placement),
            "evidence": placement.row.evidence,
            "name": placement.name,
            "rank": placement.rank,
            "rank_is_shared": placement.is_shared,
            "pareto_optimal": dict(placement.pareto_optimal),
            "not_significantly_different": placement.not_different,
            "variant": placement.variant.facts() if placement.variant else None,
            "minimum_detectable_difference": board.detectable.facts(),
        }
        for board in boards
        for placement in board.placements
    ]


__all__ = ["flat_rows", "json_rows", "row_facts"]
