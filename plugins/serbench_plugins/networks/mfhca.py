"""MFHCA (arXiv 2404.13509): multi-spatial fusion of a spectrum, and its cooperative attention to an encoder's frames.

Conventions
-----------
``b`` rows, ``c`` channels, ``h`` x ``w`` places of a map (frequency, time), ``t`` frames, ``d`` states of a frame,
``k`` classes. All convolutions have biases. Kernels are frequency by time.
"""

from __future__ import annotations

import math

import torch  # noqa: TID253
from torch import Tensor, nn  # noqa: TID253

#: Places that a map is pooled to, frequency by time: 6 numbers per channel.
PLACES = (2, 3)


def picture(frames: Tensor, height: int, width: int) -> Tensor:
    """Return frames (b, t, f) as an image (b, 3, height, width): low frequencies below, three times the same grey."""
    grey = frames.transpose(1, 2).flip(1)[:, None]  # (b, 1, f, t)
    resized = nn.functional.interpolate(grey, (height, width), mode="bilinear", align_corners=False)
    return resized.expand(-1, 3, -1, -1)


class CoordinateAttention(nn.Module):
    """Scale a map by a gate for each row and one for each column (Hou et al., arXiv 2103.02907)."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        hidden = max(8, channels // 32)
        self.shared = nn.Sequential(nn.Conv2d(channels, hidden, 1), nn.BatchNorm2d(hidden), nn.Hardswish())
        self.rows = nn.Conv2d(hidden, channels, 1)
        self.columns = nn.Conv2d(hidden, channels, 1)

    def forward(self, x: Tensor) -> Tensor:
        """Return (b, c, h, w), scaled."""
        height = x.shape[2]
        along = torch.cat([x.mean(3, keepdim=True), x.mean(2, keepdim=True).transpose(2, 3)], dim=2)  # (b, c, h + w, 1)
        mixed = self.shared(along)
        rows = torch.sigmoid(self.rows(mixed[:, :, :height]))  # (b, c, h, 1)
        columns = torch.sigmoid(self.columns(mixed[:, :, height:])).transpose(2, 3)  # (b, c, 1, w)
        return x * rows * columns


class ReceptiveBlock(nn.Module):
    """A global receptive field: coordinate attention, a pooled side branch with dilation 2, and the map itself.

    Of its three norms two have a scale and an offset: so many parameters were published; that the last one has none is
    a choice.

    Parameters
    ----------
    pool
        Places in each direction that the side branch averages; fewer where the map has fewer.
    """

    def __init__(self, channels: int, pool: int = 16) -> None:
        super().__init__()
        self.pool = pool
        self.attention = CoordinateAttention(channels)
        self.attended = nn.Conv2d(channels, channels, 3, padding=1)
        self.side = nn.Sequential(nn.Conv2d(channels, channels, 3, padding=2, dilation=2), nn.BatchNorm2d(channels))
        self.main = nn.Sequential(
            nn.BatchNorm2d(channels),
            nn.ReLU(),
            nn.Conv2d(channels, channels, 3, padding=1),
            nn.BatchNorm2d(channels, affine=False),
        )

    def forward(self, x: Tensor) -> Tensor:
        """Return (b, c, h, w)."""
        height, width = x.shape[2:]
        pooled = nn.functional.avg_pool2d(x, min(self.pool, height, width))
        side = x + nn.functional.interpolate(self.side(pooled), (height, width), mode="nearest")
        return torch.relu(self.main(self.attended(self.attention(x))) + x + side)


class MultiSpatialFusion(nn.Module):
    """An image (b, 3, h, w) to a vector (b, 6 * 3 * width): two shapes of kernels side by side, then three blocks.

    Parameters
    ----------
    width
        Channels of the first block; the others have twice and three times as many.
    """

    def __init__(self, width: int = 16) -> None:
        super().__init__()
        half = width // 2
        self.size = PLACES[0] * PLACES[1] * 3 * width
        self.tall = nn.Sequential(nn.Conv2d(3, half, (10, 2), padding=(4, 0)), nn.BatchNorm2d(half), nn.ReLU())
        self.wide = nn.Sequential(nn.Conv2d(3, half, (2, 8), padding=(0, 3)), nn.BatchNorm2d(half), nn.ReLU())
        stages: list[nn.Module] = [nn.MaxPool2d(3, 2, 1), ReceptiveBlock(2 * half)]
        for before, after in ((2 * half, 2 * width), (2 * width, 3 * width)):
            stages += [nn.Conv2d(before, after, 3, padding=1), nn.BatchNorm2d(after), nn.ReLU(), ReceptiveBlock(after)]
        self.stages = nn.Sequential(*stages)
        self.pool = nn.AdaptiveAvgPool2d(PLACES)

    def forward(self, image: Tensor) -> Tensor:
        """Return (b, size)."""
        return self.pool(self.stages(torch.cat([self.tall(image), self.wide(image)], dim=1))).flatten(1)


def square(size: int) -> tuple[int, int]:
    """Return the two whole numbers with this product that are closest to each other, the smaller one first.

    >>> square(768), square(384)
    ((24, 32), (16, 24))
    """
    rows = next(number for number in range(math.isqrt(size), 0, -1) if size % number == 0)
    return rows, size // rows


class CooperativeAttention(nn.Module):
    """Attention of a spectrum's vector to the frames of an encoder, of which k logits are made.

    The vector weighs the states of a BiLSTM over the frames; their sum, folded to a matrix, is multiplied with the
    frames pooled to its transposed shape.

    Parameters
    ----------
    size
        Of the spectrum's vector.
    frames, states
        Of the encoder: t, which is fixed, and d, an even number.
    """

    def __init__(self, size: int, frames: int, states: int, n_classes: int, dropout: float) -> None:
        super().__init__()
        self.shape = square(states)
        rows, columns = self.shape
        self.seen = nn.Sequential(nn.Linear(size, 128), nn.ReLU())
        self.weights = nn.Sequential(nn.Linear(size, frames), nn.ReLU())
        self.recurrent = nn.LSTM(states, states // 2, batch_first=True, bidirectional=True)
        self.pool = nn.AdaptiveAvgPool2d((columns, rows))
        self.heard = nn.Sequential(
            nn.Linear(columns * columns, states), nn.Dropout(dropout), nn.Linear(states, 128), nn.ReLU()
        )
        self.head = nn.Sequential(
            nn.Linear(256, 128),
            nn.ReLU(),
            nn.Dropout(dropout),
            nn.Linear(128, 128),
            nn.ReLU(),
            nn.Linear(128, n_classes),
        )

    def forward(self, vector: Tensor, frames: Tensor) -> Tensor:
        """Return (b, k) logits of a vector (b, size) and frames (b, t, d)."""
        states = self.recurrent(frames)[0]  # (b, t, d)
        query = (self.weights(vector)[:, None] @ states).unflatten(2, self.shape)[:, 0]  # (b, rows, columns)
        attended = self.pool(frames[:, None])[:, 0] @ query  # (b, columns, columns)
        return self.head(torch.cat([self.seen(vector), self.heard(attended.flatten(1))], dim=1))


class SpectrumClassifier(nn.Module):
    """The fusion module alone, one hidden layer of 128, k.

    Parameters
    ----------
    height, image_width
        Pixels of the image that frames are resized to.
    """

    def __init__(self, n_classes: int, *, height: int, image_width: int, width: int, dropout: float) -> None:
        super().__init__()
        self.image = (height, image_width)
        self.fusion = MultiSpatialFusion(width)
        self.head = nn.Sequential(
            nn.Dropout(dropout), nn.Linear(self.fusion.size, 128), nn.ReLU(), nn.Linear(128, n_classes)
        )

    def forward(self, x: Tensor) -> Tensor:
        """Return (b, k) logits of spectra (b, t, f)."""
        return self.head(self.fusion(picture(x, *self.image)))


class CooperativeClassifier(nn.Module):
    """Fusion module and cooperative attention.

    Parameters
    ----------
    names
        Of the spectra and of the encoder's frames among the rows.
    """

    def __init__(
        self,
        names: tuple[str, str],
        encoder_shape: tuple[int, int],
        n_classes: int,
        *,
        height: int,
        image_width: int,
        width: int,
        dropout: float,
    ) -> None:
        super().__init__()
        self.names = names
        self.image = (height, image_width)
        self.fusion = MultiSpatialFusion(width)
        self.dropout = nn.Dropout(dropout)
        self.attention = CooperativeAttention(self.fusion.size, *encoder_shape, n_classes, dropout)

    def forward(self, rows: dict[str, Tensor]) -> Tensor:
        """Return (b, k) logits of spectra (b, t, f) and encoder frames (b, t', d)."""
        spectra, frames = (rows[name] for name in self.names)
        return self.attention(self.dropout(self.fusion(picture(spectra, *self.image))), frames)


__all__ = [
    "CooperativeAttention",
    "CooperativeClassifier",
    "CoordinateAttention",
    "MultiSpatialFusion",
    "ReceptiveBlock",
    "SpectrumClassifier",
    "picture",
    "square",
]
