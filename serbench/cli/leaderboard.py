"""``serbench leaderboard``: views of the records of a folder, and what is published."""

from __future__ import annotations

import contextlib
import gc
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from serbench.cli import console, places
from serbench.cli.export import export
from serbench.cli.options import AsJson, NoPlugins, PluginFiles
from serbench.cli.stored import stored_rows
from serbench.cli.verify import reproduce, verify
from serbench.errors import BoardError, UsageError, check_names

if TYPE_CHECKING:
    from serbench.board.leaderboard import Leaderboard
    from serbench.results.row import Row

#: Where a project publishes its results.
BOARD = Path("leaderboard")

Folder = Annotated[Path, typer.Argument(metavar="[FOLDER]", help="Where a run kept its records.")]
Published = Annotated[Path, typer.Argument(metavar="[FOLDER]", help="A leaderboard, or where a run kept its records.")]
To = Annotated[
    Path | None,
    typer.Option("--to", metavar="FOLDER", help="Where the pages are written; without it, beside the records."),
]
Into = Annotated[
    list[Path] | None,
    typer.Option(
        "--into",
        metavar="FILE",
        help="A Markdown page that gets the tables for which it has markers; may be given again.",
    ),
]
Check = Annotated[bool, typer.Option("--check", help="Write nothing; fail where a view is not what would be written.")]
MaxParams = Annotated[
    str | None, typer.Option("--max-params", metavar="NUMBER", help="Rows of at most so many parameters: 100k.")
]
MaxMacs = Annotated[
    str | None,
    typer.Option(
        "--max-macs-per-second",
        metavar="NUMBER",
        help="Rows of at most so many multiply-accumulates per second of audio: 1.5M.",
    ),
]
MaxLatency = Annotated[
    str | None,
    typer.Option(
        "--max-latency-ms",
        metavar="NUMBER",
        help="Rows that answer a clip of 3 s in so many ms (p50, one CPU thread), on the machine that timed most.",
    ),
]
Site = Annotated[bool, typer.Option("--site/--no-site", help="Write the pages for a browser too, or leave them out.")]
Boards = Annotated[list[Path], typer.Argument(metavar="A B", help="The folders to join.")]
ToBoard = Annotated[Path, typer.Option("--to", metavar="FOLDER", help="The leaderboard.")]
ToMerged = Annotated[Path, typer.Option("--to", metavar="FOLDER", help="Where the joined board is written.")]
Run = Annotated[Path, typer.Argument(metavar="RUN", help="The --out folder of a run.")]
OfModels = Annotated[
    list[str] | None, typer.Option("--model", metavar="NAME", help="Rows of this model alone; may be given again.")
]
OfDatasets = Annotated[
    list[str] | None, typer.Option("--dataset", metavar="NAME", help="Rows on this dataset alone; may be given again.")
]
OfProtocols = Annotated[
    list[str] | None, typer.Option("--protocol", metavar="NAME", help="Rows under this one alone; may be given again.")
]
Incomplete = Annotated[
    bool, typer.Option("--incomplete", help="Take incomplete rows too: some cells failed or are missing.")
]
NoPredictions = Annotated[
    bool, typer.Option("--no-predictions", help="Keep the predictions back; the rows are then self-reported.")
]


def register(program: typer.Typer) -> None:
    """Add the group of commands to the program."""
    group = typer.Typer(
        no_args_is_help=True, rich_markup_mode=None, help="Turn records into tables; publish and verify them."
    )
    for command in (build, show, add, merge, verify, reproduce, export):
        group.command(command.__name__)(command)
    program.add_typer(group, name="leaderboard")


def build(
    folder: Folder = Path("runs"),
    to: To = None,
    into: Into = None,
    site: Site = True,
    check: Check = False,
    plugin: PluginFiles = None,
    no_plugins: NoPlugins = False,
) -> None:
    """Write the leaderboard: per protocol and dataset Markdown, CSV, LaTeX and a page of a site; leaderboard.json.

    With --check, exit code 8 says that a view is stale.
    """
    from serbench.board.leaderboard import Leaderboard
    from serbench.board.pages.insert import insert_tables
    from serbench.board.site.pages import SITE
    from serbench.board.site.script import SCRIPT
    from serbench.board.views import build as write_views

    board = to or folder
    with _in_one_go():
        leaderboard = Leaderboard.of(stored_rows(folder, plugin, no_plugins))
        if check:
            _check_views(leaderboard, board, into or (), site=site)
            return
        places.expect_folder(board, "--to")
        for page in into or ():
            with places.writing(page, "--into"):
                insert_tables(page, leaderboard)
        with places.writing(board, "--to"):
            written = write_views(leaderboard, board, site=site)
    for path in written:
        console.verbatim(str(path))
    if site and not (board / SITE / SCRIPT).is_file():
        console.notice("the site's tables do not sort or filter: pip install 'serbench[site]', then build again")
    browser = f", in a browser {board / SITE / 'index.html'}" if site else ""
    console.line(f"{len(written)} files written; the first to read is {board / 'README.md'}{browser}")


@contextlib.contextmanager
def _in_one_go() -> Iterator[None]:
    """Keep away what serves other programs and takes its time from this one.

    Threads of BLAS wait, busily, for products too small to share; and nearly all that is read is kept to the end, while
    the collector goes through it again and again.
    """
    from threadpoolctl import threadpool_limits

    gc.disable()
    try:
        with threadpool_limits(1):
            yield
    finally:
        gc.enable()


def show(
    folder: Folder = Path("runs"),
    max_params: MaxParams = None,
    max_macs_per_second: MaxMacs = None,
    max_latency_ms: MaxLatency = None,
    plugin: PluginFiles = None,
    no_plugins: NoPlugins = False,
    as_json: AsJson = False,
) -> None:
    """Print the leaderboard of a folder of records.

    Within a budget, only rows that fit it compete: ranks and fronts are among them, and every row that is left out is
    named with the reason, unknown costs too. With --json and a budget: budget, rows and left_out.
    """
    from serbench.board.facts import json_rows
    from serbench.board.ranking.boards import make_boards
    from serbench.board.ranking.budget import make_limits, within
    from serbench.cli.scores import print_left_out, print_scores

    limits = make_limits(max_params, max_macs_per_second, max_latency_ms)
    rows, left = within(stored_rows(folder, plugin, no_plugins), limits)
    if as_json and limits:
        budget = {limit.figure: limit.most for limit in limits}
        console.print_json(
            {"budget": budget, "rows": json_rows(make_boards(rows)), "left_out": [omitted.facts() for omitted in left]}
        )
    elif as_json:
        console.print_json(json_rows(make_boards(rows)))
    else:
        if rows:
            print_scores(rows)
        print_left_out(left, limits)
        console.verbatim(f"next: serbench leaderboard build {folder}")


def add(
    run: Run,
    to: ToBoard = BOARD,
    model: OfModels = None,
    dataset: OfDatasets = None,
    protocol: OfProtocols = None,
    incomplete: Incomplete = False,
    no_predictions: NoPredictions = False,
    as_json: AsJson = False,
) -> None:
    """Put the complete rows of a run, records and predictions, into a leaderboard."""
    from serbench.results.store import Store
    from serbench.results.transfer import transfer

    places.expect_folder(to, "--to")
    there = stored_rows(run)
    check_names("model in these records", model or (), {row.model.name for row in there})
    check_names("dataset in these records", dataset or (), {_tested_on(row) for row in there})
    check_names("protocol in these records", protocol or (), {row.protocol.name for row in there})
    rows = [
        row
        for row in there
        if (not model or row.model.name in model)
        and (not dataset or _tested_on(row) in dataset)
        and (not protocol or row.protocol.name in protocol)
    ]
    taken = [row for row in rows if incomplete or row.is_complete]
    left = [row for row in rows if row not in taken]
    if not taken:
        raise UsageError(f"{run} has {_left(left)}; run what is missing, or take them with --incomplete")
    wanted = {(row.task, row.system) for row in taken}
    with places.writing(to, "--to"):
        done = transfer(
            [Store(run)],
            Store(to),
            lambda record: (record.key.task, record.key.system) in wanted,
            predictions=not no_predictions,
        )
    if as_json:
        facts = {"to": to, "added": [record.stem for record in done.added], "present": [e.stem for e in done.present]}
        console.print_json({**facts, "left": [_name(row) for row in left]})
        return
    for row in taken:
        console.line(_name(row))
    for row in left:
        console.prose(f"left out, incomplete: {_name(row)}: {row.problems[0]}")
    console.line(f"{len(taken)} rows: {len(done.added)} records added to {to}, {len(done.present)} were there")
    console.verbatim(f"next: serbench leaderboard build {to} && serbench leaderboard verify {to}")


def merge(boards: Boards, to: ToMerged, as_json: AsJson = False) -> None:
    """Join leaderboards: what is the same counts once, two results of one cell are refused."""
    from serbench.results.store import Store
    from serbench.results.transfer import transfer

    places.expect_folder(to, "--to")
    for folder in boards:
        stored_rows(folder)  # says where there are none, or one is damaged, before anything is written
    with places.writing(to, "--to"):
        done = transfer([Store(folder) for folder in boards], Store(to))
    if as_json:
        facts = {"added": [record.stem for record in done.added], "present": [record.stem for record in done.present]}
        console.print_json({"to": to, **facts})
        return
    console.line(f"{len(done.added)} records added to {to}, {len(done.present)} were there")
    console.verbatim(f"next: serbench leaderboard build {to} && serbench leaderboard verify {to}")


def _check_views(leaderboard: Leaderboard, folder: Path, into: Sequence[Path], *, site: bool) -> None:
    from serbench.board.pages.insert import is_current
    from serbench.board.views import first_stale

    stale = first_stale(leaderboard, folder, site=site)
    for page in into:
        if not stale and not is_current(page, leaderboard):
            stale = f"{page} is stale between its markers"
    if stale:
        raise BoardError(f"{stale}; run serbench leaderboard build without --check")
    console.line(f"the views in {folder} are up to date")


def _tested_on(row: Row) -> str:
    return row.dataset.tested_on


def _name(row: Row) -> str:
    return f"{row.dataset.name}/{row.protocol.name}/{row.label}"


def _left(rows: Sequence[Row]) -> str:
    if not rows:
        return "no row of these names, expected one at least"
    return f"no whole row, only {', '.join(f'{_name(row)} ({row.problems[0]})' for row in rows[:3])}"


__all__ = ["BOARD", "add", "build", "merge", "register", "show", "verify"]
