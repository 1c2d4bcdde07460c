"""HuMP-CAT (arXiv 2501.10408): an encoder's frames, MFCCs and prosody, joined by cross-attention.

Conventions
-----------
``b`` rows, ``t`` frames of an encoder, ``m`` frames of MFCCs, ``s`` steps that both are brought to, ``d`` states of a
frame, ``c`` channels, ``k`` classes. Lengths are int64 (b,); masks are bool (b, s), True for steps that are a row's
own. A row comes out the same whatever it is filled up to.
"""

from __future__ import annotations

import torch  # noqa: TID253
from torch import Tensor, nn  # noqa: TID253

from serbench_plugins.networks.own_frames import own_mask, own_mean

#: Of the convolution over an encoder's frames, time by states: what it covers, its strides, its padding on either side.
KERNEL, STRIDE, PADDING = (10, 15), (4, 3), (3, 6)
#: Channels of prosody and of MFCCs, and of each side of the second fusion.
NARROW, WIDE = 128, 256


def steps_of(lengths: Tensor) -> Tensor:
    """Return how many steps the convolution makes of so many frames; at least one, since rows are filled up to it."""
    return ((lengths + 2 * PADDING[0] - KERNEL[0]) // STRIDE[0] + 1).clamp(min=1)


def pooled(frames: Tensor, lengths: Tensor, steps: Tensor, size: int) -> Tensor:
    """Return (b, size, c) means of frames (b, m, c): adaptive average pooling of each row's own frames to its steps.

    Step i of s covers frames floor(i m / s) to ceil((i + 1) m / s), as ``AdaptiveAvgPool1d`` has it.
    """
    place = torch.arange(size, device=frames.device)[None]  # (1, s)
    first = place * lengths[:, None] // steps[:, None]  # (b, s)
    end = -(-(place + 1) * lengths[:, None] // steps[:, None])
    frame = torch.arange(frames.shape[1], device=frames.device)
    inside = (frame >= first[..., None]) & (frame < end[..., None]) & (place < steps[:, None])[..., None]  # (b, s, m)
    return (inside / (end - first)[..., None]) @ frames


class CrossAttention(nn.Module):
    """One layer of the fusion: each side attends to the other with the same weights, the second to the first's result.

    Parameters
    ----------
    channels
        Of both sides.
    """

    def __init__(self, channels: int, heads: int, dropout: float) -> None:
        super().__init__()
        self.attention = nn.MultiheadAttention(channels, heads, dropout, batch_first=True)
        self.norm = nn.LayerNorm(channels)

    def forward(self, first: Tensor, second: Tensor, padding: Tensor) -> tuple[Tensor, Tensor]:
        """Return both sides (b, s, c); ``padding`` is bool (b, s), True where a step is nobody's own."""
        first = self._attended(first, second, padding)
        return first, self._attended(second, first, padding)

    def _attended(self, query: Tensor, other: Tensor, padding: Tensor) -> Tensor:
        found, _ = self.attention(query, other, other, key_padding_mask=padding, need_weights=False)
        return self.norm(query + found)


class CrossAttentionFusion(nn.Module):
    """Layers of cross-attention, whose two sides are put side by side: (b, s, 2 c)."""

    def __init__(self, channels: int, heads: int, layers: int, dropout: float) -> None:
        super().__init__()
        self.layers = nn.ModuleList(CrossAttention(channels, heads, dropout) for _ in range(layers))

    def forward(self, first: Tensor, second: Tensor, mask: Tensor) -> Tensor:
        """Return (b, s, 2 c) of two sides (b, s, c)."""
        for layer in self.layers:
            first, second = layer(first, second, ~mask)
        return torch.cat([first, second], dim=2)


class StatesConvolution(nn.Module):
    """An encoder's frames (b, t, d) as an image of one channel, by a single filter: (b, s, 256).

    d states become d / 3 numbers; for 768 states they are the 256 that the fusion takes, for others a linear layer
    makes 256 of them.
    """

    def __init__(self, states: int) -> None:
        super().__init__()
        self.filter = nn.Conv2d(1, 1, KERNEL, STRIDE, PADDING)
        width = (states + 2 * PADDING[1] - KERNEL[1]) // STRIDE[1] + 1
        self.widen = nn.Identity() if width == WIDE else nn.Linear(width, WIDE)

    def forward(self, frames: Tensor) -> Tensor:
        """Return (b, s, 256)."""
        missing = KERNEL[0] - 2 * PADDING[0] - frames.shape[1]
        if missing > 0:
            frames = nn.functional.pad(frames, (0, 0, 0, missing))
        return self.widen(self.filter(frames[:, None])[:, 0])


class HumpCatNetwork(nn.Module):
    """Three inputs, two fusions, mean and variance over time, k.

    Parameters
    ----------
    names
        Of the encoder's frames, the MFCCs and the prosody among the rows.
    sizes
        Of a frame or a vector of each.
    """

    def __init__(
        self, names: tuple[str, str, str], sizes: tuple[int, int, int], n_classes: int, dropout: float
    ) -> None:
        super().__init__()
        self.names = names
        states, coefficients, prosody = sizes
        self.states = StatesConvolution(states)
        self.recurrent = nn.LSTM(coefficients, NARROW // 2, 2, batch_first=True, bidirectional=True)
        self.prosody = nn.Linear(prosody, NARROW)
        self.first = CrossAttentionFusion(NARROW, 2, 2, dropout)
        self.second = CrossAttentionFusion(WIDE, 4, 2, dropout)
        self.norm = nn.LayerNorm(2 * WIDE)
        self.dropout = nn.Dropout(dropout)
        self.head = nn.Linear(4 * WIDE, n_classes)

    def forward(self, rows: dict[str, Tensor], lengths: dict[str, Tensor]) -> Tensor:
        """Return (b, k) logits of frames (b, t, d), MFCCs (b, m, c) and prosody (b, p); lengths of the first two."""
        encoder, mfcc, prosody = self.names
        states = self.states(rows[encoder])  # (b, s, 256)
        steps, size = steps_of(lengths[encoder]), states.shape[1]
        mask = own_mask(steps, size)
        voice = self._listened(pooled(rows[mfcc], lengths[mfcc], steps, size), steps)  # (b, s, 128)
        manner = self.prosody(rows[prosody])[:, None].expand(-1, size, -1)  # (b, s, 128)
        joined = self.second(states, self.first(manner, voice, mask), mask)  # (b, s, 512)
        return self.head(statistics(self.dropout(self.norm(joined)), mask))

    def _listened(self, frames: Tensor, steps: Tensor) -> Tensor:
        """Return the BiLSTM's states of each row's own steps (b, s, 128), 0 behind them."""
        packed = nn.utils.rnn.pack_padded_sequence(frames, steps.cpu(), batch_first=True, enforce_sorted=False)
        return nn.utils.rnn.pad_packed_sequence(
            self.recurrent(packed)[0], batch_first=True, total_length=frames.shape[1]
        )[0]


def statistics(x: Tensor, mask: Tensor) -> Tensor:
    """Return the mean and the population variance over a row's own steps side by side: (b, 2 c) of (b, s, c)."""
    mean = own_mean(x, mask)
    return torch.cat([mean, own_mean((x - mean[:, None]).square(), mask)], dim=1)


__all__ = [
    "CrossAttention",
    "CrossAttentionFusion",
    "HumpCatNetwork",
    "StatesConvolution",
    "pooled",
    "statistics",
    "steps_of",
]
