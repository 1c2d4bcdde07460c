"""What training minimises: the loss of a batch as the recipe has it.

Conventions
-----------
``b`` rows, ``k`` classes. A loss is a pure function of tensors, so that it can be computed for many cells at once: what
it needs of the training rows it is given as the counts of their classes.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from serbench.learning.recipe import Recipe

if TYPE_CHECKING:
    import torch

    #: Of (b, k) logits, int64 (b,) classes, and float32 (k,) training rows of each class: the mean loss.
    Loss = Callable[[torch.Tensor, torch.Tensor, torch.Tensor], torch.Tensor]


def loss_of(logits: torch.Tensor, codes: torch.Tensor, counts: torch.Tensor, recipe: Recipe) -> torch.Tensor:
    """Return the mean loss of (b, k) logits as the recipe has it.

    Parameters
    ----------
    codes
        int64 (b,) classes.
    counts
        float32 (k,): training rows of each class.
    """
    import torch

    weights = class_weights(counts) if recipe.class_weights == "balanced" else None
    if recipe.loss == "cross-entropy":
        return torch.nn.functional.cross_entropy(logits, codes, weights, label_smoothing=recipe.label_smoothing)
    losses = torch.nn.functional.cross_entropy(logits, codes, reduction="none", label_smoothing=recipe.label_smoothing)
    sure = torch.softmax(logits, dim=1).gather(1, codes[:, None])[:, 0]
    focal = (1 - sure) ** 2 * losses
    if weights is None:
        return focal.mean()
    return (weights[codes] * focal).sum() / weights[codes].sum()


def class_weights(counts: torch.Tensor) -> torch.Tensor:
    """Return float32 (k,): n / (k * rows of the class) over the classes that have rows, 0 for the others."""
    import torch

    present = counts > 0
    weights = counts.sum() / (present.sum() * counts.clamp(min=1))
    return torch.where(present, weights, torch.zeros_like(weights))


__all__ = ["class_weights", "loss_of"]
