"""The same words of a longer or shorter vocal tract."""

from __future__ import annotations

import numpy as np

from serbench.api import Augmentation, AugmentationCard

#: Seconds of a window, rounded up to a power of two of samples, and how many hops it has.
_WINDOW_SECONDS, _HOPS = 0.05, 4
#: The share of the band up to which the axis is warped evenly, where the sample rate is low.
_EVEN_SHARE = 0.6


class Vtlp(Augmentation):
    """Vocal tract length perturbation: the frequency axis stretched by a factor, tempo kept.

    Jaitly and Hinton 2013, *Vocal tract length perturbation (VTLP) improves speech recognition*, ICML workshop on deep
    learning for audio, speech and language. They warp the axis of filter banks; here that of the short-time spectrum is
    warped, each bin's phase advancing by the frequency that it has come to, and a wave is made of it again.
    Up to ``boundary`` a frequency f becomes factor x f; from there the rest is fitted in below half the sample rate.
    The clip keeps its power.

    Parameters
    ----------
    lowest, highest
        Between which the factor is drawn, uniformly.
    boundary
        Hz; 0.6 of half the sample rate at most is taken.
    """

    card = AugmentationCard(name="vtlp", version="1", summary="frequency axis warped by 0.9 to 1.1 (VTLP)")

    def __init__(self, *, lowest: float = 0.9, highest: float = 1.1, boundary: float = 4800.0) -> None:
        if not 0.5 <= lowest <= highest <= 1.5:
            raise ValueError(f"factors are {lowest} to {highest}, expected 0.5 <= lowest <= highest <= 1.5")
        if boundary <= 0:
            raise ValueError(f"boundary is {boundary} Hz, expected more than 0")
        self.lowest = lowest
        self.highest = highest
        self.boundary = boundary

    def apply(self, wave, sample_rate, rng):
        import librosa

        factor = rng.uniform(self.lowest, self.highest)
        window = 1 << int(np.ceil(np.log2(_WINDOW_SECONDS * sample_rate)))
        hop = window // _HOPS
        longer = np.pad(wave, (0, max(0, window - len(wave))))
        spectrum = librosa.stft(longer, n_fft=window, hop_length=hop)  # (bins, t)
        bins = np.arange(len(spectrum))
        source = self.unwarped(bins * sample_rate / window, factor, sample_rate) * window / sample_rate
        near = np.rint(source).astype(int)
        below = np.minimum(np.floor(source).astype(int), len(bins) - 2)
        share = (source - below)[:, None]
        size = np.abs(spectrum)
        size = (1 - share) * size[below] + share * size[below + 1]
        phase = np.angle(spectrum).astype(np.float64)
        expected = 2 * np.pi * hop / window * bins[:, None]
        advance = np.diff(phase, axis=1) - expected
        advance -= 2 * np.pi * np.rint(advance / (2 * np.pi))
        ratio = np.divide(bins, source, out=np.ones(len(bins)), where=source > 0)[:, None]
        # phases are taken in the middle of a window, where neighbouring bins of one tone agree
        begun = phase[near, :1] + np.pi * (near - bins)[:, None]
        steps = np.concatenate([begun, (expected + advance)[near] * ratio], axis=1)
        warped = (size * np.exp(1j * np.cumsum(steps, axis=1))).astype(np.complex64)
        child = librosa.istft(warped, hop_length=hop, n_fft=window, length=len(longer))[: len(wave)]
        before, after = np.mean(wave.astype(np.float64) ** 2), np.mean(child.astype(np.float64) ** 2)
        return child * np.float32(np.sqrt(before / after) if after > 0 else 1)

    def unwarped(self, frequencies, factor, sample_rate):
        """Return from which frequencies (Hz) these came, by the inverse of the warp."""
        top = sample_rate / 2
        reached = min(self.boundary, _EVEN_SHARE * top) * min(factor, 1)  # where the even part ends, after the warp
        rest = top - (top - frequencies) * (top - reached / factor) / (top - reached)
        return np.clip(np.where(frequencies <= reached, frequencies / factor, rest), 0, top)


__all__ = ["Vtlp"]
