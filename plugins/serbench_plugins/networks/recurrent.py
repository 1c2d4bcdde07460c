"""Recurrent networks over frames that read forward in time, so that what fills up a clip's end reaches none of its own.

Conventions
-----------
``b`` rows, ``t`` frames, ``d`` coefficients, ``h`` units, ``k`` classes.
"""

from __future__ import annotations

import torch  # noqa: TID253
from torch import Tensor, nn  # noqa: TID253

from serbench_plugins.networks.own_frames import own_mask, own_mean


class GruNet(nn.Module):
    """Layers of gated recurrent units, the mean of the last one over a clip's own frames, k."""

    def __init__(self, n_coefficients: int, n_classes: int, *, width: int, layers: int, dropout: float) -> None:
        super().__init__()
        self.units = nn.GRU(n_coefficients, width, layers, batch_first=True, dropout=dropout if layers > 1 else 0.0)
        self.last = nn.Sequential(nn.Dropout(dropout), nn.Linear(width, n_classes))

    def forward(self, x: Tensor, lengths: Tensor | None = None) -> Tensor:
        """Return (b, k) logits of (b, t, d) features, of which int64 (b,) frames are the row's own; None: all are."""
        frames, _ = self.units(x)  # (b, t, h)
        return self.last(frames.mean(dim=1) if lengths is None else own_mean(frames, own_mask(lengths, x.shape[1])))


class ResLstm(nn.Module):
    """An LSTM added to what it reads, normed; a second one; a weighted mean of its frames, normed; k.

    The weight of a frame is the softmax of its product with a vector that is learned (soft attention, Mirsamadi et al.,
    2017), over the clip's own frames. Batch norm takes its statistics over all frames.
    """

    def __init__(self, n_coefficients: int, n_classes: int, *, width: int, dropout: float) -> None:
        super().__init__()
        self.first = nn.LSTM(n_coefficients, n_coefficients, batch_first=True)
        self.norm = nn.BatchNorm1d(n_coefficients)
        self.second = nn.LSTM(n_coefficients, width, batch_first=True)
        self.attention = nn.Parameter(nn.init.xavier_normal_(torch.empty(width, 1)))
        self.last = nn.Sequential(nn.BatchNorm1d(width), nn.Dropout(dropout), nn.Linear(width, n_classes))
        for units in (self.first, self.second):
            _begin(units)

    def forward(self, x: Tensor, lengths: Tensor | None = None) -> Tensor:
        """Return (b, k) logits of (b, t, d) features, of which int64 (b,) frames are the row's own; None: all are."""
        heard = x + self.first(x)[0]
        frames, _ = self.second(self.norm(heard.transpose(1, 2)).transpose(1, 2))  # (b, t, h)
        scores = frames @ self.attention  # (b, t, 1)
        if lengths is not None:
            scores = scores.masked_fill(~own_mask(lengths, x.shape[1])[..., None], -torch.inf)
        return self.last((frames * scores.softmax(dim=1)).sum(dim=1))


def _begin(units: nn.LSTM) -> None:
    """Fill an LSTM: Xavier's normal weights, orthogonal ones from step to step, biases 0 but the forget gate's, 1."""
    with torch.no_grad():
        nn.init.xavier_normal_(units.weight_ih_l0)
        nn.init.orthogonal_(units.weight_hh_l0)
        for bias in (units.bias_ih_l0, units.bias_hh_l0):
            gates = bias.zero_().view(4, -1)  # input, forget, cell, output
            gates[1] = 1.0


__all__ = ["GruNet", "ResLstm"]
