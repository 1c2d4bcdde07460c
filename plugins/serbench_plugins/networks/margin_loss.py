"""Losses for classes of few rows: margins that are larger the fewer rows a class has (LDAM, arXiv 1906.07413).

Conventions
-----------
``b`` rows, ``c`` channels, ``k`` classes. Logits are cosines in [-1, 1] times a scale; margins are in cosines.
"""

from __future__ import annotations

import torch  # noqa: TID253
from torch import Tensor, nn  # noqa: TID253


class CosineLinear(nn.Module):
    """Logits (b, k) of (b, c): a scale times the cosine between a row and each class's weights."""

    def __init__(self, channels: int, n_classes: int, scale: float) -> None:
        super().__init__()
        self.scale = scale
        self.weight = nn.Parameter(torch.empty(n_classes, channels))
        nn.init.xavier_uniform_(self.weight)

    def forward(self, x: Tensor) -> Tensor:
        """Return (b, k)."""
        normalize = nn.functional.normalize
        return self.scale * (normalize(x, dim=1) @ normalize(self.weight, dim=1).T)


def margins(counts: Tensor, largest: float) -> Tensor:
    """Return float32 (k,): proportional to n^(-1/4) of a class's n rows, the largest as given; 0 without rows."""
    wanted = torch.where(counts > 0, counts.clamp(min=1) ** -0.25, torch.zeros_like(counts))
    return wanted * (largest / wanted.max())


def balancing(counts: Tensor) -> Tensor:
    """Return float32 (k,): weights inverse to a class's rows, of mean 1 over the rows; 0 without rows."""
    present = counts > 0
    return torch.where(present, counts.sum() / (present.sum() * counts.clamp(min=1)), torch.zeros_like(counts))


def ldam(logits: Tensor, codes: Tensor, counts: Tensor, *, largest: float, scale: float, balanced: bool) -> Tensor:
    """Return the mean cross-entropy after each row's own class lost its margin.

    Parameters
    ----------
    logits, codes, counts
        (b, k), int64 (b,), and float32 (k,) training rows of each class.
    largest
        The margin of the class of fewest rows.
    scale
        That the logits have.
    balanced
        Weigh rows inversely to their class's number.
    """
    own = codes[:, None] == torch.arange(logits.shape[1], device=logits.device)
    shifted = logits - scale * margins(counts, largest) * own
    return nn.functional.cross_entropy(shifted, codes, balancing(counts) if balanced else None)


__all__ = ["CosineLinear", "balancing", "ldam", "margins"]
