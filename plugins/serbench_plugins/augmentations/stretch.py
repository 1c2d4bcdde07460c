"""The same voice in another tempo."""

from __future__ import annotations

import numpy as np

from serbench.api import Augmentation, AugmentationCard

#: librosa's phase vocoder works on windows of this many samples.
_WINDOW = 2048


class Stretch(Augmentation):
    """Another tempo without a change of pitch, by a phase vocoder: the clip lasts 1/rate of its time.

    Flanagan and Golden 1966, *Phase vocoder*, Bell System Technical Journal 45:1493; as an augmentation Salamon and
    Bello 2017, *IEEE Signal Processing Letters* 24:279, whose rates are 0.81 to 1.23.

    Parameters
    ----------
    lowest, highest
        Between which the rate is drawn, uniformly; above 1 is faster.
    """

    card = AugmentationCard(name="stretch", version="1", summary="0.8 to 1.25 times the tempo, at the same pitch")

    def __init__(self, *, lowest: float = 0.8, highest: float = 1.25) -> None:
        if not 0.5 <= lowest <= highest <= 2:
            raise ValueError(f"rates are {lowest} to {highest}, expected 0.5 <= lowest <= highest <= 2")
        self.lowest = lowest
        self.highest = highest

    def apply(self, wave, sample_rate, rng):  # noqa: ARG002  (the rate changes nothing)
        import librosa

        rate = rng.uniform(self.lowest, self.highest)
        longer = np.pad(wave, (0, max(0, _WINDOW - len(wave))))  # librosa wants at least one window
        return librosa.effects.time_stretch(longer, rate=rate)[: max(1, round(len(wave) / rate))]


__all__ = ["Stretch"]
