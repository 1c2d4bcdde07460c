"""How large something is that has learned: numbers, bytes, and multiply-accumulates of one clip.

Conventions
-----------
Numbers are the parameters of networks and the floating buffers beside them (means and variances of a normalisation). A
clip is the 3 s of noise that every cost is measured on.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from serbench.operations import count_operations

if TYPE_CHECKING:
    from torch import nn


@dataclass(frozen=True)
class Size:
    """How large a fitted model, or a feature extractor, is.

    Attributes
    ----------
    trainable, total
        Numbers that training sets; and those plus stored statistics. An extractor has no trainable ones.
    bytes
        What must be kept to predict again.
    macs
        Multiply-accumulates of a clip of 3 s, from its features to scores or from its wave to features; or None.
    macs_reason
        Why ``macs`` is None.
    """

    trainable: int
    total: int
    bytes: int
    macs: int | None = None
    macs_reason: str | None = "this model does not count its operations"


def network_size(network: nn.Module, call: Callable[[], object]) -> Size:
    """Count a network's parameters and bytes, and the multiply-accumulates of a call that uses it.

    Parameters
    ----------
    network
        On any device; parameters that two of its parts share are counted once.
    call
        Run once; what it raises is the reason that ``macs`` are None.
    """
    parameters = list(network.parameters())
    statistics = [buffer for buffer in network.buffers() if buffer.is_floating_point()]
    operations = count_operations(call)
    return Size(
        trainable=sum(parameter.numel() for parameter in parameters if parameter.requires_grad),
        total=sum(tensor.numel() for tensor in [*parameters, *statistics]),
        bytes=sum(tensor.numel() * tensor.element_size() for tensor in [*parameters, *statistics]),
        macs=operations.count,
        macs_reason=operations.reason,
    )


__all__ = ["Size", "network_size"]
