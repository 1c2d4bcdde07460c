"""Noise under the voice, at a level that is told by the ratio of their powers."""

from __future__ import annotations

import numpy as np

from serbench.api import Augmentation, AugmentationCard

COLOURS = ("white", "pink")


class SnrNoise(Augmentation):
    """Gaussian noise at a signal-to-noise ratio that is drawn once per clip.

    The ratio is that of the powers of clip and noise, both about their means, and is met exactly; silence stays silent.

    Parameters
    ----------
    lowest, highest
        Between which the ratio is drawn, uniformly, in dB.
    colour
        ``white``: as much power at every frequency. ``pink``: 3 dB less in each octave, as rooms and machines have it.
    """

    card = AugmentationCard(name="snr-noise", version="1", summary="noise, 10 to 30 dB below the voice")

    def __init__(self, *, lowest: float = 10.0, highest: float = 30.0, colour: str = "white") -> None:
        if not -60 <= lowest <= highest <= 120:
            raise ValueError(f"ratios are {lowest} to {highest} dB, expected -60 <= lowest <= highest <= 120")
        if colour not in COLOURS:
            raise ValueError(f"colour is {colour!r}, expected one of {COLOURS}")
        self.lowest = lowest
        self.highest = highest
        self.colour = colour

    def apply(self, wave, sample_rate, rng):  # noqa: ARG002  (the rate changes nothing)
        ratio = 10 ** (rng.uniform(self.lowest, self.highest) / 10)
        noise = rng.standard_normal(len(wave))
        if self.colour == "pink":
            spectrum = np.fft.rfft(noise)
            noise = np.fft.irfft(spectrum / np.sqrt(np.maximum(1, np.arange(len(spectrum)))), n=len(wave))
        power = float(np.var(noise))
        level = np.sqrt(float(np.var(wave, dtype=np.float64)) / (ratio * power)) if power > 0 else 0.0
        return (wave + level * (noise - noise.mean())).astype(np.float32)


__all__ = ["SnrNoise"]
