"""What eGeMAPS and a linear support vector machine should score, by openSMILE and scikit-learn alone, without serbench.

openSMILE reads each file itself; its 88 functionals of eGeMAPSv02, standardised; LinearSVC with C = 0.01 and balanced
classes; fitted on all rows outside the test fold of the protocol ``si``; UAR of the pooled predictions.

    python benchmarks/functionals_reference.py --data-root FOLDER [--keep FOLDER] [--beside RUNS]

prints a line per corpus. With ``--beside`` the rows of such a run (``serbench run --model svm --set svm.feature=egemaps
... --out RUNS``) stand beside, and a difference of more than half a point ends the script with exit code 1.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from reference import CORPORA, arguments, finish, pooled_uar


def functionals(paths: Sequence[Path], kept: Path | None) -> np.ndarray:
    """Return float64 (n, 88): the functionals of each recording; what is undefined is 0."""
    if kept and kept.is_file():
        return np.load(kept)
    import opensmile

    smile = opensmile.Smile(
        feature_set=opensmile.FeatureSet.eGeMAPSv02, feature_level=opensmile.FeatureLevel.Functionals
    )
    rows = np.nan_to_num(np.concatenate([smile.process_file(path).to_numpy(dtype=float) for path in paths]))
    if kept:
        kept.parent.mkdir(parents=True, exist_ok=True)
        np.save(kept, rows)
    return rows


def machine() -> Any:
    """Return the classifier."""
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler
    from sklearn.svm import LinearSVC

    solver = {"dual": False, "tol": 1e-4, "max_iter": 10_000}
    return make_pipeline(StandardScaler(), LinearSVC(C=0.01, class_weight="balanced", **solver))


def score(name: str, options: argparse.Namespace) -> dict[str, Any]:
    """Return the UAR of a corpus."""
    paths, labels, folds = zip(*CORPORA[name](options.data_root), strict=True)
    rows = functionals(paths, options.keep and options.keep / f"{name}.npy")
    return {"clips": len(labels), "uar": pooled_uar(rows, np.array(labels), np.array(folds), machine)}


def main(words: Sequence[str] | None = None) -> int:
    """Run the script."""
    options = arguments(__doc__, model="svm[feature=egemaps]").parse_args(words)
    found = {name: score(name, options) for name in options.corpus or CORPORA}
    return finish(found, options, lambda facts: f"{facts['uar']:.1f}")


if __name__ == "__main__":
    sys.exit(main())
