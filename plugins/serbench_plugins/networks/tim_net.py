"""The temporal-aware bi-directional multi-scale network of arXiv 2211.08233 (TIM-Net).

Conventions
-----------
``b`` rows, ``c`` channels, ``t`` frames, ``k`` classes. A causal convolution sees the frame and what came before it:
what fills up the end of a clip never reaches a frame of its own.
"""

from __future__ import annotations

import torch  # noqa: TID253
from torch import Tensor, nn  # noqa: TID253

from serbench_plugins.networks.attention_cnn import mean_over_time
from serbench_plugins.networks.own_frames import own_mask

KERNEL = 2


def backwards(x: Tensor, lengths: Tensor | None) -> Tensor:
    """Return (b, c, t) with each row's own frames, int64 (b,) of them, in reverse; what fills it up stays behind."""
    if lengths is None:
        return x.flip(2)
    frames = torch.arange(x.shape[2], device=x.device)
    places = (lengths[:, None] - 1 - frames) % x.shape[2]  # (b, t)
    return x.gather(2, places[:, None].expand_as(x))


class TemporalBlock(nn.Module):
    """Two dilated causal convolutions, whose sigmoid gates what came in."""

    def __init__(self, channels: int, dilation: int, dropout: float) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        for _ in range(2):
            layers += [
                nn.ConstantPad1d(((KERNEL - 1) * dilation, 0), 0.0),
                nn.Conv1d(channels, channels, KERNEL, dilation=dilation),
                nn.BatchNorm1d(channels),
                nn.ReLU(),
                nn.Dropout1d(dropout),  # whole channels
            ]
        self.layers = nn.Sequential(*layers)

    def forward(self, x: Tensor) -> Tensor:
        """Return (b, c, t), each value times a gate in [0.5, 1)."""
        return x * torch.sigmoid(self.layers(x))


class TimNetwork(nn.Module):
    """A stream of blocks forward and one backward in time; the mean over time of each level, weighed, is classified.

    Block i has dilation 2^i. A level is the sum of both streams after a block. Batch norm takes its statistics over all
    frames, those that fill up a clip among them.
    """

    def __init__(self, n_coefficients: int, n_classes: int, *, width: int, levels: int, dropout: float) -> None:
        super().__init__()
        self.into = nn.ModuleList(nn.Conv1d(n_coefficients, width, 1) for _ in range(2))
        self.streams = nn.ModuleList(
            nn.ModuleList(TemporalBlock(width, 2**level, dropout) for level in range(levels)) for _ in range(2)
        )
        self.weights = nn.Parameter(torch.full((levels,), 1 / levels))
        self.last = nn.Linear(width, n_classes)

    def forward(self, x: Tensor, lengths: Tensor | None = None) -> Tensor:
        """Return (b, k) logits of (b, t, d) features, of which int64 (b,) frames are the row's own; None: all are."""
        x, mask = x.transpose(1, 2), None
        if lengths is not None:
            mask = own_mask(lengths, x.shape[2])[:, None]  # (b, 1, t)
        levels = []
        for given, into, stream in zip((x, backwards(x, lengths)), self.into, self.streams, strict=True):
            frames, means = into(given), []
            for block in stream:
                frames = block(frames)
                means.append(mean_over_time(frames, mask))  # the same in either direction of time
            levels.append(torch.stack(means, dim=2))  # (b, c, levels)
        return self.last((levels[0] + levels[1]) @ self.weights)


__all__ = ["TemporalBlock", "TimNetwork", "backwards"]
