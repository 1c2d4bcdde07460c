"""``serbench leaderboard``: views of the records of a folder."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from serbench.cli import console
from serbench.cli.options import AsJson
from serbench.errors import UsageError

if TYPE_CHECKING:
    from serbench.results.row import Row

Folder = Annotated[Path, typer.Argument(metavar="[FOLDER]", help="Where a run kept its records.")]
To = Annotated[
    Path | None,
    typer.Option("--to", metavar="FOLDER", help="Where the pages are written; without it, beside the records."),
]

Into = Annotated[
    Path | None,
    typer.Option("--into", metavar="FILE", help="A Markdown page that gets the overall table between its markers."),
]


def register(program: typer.Typer) -> None:
    """Add the group of commands to the program."""
    group = typer.Typer(no_args_is_help=True, rich_markup_mode=None, help="Turn records into tables.")
    group.command("build")(build)
    group.command("show")(show)
    program.add_typer(group, name="leaderboard")


def build(folder: Folder = Path("runs"), to: To = None, into: Into = None) -> None:
    """Write the leaderboard: README.md, and per protocol and dataset a page and a CSV table."""
    from serbench.board.insert import insert_table
    from serbench.board.render import build as write_pages

    rows = _rows(folder)
    if into:
        insert_table(into, rows)
    written = write_pages(rows, to or folder)
    for path in written:
        console.line(str(path))
    console.line(f"{len(written)} files written; the first to read is {(to or folder) / 'README.md'}")


def show(folder: Folder = Path("runs"), as_json: AsJson = False) -> None:
    """Print the leaderboard of a folder of records."""
    from serbench.board.rank import to_json
    from serbench.cli.scores import print_scores

    rows = _rows(folder)
    if as_json:
        console.print_json(to_json(rows))
        return
    print_scores(rows)
    console.line(f"next: serbench leaderboard build {folder}")


def _rows(folder: Path) -> list[Row]:
    from serbench.plugin.registry import load_registry
    from serbench.results.store import Store
    from serbench.results.summary import summarise

    metrics = [offer.part for offer in load_registry().metrics.values()]
    rows = summarise(Store(folder), metrics)
    if not rows:
        raise UsageError(f"no records below {folder}, expected the --out folder of a run; see serbench run --help")
    return rows


__all__ = ["build", "register", "show"]
