"""The vector that the reference paper's released code feeds its network."""

from __future__ import annotations

from serbench.api import BatchedFeatureExtractor, FeatureCard
from serbench_plugins.features.spectra import MelSettings, mfcc


class PaperMfcc(BatchedFeatureExtractor):
    """MFCCs of a fixed stretch of the clip, laid end to end, frame by frame; arXiv 2507.03251, its TESS pipeline.

    Where a clip ends early the rest is 0 in every coefficient, as in the paper's tables; a clip that ends before
    the stretch begins is all 0. d = n_mfcc (1 + seconds x 22,050 // 512): 2,160 by default. (The paper cuts at the
    file's own rate and resamples the cut; here the whole clip is resampled, then cut.)

    Parameters
    ----------
    offset
        Where the stretch begins, in seconds.
    duration
        How long it is, in seconds.
    n_mfcc
        Coefficients per frame.
    """

    card = FeatureCard(
        name="paper-mfcc",
        version="1",
        summary="20 MFCCs of 108 frames from 0.6 s on, flattened, as arXiv 2507.03251 does",
        sample_rate=22_050,
        output="vector",
    )

    def __init__(self, *, offset: float = 0.6, duration: float = 2.5, n_mfcc: int = 20) -> None:
        self.offset = offset
        self.duration = duration
        self.n_mfcc = n_mfcc

    def extract_batch(self, waves, lengths):
        import torch

        settings = MelSettings(sample_rate=self.card.sample_rate)
        start = round(self.offset * self.card.sample_rate)
        size = round(self.duration * self.card.sample_rate)
        cut = waves[:, start : start + size]
        frames, counts = mfcc(cut, (lengths - start).clamp(0, size), settings, self.n_mfcc)
        full = waves.new_zeros((len(waves), 1 + size // settings.hop_length, self.n_mfcc))
        for row, clip in zip(full, torch.split(frames, counts), strict=True):
            row[: len(clip)] = clip
        return full.flatten(1), lengths


__all__ = ["PaperMfcc"]
