"""One step of an optimizer for several networks at once: what ``torch.optim`` does, row by row.

Conventions
-----------
``g`` networks that step together, ``p`` trained numbers of one. Values and running means (g, p) are changed in place.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from serbench.learning.recipe import Recipe

if TYPE_CHECKING:
    import torch

_EPSILON, _MOMENTUM = 1e-8, 0.9


def step_sgd(
    values: torch.Tensor, grad: torch.Tensor, momentum: torch.Tensor, rate: torch.Tensor, recipe: Recipe
) -> None:
    """Make a step of SGD with momentum 0.9; ``rate`` is (g, 1)."""
    momentum.mul_(_MOMENTUM).add_(grad).add_(values, alpha=recipe.weight_decay)
    values.sub_(rate * momentum)


def step_adam(
    values: torch.Tensor,
    grad: torch.Tensor,
    moments: tuple[torch.Tensor, torch.Tensor],
    steps: Sequence[int],
    rate: torch.Tensor,
    recipe: Recipe,
) -> None:
    """Make a step of Adam or AdamW.

    Parameters
    ----------
    moments
        Running means of the gradient and of its square.
    steps
        How many steps each network has made, this one among them.
    rate
        (g, 1) learning rates.
    """
    import torch

    decay, (beta, square) = recipe.weight_decay, recipe.betas
    if recipe.optimizer == "adamw":
        values.mul_(1 - rate * decay)
    elif decay:
        grad = grad.add(values, alpha=decay)
    moments[0].lerp_(grad, 1 - beta)
    moments[1].mul_(square).addcmul_(grad, grad, value=1 - square)

    def each(of: Callable[[int], float]) -> torch.Tensor:
        return torch.tensor([of(count) for count in steps], dtype=values.dtype)[:, None].to(values.device)  # (g, 1)

    size = rate * each(lambda count: 1 / (1 - beta**count))
    root = each(lambda count: math.sqrt(1 - square**count))
    values.sub_(size * moments[0] / (moments[1].sqrt().div_(root).add_(_EPSILON)))


__all__ = ["step_adam", "step_sgd"]
