"""The pitch over time, as a code for each frame."""

from __future__ import annotations

import numpy as np

from serbench.api import FeatureCard, FeatureExtractor
from serbench_plugins.features.contour import pitch_contour

#: Codes of voiced frames; 0 is unvoiced.
CODES = 255


class F0(FeatureExtractor):
    """The pitch every 20 ms in 255 steps of the mel scale, float32 (t, 1), whole numbers; arXiv 2506.02088.

    m = 1127 ln(1 + f / 700) is laid out from 1 (at ``fmin``) to 255 (at ``fmax``) and rounded; 0 is unvoiced. As
    published but for the tracker: pYIN in place of RMVPE, which is a network. The codes are for an embedding of 256
    rows or more: where numbers are standardised, a network has to undo that.

    Parameters
    ----------
    fmin, fmax
        The lowest and the highest pitch in Hz; 50 and 1,100 as published.
    hop_length
        In samples; 320 as published.
    resolution
        Of the tracker, in semitones; a step of the code is half of one at 100 Hz.
    """

    card = FeatureCard(
        name="f0",
        version="1",
        summary="pitch every 20 ms in 255 steps of the mel scale, 0 where unvoiced",
        sample_rate=16_000,
        output="sequence",
    )

    def __init__(
        self, *, fmin: float = 50.0, fmax: float = 1_100.0, hop_length: int = 320, resolution: float = 0.2
    ) -> None:
        self.fmin = fmin
        self.fmax = fmax
        self.hop_length = hop_length
        self.resolution = resolution

    def extract(self, wave):
        pitch = pitch_contour(wave, self.card.sample_rate, **self.params)
        return codes_of(pitch, self.fmin, self.fmax)[:, None]


def codes_of(pitch, fmin: float, fmax: float):
    """Return the code of each pitch in Hz, float32 (t,): 1 at ``fmin`` to 255 at ``fmax``, 0 for 0."""
    low, high, here = (1127 * np.log1p(np.asarray(each) / 700) for each in (fmin, fmax, pitch))
    steps = np.clip(np.rint(1 + (CODES - 1) * (here - low) / (high - low)), 1, CODES)
    return np.where(pitch > 0, steps, 0).astype(np.float32)


__all__ = ["CODES", "F0", "codes_of"]
