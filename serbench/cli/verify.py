"""``serbench leaderboard verify`` and ``reproduce``: whether a leaderboard holds, and whether its plugins make it."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from serbench.cli import console, places
from serbench.cli.options import (
    AsJson,
    DataRoots,
    EmoBoxFolder,
    NoPlugins,
    PluginFiles,
    WeightRoots,
    open_registry,
    with_emobox,
)
from serbench.errors import BoardError, UnknownNameError, UsageError

if TYPE_CHECKING:
    from serbench.audit.board.reproduce import Reproduction
    from serbench.plugin.registry import Registry
    from serbench.results.record import Record
    from serbench.run.workspace import Workspace

Asked = Annotated[
    str, typer.Argument(metavar="ROW", help="DATASET/PROTOCOL/MODEL as the board names them: emodb/si/logreg.")
]
OfBoard = Annotated[Path, typer.Argument(metavar="[FOLDER]", help="A leaderboard, or where a run kept its records.")]
Cells = Annotated[
    int, typer.Option("--cells", metavar="N", min=1, help="Run so many of its cells, spread over folds and seeds.")
]
OnDevice = Annotated[str, typer.Option("--device", metavar="cpu|cuda|mps", help="Where models live.")]


Strict = Annotated[
    bool, typer.Option("--strict", help="Fail too where a protocol, plugin or version is not known here.")
]
ChangedCode = Annotated[
    bool, typer.Option("--allow-changed-code", help="List plugins whose code differs from what made a record.")
]


def verify(
    folder: OfBoard = Path("leaderboard"),
    data_root: DataRoots = None,
    weights: WeightRoots = None,
    emobox: EmoBoxFolder = None,
    allow_changed_code: ChangedCode = False,
    strict: Strict = False,
    plugin: PluginFiles = None,
    no_plugins: NoPlugins = False,
    as_json: AsJson = False,
) -> None:
    """Compute every figure again and name the first thing that does not hold (exit code 8)."""
    from serbench.audit.board.verify import verify as verify_board

    workspace = _workspace(open_registry(plugin, no_plugins), data_root, weights, emobox)
    ledger = verify_board(folder, workspace, allow_changed_code=allow_changed_code, is_strict=strict)
    if as_json:
        console.print_json({"checked": dict(ledger.checked), "unchecked": ledger.unchecked})
        return
    console.fields((what, number) for what, number in ledger.checked.items())
    for sentence in ledger.unchecked:
        console.prose(f"not checked: {sentence}")
    rest = f"; {len(ledger.unchecked)} things could not be checked here" if ledger.unchecked else ", all of it checked"
    console.line(f"{folder} holds{rest}")


def reproduce(
    row: Asked,
    folder: OfBoard = Path("leaderboard"),
    cells: Cells = 1,
    device: OnDevice = "cpu",
    data_root: DataRoots = None,
    weights: WeightRoots = None,
    emobox: EmoBoxFolder = None,
    plugin: PluginFiles = None,
    no_plugins: NoPlugins = False,
    as_json: AsJson = False,
) -> None:
    """Run cells of a published row again and compare what they predict (exit code 8 where it differs).

    On the processor of the record and with its packages every score must be the same; elsewhere the UAR of the cells
    may differ by 5 points.
    """
    from serbench.audit.board.reproduce import differing
    from serbench.audit.board.reproduce import reproduce as run_again
    from serbench.results.store import Store

    store = Store(folder)
    chosen = _spread(_records_of(row, list(store.records()), folder), cells)
    workspace = _workspace(open_registry(plugin, no_plugins), data_root, weights, emobox)
    found = run_again(store, chosen, workspace, device)
    others = differing(found)
    if as_json:
        console.print_json({"row": row, "holds": not others, "cells": [cell.facts() for cell in found]})
    else:
        _print(found)
    if others:
        first = others[0]
        raise BoardError(
            f"{row} does not hold: {first.fold} under seed {first.seed} has UAR {100 * first.reproduced:.1f} where "
            f"{100 * first.published:.1f} is published, and {100 * (1 - first.agreement):.1f} % of its rows are given "
            "another class"
        )
    if not as_json:
        console.line(f"{row} holds: {len(found)} cells run again")


def _workspace(
    registry: Registry, data_root: list[Path] | None, weights: list[Path] | None, emobox: Path | None
) -> Workspace:
    from serbench.locations import Locations
    from serbench.run.workspace import Workspace

    places.open_cache()
    return Workspace(
        registry=registry,
        locations=Locations.of_user(data_root or (), weights or ()),
        progress=_progress,
        settings=with_emobox(emobox),
    )


def _records_of(row: str, records: Sequence[Record], folder: Path) -> list[Record]:
    known = {f"{record.key.dataset.name}/{record.key.protocol.name}/{record.label}": record for record in records}
    if row not in known:
        raise UnknownNameError(f"row in {folder}", row, known)
    wanted = known[row]
    mine = [record for record in records if record.row_stem == wanted.row_stem and record.predictions is not None]
    if not mine:
        raise UsageError(f"{row} has no predictions to compare with: it is self-reported")
    return mine


def _spread(records: Sequence[Record], number: int) -> list[Record]:
    """Return so many records, evenly spread over all."""
    number = min(number, len(records))
    return [records[place * len(records) // number] for place in range(number)]


def _print(found: Sequence[Reproduction]) -> None:
    console.table(
        ("fold", "seed", "UAR %", "again", "same class %", "largest difference"),
        [
            (
                cell.fold,
                str(cell.seed),
                f"{100 * cell.published:.1f}",
                f"{100 * cell.reproduced:.1f}",
                f"{100 * cell.agreement:.1f}",
                f"{cell.difference:.2g}",
            )
            for cell in found
        ],
        right=("seed", "UAR %", "again", "same class %", "largest difference"),
    )
    if not all(cell.same_machine for cell in found):
        console.prose("Another processor or other packages than the record's: scores of networks may differ.")


@contextlib.contextmanager
def _progress(label: str, total: int) -> Iterator[Callable[[int], None]]:
    with console.progress(total or None, label) as bar:
        yield bar.reach


__all__ = ["reproduce", "verify"]
