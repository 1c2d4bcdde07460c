"""The log-mel spectrum that Whisper hears, of the clip alone."""

from __future__ import annotations

import functools

import numpy as np

from serbench.api import FeatureCard, FeatureExtractor

RATE, HOP, LONGEST = 16_000, 160, 30


class WhisperLogMel(FeatureExtractor):
    """Frames of 25 ms every 10 ms, a sequence (t, bands), as Whisper's own front end has them (arXiv 2212.04356, 2.2).

    The logarithm of base 10, cut off 8 below the clip's highest value, plus 4, over 4. A clip of n samples has n // 160
    frames, an even number and two at least; of one over 30 s the first 30 s are heard.

    Parameters
    ----------
    bands
        80, or 128 as large-v3 wants them.
    """

    card = FeatureCard(
        name="whisper-log-mel",
        version="1",
        summary="log-mel spectrum as Whisper hears it",
        sample_rate=RATE,
        output="sequence",
        requires=("transformers",),
    )

    def __init__(self, *, bands: int = 80) -> None:
        if bands not in (80, 128):
            raise ValueError(f"bands is {bands!r}, expected 80 or 128")
        self.bands = bands

    def extract(self, wave):
        heard = wave[: LONGEST * RATE]
        frames = max(len(heard) // HOP // 2 * 2, 2)
        heard = np.pad(heard, (0, max(0, frames * HOP - len(heard))))
        mel = _front(self.bands)(heard, sampling_rate=RATE, padding="do_not_pad", return_tensors="np").input_features
        return np.ascontiguousarray(mel[0, :, :frames].T)  # (t, bands)


@functools.cache
def _front(bands):
    """Return Whisper's front end; it keeps its filters and nothing of what it has heard."""
    from transformers import WhisperFeatureExtractor

    return WhisperFeatureExtractor(feature_size=bands)


__all__ = ["WhisperLogMel"]
