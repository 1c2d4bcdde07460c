"""The scores of a run or a leaderboard, as a person reads them in a terminal."""

from __future__ import annotations

from collections.abc import Sequence

from serbench.board.columns import BoardColumn, Table, columns_of
from serbench.board.machines import machine_descriptions, machine_key, machine_letters
from serbench.board.numbers import short
from serbench.board.ranking.adaptation import is_adapted
from serbench.board.ranking.boards import Board, Placement, make_boards
from serbench.board.ranking.budget import LeftOut, Limit
from serbench.board.ranking.matrix import is_crossed
from serbench.board.remarks import COSTS, RANKS, UAR, URGENT, remarks_of
from serbench.board.wording import (
    PARETO_MEANING,
    PART_MEANING,
    detectable,
    is_part,
    mark_meanings,
    marked_dataset,
    marks_of,
    protocol_words,
)
from serbench.cli import console
from serbench.cli.curves import print_curves
from serbench.cli.matrix import print_matrices
from serbench.results.row import Row
from serbench.scoring.figure import Figure


def print_scores(rows: Sequence[Row]) -> None:
    """Print a table per task, best first, and what is missing of a row; crossed corpora as matrices, or as curves."""
    crossed = [row for row in rows if is_crossed(row)]
    adapted = [row for row in rows if is_adapted(row)]
    boards = make_boards(row for row in rows if not row.dataset.is_crossed)
    if boards or not rows:
        _print_boards(boards)
    if crossed:
        print_matrices(crossed)
    if adapted:
        print_curves(adapted)


def print_left_out(left: Sequence[LeftOut], limits: Sequence[Limit]) -> None:
    """Print how many rows a budget leaves out, each by name with the datasets and the reason."""
    if not limits:
        return
    where: dict[tuple[str, str], list[str]] = {}
    for omitted in left:
        where.setdefault((omitted.name, omitted.reason), []).append(omitted.row.dataset.name)
    asked = ", ".join(f"{limit.option} {short(Figure(limit.most))}" for limit in limits)
    console.line(f"{len(left)} row{'s' * (len(left) != 1)} left out by {asked}{':' * bool(left)}")
    for (name, reason), datasets in where.items():
        console.prose(f"- {name} on {', '.join(dict.fromkeys(datasets))}: {reason}")


def _print_boards(boards: Sequence[Board]) -> None:
    rows = [row for board in boards for row in board.rows]
    letters = machine_letters(rows)
    for board in boards:
        # the name first: what follows may have to go on below
        columns = sorted(columns_of(Table.TERMINAL, [board]), key=lambda column: column.key != "model")
        lines = [
            [_cell(column, board, placement, letters if len(letters) > 1 else {}) for column in columns]
            for placement in board.placements
        ]
        headings = [column.heading for column in columns]
        console.table(headings, lines, title=_title(board), right=headings[1:])
        for remark in remarks_of(board):
            if remark.topic in URGENT:
                console.prose(f"- {remark.topic}: {remark.text}")
        console.prose(f"- {detectable(board)}, {board.first.speakers} speakers")
        console.line()
    meanings = mark_meanings(placement for board in boards for placement in board.placements)
    meanings += [PART_MEANING] if any(is_part(row) for row in rows) else []
    if meanings:
        console.prose(f"Marks: {'; '.join(meanings)}.")
    if len(letters) > 1:
        for letter, name, _ in machine_descriptions(rows):
            console.prose(f"{letter}: {name}")
    console.prose(f"{UAR} 95 % CI: over speakers. {RANKS} {COSTS} {PARETO_MEANING}.")


def _title(board: Board) -> str:
    protocol = protocol_words(board.protocol)
    excluded = f": excluded from averages, {board.exclusion}" if board.exclusion else ""
    return f"{marked_dataset(board.first)}, {protocol}{excluded}"


def _cell(column: BoardColumn, board: Board, placement: Placement, letters: dict[str, str]) -> str:
    """Return a cell; times have the letter of their machine where there are several."""
    text = column.shown(board, placement, brief=True)
    if column.key == "model":
        return f"{text} {marks_of(placement)}".rstrip()
    on = f" {letters[machine_key(placement.row)]}" if letters and column.key.endswith(("_ms", "_seconds")) else ""
    return text + on


__all__ = ["print_left_out", "print_scores"]
