"""How time and memory grow with a corpus, from a folder of recordings to a board.

Clips are those of generated_corpus.py: a fifth of a second each, a speaker for every hundred. Every size is measured in
a process of its own, stage by stage:

scan      names of files to a manifest           extract  40 MFCCs of every clip, into the cache
stock     every recording's digest and length    reopen   the same from the warm cache
split     folds by speakers                      epoch    attn1dcnn (width 16) on every clip
check     each fold looked through for leaks     score    all metrics, and an interval over speakers
audit     equal and nearly equal sounds          run      majority and prior, 3 folds x 3 seeds, to records
                                                 board    those records to rows, pages, LaTeX and JSON

``names`` are sizes without recordings, by name alone. An exponent is the slope of processor seconds over clips on a log
scale between two sizes: 1 is linear, n log n has 1.1 to 1.15 here. Stages under a tenth of a second are not judged.
MiB: the most that the process held during a stage, beyond what it held when the stage began.
"""

from __future__ import annotations

import json
import math
import subprocess
import sys
import tempfile
import time
from argparse import SUPPRESS
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import generated_corpus
from measure import arguments, cpu_seconds, machine, peak_mib, report, table

#: Below so many processor seconds a stage's growth says nothing.
JUDGED = 0.1


def main(words: Sequence[str] | None = None) -> int:
    """Run the script."""
    parser = arguments(__doc__)
    parser.add_argument("--sizes", type=int, nargs="+", default=[1_000, 10_000], help="clips (default: 1000 10000)")
    parser.add_argument("--names", type=int, nargs="*", default=[10_000, 100_000], help="sizes without recordings")
    parser.add_argument("--one", help=SUPPRESS)  # kind and size: how this script calls itself
    options = parser.parse_args(words)
    if options.one:
        kind, _, number = options.one.partition(":")
        print(json.dumps(measure_names(int(number)) if kind == "names" else measure(int(number))))
        return 0
    sizes, names = ([60, 240], [500, 2000]) if options.quick else (options.sizes, options.names)
    found = {kind: {each: _apart(kind, each) for each in each_kind} for kind, each_kind in _kinds(sizes, names)}
    facts = {
        "what": "time and memory by number of clips",
        "machine": machine(),
        **found,
        "exponents": {kind: _exponents(by_size) for kind, by_size in found.items()},
    }
    report(facts, _lines(facts), as_json=options.json)
    return 0


def _kinds(sizes: Sequence[int], names: Sequence[int]) -> list[tuple[str, Sequence[int]]]:
    return [("recordings", sorted(sizes)), ("names", sorted(names))]


def _apart(kind: str, number: int) -> dict[str, dict[str, float]]:
    command = [sys.executable, __file__, "--one", f"{kind}:{number}"]
    done = subprocess.run(command, check=True, capture_output=True, text=True)  # noqa: S603  (this interpreter)
    found: dict[str, dict[str, float]] = json.loads(done.stdout.splitlines()[-1])
    return found


class Stages:
    """Seconds, processor seconds and peak memory of one stage after another."""

    def __init__(self) -> None:
        self.found: dict[str, dict[str, float]] = {}

    def __call__(self, name: str, work: Callable[[], Any]) -> Any:
        """Do some work and note what it took."""
        peak_mib(reset=True)
        before = peak_mib()
        busy, start = cpu_seconds(), time.perf_counter()
        result = work()
        seconds, cpu = time.perf_counter() - start, cpu_seconds() - busy
        self.found[name] = {"seconds": seconds, "cpu": cpu, "mib": max(0.0, peak_mib() - before)}
        return result


def measure_names(number: int) -> dict[str, dict[str, float]]:
    """Measure what needs no recording."""
    from serbench.protocol.leakage import check_fold
    from serbench.protocol.protocols import get_protocol

    dataset, protocol = generated_corpus.Names(), get_protocol("si")
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder) / str(number)
        root.mkdir()
        stages = Stages()
        manifest = stages("scan", lambda: dataset.manifest(root))
        split = stages("split", lambda: protocol.split(dataset, manifest))
        sounds = {each: each for each in manifest.by_id}
        stages("check", lambda: [check_fold(manifest, split, fold, sounds, {}) for fold in split.folds])
    return stages.found


def measure(number: int) -> dict[str, dict[str, float]]:
    """Measure every stage on a corpus that is written for it."""
    import sklearn.linear_model  # noqa: F401  (loaded before memory is looked at, as is torch)
    import torch

    from serbench.audit.corpora import analyse_corpus, audit_corpus
    from serbench.locations import Locations
    from serbench.plugin.registry import load_registry
    from serbench.protocol.leakage import check_fold
    from serbench.protocol.protocols import get_protocol
    from serbench.run.corpora import Corpus, open_corpus
    from serbench.run.workspace import Workspace

    dataset, protocol = generated_corpus.Generated(), get_protocol("si")
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        root, cache = place / "generated", place / "cache"
        generated_corpus.write_clips(root, number)
        torch.nn.functional.conv1d(torch.zeros(1, 1, 9), torch.zeros(1, 1, 3))
        stages = Stages()
        workspace = Workspace(
            registry=load_registry(only=(), extra=[generated_corpus]), locations=Locations((place,), cache)
        )
        manifest = stages("scan", lambda: dataset.manifest(root))
        corpus: Corpus = stages("stock", lambda: open_corpus(dataset, workspace))
        split = stages("split", lambda: protocol.split(dataset, manifest))
        digests = corpus.digests()
        stages("check", lambda: [check_fold(manifest, split, fold, digests, {}) for fold in split.folds])
        stages("audit", lambda: audit_corpus(analyse_corpus(dataset, workspace), [protocol]))
        _learn(stages, corpus, cache)
        _score(stages, corpus)
        _run_and_rank(stages, place)
    return stages.found


def _learn(stages: Stages, corpus: Any, cache: Path) -> None:
    """Measure ``extract``, ``reopen`` and ``epoch``."""
    import numpy as np
    from serbench_plugins.features.mfcc import Mfcc
    from serbench_plugins.models.attn1dcnn import Attn1dCnn

    from serbench.features.cache import FeatureCache
    from serbench.features.extract import extract_column
    from serbench.features.table import FeatureTable

    clips, features, manifest = corpus.clips(), FeatureCache(cache), corpus.manifest
    stages("extract", lambda: len(extract_column(Mfcc(), clips, features)))
    column = stages("reopen", lambda: extract_column(Mfcc(), clips, features).read())
    labels = np.array([each.label for each in manifest.utterances])
    rows = FeatureTable(tuple(manifest.by_id), {"mfcc": column}, manifest.labels, labels)
    stages("epoch", lambda: Attn1dCnn(width=16, epochs=1).fit(rows, None, seed=0))


def _score(stages: Stages, corpus: Any) -> None:
    """Measure ``score``."""
    import numpy as np

    from serbench.scoring.metrics import CORE_METRICS
    from serbench.scoring.statistics import speaker_interval

    manifest = corpus.manifest
    truth = np.array([manifest.labels.index(each.label) for each in manifest.utterances])
    scores = np.random.default_rng(0).dirichlet(np.ones(len(manifest.labels)), len(truth))
    speakers = [each.speaker for each in manifest.utterances]
    metrics = [each() if isinstance(each, type) else each for each in CORE_METRICS]
    stages("score", lambda: [*(each(truth, scores) for each in metrics), speaker_interval(truth, scores, speakers)])


def _run_and_rank(stages: Stages, place: Path) -> None:
    """Measure ``run`` and ``board``."""
    from serbench.board.leaderboard import Leaderboard
    from serbench.board.views import make_views
    from serbench.locations import Locations
    from serbench.plugin.registry import load_registry
    from serbench.results.store import Store
    from serbench.results.summary import summarise
    from serbench.run.estimate import Times
    from serbench.run.request import Request
    from serbench.run.runner import execute
    from serbench.run.setup import Setup
    from serbench.run.workspace import silent

    request = Request(models=("majority", "prior"), datasets=("generated",), seeds=3)
    registry = load_registry(only=(), extra=[generated_corpus])
    cache, out = place / "cache", place / "out"
    setup = Setup(request=request, locations=Locations((place,), cache), out=out, device="cpu", no_plugins=True)

    def run() -> None:
        outcome = execute(setup.plan(registry, silent), registry, setup, Times(cache, "cpu"), silent, jobs=1)
        if outcome.failed:
            raise RuntimeError(outcome.failed[0].reason)

    stages("run", run)
    stages("board", lambda: make_views(Leaderboard.of(summarise(Store(out)))))


def _exponents(by_size: dict[int, dict[str, dict[str, float]]]) -> dict[str, float | None]:
    """Return each stage's slope between the two largest sizes, or None where it is too short to say."""
    if len(by_size) < 2:
        return {}
    smaller, larger = sorted(by_size)[-2:]
    found: dict[str, float | None] = {}
    for name, long in by_size[larger].items():
        short = by_size[smaller][name]
        is_judged = long["cpu"] >= JUDGED and short["cpu"] > 0
        found[name] = math.log(long["cpu"] / short["cpu"]) / math.log(larger / smaller) if is_judged else None
    return found


def _lines(facts: dict[str, Any]) -> list[str]:
    lines = []
    for kind, exponents in facts["exponents"].items():
        by_size = facts[kind]
        if not by_size:
            continue
        headers = [kind, *(f"{size:,}{unit}" for size in by_size for unit in (" s", " CPU s", " MiB")), "exponent"]
        rows = [
            [
                stage,
                *(stages[stage][key] for stages in by_size.values() for key in ("seconds", "cpu", "mib")),
                f"{exponents[stage]:.2f}" if exponents.get(stage) is not None else None,
            ]
            for stage in next(iter(by_size.values()))
        ]
        lines += [table(headers, rows), ""]
    return lines


if __name__ == "__main__":
    sys.exit(main())
