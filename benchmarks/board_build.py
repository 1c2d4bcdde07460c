"""What a build of the published leaderboard takes, against another version of serbench: at most 0.6 of its time.

Fresh processes in turns, ``serbench leaderboard build`` of this checkout and of another one, each on a copy of a
board. As in an installed program, modules are compiled before the clock starts. How many views the two write
differently is said too.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from measure import arguments, in_turn, machine, ratios, report, spread, table

#: The share of the other version's seconds that this one may take.
GOAL = 0.6
OURS = Path(__file__).parents[1]


@dataclass(frozen=True)
class Version:
    """A checkout of serbench.

    Attributes
    ----------
    checkout
        Its folder.
    place
        Where its copy of the board and its compiled modules lie.
    """

    checkout: Path
    place: Path

    def run(self, *words: object) -> str:
        """Return what a Python program prints that imports this version."""
        paths = os.pathsep.join(map(str, (self.checkout, self.checkout / "plugins")))
        environment = {**os.environ, "PYTHONPATH": paths, "PYTHONPYCACHEPREFIX": str(self.place / "compiled")}
        environment |= {"SERBENCH_PLUGINS": "", "SERBENCH_CACHE": str(self.place / "cache")}
        environment.pop("PYTHONDONTWRITEBYTECODE", None)
        # in a folder of its own, since python -m looks for modules where it is called first of all
        done = subprocess.run(  # noqa: S603  (this interpreter)
            [sys.executable, *map(str, words)], check=True, stdout=subprocess.PIPE, env=environment, cwd=self.place
        )
        return done.stdout.decode()

    def build(self) -> None:
        """Write the views of this version's copy of the board."""
        self.run("-m", "serbench", "leaderboard", "build", self.board)

    @property
    def board(self) -> Path:
        """Its copy of the board."""
        return self.place / "board"


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
            _version(Path(folder) / name, checkout.resolve(), board or checkout / "leaderboard")
            for name, checkout in (("this", OURS), ("other", options.against))
        )
        found = in_turn({"this": ours.build, "other": other.build}, 1 if options.quick else options.rounds)
        views, others = _files(ours.board), _files(other.board)
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


def _version(place: Path, checkout: Path, board: Path) -> Version:
    """Return a checkout that is sure to be what runs, whatever else is installed, with a copy of the board."""
    place.mkdir()
    version = Version(checkout, place)
    found = Path(version.run("-c", "import serbench; print(serbench.__file__)").strip())
    if not found.is_relative_to(checkout):
        raise RuntimeError(f"{found} is what runs, expected the serbench of {checkout}")
    shutil.copytree(board, version.board)
    version.build()  # compiles the modules, and reads the files from the disk
    return version


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
