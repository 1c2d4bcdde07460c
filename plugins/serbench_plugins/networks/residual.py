"""A residual network over spectra with statistics pooling, as speaker recognition has it (after arXiv 2108.02510).

Conventions
-----------
``b`` rows, ``c`` channels, ``t`` frames, ``d`` bands, ``k`` classes. Images are (b, c, t, d).
"""

from __future__ import annotations

import torch  # noqa: TID253
from torch import Tensor, nn  # noqa: TID253

from serbench_plugins.networks.attention_cnn import deviation_over_time, mean_over_time
from serbench_plugins.networks.own_frames import keep_own, own_mask

#: Blocks per stage by depth (He et al., arXiv 1512.03385).
BLOCKS = {10: (1, 1, 1, 1), 18: (2, 2, 2, 2), 34: (3, 4, 6, 3)}


class Block(nn.Module):
    """Two 3 x 3 convolutions, and what came in added to them; the first may halve the map."""

    def __init__(self, channels: int, filters: int, stride: int) -> None:
        super().__init__()
        self.stride = stride
        self.first = nn.Sequential(
            nn.Conv2d(channels, filters, 3, stride, padding=1, bias=False), nn.BatchNorm2d(filters), nn.ReLU()
        )
        self.second = nn.Sequential(nn.Conv2d(filters, filters, 3, padding=1, bias=False), nn.BatchNorm2d(filters))
        self.shortcut: nn.Module = nn.Identity()
        if stride > 1 or channels != filters:
            self.shortcut = nn.Sequential(nn.Conv2d(channels, filters, 1, stride, bias=False), nn.BatchNorm2d(filters))

    def forward(self, x: Tensor, lengths: Tensor | None) -> tuple[Tensor, Tensor | None]:
        """Return images and the rows' own frames, int64 (b,); None: all are. What is not their own is 0."""
        if lengths is not None:
            lengths = (lengths + self.stride - 1) // self.stride
        inside, _ = keep_own(self.first(x), lengths)
        return keep_own((self.second(inside) + self.shortcut(x)).relu(), lengths)


class StatisticsResNet(nn.Module):
    """Four stages of residual blocks, mean and deviation over time of every channel and band, a layer, k.

    What fills up a clip is 0 where a convolution reads it and has no part in the statistics; batch norm takes its own
    over all frames.
    """

    def __init__(
        self, n_bands: int, n_classes: int, *, depth: int, width: int, embedding: int = 256, dropout: float = 0.3
    ) -> None:
        super().__init__()
        self.into = nn.Sequential(nn.Conv2d(1, width, 3, padding=1, bias=False), nn.BatchNorm2d(width), nn.ReLU())
        self.blocks, channels, bands = nn.ModuleList(), width, n_bands
        for stage, count in enumerate(BLOCKS[depth]):
            for number in range(count):
                stride = 2 if stage and not number else 1
                self.blocks.append(Block(channels, width * 2**stage, stride))
                channels, bands = width * 2**stage, -(-bands // stride)
        self.embedding = nn.Sequential(
            nn.Linear(2 * channels * bands, embedding), nn.BatchNorm1d(embedding), nn.ReLU(), nn.Dropout(dropout)
        )
        self.last = nn.Linear(embedding, n_classes)

    def forward(self, x: Tensor, lengths: Tensor | None = None) -> Tensor:
        """Return (b, k) logits of (b, t, d) features, of which int64 (b,) frames are the row's own; None: all are."""
        x, lengths = keep_own(self.into(x[:, None]), lengths)
        for block in self.blocks:
            x, lengths = block(x, lengths)
        frames = x.transpose(2, 3).flatten(1, 2)  # (b, c d, t)
        mask = None if lengths is None else own_mask(lengths, frames.shape[2])[:, None]  # (b, 1, t)
        statistics = torch.cat([mean_over_time(frames, mask), deviation_over_time(frames, mask)], dim=1)
        return self.last(self.embedding(statistics))


__all__ = ["BLOCKS", "StatisticsResNet"]
