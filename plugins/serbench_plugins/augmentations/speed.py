"""The same voice, faster or slower: tempo and pitch change together, as of a tape."""

from __future__ import annotations

from serbench.api import Augmentation, AugmentationCard


class Speed(Augmentation):
    """The clip resampled, so that it lasts 1/rate of its time and every frequency is rate times as high.

    Ko et al. 2015, *Audio augmentation for speech recognition*, Interspeech, 3586; they take rates of 0.9 and 1.1, here
    the rate is drawn between them, in steps of 0.001.

    Parameters
    ----------
    lowest, highest
        Between which the rate is drawn, uniformly; 1 leaves the clip as it is.
    """

    card = AugmentationCard(name="speed", version="1", summary="resampled to 0.9 to 1.1 times the speed")

    def __init__(self, *, lowest: float = 0.9, highest: float = 1.1) -> None:
        if not 0.5 <= lowest <= highest <= 2:
            raise ValueError(f"rates are {lowest} to {highest}, expected 0.5 <= lowest <= highest <= 2")
        self.lowest = lowest
        self.highest = highest

    def apply(self, wave, sample_rate, rng):
        import librosa

        rate = round(rng.uniform(self.lowest, self.highest), 3)
        return librosa.resample(wave, orig_sr=1000 * sample_rate * rate, target_sr=1000 * sample_rate)


__all__ = ["Speed"]
