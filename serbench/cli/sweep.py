"""The table of a sweep: how far each value is ahead of the first."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from serbench.cli import console

if TYPE_CHECKING:
    from serbench.board.ranking.sweep import SweepLine
    from serbench.results.row import Row
    from serbench.run.plan import Plan


def sweep_lines(plan: Plan, rows: Sequence[Row]) -> list[SweepLine]:
    """Return the lines of every sweep of a plan, model by model; none where nothing is swept."""
    from serbench.board.ranking.boards import make_boards
    from serbench.board.ranking.sweep import sweep_of

    systems: dict[tuple[str, str], dict[str, str]] = {}
    for cell in plan.cells:
        if cell.contender.variation:
            at = (cell.contender.model.card.name, cell.key.protocol.name)
            systems.setdefault(at, {})[cell.contender.variation] = cell.key.system
    boards = make_boards(rows) if systems else []
    return [line for at, of_model in systems.items() for line in sweep_of(*at, of_model, boards)]


def print_sweep(lines: Sequence[SweepLine], key: str) -> None:
    """Print a table per model and protocol.

    Parameters
    ----------
    key
        What is swept, as it was written: ``augment``.
    """
    from serbench.board.pages.sweeps import HEADINGS, LEGEND, ONE_DRAW, sweep_cells

    for at in dict.fromkeys((line.model, line.protocol) for line in lines):
        here = [line for line in lines if (line.model, line.protocol) == at]
        title = f"{here[0].model}, gain over {key}={here[0].first}, protocol {here[0].protocol}"
        console.table(HEADINGS, [sweep_cells(line) for line in here], title=title, right=HEADINGS[2:])
        for line in here:
            if line.reason is not None:
                console.prose(f"- {line.value} on {line.dataset} is not compared: {line.reason}")
    if not lines:
        return
    console.prose(LEGEND)
    if any(line.is_one_draw for line in lines):
        console.prose(ONE_DRAW)
    console.line()


__all__ = ["print_sweep", "sweep_lines"]
