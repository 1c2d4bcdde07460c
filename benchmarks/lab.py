"""Whether the laboratory can be trusted: `serbench profile` of all registered models, twice on one machine card.

Each round is a process of its own that fits the models, times them in turns and starts them cold. What is compared is
the median latency (p50) of one model between rounds: on a quiet machine it differs by less than 15 %. Sizes and
operations do not depend on the moment and must be equal. The calibration kernel of each round says whether the machine
was as fast.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator, Sequence
from typing import Any

from measure import arguments, machine, report, table

from serbench.cli.profile import is_busy

#: The largest share by which p50 may differ between rounds on a quiet machine.
GOAL = 0.15
#: The column's heading and the figure; places this machine does not have are left out.
LATENCIES = {"1 thread": "latency_p50_ms", "all threads": "latency_all_threads_p50_ms", "GPU": "latency_gpu_p50_ms"}
COUNTS = ("parameters_total", "parameters_trainable", "macs_3s", "macs_per_audio_second", "disk_bytes")


def main(words: Sequence[str] | None = None) -> int:
    """Run the script."""
    parser = arguments(__doc__)
    parser.set_defaults(rounds=2)
    parser.add_argument("--model", action="append", help="these models alone (default: all registered)")
    parser.add_argument("--runs", type=int, default=200, help="timed calls of each model (default: %(default)s)")
    parser.add_argument("--device", default="cpu", help="where models are fitted (default: %(default)s)")
    options = parser.parse_args(words)
    if options.rounds < 2:
        parser.error(f"--rounds is {options.rounds}, expected 2 or more: rounds are compared")
    models = options.model or (["majority", "prior"] if options.quick else [])
    runs = 20 if options.quick else options.runs
    card = machine(options.device)
    rounds = [_profile(models, runs, options.device) for _ in range(options.rounds)]
    cards = [each["card"] for each in rounds]
    facts = {
        "what": "p50 of one clip of 3 s at batch 1, from wave to scores, in ms",
        "machine": card,
        "is_one_card": all(each["machine"] == cards[0]["machine"] for each in cards),
        "calibration_seconds": [each["calibration"]["seconds"] for each in cards],
        "loads": [each["load"] for each in cards],
        "is_quiet": not any(is_busy(each) for each in cards),
        "goal": GOAL,
        "models": {name: _compared(figures) for name, figures in _by_model(rounds).items()},
        "rounds": rounds,
    }
    report(facts, list(_lines(facts)), as_json=options.json)
    return 0


def _profile(models: Sequence[str], runs: int, device: str) -> dict[str, Any]:
    """Return what ``serbench profile --json`` says, in a fresh process."""
    which = [word for name in models for word in ("--model", name)] or ["--all-models"]
    command = [sys.executable, "-m", "serbench", "profile", *which, "--runs", str(runs), "--device", device, "--json"]
    done = subprocess.run(command, check=True, capture_output=True, text=True)  # noqa: S603  (this interpreter)
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def _by_model(rounds: Sequence[dict[str, Any]]) -> dict[str, list[dict[str, Any]]]:
    """Return each model's figures, round by round."""
    return {
        first["label"]: [
            next(each["figures"] for each in one["models"] if each["label"] == first["label"]) for one in rounds
        ]
        for first in rounds[0]["models"]
    }


def _compared(figures: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Return the p50 of every round and by how much they differ, and whether the counts are equal."""
    latencies = {}
    for place, name in LATENCIES.items():
        values = [each[name]["value"] for each in figures]
        if None not in values:
            latencies[place] = {"p50_ms": values, "spread": max(values) / min(values) - 1}
    equal = all(each[name] == figures[0][name] for each in figures for name in COUNTS)
    return {"latency": latencies, "counts_are_equal": equal}


def _lines(facts: dict[str, Any]) -> Iterator[str]:
    first = {each["label"]: each["figures"] for each in facts["rounds"][0]["models"]}
    rows = [
        (
            f"{name}, {place}",
            first[name]["macs_3s"]["value"],
            *each["p50_ms"],
            f"{100 * each['spread']:.1f} %",
            "yes" if each["spread"] < facts["goal"] else "NO",
        )
        for name, found in facts["models"].items()
        for place, each in found["latency"].items()
    ]
    headers = ("", "MACs", *(f"round {turn + 1}" for turn in range(len(facts["rounds"]))), "differ by", "< 15 %")
    yield from (facts["what"], "", table(headers, rows), "")
    unequal = [name for name, each in facts["models"].items() if not each["counts_are_equal"]]
    yield f"counts that differ between rounds: {', '.join(unequal) or 'none'}"
    unmeasured = [name for name, each in facts["models"].items() if not each["latency"]]
    yield f"models that could not be timed: {', '.join(unmeasured) or 'none'}"
    kernel = ", ".join(f"{1e3 * seconds:.1f}" for seconds in facts["calibration_seconds"])
    loads = ", ".join(map(str, facts["loads"]))
    quiet = "quiet" if facts["is_quiet"] else "BUSY: these times say little, measure again when it is quiet"
    yield f"programs that wanted to run, round by round: {loads}; the machine was {quiet}"
    yield f"calibration kernel, round by round: {kernel} ms; {'one card' if facts['is_one_card'] else 'CARDS DIFFER'}"


if __name__ == "__main__":
    sys.exit(main())
