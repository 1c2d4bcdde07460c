"""Graph attention over an encoder's frames beside an embedded pitch (the audio side of arXiv 2506.02088).

Conventions
-----------
``b`` rows, ``t`` frames, ``d`` states of a frame, ``c`` channels, ``k`` classes. Masks are bool (b, t), True for frames
that are a row's own; every row has one at least. A row comes out the same whatever it is filled up to.
"""

from __future__ import annotations

import torch  # noqa: TID253
from torch import Tensor, nn  # noqa: TID253

from serbench_plugins.networks.own_frames import own_mean

#: Values of a quantised pitch: 0 unvoiced, 1 to 255 on a mel scale, and one above.
PITCHES = 257
#: Slope of the rectifier of graph attention below 0.
SLOPE = 0.2


def softmax_over(scores: Tensor, mask: Tensor, dim: int) -> Tensor:
    """Return a softmax over ``dim`` to which places outside of ``mask`` contribute nothing."""
    return torch.softmax(scores.masked_fill(~mask, -torch.inf), dim=dim)


class GraphAttention(nn.Module):
    """One head of graph attention (Velickovic et al., arXiv 1710.10903), every frame a neighbour of every other.

    With h' = W h, frame i weighs frame j by the softmax over j of LeakyReLU(a . [h'_i; h'_j]).
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.project = nn.Linear(channels, channels, bias=False)
        self.own = nn.Linear(channels, 1, bias=False)  # a's first half
        self.other = nn.Linear(channels, 1, bias=False)  # and its second

    def forward(self, x: Tensor, mask: Tensor) -> Tensor:
        """Return (b, t, c)."""
        nodes = self.project(x)
        scores = nn.functional.leaky_relu(self.own(nodes) + self.other(nodes).transpose(1, 2), SLOPE)  # (b, t, t)
        return softmax_over(scores, mask[:, None], 2) @ nodes


class AttentivePooling(nn.Module):
    """Weigh frames, each channel by itself, by a softmax over time: (b, c) of (b, t, c)."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.scores = nn.Linear(channels, channels)

    def forward(self, x: Tensor, mask: Tensor) -> Tensor:
        """Return (b, c)."""
        return (softmax_over(self.scores(x), mask[..., None], 1) * x).sum(1)


class QuantisedPitch(nn.Module):
    """A learned vector for each of 257 pitches, a linear layer, their mean over time: (b, c) of (b, t, 1)."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.embedding = nn.Embedding(PITCHES, channels)
        self.project = nn.Linear(channels, channels)

    def forward(self, pitch: Tensor, mask: Tensor) -> Tensor:
        """Return (b, c)."""
        codes = pitch[..., 0].round().long().clamp(0, PITCHES - 1)
        return own_mean(self.project(self.embedding(codes)), mask)


class SwiGlu(nn.Module):
    """Two projections, one a gate (Shazeer, arXiv 2002.05202): out(SiLU(gate(x)) * value(x))."""

    def __init__(self, size: int, hidden: int, n_classes: int, dropout: float) -> None:
        super().__init__()
        self.gate = nn.Linear(size, hidden)
        self.value = nn.Linear(size, hidden)
        self.dropout = nn.Dropout(dropout)
        self.out = nn.Linear(hidden, n_classes)

    def forward(self, x: Tensor) -> Tensor:
        """Return (b, k)."""
        return self.out(self.dropout(nn.functional.silu(self.gate(x)) * self.value(x)))


class GraphFusionNetwork(nn.Module):
    """Projected frames through graph attention, a Transformer layer and attentive pooling; beside them pitch; SwiGLU.

    Parameters
    ----------
    names
        Of the encoder's frames and of the pitch among the rows.
    states
        d of the encoder's frames.
    width
        Channels; the hidden layer of the head has half as many again. A multiple of 8, the heads.
    """

    def __init__(self, names: tuple[str, str], states: int, n_classes: int, *, width: int, dropout: float) -> None:
        super().__init__()
        self.names = names
        self.project = nn.Sequential(nn.Linear(states, width), nn.ReLU(), nn.Dropout(dropout))
        self.graph = GraphAttention(width)
        self.transformer = nn.TransformerEncoderLayer(width, 8, 4 * width, dropout, batch_first=True)
        self.pool = AttentivePooling(width)
        self.pitch = QuantisedPitch(width)
        self.head = SwiGlu(2 * width, 3 * width // 2, n_classes, dropout)

    def forward(self, rows: dict[str, Tensor], mask: dict[str, Tensor]) -> Tensor:
        """Return (b, k) logits of frames (b, t, d) and pitch (b, t', 1)."""
        encoder, pitch = self.names
        own = mask[encoder]
        x = self.project(rows[encoder])
        x = self.transformer(x + self.graph(x, own), src_key_padding_mask=~own)
        return self.head(torch.cat([self.pool(x, own), self.pitch(rows[pitch], mask[pitch])], dim=1))


__all__ = ["AttentivePooling", "GraphAttention", "GraphFusionNetwork", "QuantisedPitch", "SwiGlu", "softmax_over"]
