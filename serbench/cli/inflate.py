"""``serbench inflate``: how much of a score is leakage."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Any

import typer

from serbench.cli import console, places
from serbench.cli.request import OwnOption, Prepared, with_options
from serbench.cli.run import finish, run_cells
from serbench.errors import UnknownNameError, UsageError
from serbench.protocol.protocols import INFLATION_STYLES

if TYPE_CHECKING:
    from pathlib import Path

    from serbench.board.ranking.inflation import Inflation

#: From the most flattering to the hardest.
PROTOCOLS = tuple(INFLATION_STYLES)
_Compared = Annotated[
    list[str] | None,
    typer.Option(
        "--protocol",
        metavar="NAME",
        help=f"A protocol to compare with si; may be given again.  [default: {', '.join(PROTOCOLS)}]",
    ),
]


def register(program: typer.Typer) -> None:
    """Add the command to the program."""
    protocol = OwnOption(_Compared, _with_reference)
    fixed: dict[str, Any] = {"floors": False, "sweep": None, "emobox": None, "save_models": False}
    program.command("inflate")(with_options(inflate, protocol=protocol, **fixed))


def inflate(prepared: Prepared) -> None:
    """Show how much of a score is leakage.

    The same models with the same features and seeds under leaky protocols and honest ones.
    """
    from serbench.board.ranking.inflation import inflation_of

    outcome, rows = run_cells(prepared)
    lines = inflation_of(rows)
    if prepared.as_json:
        skips = [{"what": skip.what, "reason": skip.reason} for skip in prepared.plan.skips]
        console.print_json({"inflation": [line.facts() for line in lines], "skips": skips})
    else:
        _print(lines)
        _write_report(lines, prepared.out)
    finish(prepared, outcome)


def _with_reference(named: Sequence[str] | None) -> list[str]:
    """Return the protocols to run, in the order of the table: all, or those named and what they are compared with."""
    from serbench.board.ranking.inflation import REFERENCE

    for name in named or ():
        if name not in PROTOCOLS:
            raise UnknownNameError("protocol to compare", name, PROTOCOLS)
    if named and set(named) == {REFERENCE}:
        others = [name for name in PROTOCOLS if name != REFERENCE]
        raise UsageError(f"--protocol names {REFERENCE} alone, expected one to compare it with: {others}")
    return [name for name in PROTOCOLS if not named or name in (*named, REFERENCE)]


def _print(lines: list[Inflation]) -> None:
    from serbench.board.ranking.inflation import bars, numbers

    columns = ("system", "protocol", "UAR %", "95 %", "- si", "95 % of - si")
    for dataset in dict.fromkeys(line.title for line in lines):
        here = [line for line in lines if line.title == dataset]
        cells = [(line.name, line.protocol, *numbers(line)) for line in here]
        console.table(columns, cells, title=dataset, right=columns[2:])
        console.line()
        drawn = list(bars(here, console.width()))
        for bar in drawn:
            console.line(bar)
        parts = here[0].row.standing.parts
        for sentence in parts.values():
            console.prose(f"{dataset}: {sentence}")
        if drawn or parts:
            console.line()
    console.prose(
        "UAR: pooled over folds, mean over seeds; 95 %: over speakers; - si: points above (+) or below (-) the "
        "speaker-independent (si) score, on new speakers, which the | in a bar marks. What is above is inflation."
    )


def _write_report(lines: list[Inflation], out: Path) -> None:
    from serbench.board.ranking.inflation import inflation_lines
    from serbench.files import write_text

    path = out / "inflation.md"
    with places.writing(path, "--out"):
        write_text(path, "\n".join(inflation_lines(lines)) + "\n")
    console.verbatim(f"report: {path}")


__all__ = ["PROTOCOLS", "inflate", "register"]
