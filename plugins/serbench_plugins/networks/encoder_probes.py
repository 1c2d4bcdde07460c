"""Small classifiers on a frozen encoder's states.

Conventions
-----------
``b`` rows, ``l`` layers, ``t`` positions, ``d`` width of the encoder, ``k`` classes.
"""

from __future__ import annotations

import torch  # noqa: TID253
from torch import Tensor, nn  # noqa: TID253

from serbench_plugins.networks.own_frames import own_mean

WIDTH = 256


class WeightedLayers(nn.Module):
    """SUPERB's probe (arXiv 2105.01051): layers weighted by a softmax, Linear 256, mean over time, Linear k.

    Nothing bends before the mean, so all of it can be done after: the mean of a weighted sum of the states is the
    weighted sum of their means, and a linear layer's mean is the linear layer of the mean. It is the same network, with
    the same gradients, on states that were averaged over time once.
    """

    def __init__(self, layers: int, d: int, n_classes: int) -> None:
        super().__init__()
        self.weights = nn.Parameter(torch.zeros(layers))  # all alike at first
        self.projection = nn.Linear(d, WIDTH)
        self.last = nn.Linear(WIDTH, n_classes)

    def forward(self, x: Tensor) -> Tensor:
        """Return (b, k) logits of (b, 1, l, d) states, averaged over time."""
        mixed = (self.weights.softmax(0)[:, None] * x[:, 0]).sum(1)  # (b, d)
        return self.last(self.projection(mixed))


class FrameProbe(nn.Module):
    """Linear 256 and ReLU at each position, mean over the row's own, Linear k."""

    def __init__(self, d: int, n_classes: int) -> None:
        super().__init__()
        self.hidden = nn.Linear(d, WIDTH)
        self.last = nn.Linear(WIDTH, n_classes)

    def forward(self, x: Tensor, mask: Tensor) -> Tensor:
        """Return (b, k) logits of (b, t, d) states, of which those of bool (b, t) are the row's own."""
        return self.last(own_mean(self.hidden(x).relu(), mask))


__all__ = ["WIDTH", "FrameProbe", "WeightedLayers"]
