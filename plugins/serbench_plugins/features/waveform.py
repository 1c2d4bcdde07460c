"""The wave itself, for networks that begin there."""

from __future__ import annotations

import numpy as np

from serbench.api import FeatureCard, FeatureExtractor


class Waveform(FeatureExtractor):
    """The samples of a clip, mono at 16 kHz, float32 (samples,) in [-1, 1].

    Parameters
    ----------
    normalise
        Give each clip mean 0 and variance 1, as wav2vec 2.0 and HuBERT want it: (x - mean) / sqrt(variance + 1e-7).
        Otherwise the wave is as it was recorded; networks are given waveforms without further standardising.
    """

    card = FeatureCard(
        name="waveform",
        version="1",
        summary="the wave at 16 kHz",
        sample_rate=16_000,
        output="waveform",
    )

    def __init__(self, *, normalise: bool = False) -> None:
        self.normalise = normalise

    def extract(self, wave):
        if not self.normalise:
            return wave.copy()
        exact = wave.astype(np.float64)
        return ((exact - exact.mean()) / np.sqrt(exact.var() + 1e-7)).astype(np.float32)


__all__ = ["Waveform"]
