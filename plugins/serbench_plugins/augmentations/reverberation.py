"""The same voice in a room."""

from __future__ import annotations

import numpy as np

from serbench.api import Augmentation, AugmentationCard

#: Sound that has fallen by 60 dB has a thousandth of its amplitude.
_DECAY = np.log(1000.0)


class Reverberation(Augmentation):
    """Convolution with the response of a room that is drawn: the sound itself, then noise that dies away exponentially.

    The model of Moorer 1979, *About this reverberation business*, Computer Music Journal 3(2):13. The clip keeps its
    length and its power.

    Parameters
    ----------
    shortest, longest
        Seconds between which the reverberation time (RT60: until the sound has fallen by 60 dB) is drawn, uniformly.
    lowest, highest
        Between which the ratio of direct to reverberant power is drawn, uniformly, in dB.
    """

    card = AugmentationCard(name="reverberation", version="1", summary="a room of 0.1 to 0.5 s reverberation time")

    def __init__(
        self, *, shortest: float = 0.1, longest: float = 0.5, lowest: float = 0.0, highest: float = 12.0
    ) -> None:
        if not 0.01 <= shortest <= longest <= 10:
            raise ValueError(f"times are {shortest} to {longest} s, expected 0.01 <= shortest <= longest <= 10")
        if not -60 <= lowest <= highest <= 60:
            raise ValueError(f"ratios are {lowest} to {highest} dB, expected -60 <= lowest <= highest <= 60")
        self.shortest = shortest
        self.longest = longest
        self.lowest = lowest
        self.highest = highest

    def apply(self, wave, sample_rate, rng):
        from scipy.signal import fftconvolve

        time = rng.uniform(self.shortest, self.longest)
        ratio = 10 ** (rng.uniform(self.lowest, self.highest) / 10)
        moments = np.arange(1, max(2, int(time * sample_rate))) / sample_rate  # (samples of the tail,)
        tail = rng.standard_normal(len(moments)) * np.exp(-_DECAY * moments / time)
        response = np.concatenate([[1.0], tail / np.sqrt(ratio * np.sum(tail**2))])
        room = fftconvolve(wave.astype(np.float64), response)[: len(wave)]
        before, after = np.mean(wave.astype(np.float64) ** 2), np.mean(room**2)
        return (room * np.sqrt(before / after) if after > 0 else room).astype(np.float32)


__all__ = ["Reverberation"]
