"""How weights move: the optimizer with its rates, parts that are frozen, and averages of weights.

Conventions
-----------
A *part* of a network is named by the beginning of its parameters' names, as in ``serbench.learning.recipe``.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from serbench.errors import PluginError
from serbench.learning.recipe import Recipe

if TYPE_CHECKING:
    import torch
    from torch import nn

#: Of the epochs, what the mean of stochastic weight averaging is taken over.
SWA_SHARE = 0.25


def make_optimizer(network: nn.Module, recipe: Recipe) -> torch.optim.Optimizer:
    """Return the recipe's optimizer, with a group of parameters for each part that has a rate of its own.

    Raises
    ------
    PluginError
        When the recipe names a part that the network does not have.
    """
    import torch

    parts = {part: parameters_of(network, part) for part in recipe.learning_rates}
    taken = {id(parameter) for parameters in parts.values() for parameter in parameters}
    rest = [parameter for parameter in network.parameters() if id(parameter) not in taken]
    groups: list[dict[str, Any]] = [{"params": rest, "lr": recipe.learning_rate}] if rest else []
    groups += [{"params": parameters, "lr": recipe.learning_rates[part]} for part, parameters in parts.items()]
    # all parameters in one call: the same numbers in two thirds of the time; torch's default on a GPU alone
    settings: dict[str, Any] = {"weight_decay": recipe.weight_decay, "foreach": True}
    if recipe.optimizer == "sgd":
        return torch.optim.SGD(groups, lr=recipe.learning_rate, momentum=0.9, **settings)
    kind = torch.optim.AdamW if recipe.optimizer == "adamw" else torch.optim.Adam
    return kind(groups, lr=recipe.learning_rate, betas=recipe.betas, **settings)


def parameters_of(network: nn.Module, part: str) -> list[nn.Parameter]:
    """Return the parameters of a part.

    Raises
    ------
    PluginError
        When there are none.
    """
    found = [each for name, each in network.named_parameters() if name == part or name.startswith(f"{part}.")]
    if not found:
        known = sorted({name.partition(".")[0] for name, _ in network.named_parameters()})
        raise PluginError(f"the recipe names the part {part!r} of the network, expected one such as {known}")
    return found


class Rates:
    """The learning rates of an optimizer over time: each group's own, times the recipe's factor."""

    def __init__(self, optimizer: torch.optim.Optimizer, recipe: Recipe) -> None:
        self._optimizer, self._recipe = optimizer, recipe
        self._rates = [group["lr"] for group in optimizer.param_groups]
        self._factor = 1.0

    def reach(self, epoch: int, progress: float) -> None:
        """Set the rates for the step after which so much of an epoch is done."""
        factor = self._recipe.rate_factor(epoch, progress)
        if factor == self._factor:
            return
        self._factor = factor
        for group, rate in zip(self._optimizer.param_groups, self._rates, strict=True):
            group["lr"] = rate * factor


def freeze(network: nn.Module, parts: Iterable[str]) -> list[nn.Parameter]:
    """Let parts of a network not be trained; return the parameters that were, without what its author has fixed."""
    found = [each for part in parts for each in parameters_of(network, part) if each.requires_grad]
    for parameter in found:
        parameter.requires_grad_(False)
    return found


class Averaged:
    """The mean of a network's weights over its training, as the recipe has it."""

    def __init__(self, network: nn.Module, recipe: Recipe) -> None:
        from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

        ema: Any = get_ema_multi_avg_fn
        mean = ema(recipe.ema_decay) if recipe.average == "ema" else None
        self._model = AveragedModel(network, multi_avg_fn=mean, use_buffers=True)
        self._recipe = recipe

    @property
    def network(self) -> nn.Module:
        """The network of mean weights."""
        found: nn.Module = self._model.module
        return found

    def after_step(self, network: nn.Module) -> None:
        """Take note of the weights after a step."""
        if self._recipe.average == "ema":
            self._model.update_parameters(network)

    def after_epoch(self, network: nn.Module, epoch: int) -> None:
        """Take note of the weights after an epoch."""
        if self._recipe.average == "swa" and is_averaged(self._recipe, epoch):
            self._model.update_parameters(network)


def is_averaged(recipe: Recipe, epoch: int) -> bool:
    """Tell whether the weights after an epoch are part of the mean of stochastic weight averaging.

    >>> [epoch for epoch in range(1, 9) if is_averaged(Recipe(epochs=8, keep="last", average="swa"), epoch)]
    [7, 8]
    """
    return epoch > recipe.epochs - max(1, round(SWA_SHARE * recipe.epochs))


def recompute(network: nn.Module) -> None:
    """Let the parts of a network that can do so compute activations again in the backward pass.

    Raises
    ------
    PluginError
        When none can.
    """
    able: Any = [each for each in network.modules() if callable(getattr(each, "gradient_checkpointing_enable", None))]
    if not able:
        raise PluginError(
            "the recipe has recompute=True, and no part of the network has a method gradient_checkpointing_enable; "
            "call torch.utils.checkpoint in its forward instead"
        )
    able[0].gradient_checkpointing_enable()


__all__ = ["Averaged", "Rates", "freeze", "is_averaged", "make_optimizer", "parameters_of", "recompute"]
