"""Small tables with a known answer, for tests of models."""

from __future__ import annotations

import numpy as np

from serbench.features.table import Column, FeatureTable

LABELS = ("angry", "calm", "sad")


def sequence_table(n: int = 48, *, seed: int = 0, d: int = 5, longest: int = 40, labelled: bool = True) -> FeatureTable:
    """Rows whose class is the coefficient that is raised; lengths from 1 frame up."""
    rng = np.random.default_rng(seed)
    codes = np.arange(n) % len(LABELS)
    rows = []
    for code in codes:
        row = rng.normal(size=(int(rng.integers(1, longest + 1)), d)).astype(np.float32)
        row[:, code] += 2.0
        rows.append(row)
    return FeatureTable(
        tuple(f"row-{i}" for i in range(n)),
        {"mfcc": Column.stack("sequence", rows)},
        LABELS,
        np.array(LABELS)[codes] if labelled else None,
    )


def vector_table(n: int = 48, *, seed: int = 0, d: int = 6) -> FeatureTable:
    """Rows whose class is the coefficient that is raised."""
    rng = np.random.default_rng(seed)
    codes = np.arange(n) % len(LABELS)
    x = rng.normal(size=(n, d)).astype(np.float32)
    x[np.arange(n), codes] += 3.0
    return FeatureTable(
        tuple(f"row-{i}" for i in range(n)), {"mfcc-stats": Column("vector", x)}, LABELS, np.array(LABELS)[codes]
    )
