"""The page of sweeps: a table per model and thing that was varied, with what each value gains over the first."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from serbench.board.numbers import NOTHING, percent, span
from serbench.board.pages.markdown import escape, paragraph, table
from serbench.board.ranking.sweep import SweepLine
from serbench.board.ranking.sweeps import DEFAULT, Sweep
from serbench.board.wording import MADE

HEADINGS = ("dataset", "value", "UAR %", "gain", "95 % CI", "p", "p Holm", "speakers")
LEGEND = (
    "gain: points of UAR above (+) or below (-) the first value, on the same utterances, speaker paired with "
    "speaker; 95 % CI over speakers; p by flipping signs of speakers; p Holm: corrected for the number of values."
)
ONE_DRAW = "Run under one seed: the variance from seed to seed is not in these figures; see --seeds."
_OPENING = (
    f"Systems of the board that differ in one argument of their model, whose first value is its `{DEFAULT}`, or in "
    f"what a run augments them by. {LEGEND[0].upper()}{LEGEND[1:]}"
)


def sweep_lines(sweeps: Sequence[Sweep]) -> Iterator[str]:
    """Yield the lines of a Markdown page."""
    yield from (MADE, "", "# Sweeps", "", "[All datasets](README.md)", "", *paragraph(_OPENING))
    for sweep in sweeps:
        first = sweep.lines[0].first
        title = f"{sweep.model}: {sweep.key}, gain over {first} ({sweep.protocol})"
        yield from ("", f"## {escape(title)}", "")
        cells = [[NOTHING if cell is None else escape(str(cell)) for cell in sweep_cells(line)] for line in sweep.lines]
        yield from table(HEADINGS, cells, left=2)
        for line in sweep.lines:
            if line.reason is not None:
                yield from ("", f"* {escape(f'{line.value} on {line.dataset} is not compared: {line.reason}')}")
        if any(line.is_one_draw for line in sweep.lines):
            yield from ("", ONE_DRAW)


def sweep_cells(line: SweepLine) -> tuple[object, ...]:
    """Return a line as people read it, a cell per heading; None where there is nothing."""
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


__all__ = ["HEADINGS", "LEGEND", "ONE_DRAW", "sweep_cells", "sweep_lines"]
