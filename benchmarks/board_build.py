"""What a build of the published leaderboard takes, against another version of serbench: at most 0.6 of its time.

Fresh processes in turns, ``serbench leaderboard build`` of this checkout and of another one, each on a copy of a
board. As in an installed program, modules are compiled before the clock starts. How many views the two write
differently is said too.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

from measure import arguments, in_turn, machine, ratios, report, spread, table
from versions import OURS, Version

#: The share of the other version's seconds that this one may take.
GOAL = 0.6


def main(words: Sequence[str] | None = None) -> int:
    """Run the script."""
    parser = arguments(__doc__)
    parser.add_argument("--against", type=Path, default=OURS, metavar="FOLDER", help="a checkout of another version")
    parser.add_argument(
        "--board", type=Path, metavar="FOLDER", help="what is built; without it each version's own leaderboard"
    )
    options = parser.parse_args(words)
    with tempfile.TemporaryDirectory() as folder:
        board = _tiny_board(Path(folder)) if options.quick else options.board
        ours, other = (
            _with_board(checkout, Path(folder) / name, board or checkout / "leaderboard")
            for name, checkout in (("this", OURS), ("other", options.against))
        )
        rivals = {"this": partial(_build, *ours), "other": partial(_build, *other)}
        found = in_turn(rivals, 1 if options.quick else options.rounds)
        views, others = _files(ours[1]), _files(other[1])
    facts = {
        "what": "serbench leaderboard build, a fresh process from start to end",
        "against": str(options.against),
        "machine": machine(),
        "rounds": found,
        "seconds": {name: spread([each["seconds"] for each in samples]) for name, samples in found.items()},
        "cpu": {name: spread([each["cpu"] for each in samples]) for name, samples in found.items()},
        "goal": GOAL,
        "share": ratios(found, "this", "other"),
        "share_of_cpu": ratios(found, "this", "other", "cpu"),
        "views_that_differ": sorted(name for name in views | others if views.get(name) != others.get(name)),
    }
    report(facts, _lines(facts), as_json=options.json)
    return 0


def _tiny_board(folder: Path) -> Path:
    """Return the records of a run of one model on generated clips."""
    board = folder / "records"
    words = ["run", "--model", "majority", "--dataset", "synth", "--device", "cpu", "--no-plugins", "--out", board]
    subprocess.run(  # noqa: S603  (this interpreter)
        [sys.executable, "-m", "serbench", *map(str, words)], check=True, stdout=subprocess.DEVNULL
    )
    return board


def _with_board(checkout: Path, place: Path, board: Path) -> tuple[Version, Path]:
    """Return a checkout and its copy of the board, built once."""
    version, copy = Version.prepared(checkout, place), place / "board"
    shutil.copytree(board, copy)
    _build(version, copy)  # compiles the modules, and reads the files from the disk
    return version, copy


def _build(version: Version, board: Path) -> None:
    version.run("-m", "serbench", "leaderboard", "build", board)


def _files(board: Path) -> dict[str, bytes]:
    return {path.relative_to(board).as_posix(): path.read_bytes() for path in board.rglob("*") if path.is_file()}


def _lines(facts: dict[str, Any]) -> list[str]:
    rows = [
        (
            {"this": "this version", "other": facts["against"]}[name],
            each["median"],
            f"{each['min']:.2f}–{each['max']:.2f}",
            facts["cpu"][name]["median"],
        )
        for name, each in facts["seconds"].items()
    ]
    shares = {"seconds": facts["share"], "CPU seconds": facts["share_of_cpu"]}
    differ = facts["views_that_differ"]
    return [
        f"{facts['what']}; median of {len(facts['rounds']['this'])} rounds",
        "",
        table(("", "seconds", "spread", "CPU s"), rows),
        "",
        *(
            f"{each['median']:.2f} of its {what} ({each['min']:.2f} to {each['max']:.2f})"
            for what, each in shares.items()
        ),
        f"goal: {facts['goal']} of its seconds",
        f"views that the two write differently: {len(differ)}{''.join(f' {name}' for name in differ[:3])}",
    ]


if __name__ == "__main__":
    sys.exit(main())
