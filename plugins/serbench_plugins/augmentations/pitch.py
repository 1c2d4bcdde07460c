"""The same words in a higher or lower voice."""

from __future__ import annotations

import numpy as np

from serbench.api import Augmentation, AugmentationCard

#: librosa's phase vocoder works on windows of this many samples.
_WINDOW = 2048


class Pitch(Augmentation):
    """Pitch shift without a change of tempo: always by the same step, up by default (arXiv 2507.03251).

    Parameters
    ----------
    steps
        Semitones; negative for down.
    """

    card = AugmentationCard(name="pitch", version="1", summary="pitch shifted up by two semitones")

    def __init__(self, *, steps: float = 2.0) -> None:
        self.steps = steps

    def apply(self, wave, sample_rate, rng):  # noqa: ARG002  (nothing is drawn)
        import librosa

        longer = np.pad(wave, (0, max(0, _WINDOW - len(wave))))  # librosa wants at least one window
        return librosa.effects.pitch_shift(longer, sr=sample_rate, n_steps=self.steps)[: len(wave)]


__all__ = ["Pitch"]
