"""EMO-DB from recordings to scores: serbench against nkululeko and autrainer, cold, warm and resumed.

The folds are the same: each of the ten speakers is tested once. The work is of one class:

logreg   against nkululeko's SVM (eGeMAPS by openSMILE), leave one speaker out in one call
mlp      against nkululeko's MLP (eGeMAPS, one hidden layer of 128, 50 epochs), a call for each fold
cnn2d    against the same network in autrainer (log-mel, 94 frames of 64 bands, 5 epochs), a sweep over the folds

Cold: nothing is there but the recordings. Warm: features are kept, results are not. Resumed: the same command again.
Seconds, of the clock and of processors, are for each fold, the program's start included: rivals of many calls are timed
on --folds of them.

Each rival has an environment of its own; both need torch and torchaudio named, or they take a pair that does not fit:

    python3 -m venv nkululeko-env && nkululeko-env/bin/pip install nkululeko==1.14.1 torch==2.11.* torchaudio==2.11.*
    python3 -m venv autrainer-env && autrainer-env/bin/pip install autrainer==0.10.0 torch==2.11.* torchaudio==2.11.*
    python benchmarks/rivals/emodb.py --nkululeko nkululeko-env --autrainer autrainer-env --data-root FOLDER

A rival without an environment is left out. --quick runs serbench alone, on the generated corpus.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))

import projects
from measure import arguments, cpu_seconds, machine, report, table

#: What serbench's models stand against.
PAIRS = {"logreg": "nkululeko SVM", "mlp": "nkululeko MLP", "cnn2d": "autrainer CNN"}
STATES = ("cold", "warm", "resumed")
SPEAKERS = 10


def main(words: Sequence[str] | None = None) -> int:
    """Run the script."""
    parser = arguments(__doc__)
    parser.add_argument("--data-root", type=Path, help="the folder of emodb (default: SERBENCH_DATA)")
    parser.add_argument("--nkululeko", type=Path, help="its virtual environment")
    parser.add_argument("--autrainer", type=Path, help="its virtual environment")
    parser.add_argument("--folds", type=int, default=2, help="how many folds of many calls (default: %(default)s)")
    parser.add_argument("--keep", type=Path, help="work in this folder and leave it there, to look at what was said")
    options = parser.parse_args(words)
    root = options.data_root or Path(os.environ.get("SERBENCH_DATA", "").split(os.pathsep)[0] or ".")
    if not options.quick and not (root / "emodb").is_dir():
        parser.error(f"no emodb in {root}; name its folder by --data-root")
    with tempfile.TemporaryDirectory() as folder:
        place = options.keep or Path(folder)
        place.mkdir(parents=True, exist_ok=True)
        ours = {name: _serbench(name, place, None if options.quick else root) for name in PAIRS}
        theirs = {} if options.quick else _rivals(place, projects.clips(root / "emodb"), options)
    facts = {
        "what": "EMO-DB, seconds for each fold",
        "machine": machine(),
        "serbench": ours,
        "rivals": theirs,
        "times_slower": {
            name: {state: _times(theirs[rival][state], ours[name][state]) for state in STATES}
            for name, rival in PAIRS.items()
            if rival in theirs
        },
    }
    report(facts, _lines(facts), as_json=options.json)
    return 0


def _times(theirs: Mapping[str, float], ours: Mapping[str, float]) -> dict[str, float]:
    return {key: theirs[key] / ours[key] for key in ("seconds", "cpu")}


def _serbench(model: str, place: Path, root: Path | None) -> dict[str, dict[str, float]]:
    """Return seconds and processor seconds for each fold in each state."""
    out, cache = place / f"serbench-{model}", place / f"serbench-{model}-cache"
    corpus, folds = ("emodb", SPEAKERS) if root else ("synth", 5)
    command = [sys.executable, "-m", "serbench", "run", "--no-floors", "--model", model, "--dataset", corpus]
    command += ["--seeds", "1", "--device", "cpu", "--out", str(out)]
    command += ["--set", "cnn2d.epochs=5"] if model == "cnn2d" else []
    command += ["--data-root", str(root)] if root else ["--set", "synth.sentences=1", "--set", "synth.takes=1"]
    environment = {"SERBENCH_CACHE": str(cache)}

    def run() -> None:
        call(command, place / f"serbench-{model}.log", environment)

    return _states(run, lambda: shutil.rmtree(out), folds)


def _rivals(place: Path, clips: Sequence[projects.Clip], options: Any) -> dict[str, dict[str, dict[str, float]]]:
    """Return seconds and processor seconds for each fold in each state, for each rival that has an environment."""
    found = {}
    if options.nkululeko:
        python = options.nkululeko.absolute() / "bin" / "python"
        calls = {
            "nkululeko SVM": (projects.nkululeko_svm(place / "nkululeko-svm", clips), SPEAKERS),
            "nkululeko MLP": (projects.nkululeko_mlp(place / "nkululeko-mlp", clips, options.folds), options.folds),
        }
        for name, (configs, folds) in calls.items():
            commands = [[str(python), "-m", "nkululeko.nkululeko", "--config", str(each)] for each in configs]
            # features stay in its store; it keeps no results to go on from, so it does the same once more
            found[name] = _states(_in_order(commands, place / f"{name}.log"), lambda: None, folds)
    if options.autrainer:
        project = projects.autrainer(place / "autrainer", clips, options.folds)
        program = str(options.autrainer.absolute() / "bin" / "autrainer")
        commands = [[program, "preprocess", "-u", "0"], [program, "train"]]
        run = _in_order(commands, place / "autrainer.log", project)
        found["autrainer CNN"] = _states(run, lambda: shutil.rmtree(project / "results"), options.folds)
    return found


def _in_order(commands: Sequence[Sequence[str]], log: Path, folder: Path | None = None) -> Callable[[], None]:
    def run() -> None:
        for command in commands:
            call(command, log, {}, folder)

    return run


def _states(run: Callable[[], None], forget_results: Callable[[], object], folds: int) -> dict[str, dict[str, float]]:
    found = {}
    for state in STATES:
        if state == "warm":
            forget_results()
        busy, start = cpu_seconds(), time.perf_counter()
        run()
        seconds = time.perf_counter() - start
        found[state] = {"seconds": seconds / folds, "cpu": (cpu_seconds() - busy) / folds}
    return found


def call(command: Sequence[str], log: Path, environment: Mapping[str, str], folder: Path | None = None) -> None:
    """Run a program to its end, what it says added to a log.

    Raises
    ------
    RuntimeError
        When it fails.
    """
    with log.open("a", encoding="utf-8") as stream:
        done = subprocess.run(  # noqa: S603  (programs that the caller named)
            command, check=False, stdout=stream, stderr=stream, env={**os.environ, **environment}, cwd=folder
        )
    if done.returncode:
        said = log.read_text(encoding="utf-8").splitlines()[-15:]
        raise RuntimeError("\n".join([f"{' '.join(command)} ended with {done.returncode}", *said]))


def _lines(facts: dict[str, Any]) -> list[str]:
    rows: list[tuple[object, ...]] = []
    for name, rival in PAIRS.items():
        rows.append((f"serbench {name}", *_cells(facts["serbench"][name])))
        if rival in facts["rivals"]:
            rows.append((rival, *_cells(facts["rivals"][rival])))
            rows.append(("  times as much", *_cells(facts["times_slower"][name])))
    headers = ("", *(f"{state}{unit}" for state in STATES for unit in ("", " CPU")))
    return [facts["what"], "", table(headers, rows)]


def _cells(found: Mapping[str, Mapping[str, float]]) -> list[str]:
    return [f"{found[state][key]:.2f}" for state in STATES for key in ("seconds", "cpu")]


if __name__ == "__main__":
    sys.exit(main())
