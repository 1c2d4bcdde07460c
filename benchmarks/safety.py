"""What checks of recordings, seals and cells that may die cost, against the version before them: at most 3 % each.

run       ``majority``, ``logreg`` and ``attn1dcnn`` (ten epochs, a quarter of them, so that what is paid for a cell
          weighs more) over every fold of a corpus, a fresh process from start to end, its features in the cache, into
          a new folder: seconds of the clock
features  40 MFCCs of EMO-DB and RAVDESS from what is known of the recordings, all that is held against it included:
          processor seconds
look      the first look into the same recordings, which is taken once for a corpus: processor seconds

The two versions take turns round by round; ratios are taken within a round.
"""

from __future__ import annotations

import itertools
import json
import os
import sys
import tempfile
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from measure import arguments, in_turn, machine, ratios, report, spread, table
from versions import OURS, Version

#: What a run and its features may take of the other version's seconds.
GOAL = 1.03
PARTS = ("run", "features")
MODELS = ("majority", "logreg", "attn1dcnn")
#: Looks into the files that are named, extracts their features, and prints the processor seconds of both; by names that
#: both versions have, ``_look`` among them.
PROBE = """
import json, sys, time
from pathlib import Path
from serbench_plugins.features.mfcc import Mfcc
from serbench.corpus.inventory import _look
from serbench.features.cache import FeatureCache
from serbench.features.extract import Clip, extract_column

def clip(path):
    found = _look(path)
    known = [found.checksum] if hasattr(found, "checksum") else []
    return Clip(path, found.digest, found.seconds, *known)

cache = FeatureCache(Path(sys.argv[1]))
paths = [Path(line) for line in Path(sys.argv[2]).read_text().splitlines()]
extract_column(Mfcc(), [clip(path) for path in paths[:2]], FeatureCache(cache.folder / "warm"))
begun = time.process_time()
clips = [clip(path) for path in paths]
looked = time.process_time()
extract_column(Mfcc(), clips, cache)
print(json.dumps({"look": looked - begun, "features": time.process_time() - looked}))
"""


def main(words: Sequence[str] | None = None) -> int:
    """Run the script."""
    parser = arguments(__doc__)
    parser.add_argument("--against", type=Path, default=OURS, metavar="FOLDER", help="a checkout of another version")
    parser.add_argument("--data-root", type=Path, help="the folder of the corpora (default: SERBENCH_DATA)")
    parser.add_argument("--dataset", default="savee", help="the corpus of the run (default: %(default)s)")
    parser.add_argument("--part", action="append", choices=PARTS, help="one part; may be given again (default: both)")
    options = parser.parse_args(words)
    root = options.data_root or Path(os.environ.get("SERBENCH_DATA", "").split(os.pathsep)[0] or ".")
    rounds = 1 if options.quick else options.rounds
    facts: dict[str, Any] = {"against": str(options.against), "machine": machine(), "goal": GOAL}
    with tempfile.TemporaryDirectory() as folder:
        versions = {
            name: Version.prepared(checkout, Path(folder) / name)
            for name, checkout in (("this", OURS), ("other", options.against))
        }
        if "run" in (options.part or PARTS):
            facts["run"] = _runs(versions, _request(root.resolve(), options), rounds)
        if "features" in (options.part or PARTS):
            files = _generated(Path(folder)) if options.quick else _files(root.resolve())
            if not files:
                parser.error(
                    f"no recordings in {root / 'emodb'} and {root / 'ravdess'}; name their folder by --data-root"
                )
            facts |= _features(versions, Path(folder), files, rounds)
    report(facts, _lines(facts), as_json=options.json)
    return 0


def _request(root: Path, options: Any) -> list[str]:
    """Return what is run: one seed, so that what is paid once for a run weighs most."""
    models = MODELS[:2] if options.quick else MODELS
    words = [word for model in models for word in ("--model", model)]
    words += ["--seeds", "1", "--device", "cpu", "--no-plugins"]
    if options.quick:
        return [*words, "--dataset", "synth", "--set", "synth.speakers=3"]
    return [*words, "--dataset", options.dataset, "--data-root", str(root), "--set", "attn1dcnn.epochs=10"]


def _runs(versions: dict[str, Version], request: Sequence[str], rounds: int) -> dict[str, Any]:
    count = itertools.count()

    def run(version: Version) -> None:
        version.run("-m", "serbench", "run", *request, "--out", version.place / f"runs-{next(count)}")

    for version in versions.values():
        run(version)  # fills the cache, compiles the modules
    found = in_turn({name: partial(run, version) for name, version in versions.items()}, rounds)
    return _compared(found, "seconds") | {"cpu": ratios(found, "this", "other", "cpu")}


def _features(versions: dict[str, Version], place: Path, files: Sequence[Path], rounds: int) -> dict[str, Any]:
    names = place / "files.txt"
    names.write_text("".join(f"{path}\n" for path in files))
    found: dict[str, list[dict[str, float]]] = {name: [] for name in versions}
    for turn in range(rounds):
        for name in list(versions)[:: -1 if turn % 2 else 1]:
            said = versions[name].run("-c", PROBE, versions[name].place / f"features-{turn}", names)
            found[name].append(json.loads(said))
    return {part: _compared(found, part) | {"clips": len(files)} for part in ("features", "look")}


def _compared(found: dict[str, list[dict[str, float]]], key: str) -> dict[str, Any]:
    seconds = {name: spread([each[key] for each in samples]) for name, samples in found.items()}
    return {"rounds": found, "seconds": seconds, "ratio": ratios(found, "this", "other", key)}


def _files(root: Path) -> list[Path]:
    from serbench_plugins.datasets.emodb import EmoDb
    from serbench_plugins.datasets.ravdess import Ravdess

    return [path for dataset in (EmoDb, Ravdess) for path in sorted(dataset.recordings(root / dataset.card.name))]


def _generated(folder: Path) -> list[Path]:
    import soundfile

    rng = np.random.default_rng(0)
    paths = [folder / f"{each:02}.flac" for each in range(8)]
    for path in paths:
        soundfile.write(path, rng.normal(0, 0.1, 8_000).astype(np.float32), 16_000)
    return paths


def _lines(facts: dict[str, Any]) -> list[str]:
    names = {
        "run": f"a run of {', '.join(MODELS)}, seconds",
        "features": "features, CPU seconds",
        "look": "first look, CPU seconds",
    }
    rows = [
        (
            names[part],
            facts[part]["seconds"]["this"]["median"],
            facts[part]["seconds"]["other"]["median"],
            facts[part]["ratio"]["median"],
            "{min:.3f}–{max:.3f}".format(**facts[part]["ratio"]),
        )
        for part in names
        if part in facts
    ]
    rounds = max(len(facts[part]["rounds"]["this"]) for part in names if part in facts)
    return [
        f"against {facts['against']}; median of {rounds} rounds",
        "",
        table(("", "this version", "the other", "ratio", "spread"), rows),
        "",
        f"goal for a run and for features: {facts['goal']}",
    ]


if __name__ == "__main__":
    sys.exit(main())
