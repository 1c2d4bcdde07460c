"""What scripts share that score corpora without serbench: folds, pooled scores, and the rows to stand beside.

The folds are those of the protocol ``si``, written here once more: one speaker each; for RAVDESS groups of actors.
"""

from __future__ import annotations

import argparse
import json
import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

#: By how much, in points of UAR, a row of serbench's may differ.
CLOSE = 0.5

RAVDESS_GROUPS = (
    {2, 5, 14, 15, 16},
    {3, 6, 7, 13, 18},
    {10, 11, 12, 19, 20},
    {8, 17, 21, 23, 24},
    {1, 4, 9, 22},
)

#: A file, its label, its fold.
Row = tuple[Path, str, str]


def emodb(root: Path) -> Iterator[Row]:
    for path in sorted((root / "emodb" / "wav").iterdir()):
        yield path, path.stem[5], path.stem[:2]


def ravdess(root: Path) -> Iterator[Row]:
    for path in sorted((root / "ravdess").glob("Actor_*/03-01-*")):
        fields = path.stem.split("-")
        (fold,) = [place for place, actors in enumerate(RAVDESS_GROUPS) if int(fields[6]) in actors]
        yield path, fields[2], str(fold)


def savee(root: Path) -> Iterator[Row]:
    for path in sorted((root / "savee").glob("[DJK]*/*")):
        yield path, re.match("[a-z]+", path.stem).group(), path.parent.name


def emovo(root: Path) -> Iterator[Row]:
    for path in sorted((root / "emovo").glob("[fm][123]/*")):
        emotion, speaker, _ = path.stem.split("-")
        yield path, emotion, speaker


CORPORA: Mapping[str, Callable[[Path], Iterator[Row]]] = {
    "emodb": emodb,
    "ravdess": ravdess,
    "savee": savee,
    "emovo": emovo,
}


def pooled_uar(x: np.ndarray, labels: np.ndarray, folds: np.ndarray, make: Callable[[], Any]) -> float:
    """Return the UAR of the pooled out-of-fold predictions of scikit-learn's estimators, in %."""
    from sklearn.metrics import balanced_accuracy_score

    predicted = np.empty_like(labels)
    for fold in np.unique(folds):
        inside = folds == fold
        predicted[inside] = make().fit(x[~inside], labels[~inside]).predict(x[inside])
    return 100 * float(balanced_accuracy_score(labels, predicted))


def arguments(text: str | None, model: str) -> argparse.ArgumentParser:
    """Return a parser of what every such script takes; its help is the script's docstring."""
    summary, _, rest = (text or "").partition("\n")
    plain = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser(description=summary, epilog=rest.strip(), formatter_class=plain)
    parser.add_argument("--data-root", type=Path, required=True, help="the folder that holds the corpora")
    parser.add_argument("--corpus", action="append", choices=CORPORA, help="these alone (default: all four)")
    parser.add_argument("--keep", type=Path, help="where vectors are kept, and taken from")
    parser.add_argument("--beside", type=Path, help="a run of serbench whose rows stand beside")
    parser.add_argument("--model", default=model, help="the label of those rows (default: %(default)s)")
    parser.add_argument("--json", action="store_true", help="print JSON instead of a table")
    return parser


def beside(runs: Path, model: str) -> dict[str, float]:
    """Return the UAR of a model's rows of a run, in %, by corpus."""
    from serbench import load_results

    rows = load_results(runs)
    rows = rows[(rows["model"] == model) & (rows["protocol"] == "si")]
    return {dataset: 100 * value for dataset, value in zip(rows["dataset"], rows["uar"], strict=True)}


def finish(found: dict[str, dict[str, Any]], options: argparse.Namespace, says: Callable[[dict[str, Any]], str]) -> int:
    """Print what was found, a line per corpus, and return 1 where a row of serbench's is not close to its ``uar``."""
    rows = beside(options.beside, options.model) if options.beside else {}
    for name, facts in found.items():
        facts["serbench"] = rows.get(name)
    if options.json:
        print(json.dumps(found))
    else:
        for name, facts in found.items():
            other = "" if facts["serbench"] is None else f"  serbench {facts['serbench']:.1f}"
            print(f"{name:8} {facts['clips']:5} clips  {says(facts)}{other}")
    compared = [facts for facts in found.values() if facts["serbench"] is not None]
    if options.beside and not compared:
        raise SystemExit(f"--beside {options.beside} has no row of {options.model} under si on {list(found)}")
    return int(any(abs(facts["serbench"] - facts["uar"]) > CLOSE for facts in compared))
