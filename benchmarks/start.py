"""How soon the command line answers: ``serbench --help`` under 0.25 s, ``serbench list models`` under 0.5 s on 2 cores.

Compared with an empty Python program (what no Python program can be faster than) and with one that imports torch alone
(what a program takes that loads its libraries before it knows what is asked). A fresh process each time, in turns.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from typing import Any

from measure import arguments, in_turn, machine, ratios, report, spread, table

GOALS = {"serbench --help": 0.25, "serbench list models": 0.5}
PROGRAMS = {
    "an empty program": ("-c", "pass"),
    "serbench --help": ("-m", "serbench", "--help"),
    "serbench list models": ("-m", "serbench", "list", "models"),
    "import torch": ("-c", "import torch"),
}


def main(words: Sequence[str] | None = None) -> int:
    """Run the script."""
    options = arguments(__doc__).parse_args(words)
    with tempfile.TemporaryDirectory() as cache:
        rivals = {name: _program(program, cache) for name, program in PROGRAMS.items()}
        if options.quick:
            del rivals["import torch"]
        else:
            for work in rivals.values():  # the first one reads the files from the disk
                work()
        found = in_turn(rivals, 1 if options.quick else 4 * options.rounds)
    facts = {
        "what": "a fresh process, from start to end",
        "machine": machine(),
        "rounds": found,
        "seconds": {name: spread([each["seconds"] for each in samples]) for name, samples in found.items()},
        "cpu": {name: spread([each["cpu"] for each in samples]) for name, samples in found.items()},
        "goals": GOALS,
        "times_an_empty_program": {name: ratios(found, name, "an empty program") for name in found},
    }
    report(facts, _lines(facts), as_json=options.json)
    return 0


def _program(program: Sequence[str], cache: str) -> Callable[[], object]:
    environment = {**os.environ, "SERBENCH_CACHE": cache, "SERBENCH_PLUGINS": ""}

    def work() -> object:
        return subprocess.run(  # noqa: S603  (this interpreter)
            [sys.executable, *program], check=True, stdout=subprocess.DEVNULL, env=environment
        )

    return work


def _lines(facts: dict[str, Any]) -> list[str]:
    rows = [
        (
            name,
            each["median"],
            f"{each['min']:.3f}–{each['max']:.3f}",
            facts["cpu"][name]["median"],
            facts["goals"].get(name),
            facts["times_an_empty_program"][name]["median"],
        )
        for name, each in facts["seconds"].items()
    ]
    return [
        facts["what"],
        "",
        table(("", "seconds", "spread", "CPU s", "goal", "× an empty program"), rows),
    ]


if __name__ == "__main__":
    sys.exit(main())
