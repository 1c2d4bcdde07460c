"""The speaker encoder of the generalised end-to-end loss (Wan et al., arXiv 1710.10467), as Resemblyzer 0.1.4 has it.

Conventions
-----------
``p`` partial utterances of 1.6 s, 160 frames each.
"""

from __future__ import annotations

from torch import Tensor, nn  # noqa: TID253

WIDTH = 256


class Ge2eEncoder(nn.Module):
    """Three LSTM layers of 256 over 40 mel bands; the last state through a linear layer and ReLU, of unit length."""

    def __init__(self) -> None:
        super().__init__()
        self.lstm = nn.LSTM(40, WIDTH, num_layers=3, batch_first=True)
        self.linear = nn.Linear(WIDTH, WIDTH)

    def forward(self, mel: Tensor) -> Tensor:
        """Return (p, 256) of (p, 160, 40) mel powers."""
        _, (hidden, _) = self.lstm(mel)  # (layers, p, 256)
        return unit_length(self.linear(hidden[-1]).relu())


def unit_length(x: Tensor) -> Tensor:
    """Return (..., d) at length 1; zeros stay zeros."""
    return x / x.square().sum(-1, keepdim=True).sqrt().clamp(min=1e-12)


__all__ = ["WIDTH", "Ge2eEncoder", "unit_length"]
