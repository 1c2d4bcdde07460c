"""In which precision a network computes."""

from __future__ import annotations

import contextlib
from typing import Any

from serbench.learning.recipe import Recipe


def autocast(recipe: Recipe, device: str) -> contextlib.AbstractContextManager[Any]:
    """Return the context of the recipe's precision for forward passes; parameters, losses and scores stay float32."""
    import torch

    if recipe.precision == "fp32":
        return contextlib.nullcontext()
    return torch.autocast(device, dtype=torch.bfloat16)


__all__ = ["autocast"]
