"""What a network is given: the features of a batch, and the lengths or the mask of its rows where it asks for them.

Conventions
-----------
Inside the harness values and lengths are dicts by feature name, however many there are. A network that takes one
feature is given its tensor, one that takes several a dict of tensors. A network asks by the names of its ``forward``'s
parameters: ``lengths`` is int64 (b,) valid frames, ``mask`` bool (b, t), True where a frame is a row's own; dicts of
them where it takes several features whose rows differ in length.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Collection, Mapping
from functools import lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

if TYPE_CHECKING:
    import torch
    from torch import nn

T = TypeVar("T")


class Inputs(NamedTuple):
    """A batch.

    Attributes
    ----------
    values
        float32 (b, d), (b, t, d), (b, c, h, w) or (b, samples) by feature name.
    lengths
        int64 (b,) by feature name, of sequences and waveforms: the frames that are the row's own, the others fill it
        up.
    """

    values: dict[str, torch.Tensor]
    lengths: dict[str, torch.Tensor]

    def map(self, change: Callable[[torch.Tensor], torch.Tensor]) -> Inputs:
        """Return the batch with every tensor changed."""
        return Inputs(*({name: change(each) for name, each in part.items()} for part in self))

    def without(self, names: Collection[str]) -> Inputs:
        """Return the batch without some features."""
        if not names:
            return self
        return Inputs(*({name: each for name, each in part.items() if name not in names} for part in self))


def asked(network: nn.Module) -> frozenset[str]:
    """Return what a network asks for beside its features: ``lengths``, ``mask``, both or nothing."""
    return _asked(type(network).forward)


@lru_cache(maxsize=64)
def _asked(function: Callable[..., Any]) -> frozenset[str]:
    return frozenset({"lengths", "mask"} & set(inspect.signature(function).parameters))


def forward(network: nn.Module, inputs: Inputs) -> torch.Tensor:
    """Return what a network says of a batch: (b, k) logits."""
    values, lengths = inputs
    wanted = asked(network)
    extra: dict[str, Any] = {}
    if "lengths" in wanted:
        extra["lengths"] = only(lengths)
    if "mask" in wanted:
        extra["mask"] = only({name: mask_of(values[name], each) for name, each in lengths.items()})
    logits: torch.Tensor = network(only(values), **extra)
    return logits


def mask_of(values: torch.Tensor, lengths: torch.Tensor) -> torch.Tensor:
    """Return bool (b, t): True for the frames of (b, t, ...) that are a row's own."""
    import torch

    return torch.arange(values.shape[1], device=values.device)[None] < lengths[:, None]


def only(named: Mapping[str, T]) -> Any:
    """Return the only value of a dict; the dict itself where it has several or none."""
    return next(iter(named.values())) if len(named) == 1 else dict(named)


__all__ = ["Inputs", "asked", "forward", "mask_of", "only"]
