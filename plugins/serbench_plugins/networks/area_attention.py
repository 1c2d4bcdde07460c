"""The area attention CNN of arXiv 2102.01813.

Conventions
-----------
``b`` rows, ``c`` channels, ``d`` bands, ``t`` frames, ``k`` classes, ``a`` areas. Images are (b, c, d, t). An *area* is
a block of neighbouring places of a map, its key the mean (or the maximum) of theirs, its value their sum (or mean, or
maximum); every place of the map attends to all areas (Li et al., arXiv 1810.10126).
"""

from __future__ import annotations

import torch  # noqa: TID253
from torch import Tensor, nn  # noqa: TID253
from torch.nn import functional  # noqa: TID253

from serbench_plugins.networks.own_frames import own_mask

#: Of the four layers behind the first: filters, and whether their map is halved.
LAYERS = ((32, True), (48, True), (64, False), (80, False))


def areas(x: Tensor, height: int, width: int, what: str) -> Tensor:
    """Return (b, c, a): the ``mean``, ``sum`` or ``max`` over all areas of up to ``height`` x ``width`` places.

    An average over every window of one size, moved by single places, is what a table of sums gives.
    """
    found = []
    for tall in range(1, height + 1):
        for wide in range(1, width + 1):
            pool = functional.max_pool2d if what == "max" else functional.avg_pool2d
            values = pool(x, (tall, wide), stride=1).flatten(2)
            found.append(values * (tall * wide) if what == "sum" else values)
    return torch.cat(found, dim=2)


class AreaAttention(nn.Module):
    """Softmax attention without projections and without a scale: queries, keys and values are the map itself.

    Parameters
    ----------
    height, width
        Of the largest area. Height 1: every band attends to the areas of its own row of the map.
    dropout
        Share of the weights that are dropped in training.
    """

    def __init__(self, height: int, width: int, *, key: str, value: str, dropout: float) -> None:
        super().__init__()
        self.height, self.width, self.key, self.value = height, width, key, value
        self.dropout = nn.Dropout(dropout)

    def forward(self, x: Tensor, mask: Tensor | None = None) -> Tensor:
        """Return (b, c, d, t); areas that hold a frame outside of ``mask``, bool (b, t), are not attended to."""
        b, c, d, t = x.shape
        own = None if mask is None else mask.to(x.dtype)[:, None, None, :].expand(b, 1, d, t)
        if self.height == 1:  # each row of the map for itself
            x = x.transpose(1, 2).reshape(b * d, c, 1, t)
            own = None if own is None else own.transpose(1, 2).reshape(b * d, 1, 1, t)
        keys, values = (areas(x, self.height, self.width, what) for what in (self.key, self.value))  # (., c, a)
        logits = x.flatten(2).transpose(1, 2) @ keys  # (., places, a)
        if own is not None:
            whole = areas(own, self.height, self.width, "mean") > 1 - 1e-3  # (., 1, a)
            logits = logits.masked_fill(~whole, -torch.inf)
        found = self.dropout(logits.softmax(dim=2)) @ values.transpose(1, 2)  # (., places, c)
        if self.height == 1:
            return found.reshape(b, d, t, c).permute(0, 3, 1, 2)
        return found.transpose(1, 2).reshape(b, c, d, t)


class AreaAttentionCnn(nn.Module):
    """Two convolutions side by side, four in a row, area attention over their map, and all of it to k.

    What fills up a short clip is 0 where a layer reads it and in the map that is classified, and is not attended to;
    batch norm takes its statistics over all frames.
    """

    def __init__(self, frames: int, bands: int, n_classes: int, *, attention: AreaAttention, width: int = 16) -> None:
        super().__init__()
        # an even kernel reaches one place further behind than before, as TensorFlow's "same"
        self.tall = _layer(1, width, (10, 2), (0, 1, 4, 5))  # across bands
        self.long = _layer(1, width, (2, 8), (3, 4, 0, 1))  # along time
        self.layers, channels = nn.ModuleList(), width
        for published, halved in LAYERS:
            layer = _layer(channels, published * width // 16, (3, 3), (1, 1, 1, 1))
            self.layers.append(nn.Sequential(layer, *([nn.MaxPool2d(2)] if halved else [])))
            channels = published * width // 16
        self.attention = attention
        self.last = nn.Linear(channels * (2 * bands // 4) * (frames // 2 // 2), n_classes)

    def forward(self, x: Tensor, lengths: Tensor | None = None) -> Tensor:
        """Return (b, k) logits of (b, t, d) features, of which int64 (b,) frames are the row's own; None: all are."""
        x, mask = x.transpose(1, 2)[:, None], None  # (b, 1, d, t)
        x = torch.cat([self.tall(x), self.long(x)], dim=2)  # bands above bands (b, c, 2 d, t)
        if lengths is not None:
            x = x * own_mask(lengths, x.shape[3])[:, None, None]
        for layer, (_, halved) in zip(self.layers, LAYERS, strict=True):
            x = layer(x)
            if lengths is not None:
                lengths = (lengths // 2).clamp(min=1) if halved else lengths
                mask = own_mask(lengths, x.shape[3])
                x = x * mask[:, None, None]
        x = self.attention(x, mask)
        return self.last((x if mask is None else x * mask[:, None, None]).flatten(1))


def _layer(channels: int, filters: int, kernel: tuple[int, int], around: tuple[int, int, int, int]) -> nn.Sequential:
    """Return a convolution that keeps the size, with batch norm and ReLU."""
    convolution = nn.Conv2d(channels, filters, kernel)
    return nn.Sequential(nn.ZeroPad2d(around), convolution, nn.BatchNorm2d(filters), nn.ReLU())


__all__ = ["AreaAttention", "AreaAttentionCnn", "areas"]
