"""Dropout in a stack of networks: every cell draws what it would draw alone.

Conventions
-----------
``g`` cells that step together, ``b`` rows of a batch. Dropout multiplies its input by a noise that depends on torch's
generator and on the input's shape, not on its values. So a forward pass is looked at once for where it drops,
the noise of every cell is drawn from the cell's own state of the generator, and the stacked pass multiplies by it.
What else draws inside a network is refused by ``torch.vmap``.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from serbench.errors import PluginError

if TYPE_CHECKING:
    import torch


@dataclass(frozen=True)
class Site:
    """Where a forward pass drops.

    Attributes
    ----------
    function
        ``torch.nn.functional.dropout`` or one of its kin for whole channels.
    share
        The probability of a zero.
    ones
        Of the input's shape (b, ...), type and device.
    """

    function: Callable[..., torch.Tensor]
    share: float
    ones: torch.Tensor

    def noise(self) -> torch.Tensor:
        """Draw 0 or 1 / (1 - share) from torch's generator, as the pass itself would."""
        return self.function(self.ones, self.share, training=True)


class DropoutGenerators:
    """Torch's generator of a device, in as many states as there are cells.

    Parameters
    ----------
    states
        A state of the generator for each cell.
    device
        ``cpu`` or ``cuda``.
    """

    def __init__(self, states: Sequence[torch.Tensor], device: str) -> None:
        self.states, self.device = list(states), device

    def draw(self, cells: Sequence[int], sites: Sequence[Site]) -> list[torch.Tensor]:
        """Return the noise of each site for the given cells, (g, b, ...) each; their states move on."""
        import torch

        from serbench.learning.training import torch_generator

        if not sites:
            return []
        generator = torch_generator(self.device)
        drawn = []
        for cell in cells:
            generator.set_state(self.states[cell])
            drawn.append([site.noise() for site in sites])
            self.states[cell] = generator.get_state()
        return [torch.stack(noises) for noises in zip(*drawn, strict=True)]

    def keep(self, cells: Sequence[int]) -> None:
        """Forget all other cells."""
        self.states = [self.states[cell] for cell in cells]


def recorded(sites: list[Site]) -> AbstractContextManager[Any]:
    """Return a context in which nothing is dropped and every place where it would be is added to ``sites``."""
    import torch

    def record(function: Callable[..., torch.Tensor], values: torch.Tensor, share: float) -> torch.Tensor:
        ones = torch.ones(values.shape, dtype=values.dtype, device=values.device)
        sites.append(Site(function, share, ones))
        return values

    return _instead_of_dropout(record)


def replayed(noises: Sequence[torch.Tensor]) -> AbstractContextManager[Any]:
    """Return a context in which inputs are multiplied by these noises, one after another."""
    left: Iterator[torch.Tensor] = iter(noises)

    def multiply(function: Callable[..., torch.Tensor], values: torch.Tensor, share: float) -> torch.Tensor:  # noqa: ARG001
        noise = next(left, None)
        if noise is None or noise.shape != values.shape:
            raise PluginError("the network drops in other places from call to call")
        return values * noise

    return _instead_of_dropout(multiply)


def _instead_of_dropout(act: Callable[..., torch.Tensor]) -> AbstractContextManager[Any]:
    import torch
    from torch.nn import functional
    from torch.overrides import TorchFunctionMode

    kin = (functional.dropout, functional.dropout1d, functional.dropout2d, functional.dropout3d)
    signatures = {function: inspect.signature(function) for function in kin}

    class StackedDraws(TorchFunctionMode):
        def __torch_function__(
            self,
            func: Callable[..., Any],
            types: Sequence[type],
            args: Sequence[Any] = (),
            kwargs: Mapping[str, Any] | None = None,
        ) -> Any:
            signature = signatures.get(func)
            if signature is None:
                return func(*args, **(kwargs or {}))
            given = signature.bind(*args, **(kwargs or {}))
            given.apply_defaults()
            values, share = given.arguments["input"], given.arguments["p"]
            drops = given.arguments["training"] and share > 0
            return act(func, values, share) if drops else torch.clone(values)

    mode: AbstractContextManager[Any] = StackedDraws()
    return mode


__all__ = ["DropoutGenerators", "Site", "recorded", "replayed"]
