"""The table of a sweep: how far each value is ahead of the first."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from serbench.board.numbers import percent, span
from serbench.cli import console

if TYPE_CHECKING:
    from serbench.board.ranking.sweep import SweepLine
    from serbench.results.row import Row
    from serbench.run.plan import Plan

_HEADINGS = ("dataset", "value", "UAR %", "gain", "95 % CI", "p", "p Holm", "speakers")


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
    for at in dict.fromkeys((line.model, line.protocol) for line in lines):
        here = [line for line in lines if (line.model, line.protocol) == at]
        title = f"{here[0].model}, gain over {key}={here[0].first}, protocol {here[0].protocol}"
        console.table(_HEADINGS, [_cells(line) for line in here], title=title, right=_HEADINGS[2:])
        for line in here:
            if line.reason is not None:
                console.prose(f"- {line.value} on {line.dataset} is not compared: {line.reason}")
    if not lines:
        return
    console.prose(
        "gain: points of UAR above (+) or below (-) the first value, on the same utterances, speaker paired with "
        "speaker; 95 % CI over speakers; p by flipping signs of speakers; p Holm: corrected for the number of values."
    )
    if any(line.is_one_draw for line in lines):
        console.prose("Run under one seed: the variance from seed to seed is not in these figures; see --seeds.")
    console.line()


def _cells(line: SweepLine) -> tuple[object, ...]:
    scores = None if line.row is None else percent(line.row.uar)
    if line.difference is None:
        return (line.dataset, line.value, scores, *(None,) * 5)
    difference, corrected = line.difference, line.corrected_p
    return (
        line.dataset,
        line.value,
        scores,
        f"{100 * difference.value:+.1f}",
        span(difference.interval, sign="+"),
        f"{difference.p:.2g}",
        None if corrected is None else f"{corrected:.2g}",
        difference.speakers,
    )


__all__ = ["print_sweep", "sweep_lines"]
