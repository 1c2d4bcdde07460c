"""What ``logreg`` should score, by librosa and scikit-learn alone: no line of serbench takes part.

Mean and standard deviation of 40 MFCCs (librosa's defaults) of the recording at 16 kHz; standardised; logistic
regression with C = 1; fitted on all rows outside the test fold; UAR of the pooled predictions.

    python tests/golden/logreg_reference.py DATA_ROOT

prints a figure per corpus. ``tests/run/test_agreement.py`` compares it with what a run comes to.
"""

from __future__ import annotations

import sys
from pathlib import Path

import librosa
import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import balanced_accuracy_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

RAVDESS_GROUPS = [
    {2, 5, 14, 15, 16},
    {3, 6, 7, 13, 18},
    {10, 11, 12, 19, 20},
    {8, 17, 21, 23, 24},
    {1, 4, 9, 22},
]


def emodb(root):
    """Return files, labels and test folds: one speaker each."""
    files = sorted((root / "emodb" / "wav").iterdir())
    return files, [path.stem[5] for path in files], [path.stem[:2] for path in files]


def ravdess(root):
    """Return files, labels and test folds: the five groups of actors."""
    files = sorted((root / "ravdess").glob("Actor_*/03-01-*"))
    actors = [int(path.stem.split("-")[6]) for path in files]
    folds = [next(place for place, group in enumerate(RAVDESS_GROUPS) if actor in group) for actor in actors]
    return files, [path.stem.split("-")[2] for path in files], folds


def uar(files, labels, folds):
    """Return the UAR of the pooled out-of-fold predictions."""
    rows = []
    for path in files:
        wave, _ = librosa.load(path, sr=16_000)
        mfcc = librosa.feature.mfcc(y=wave, sr=16_000, n_mfcc=40)
        rows.append(np.concatenate([mfcc.mean(axis=1), mfcc.std(axis=1)]))
    x, y, fold = np.array(rows), np.array(labels), np.array(folds)
    predicted = np.empty_like(y)
    for each in np.unique(fold):
        inside = fold == each
        pipe = make_pipeline(StandardScaler(), LogisticRegression(C=1.0, max_iter=2000))
        predicted[inside] = pipe.fit(x[~inside], y[~inside]).predict(x[inside])
    return balanced_accuracy_score(y, predicted)


CORPORA = {"emodb": emodb, "ravdess": ravdess}

if __name__ == "__main__":
    for name, read in CORPORA.items():
        print(f"{name}: {100 * uar(*read(Path(sys.argv[1]))):.2f}")  # noqa: T201
