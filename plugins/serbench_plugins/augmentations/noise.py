"""White noise under the voice."""

from __future__ import annotations

import numpy as np

from serbench.api import Augmentation, AugmentationCard


class Noise(Augmentation):
    """Gaussian noise, its level drawn once per clip: ``amplitude`` × U(0, 1) × the clip's peak (arXiv 2507.03251).

    Parameters
    ----------
    amplitude
        Standard deviation of the noise at its loudest, as a share of the clip's peak.
    """

    card = AugmentationCard(name="noise", version="1", summary="Gaussian noise of up to 3.5 % of the clip's peak")

    def __init__(self, *, amplitude: float = 0.035) -> None:
        self.amplitude = amplitude

    def apply(self, wave, sample_rate, rng):  # noqa: ARG002  (the rate changes nothing)
        level = self.amplitude * rng.uniform() * float(np.abs(wave).max(initial=0.0))
        return wave + np.float32(level) * rng.standard_normal(len(wave), dtype=np.float32)


__all__ = ["Noise"]
