"""The light fully convolutional network of arXiv 2110.03435 (LIGHT-SERNET).

Conventions
-----------
``b`` rows, ``c`` channels, ``t`` frames, ``d`` coefficients, ``k`` classes. Images are (b, c, t, d).
"""

from __future__ import annotations

import torch  # noqa: TID253
from torch import Tensor, nn  # noqa: TID253

from serbench_plugins.networks.own_frames import keep_own, mean_of_own

#: Frames x coefficients that the three paths look at.
PATHS = ((11, 1), (1, 9), (3, 3))
#: Channels, kernel and pooling (frames x coefficients) of what follows.
BODY = ((64, 3, (2, 2)), (96, 3, (2, 2)), (128, 3, (2, 1)), (160, 3, (2, 1)), (320, 1, (1, 1)))


class LightSerNetwork(nn.Module):
    """Three views of a clip side by side, five convolutions, the mean over time and coefficients, k.

    What fills up a short clip is 0 where a convolution reads it and has no part in the mean; batch norm takes its
    statistics over all frames.

    Parameters
    ----------
    width
        Filters of each path; those of the body are in the published proportion to it, 32.
    penalty
        Times the sum of squares of all kernels: the L2 term.
    """

    def __init__(self, n_classes: int, *, width: int = 32, dropout: float = 0.3, penalty: float = 1e-6) -> None:
        super().__init__()
        self.paths = nn.ModuleList(
            nn.Sequential(nn.Conv2d(1, width, kernel, padding="same"), nn.BatchNorm2d(width), nn.ReLU())
            for kernel in PATHS
        )
        self.body, channels = nn.ModuleList(), 3 * width
        for published, kernel, pool in BODY:
            filters = published * width // 32
            layers = [nn.Conv2d(channels, filters, kernel, padding="same", bias=False), nn.BatchNorm2d(filters)]
            self.body.append(nn.Sequential(*layers, nn.ReLU(), nn.AvgPool2d(pool)))
            channels = filters
        self.pool = nn.AvgPool2d(2)
        self.last = nn.Sequential(nn.Dropout(dropout), nn.Linear(channels, n_classes))
        self.strength = penalty

    def forward(self, x: Tensor, lengths: Tensor | None = None) -> Tensor:
        """Return (b, k) logits of (b, t, d) features, of which int64 (b,) frames are the row's own; None: all are."""
        x = x[:, None]  # (b, 1, t, d)
        x, lengths = keep_own(self.pool(torch.cat([path(x) for path in self.paths], dim=1)), lengths, 2)
        for block, (_, _, (pool, _)) in zip(self.body, BODY, strict=True):
            x, lengths = keep_own(block(x), lengths, pool)
        return self.last(mean_of_own(x, lengths))

    def penalty(self) -> Tensor:
        """Return the L2 term of the loss, as Keras counts it."""
        kernels = [layer.weight for layer in self.modules() if isinstance(layer, nn.Conv2d | nn.Linear)]
        return self.strength * sum(kernel.square().sum() for kernel in kernels)


__all__ = ["LightSerNetwork"]
