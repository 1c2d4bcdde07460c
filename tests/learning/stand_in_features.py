"""Features of the shapes that some models take, made cheaply and alike every time: for tests without weights.

They carry names of the real ones and know pitch and spectrum, so that what is built on them can learn.
"""

from __future__ import annotations

import numpy as np

from serbench.api import FeatureCard, FeatureExtractor

RATE, HOP = 16_000, 320
#: States of a frame by the name of the encoder.
SIZES = {"whisper-tiny.en": 384, "wide": 768}


def spectra(wave):
    """Return amplitudes (t, 513) of Hann windows of 1,024 samples every 20 ms; at least one frame."""
    padded = np.pad(wave, (512, 512))
    frames = np.lib.stride_tricks.sliding_window_view(padded, 1024)[::HOP]
    return np.abs(np.fft.rfft(frames * np.hanning(1024)))


class EncoderFrames(FeatureExtractor):
    """A spectrum, rectified behind fixed random projections: float32 (t, d)."""

    card = FeatureCard(name="encoder-frames", version="1", summary="of a test", sample_rate=RATE, output="sequence")

    def __init__(self, *, encoder: str = "whisper-tiny.en") -> None:
        self.encoder = encoder

    def extract(self, wave):
        levels = np.log(spectra(wave)[:, :200] + 1e-3)
        mixing = np.random.default_rng(0).normal(size=(200, SIZES[self.encoder])) / 200**0.5
        return np.maximum(levels @ mixing, 0).astype(np.float32)


class F0(FeatureExtractor):
    """The loudest frequency of 50 to 1,100 Hz on a mel scale of 255 steps, 0 where it is faint: float32 (t, 1)."""

    card = FeatureCard(name="f0", version="1", summary="of a test", sample_rate=RATE, output="sequence")

    def extract(self, wave):
        band = spectra(wave)[:, 4:71]
        mel = 1127 * np.log1p(np.linspace(62.5, 1093.75, 67) / 700)
        step = 1 + 254 * (mel - mel[0]) / (mel[-1] - mel[0])
        values = np.where(band.max(1) > 0.5, np.rint(step)[band.argmax(1)], 0)
        return values[:, None].astype(np.float32)


class Prosody(FeatureExtractor):
    """Statistics of pitch and level, the rest of 103 numbers 0: float32 (103,)."""

    card = FeatureCard(name="prosody", version="1", summary="of a test", sample_rate=RATE, output="vector")

    def extract(self, wave):
        pitch, level = F0().extract(wave)[:, 0], np.log(np.square(spectra(wave)).sum(1) + 1e-6)
        found = [statistic(each) for each in (pitch, level) for statistic in (np.mean, np.std, np.max, np.min)]
        return np.pad(np.array(found, np.float32), (0, 103 - len(found)))


def table(model, n=12, *, seed=0):
    """Return labelled rows of tones for a model, by the stand-ins and the built-in features it takes."""
    from serbench.plugin.registry import load_registry
    from serbench.testing.toys import toy_table

    known = load_registry(only=("builtin",))
    own = {each.card.name: each for each in (EncoderFrames, F0, Prosody)}
    extractors = {
        use.name: own[use.part](**use.arguments) if use.part in own else known.get("feature", use.part)(**use.arguments)
        for use in model.uses("features")
    }
    return toy_table("row", n, extractors, seed)


__all__ = ["F0", "EncoderFrames", "Prosody", "table"]
