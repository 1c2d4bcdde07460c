"""Waves in memory to rows of features: no file, no cache, no augmentation.

Conventions
-----------
A wave is float32 (samples,), mono, at the extractor's sample rate. One wave alone gives what it gives beside others.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from serbench.errors import PluginError
from serbench.features.extractor import BatchedFeatureExtractor, FeatureExtractor
from serbench.features.table import Floats


def extract_waves(extractor: FeatureExtractor, waves: Sequence[Floats], device: str) -> list[Floats]:
    """Return a row of the extractor's output for each wave.

    Parameters
    ----------
    extractor
        Any; one without ``extract_batch`` gets one wave at a time, on the CPU.
    waves
        At least one.
    device
        A torch device for ``extract_batch``.

    Raises
    ------
    PluginError
        When there are more or fewer rows than waves.
    """
    if not isinstance(extractor, BatchedFeatureExtractor):
        return [extractor.extract(wave) for wave in waves]
    import torch

    padded = np.zeros((len(waves), max(len(wave) for wave in waves)), np.float32)
    for row, wave in zip(padded, waves, strict=True):
        row[: len(wave)] = wave
    sizes = torch.tensor([len(wave) for wave in waves])
    with torch.inference_mode():
        values, lengths = extractor.extract_batch(torch.from_numpy(padded).to(device), sizes.to(device))
        rows, counts = values.cpu().numpy(), lengths.tolist()
    if len(rows) != len(waves) or len(counts) != len(waves):
        raise PluginError(f"{extractor.identity.label} returned {len(rows)} rows for {len(waves)} clips")
    if extractor.card.output in ("vector", "image"):
        return [row.copy() for row in rows]
    return [row[:count].copy() for row, count in zip(rows, counts, strict=True)]


__all__ = ["extract_waves"]
