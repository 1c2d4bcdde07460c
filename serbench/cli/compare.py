"""``serbench compare``: whether one system is better than another."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from serbench.board.numbers import span
from serbench.cli import console
from serbench.cli.options import AsJson, NoPlugins, PluginFiles
from serbench.cli.stored import stored_rows
from serbench.errors import UnknownNameError, UsageError, check_names

if TYPE_CHECKING:
    from serbench.board.ranking.compare import Comparison, OnDataset
    from serbench.results.row import Row
    from serbench.results.store import Store

_COLUMNS = ("dataset", "A %", "B %", "A - B", "95 % CI", "p", "p Holm", "MDD", "speakers")
_SEEDED = re.compile(r"(?P<name>.+)@seed(?P<seeds>\d+(,\d+)*)")

First = Annotated[str, typer.Argument(metavar="A", help="A row of the leaderboard, by its name there.")]
Second = Annotated[
    str, typer.Argument(metavar="B", help="Another; logreg@seed0 or logreg@seed1,2 is a row under these seeds alone.")
]
Folder = Annotated[Path, typer.Argument(metavar="[FOLDER]", help="Where a run kept its records.")]
Datasets = Annotated[
    list[str] | None,
    typer.Option("--dataset", metavar="NAME", help="On this dataset alone; may be given again. Without it: on all."),
]
Under = Annotated[str, typer.Option("--protocol", metavar="NAME", help="Under which protocol.")]


def register(program: typer.Typer) -> None:
    """Add the command to the program."""
    program.command("compare")(compare)


def compare(
    first: First,
    second: Second,
    folder: Folder = Path("runs"),
    dataset: Datasets = None,
    protocol: Under = "si",
    plugin: PluginFiles = None,
    no_plugins: NoPlugins = False,
    as_json: AsJson = False,
) -> None:
    """Say whether A is better than B, by how much, how sure.

    Both are compared on the same utterances, speaker paired with speaker: p is that of a permutation test over
    speakers, exact for few of them.
    """
    from serbench.board.ranking.boards import display_names, make_boards
    from serbench.board.ranking.compare import compare as compare_rows
    from serbench.results.store import Store

    store, everything = Store(folder), stored_rows(folder, plugin, no_plugins)
    names = display_names(everything)
    rows = [row for row in everything if row.protocol.name == protocol]
    if not rows:
        raise UnknownNameError("protocol in these records", protocol, {row.protocol.name for row in everything})
    check_names("dataset in these records", dataset or (), {row.dataset.name for row in rows})
    known = {names[row.system]: row.system for row in rows}
    boards = [board for board in make_boards(rows) if not dataset or board.dataset in dataset]
    if first == second:
        raise UsageError(f"A and B are both {first!r}, expected two rows, or one under two seeds: {first}@seed0")
    found = compare_rows(
        (first, second), (_rows_of(first, known, rows, store), _rows_of(second, known, rows, store)), boards
    )
    if as_json:
        console.print_json(found.facts())
        return
    _print(found)
    console.verbatim(f"next: serbench leaderboard show {folder}")


def _rows_of(asked: str, known: dict[str, str], rows: Sequence[Row], store: Store) -> list[Row]:
    """Return the rows of a name as the leaderboard shows it, or of such a name under some seeds."""
    from serbench.results.summary import summarise

    if asked in known:
        return [row for row in rows if row.system == known[asked]]
    match = _SEEDED.fullmatch(asked)
    if match is None or match["name"] not in known:
        raise UnknownNameError("row", match["name"] if match else asked, known)
    under_any = [row for row in rows if row.system == known[match["name"]]]
    words = [int(word) for word in match["seeds"].split(",")]
    seeds = set(words)
    if len(seeds) < len(words):
        raise UsageError(f"{asked} names a seed twice, expected each once")
    there = {seed for row in under_any for seed in row.seeds}
    if not seeds <= there:
        raise UsageError(
            f"{match['name']} was not run under seed {min(seeds - there)}, expected seeds among {sorted(there)}"
        )
    first = under_any[0]
    chosen = summarise(
        store,
        keep=lambda record: (
            record.key.seed in seeds
            and record.label == first.label
            and record.key.model == first.model
            and record.key.protocol.name == first.protocol.name
        ),
    )
    return [row for row in chosen if row.system == known[match["name"]]]


def _print(found: Comparison) -> None:
    console.table(_COLUMNS, map(_line, found.datasets), right=_COLUMNS[1:])
    for dataset, why in found.left_out.items():
        console.line(f"  {dataset} is left out: {why}")
    if found.counted != found.datasets:
        for compared in found.datasets:
            if compared.corrected_p is None:
                console.line(f"  {compared.dataset} is excluded from the average: {compared.excluded}")
    for compared in found.datasets:
        for sentence in compared.first.standing.parts.values():
            console.prose(f"{compared.dataset}: {sentence}")
    console.line()
    from serbench.board.wording import protocol_words

    under = protocol_words(found.protocol)
    console.prose(
        f"A is {found.names[0]}, B is {found.names[1]}, protocol {under}. Differences in points of UAR; p by flipping "
        "signs of speakers; p Holm: corrected for the number of datasets; MDD: minimum detectable difference (80 % "
        "power, level 5 %)."
    )
    for name in found.run_under_one_seed:
        console.prose(f"{name} ran under one seed: its seed-to-seed variance is not in these figures.")
    console.line()
    console.prose(found.sentence)


def _line(compared: OnDataset) -> tuple[object, ...]:
    from serbench.board.wording import marked_dataset

    difference = compared.difference
    return (
        marked_dataset(compared.first),
        _points(compared.first.uar.value),
        _points(compared.second.uar.value),
        f"{100 * difference.value:+.1f}",
        span(difference.interval, sign="+"),
        _p(difference.p),
        _p(compared.corrected_p),
        _points(difference.detectable.value),
        difference.speakers,
    )


def _points(value: float | None) -> str | None:
    return None if value is None else f"{100 * value:.1f}"


def _p(value: float | None) -> str | None:
    return None if value is None else f"{value:.2g}"


__all__ = ["compare", "register"]
