"""The attention 1-D CNN of arXiv 2507.03251, in two forms.

Conventions
-----------
``b`` rows, ``c`` channels, ``t`` frames, ``k`` classes. Channel attention is CBAM's (Woo et al., arXiv
1807.06521) in one dimension with reduction 16; spatial attention is a convolution of kernel 7 over the mean
and the maximum of all channels. Channel comes before spatial.
"""

from __future__ import annotations

import torch  # noqa: TID253
from torch import Tensor, nn  # noqa: TID253

REDUCTION = 16
KERNEL = 7


class ChannelAttention(nn.Module):
    """Scale each channel by sigmoid(g(mean over time) + g(maximum over time)), g a perceptron both share."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.perceptron = nn.Sequential(
            nn.Linear(channels, channels // REDUCTION), nn.ReLU(), nn.Linear(channels // REDUCTION, channels)
        )
        for layer in self.perceptron:
            if isinstance(layer, nn.Linear):
                nn.init.kaiming_normal_(layer.weight)
                nn.init.zeros_(layer.bias)

    def forward(self, x: Tensor, mask: Tensor | None = None) -> Tensor:
        """Return (b, c, t), scaled; frames outside of ``mask``, bool (b, 1, t), have no part in it."""
        largest = x if mask is None else x.masked_fill(~mask, -torch.inf)
        gate = torch.sigmoid(self.perceptron(mean_over_time(x, mask)) + self.perceptron(largest.amax(dim=2)))  # (b, c)
        return x * gate[:, :, None]


class SpatialAttention(nn.Module):
    """Scale each frame by the sigmoid of a convolution over the channels' mean and maximum."""

    def __init__(self) -> None:
        super().__init__()
        self.convolution = nn.Conv1d(2, 1, KERNEL, padding="same", bias=False)

    def forward(self, x: Tensor, mask: Tensor | None = None) -> Tensor:
        """Return (b, c, t), scaled; frames outside of ``mask``, bool (b, 1, t), count as 0, as those past the end."""
        summary = torch.stack([x.mean(dim=1), x.amax(dim=1)], dim=1)  # (b, 2, t)
        if mask is not None:
            summary = summary * mask
        return x * torch.sigmoid(self.convolution(summary))  # (b, c, t) * (b, 1, t)


def attention_stages(attention: str, channels: int) -> list[nn.Module]:
    """Return the modules of ``none``, ``channel``, ``spatial`` or ``both``, in their order."""
    stages: list[nn.Module] = []
    if attention in {"channel", "both"}:
        stages.append(ChannelAttention(channels))
    if attention in {"spatial", "both"}:
        stages.append(SpatialAttention())
    return stages


def mean_over_time(x: Tensor, mask: Tensor | None) -> Tensor:
    """Return the mean (b, c) of (b, c, t) over the frames of ``mask``, bool (b, 1, t); at least one each."""
    return x.mean(dim=2) if mask is None else (x * mask).sum(dim=2) / mask.sum(dim=2)


def deviation_over_time(x: Tensor, mask: Tensor | None) -> Tensor:
    """Return the standard deviation (b, c) of (b, c, t) over the same frames; never quite 0, where its slope ends."""
    centred = x - mean_over_time(x, mask)[:, :, None]
    return (mean_over_time(centred.square(), mask) + 1e-5).sqrt()


class AttentionCnn(nn.Module):
    """Frames as time, coefficients as channels; two pooled blocks, attention, pooling over time, 64, k.

    What fills up a short clip is 0 where a convolution reads it and has no part in attention and pooling; batch norm
    takes its statistics over all frames.

    Parameters
    ----------
    pooling
        ``mean`` over time; ``mean-std``: beside it the standard deviation (statistics pooling, Snyder et al., 2018).
    """

    def __init__(
        self,
        n_coefficients: int,
        n_classes: int,
        *,
        attention: str,
        width: int,
        dropout: float,
        pooling: str = "mean",
    ) -> None:
        super().__init__()
        self.blocks = nn.ModuleList(
            nn.Sequential(
                nn.Conv1d(channels, width, KERNEL, padding="same"),
                nn.BatchNorm1d(width),
                nn.ReLU(),
                nn.MaxPool1d(2),  # (b, width, t / 2)
            )
            for channels in (n_coefficients, width)
        )
        self.dropout = nn.Dropout(dropout)
        self.attention = nn.ModuleList(attention_stages(attention, width))
        self.statistics = (mean_over_time, deviation_over_time)[: 2 if pooling == "mean-std" else 1]
        self.head = nn.Sequential(
            nn.Linear(width * len(self.statistics), 64), nn.ReLU(), nn.Dropout(dropout), nn.Linear(64, n_classes)
        )

    def forward(self, x: Tensor, lengths: Tensor | None = None) -> Tensor:
        """Return (b, k) logits of (b, t, d) features, of which int64 (b,) frames are the row's own; None: all are."""
        x, mask = x.transpose(1, 2), None
        for block in self.blocks:
            x = block(x)
            if lengths is not None:
                lengths = (lengths + 1) // 2  # a pair that begins in the clip holds sound of it
                mask = torch.arange(x.shape[2], device=x.device) < lengths[:, None, None]  # (b, 1, t)
                x = x * mask
        x = self.dropout(x)
        for stage in self.attention:
            x = stage(x, mask)
        return self.head(torch.cat([statistic(x, mask) for statistic in self.statistics], dim=1))


class PaperAttentionCnn(nn.Module):
    """The released architecture: one flat vector as a one-channel sequence, its whole map into 64 units.

    Its pooling layers have size 1 and no effect; they are left out. L2 of 1e-3 lies on the kernels of both
    convolutions and of the layer of 64.
    """

    def __init__(self, length: int, n_classes: int, *, attention: str, width: int = 256, penalty: float = 1e-3) -> None:
        super().__init__()
        self.convolutions = nn.Sequential(
            nn.Conv1d(1, width, KERNEL),
            nn.ReLU(),
            _keras_norm(width),
            nn.Conv1d(width, width, KERNEL),
            nn.ReLU(),
            _keras_norm(width),
            nn.Dropout(0.2),
            *attention_stages(attention, width),
        )
        self.dense = nn.Sequential(
            nn.Linear(width * (length - 2 * (KERNEL - 1)), 64), nn.ReLU(), _keras_norm(64), nn.Linear(64, n_classes)
        )
        self.strength = penalty

    def forward(self, x: Tensor) -> Tensor:
        """Return (b, k) logits of (b, length) features."""
        return self.dense(self.convolutions(x[:, None, :]).flatten(1))

    def penalty(self) -> Tensor:
        """Return the L2 term of the loss: strength times the sum of squares, as Keras counts it."""
        kernels = [self.convolutions[0].weight, self.convolutions[3].weight, self.dense[0].weight]
        return self.strength * sum(kernel.square().sum() for kernel in kernels)


def _keras_norm(features: int) -> nn.BatchNorm1d:
    return nn.BatchNorm1d(features, eps=1e-3, momentum=0.01)  # Keras's defaults, in torch's way of counting


__all__ = [
    "AttentionCnn",
    "ChannelAttention",
    "PaperAttentionCnn",
    "SpatialAttention",
    "deviation_over_time",
    "mean_over_time",
]
