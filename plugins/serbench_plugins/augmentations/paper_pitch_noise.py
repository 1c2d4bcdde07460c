"""A higher voice with noise, as the released code of arXiv 2507.03251 makes it."""

from __future__ import annotations

from serbench.api import Augmentation, AugmentationCard
from serbench_plugins.augmentations.paper_noise import PaperNoise
from serbench_plugins.augmentations.paper_pitch import PaperPitch


class PaperPitchNoise(Augmentation):
    """The pitch shifted, then noise added: a draw of its own, scaled by the shifted clip.

    Parameters
    ----------
    steps
        As of ``paper-pitch``.
    amplitude
        As of ``paper-noise``.
    """

    card = AugmentationCard(
        name="paper-pitch-noise", version="1", summary="pitch, then noise, as arXiv 2507.03251 does both"
    )

    def __init__(self, *, steps: float = 2.0, amplitude: float = 0.035) -> None:
        self.steps = steps
        self.amplitude = amplitude

    def apply(self, wave, sample_rate, rng):
        higher = PaperPitch(steps=self.steps).apply(wave, sample_rate, rng)
        return PaperNoise(amplitude=self.amplitude).apply(higher, sample_rate, rng)


__all__ = ["PaperPitchNoise"]
