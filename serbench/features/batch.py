"""Waves in memory to rows of features: no file, no cache, no augmentation.

Conventions
-----------
A wave is float32 (samples,), mono, at the extractor's sample rate. One wave alone gives what it gives beside others: an
extractor that bears no padding is given waves of one length at a time.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np

from serbench.errors import PluginError
from serbench.features.extractor import BatchedFeatureExtractor, FeatureExtractor
from serbench.features.table import Floats, Kept


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
        rows = [extractor.extract(wave) for wave in waves]
    elif extractor.card.padding == "zeros":
        rows = _extract_padded(extractor, waves, device)
    else:
        rows = _extract_alike(extractor, waves, device)
    return [rounded(row, extractor.card.kept) for row in rows]


def rounded(row: Floats, kept: Kept) -> Floats:
    """Return a row as it comes back from the cache; what does not fit into half precision is infinite."""
    if kept == "float32":
        return row
    with np.errstate(over="ignore"):
        return row.astype(kept).astype(row.dtype)


def _extract_alike(extractor: BatchedFeatureExtractor, waves: Sequence[Floats], device: str) -> list[Floats]:
    """Return a row of each wave, whose batches hold waves of one length alone."""
    rows: dict[int, Floats] = {}
    for places in _of_one_length(waves):
        made = _extract_padded(extractor, [waves[place] for place in places], device)
        rows |= zip(places, made, strict=True)
    return [rows[place] for place in range(len(waves))]


def _of_one_length(waves: Sequence[Floats]) -> Iterable[list[int]]:
    """Return the places of the waves of each length."""
    places: dict[int, list[int]] = {}
    for place, wave in enumerate(waves):
        places.setdefault(len(wave), []).append(place)
    return places.values()


def _extract_padded(extractor: BatchedFeatureExtractor, waves: Sequence[Floats], device: str) -> list[Floats]:
    """Return a row of each wave from one call; waves that are shorter than the longest are followed by zeros."""
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


__all__ = ["extract_waves", "rounded"]
