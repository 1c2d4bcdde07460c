"""White noise, as the released code of arXiv 2507.03251 adds it."""

from __future__ import annotations

import numpy as np

from serbench.api import Augmentation, AugmentationCard


class PaperNoise(Augmentation):
    """Gaussian noise, its level drawn once per clip: ``amplitude`` × U(0, 1) × the clip's largest sample.

    The largest, not the largest in absolute value; and of the whole clip, of which the released code knows a cut of
    2.5 s only.

    Parameters
    ----------
    amplitude
        Standard deviation of the noise at its loudest, as a share of the largest sample.
    """

    card = AugmentationCard(name="paper-noise", version="1", summary="noise, as arXiv 2507.03251 adds it")

    def __init__(self, *, amplitude: float = 0.035) -> None:
        self.amplitude = amplitude

    def apply(self, wave, sample_rate, rng):  # noqa: ARG002  (the rate changes nothing)
        level = np.float32(self.amplitude * rng.uniform() * float(wave.max(initial=0.0)))
        return wave + level * rng.standard_normal(len(wave), dtype=np.float32)


__all__ = ["PaperNoise"]
