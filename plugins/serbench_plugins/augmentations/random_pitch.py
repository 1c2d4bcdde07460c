"""The same words in a higher or lower voice, by a step that is drawn."""

from __future__ import annotations

from serbench.api import Augmentation, AugmentationCard
from serbench_plugins.augmentations.pitch import Pitch


class RandomPitch(Augmentation):
    """Pitch shift without a change of tempo, its step drawn once per clip; ``pitch`` always takes the same one.

    Parameters
    ----------
    lowest, highest
        Semitones between which the step is drawn, uniformly; negative for down.
    """

    card = AugmentationCard(name="random-pitch", version="1", summary="pitch shifted by -2 to 2 semitones")

    def __init__(self, *, lowest: float = -2.0, highest: float = 2.0) -> None:
        if not -24 <= lowest <= highest <= 24:
            raise ValueError(f"steps are {lowest} to {highest}, expected -24 <= lowest <= highest <= 24")
        self.lowest = lowest
        self.highest = highest

    def apply(self, wave, sample_rate, rng):
        return Pitch(steps=rng.uniform(self.lowest, self.highest)).apply(wave, sample_rate, rng)


__all__ = ["RandomPitch"]
