"""Six convolutions with efficient channel attention, after arXiv 2409.04007.

Conventions
-----------
``b`` rows, ``c`` channels, ``t`` frames, ``d`` bands, ``k`` classes. Images are (b, c, t, d).
"""

from __future__ import annotations

import math

import torch  # noqa: TID253
from torch import Tensor, nn  # noqa: TID253

from serbench_plugins.networks.own_frames import keep_own, mean_of_own

#: Filters of the layers, in multiples of the first one's; the layers that are pooled by 2 x 2.
FILTERS = (1, 1, 2, 2, 4, 4)
POOLED = (0, 1, 2, 3)
#: The layers that attention follows.
PLACES = {"none": (), "shallow": (0, 1), "deep": (4, 5), "all": tuple(range(6))}


def kernel_of(channels: int) -> int:
    """Return the odd number nearest above log2(c) / 2 + 1/2, cut to a whole number (Wang et al., arXiv 1910.03151).

    >>> [kernel_of(channels) for channels in (64, 128, 256)]
    [3, 5, 5]
    """
    return int(math.log2(channels) / 2 + 0.5) | 1


class EfficientChannelAttention(nn.Module):
    """Scale each channel by the sigmoid of a convolution over the means of neighbouring channels (ECA)."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.convolution = nn.Conv1d(1, 1, kernel_of(channels), padding="same", bias=False)

    def forward(self, x: Tensor, lengths: Tensor | None = None) -> Tensor:
        """Return (b, c, t, d), scaled; the means are over the rows' own frames, int64 (b,) of them."""
        gate = torch.sigmoid(self.convolution(mean_of_own(x, lengths)[:, None]))  # (b, 1, c)
        return x * gate.transpose(1, 2)[..., None]


class EcaCnn(nn.Module):
    """Six layers of a 3 x 3 convolution, batch norm and ReLU, the first four pooled; the mean of the map, k.

    What fills up a short clip is 0 where a convolution reads it and has no part in attention and mean; batch norm takes
    its statistics over all frames.
    """

    def __init__(self, n_classes: int, *, attention: str, width: int, dropout: float) -> None:
        super().__init__()
        self.layers, self.attention, channels = nn.ModuleList(), nn.ModuleDict(), 1
        for number, times in enumerate(FILTERS):
            filters = width * times
            layer = [nn.Conv2d(channels, filters, 3, padding="same", bias=False), nn.BatchNorm2d(filters), nn.ReLU()]
            self.layers.append(nn.Sequential(*layer, *([nn.MaxPool2d(2)] if number in POOLED else [])))
            if number in PLACES[attention]:
                self.attention[str(number)] = EfficientChannelAttention(filters)
            channels = filters
        self.last = nn.Sequential(nn.Dropout(dropout), nn.Linear(channels, n_classes))

    def forward(self, x: Tensor, lengths: Tensor | None = None) -> Tensor:
        """Return (b, k) logits of (b, t, d) features, of which int64 (b,) frames are the row's own; None: all are."""
        x = x[:, None]  # (b, 1, t, d)
        for number, layer in enumerate(self.layers):
            x, lengths = keep_own(layer(x), lengths, 2 if number in POOLED else 1)
            if str(number) in self.attention:
                x = self.attention[str(number)](x, lengths)
        return self.last(mean_of_own(x, lengths))


__all__ = ["PLACES", "EcaCnn", "EfficientChannelAttention", "kernel_of"]
