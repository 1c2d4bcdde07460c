"""A higher voice, as the released code of arXiv 2507.03251 makes it."""

from __future__ import annotations

from serbench.api import Augmentation, AugmentationCard
from serbench_plugins.augmentations.pitch import Pitch


class PaperPitch(Augmentation):
    """Pitch shift without a change of tempo, always by the same step.

    Parameters
    ----------
    steps
        Semitones: 2.0 in the later notebooks, 0.7 in the one for TESS.
    """

    card = AugmentationCard(name="paper-pitch", version="1", summary="pitch, as arXiv 2507.03251 shifts it")

    def __init__(self, *, steps: float = 2.0) -> None:
        self.steps = steps

    def apply(self, wave, sample_rate, rng):
        return Pitch(steps=self.steps).apply(wave, sample_rate, rng)


__all__ = ["PaperPitch"]
