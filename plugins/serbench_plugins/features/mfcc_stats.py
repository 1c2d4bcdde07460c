"""The floor of every table: how MFCCs lie, in 80 numbers."""

from __future__ import annotations

from serbench.api import FeatureCard
from serbench_plugins.features.mfcc import Mfcc


class MfccStats(Mfcc):
    """Means, then standard deviations (population), of a clip's MFCCs over time.

    The parameters are those of :class:`~serbench_plugins.features.mfcc.Mfcc`; d = 2 n_mfcc.
    """

    card = FeatureCard(
        name="mfcc-stats",
        version="1",
        summary="mean and standard deviation of 40 MFCCs over time",
        sample_rate=16_000,
        output="vector",
    )

    def extract_batch(self, waves, lengths):
        import torch

        frames, counts = self.packed(waves, lengths)
        rows = [torch.cat([clip.mean(0), clip.std(0, correction=0)]) for clip in torch.split(frames, counts)]
        return torch.stack(rows), lengths


__all__ = ["MfccStats"]
