"""Which frames are a row's own, where the others fill it up: as a mask, in a mean, layer by layer of an image.

Conventions
-----------
``b`` rows, ``t`` frames, ``c`` channels, ``d`` bands. Lengths are int64 (b,), the rows' own frames, one at least; None
where all frames are. Images are (b, c, t, d). A pooled frame is a row's own where all that it was made of is, as if the
clip had been passed alone; a clip too short for that keeps one.
"""

from __future__ import annotations

import torch  # noqa: TID253
from torch import Tensor  # noqa: TID253


def own_mask(lengths: Tensor, size: int) -> Tensor:
    """Return bool (b, size), True for the first ``lengths`` places of each row."""
    return torch.arange(size, device=lengths.device) < lengths[:, None]


def own_mean(x: Tensor, mask: Tensor) -> Tensor:
    """Return the mean (b, c) of (b, t, c) over the frames of ``mask``, bool (b, t)."""
    own = mask[..., None]
    return (x * own).sum(dim=1) / own.sum(dim=1)


def keep_own(x: Tensor, lengths: Tensor | None, pool: int = 1) -> tuple[Tensor, Tensor | None]:
    """Return images of which every ``pool`` frames were pooled, 0 outside of the rows' own, and how many these are.

    Parameters
    ----------
    lengths
        int64 (b,) own frames before pooling; None: all are.
    """
    if lengths is None:
        return x, None
    lengths = (lengths // pool).clamp(min=1)
    return x * own_mask(lengths, x.shape[2])[:, None, :, None], lengths


def mean_of_own(x: Tensor, lengths: Tensor | None) -> Tensor:
    """Return the mean (b, c) over bands and own frames of images that are 0 elsewhere."""
    return x.mean(dim=(2, 3)) if lengths is None else x.mean(dim=3).sum(dim=2) / lengths[:, None]


__all__ = ["keep_own", "mean_of_own", "own_mask", "own_mean"]
