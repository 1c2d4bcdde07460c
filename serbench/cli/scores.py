"""The scores of a run or a leaderboard, as a person reads them in a terminal."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence

from serbench.board.pages.markdown import one_line, percent, short
from serbench.board.ranking.boards import Board, Place, make_boards
from serbench.board.ranking.budget import LeftOut, Limit
from serbench.board.ranking.matrix import is_crossed
from serbench.board.wording import (
    FRONT,
    cost_cell,
    machine_key,
    machine_letters,
    machine_name,
    resolves,
    sign_meanings,
    signs_of,
)
from serbench.cli import console
from serbench.cli.matrix import print_matrices
from serbench.results.row import Row
from serbench.scoring.figure import Figure

_COLUMNS = ("model", "rank", "UAR %", "95 %", "params", "MACs", "ms", "train s")


def print_scores(rows: Sequence[Row]) -> None:
    """Print a table per task, best first, and what is missing where a row is not whole; crossed corpora as matrices."""
    crossed = [row for row in rows if is_crossed(row)]
    boards = make_boards(row for row in rows if not is_crossed(row))
    if boards or not crossed:
        _print_boards(boards)
    if crossed:
        print_matrices(crossed)


def print_left_out(left: Sequence[LeftOut], limits: Sequence[Limit]) -> None:
    """Print how many rows a budget leaves out, each by name with the datasets and the reason."""
    if not limits:
        return
    where: dict[tuple[str, str], list[str]] = {}
    for each in left:
        where.setdefault((each.name, each.reason), []).append(each.row.dataset["name"])
    asked = ", ".join(f"{limit.option} {short(Figure(limit.most))}" for limit in limits)
    console.line(f"{len(left)} row{'s' * (len(left) != 1)} left out by {asked}{':' * bool(left)}")
    for (name, reason), datasets in where.items():
        console.prose(f"- {name} on {', '.join(dict.fromkeys(datasets))}: {reason}")


def _print_boards(boards: Sequence[Board]) -> None:
    machines = machine_letters([place.row for board in boards for place in board.places])
    letters = machines if len(machines) > 1 else {}
    for board in boards:
        lines = [_line(place, letters) for place in board.places]
        console.table(_COLUMNS, lines, title=_title(board), right=_COLUMNS[1:])
        for problem in dict.fromkeys(problem for place in board.places for problem in place.row.problems):
            console.line(f"  {problem}")
        for place in board.places:
            if place.variant:
                console.prose(f"- {place.name}: {place.variant.sentence}")
        console.line(f"  {resolves(board)}")
        console.line()
    meanings = sign_meanings(place for board in boards for place in board.places)
    if meanings:
        console.prose(f"Marks: {'; '.join(meanings)}.")
    for card, letter in letters.items():
        console.prose(f"{letter}: {one_line(machine_name(json.loads(card)))}")
    console.prose(
        "UAR: pooled over folds, mean over seeds; 95 %: over speakers; MACs: of a clip of 3 s; ms: p50 at batch 1 on "
        "one CPU thread, features included; train s: per cell. Rank: 1 plus the number of rows that the speakers show "
        f"to be better; =: a shared one. Speakers resolve what one comparison over them would show in 4 of 5 cases. "
        f"{FRONT}: nobody is as good and as cheap in this, and better in one of the two; times are compared within one "
        "machine alone."
    )


def _title(board: Board) -> str:
    reason = "" if board.is_headline else f" ({board.first.standing.get('reason') or 'never ranked'})"
    return f"{board.dataset}, {board.protocol}{reason}"


def _line(place: Place, machines: Mapping[str, str]) -> tuple[object, ...]:
    """Return the cells of a row; times have the letter of their machine where there are several."""
    row = place.row
    on = f" {machines[machine_key(row)]}" if machines else ""
    return (
        f"{place.name} {signs_of(place)}".rstrip(),
        f"{place.rank}{'=' if place.is_shared else ''}" if place.rank else None,
        percent(row.uar),
        _interval(row),
        cost_cell(place, "parameters_total"),
        cost_cell(place, "macs_3s"),
        cost_cell(place, "latency_p50_ms") + on,
        cost_cell(place, "train_seconds") + on,
    )


def _interval(row: Row) -> str | None:
    low, high = row.interval.low, row.interval.high
    return None if low is None or high is None else f"{100 * low:.1f} to {100 * high:.1f}"


__all__ = ["print_left_out", "print_scores"]
