"""The capsule network of arXiv 2207.10644 (CPAC, of CTL-MTNet).

Conventions
-----------
``b`` rows, ``c`` channels, ``t`` frames, ``d`` coefficients, ``k`` classes, ``n`` capsules of ``e`` numbers. Images are
(b, c, t, d). A capsule is a vector whose length, in [0, 1), says how sure it is (Sabour et al., arXiv 1710.09829).
"""

from __future__ import annotations

import math

import torch  # noqa: TID253
from torch import Tensor, nn  # noqa: TID253

from serbench_plugins.networks.own_frames import keep_own, own_mask

#: Dropout behind each of the three convolutions, and before the last layer.
DROPOUT = (0.5, 0.25, 0.25)
LAST_DROPOUT = 0.2


def squash(x: Tensor) -> Tensor:
    """Return vectors (..., e) of the same direction, their squared length s made s / (1 + s) times a unit vector's."""
    squares = x.square().sum(dim=-1, keepdim=True)
    return x * squares / (1 + squares) / (squares + 1e-8).sqrt()


def margin_loss(
    logits: Tensor, codes: Tensor, *, present: float = 0.9, absent: float = 0.1, down: float = 0.5
) -> Tensor:
    """Return the mean over rows of max(0, present - p)^2 for the true class and down max(0, p - absent)^2 for others.

    p is the softmax of (b, k) logits; ``codes`` int64 (b,).
    """
    shares = logits.softmax(dim=1)
    true = nn.functional.one_hot(codes, logits.shape[1]).to(shares.dtype)
    missed, mistaken = (present - shares).clamp(min=0).square(), (shares - absent).clamp(min=0).square()
    return (true * missed + down * (1 - true) * mistaken).sum(dim=1).mean()


class SelfAttention(nn.Module):
    """Scale every capsule by what it attends to, number by number: scaled dot products without projections."""

    def forward(self, x: Tensor, mask: Tensor) -> Tensor:
        """Return (b, n, e) times what it attends to among the capsules of ``mask``, bool (b or 1, n)."""
        logits = x @ x.transpose(1, 2) / math.sqrt(x.shape[2])
        return x * (logits.masked_fill(~mask[:, None], -torch.inf).softmax(dim=2) @ x)


class Routing(nn.Module):
    """Capsules that agree, found in a few steps; all that come in share one matrix to each that goes out."""

    def __init__(self, size: int, capsules: int, steps: int) -> None:
        super().__init__()
        self.capsules, self.steps = capsules, steps
        self.votes = nn.Linear(size, capsules * size, bias=False)

    def forward(self, x: Tensor, mask: Tensor) -> Tensor:
        """Return (b, capsules, e) of (b, n, e), of which those of ``mask``, bool (b or 1, n), vote."""
        votes = self.votes(x).unflatten(2, (self.capsules, -1))  # (b, n, capsules, e)
        agreed = torch.zeros_like(votes[..., 0])  # (b, n, capsules)
        for step in range(self.steps):
            shares = agreed.softmax(dim=2) * mask[..., None]
            found = squash(torch.einsum("bnj,bnje->bje", shares, votes))
            if step < self.steps - 1:
                agreed = agreed + torch.einsum("bje,bnje->bnj", found, votes)
        return found


class CapsuleNet(nn.Module):
    """Three convolutions, capsules at every place of their map, attention among them, routing to six, their mean, k.

    What fills up a short clip is 0 where a convolution reads it and is no capsule; batch norm takes its statistics over
    all frames.
    """

    def __init__(self, n_classes: int, *, width: int, capsules: int, steps: int) -> None:
        super().__init__()
        self.layers = nn.ModuleList(
            nn.Sequential(
                nn.Conv2d(channels, width, 3, padding="same"),
                nn.BatchNorm2d(width),
                nn.ELU(),
                nn.AvgPool2d(2),
                nn.Dropout(share),
            )
            for channels, share in zip((1, width, width), DROPOUT, strict=True)
        )
        self.capsules = capsules
        self.primary = nn.Conv2d(width, capsules * width, 1)
        self.attention = SelfAttention()
        self.routing = Routing(width, capsules, steps)
        self.last = nn.Sequential(nn.Dropout(LAST_DROPOUT), nn.Linear(width, n_classes))

    def forward(self, x: Tensor, lengths: Tensor | None = None) -> Tensor:
        """Return (b, k) logits of (b, t, d) features, of which int64 (b,) frames are the row's own; None: all are."""
        x = x[:, None]  # (b, 1, t, d)
        for layer in self.layers:
            x, lengths = keep_own(layer(x), lengths, 2)
        own = x.new_ones(1, x.shape[2], dtype=torch.bool) if lengths is None else own_mask(lengths, x.shape[2])
        maps = self.primary(x).unflatten(1, (self.capsules, -1))  # (b, capsules, e, t, d)
        found = squash(maps.permute(0, 3, 4, 1, 2).flatten(1, 3))  # (b, n, e), frame by frame
        mask = own.repeat_interleave(found.shape[1] // x.shape[2], dim=1)  # (b or 1, n)
        return self.last(self.routing(self.attention(found, mask), mask).mean(dim=1))


__all__ = ["CapsuleNet", "Routing", "SelfAttention", "margin_loss", "squash"]
