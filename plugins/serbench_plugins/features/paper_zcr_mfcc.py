"""The vector that the reference paper's released code feeds its network on EMO-DB and EMOVO."""

from __future__ import annotations

from serbench.api import BatchedFeatureExtractor, FeatureCard
from serbench_plugins.features.paper_mfcc import PaperMfcc

#: librosa's defaults, of which the released code changes none.
_FRAME, _HOP = 2048, 512
#: Samples that are no further from 0 count as 0.
_SILENT = 1e-10


class PaperZcrMfcc(BatchedFeatureExtractor):
    """Zero-crossing rates of all frames, then the MFCCs of ``paper-mfcc``; arXiv 2507.03251, EMO-DB and EMOVO.

    A rate is the share of a frame's 2,048 samples whose sign is not that of the sample before; the clip's first and
    last sample are repeated before and behind it. Where a clip ends early the rest is 0. d = (1 + n_mfcc) frames: 2,268
    by default.

    Parameters
    ----------
    offset, duration, n_mfcc
        As of ``paper-mfcc``.
    """

    card = FeatureCard(
        name="paper-zcr-mfcc",
        version="1",
        summary="108 zero-crossing rates and 20 MFCCs of as many frames, as arXiv 2507.03251 has them",
        sample_rate=22_050,
        output="vector",
    )

    def __init__(self, *, offset: float = 0.6, duration: float = 2.5, n_mfcc: int = 20) -> None:
        self.offset = offset
        self.duration = duration
        self.n_mfcc = n_mfcc

    def extract_batch(self, waves, lengths):
        import torch

        coefficients, _ = PaperMfcc(**self.params).extract_batch(waves, lengths)
        start, size = (round(seconds * self.card.sample_rate) for seconds in (self.offset, self.duration))
        rates = waves.new_zeros((len(waves), 1 + size // _HOP))
        for row, wave, length in zip(rates, waves, lengths.tolist(), strict=True):
            cut = wave[start : min(length, start + size)]
            if len(cut):
                found = _rates(cut)
                row[: len(found)] = found
        return torch.cat([rates, coefficients], dim=1), lengths


def _rates(wave):
    """Return the rate of every frame, float32 (t,), of a wave (n,)."""
    import torch

    padded = torch.nn.functional.pad(wave[None], (_FRAME // 2, _FRAME // 2), mode="replicate")[0]
    is_negative = padded < -_SILENT
    crossings = (is_negative[1:] != is_negative[:-1]).float()  # between neighbours, so one fewer in each frame
    return crossings.unfold(0, _FRAME - 1, _HOP).sum(dim=1) / _FRAME


__all__ = ["PaperZcrMfcc"]
