"""``serbench plot``: figures for papers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from serbench.board.figures.sheet import Width
from serbench.cli import console, places
from serbench.cli.options import NoPlugins, PluginFiles, is_typed
from serbench.cli.stored import stored_rows
from serbench.errors import UsageError

if TYPE_CHECKING:
    from serbench.board.figures.choose import Wanted
    from serbench.results.row import Row


class FigureKind(StrEnum):
    """What can be drawn."""

    CONFUSION = "confusion"
    PARETO = "pareto"
    INFLATION = "inflation"
    CRITICAL_DIFFERENCE = "critical-difference"
    SPEAKERS = "speakers"
    ADAPTATION = "adaptation"


#: What figures show that take no protocol.
_OWN_PROTOCOLS = {FigureKind.INFLATION: "shows all protocols", FigureKind.ADAPTATION: "shows protocol adapt"}


class Cost(StrEnum):
    """What UAR is set against: the names of the axes in ``serbench.board.ranking.pareto``."""

    LATENCY = "latency"
    MACS = "macs"
    PARAMETERS = "parameters"


What = Annotated[FigureKind, typer.Argument(metavar="FIGURE", help="What is drawn.")]
Runs = Annotated[
    list[Path],
    typer.Argument(metavar="RUN...", help="The --out folders of runs, or leaderboards; rows are put together."),
]
To = Annotated[Path, typer.Option("--to", metavar="FILE", help="Where it goes: .pdf, .png or .svg.")]
OfModels = Annotated[
    list[str] | None,
    typer.Option("--model", metavar="ROW", help="This row alone, by its name on the board; may be given again."),
]
OfDatasets = Annotated[
    list[str] | None, typer.Option("--dataset", metavar="NAME", help="This dataset alone; may be given again.")
]
Under = Annotated[
    str,
    typer.Option("--protocol", metavar="NAME", help="Under which protocol; inflation shows all, adaptation its own."),
]
Against = Annotated[Cost | None, typer.Option("--cost", help="For pareto: the axis of costs.  [default: latency]")]
Wide = Annotated[Width, typer.Option("--width", help="One column of a two-column page (3.5 in), or both (7.16 in).")]


def register(program: typer.Typer) -> None:
    """Add the command to the program."""
    program.command("plot")(plot)


def plot(
    context: typer.Context,
    figure: What,
    runs: Runs,
    to: To,
    model: OfModels = None,
    dataset: OfDatasets = None,
    protocol: Under = "si",
    cost: Against = None,
    width: Wide = Width.COLUMN,
    plugin: PluginFiles = None,
    no_plugins: NoPlugins = False,
) -> None:
    """Draw a figure for a paper, and print its caption.

    confusion: who is taken for whom, of one row on one dataset. pareto: UAR against cost on one dataset. inflation:
    what leaks are worth, from a run of serbench inflate. critical-difference: mean ranks over three datasets or more.
    speakers: the UAR of each speaker of one dataset. adaptation: what speakers of a target are worth, from a run under
    protocol adapt; --dataset is the target.
    """
    from serbench.board.figures.choose import Wanted, join
    from serbench.board.figures.sheet import write_figure

    if cost is not None and figure is not FigureKind.PARETO:
        raise UsageError(f"--cost {cost} goes with pareto, not with {figure}")
    if figure in _OWN_PROTOCOLS and is_typed(context, "protocol"):
        raise UsageError(f"{figure} {_OWN_PROTOCOLS[figure]}, expected no --protocol; other figures take one")
    wanted = Wanted(tuple(model or ()), tuple(dataset or ()), protocol)
    rows = join([stored_rows(folder, plugin, no_plugins) for folder in runs])
    with places.writing(to, "--to"):
        caption = write_figure(to, width, _drawer(figure, rows, wanted, cost or Cost.LATENCY))
    console.prose(caption)
    console.verbatim(f"written: {to}")


def _drawer(figure: FigureKind, rows: Sequence[Row], wanted: Wanted, cost: Cost) -> Callable[[Any], str]:
    from serbench.board.figures import adaptation, confusion, critical_difference, inflation, pareto, speakers
    from serbench.board.ranking import pareto as axes

    if figure is FigureKind.PARETO:
        axis = next(axis for axis in axes.AXES if axis.name == cost.value)
        return lambda sheet: pareto.draw(sheet, rows, wanted, axis)
    draw = {
        FigureKind.CONFUSION: confusion.draw,
        FigureKind.INFLATION: inflation.draw,
        FigureKind.CRITICAL_DIFFERENCE: critical_difference.draw,
        FigureKind.SPEAKERS: speakers.draw,
        FigureKind.ADAPTATION: adaptation.draw,
    }[figure]
    return lambda sheet: draw(sheet, rows, wanted)


__all__ = ["Cost", "FigureKind", "plot", "register"]
