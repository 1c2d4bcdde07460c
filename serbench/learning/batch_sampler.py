"""What chance decides in an epoch: order, children, positions of segments, mixing.

Conventions
-----------
All of it is drawn from one generator on the CPU, batch by batch, before or while the batches are trained on: the draws
of a cell are the same whether it is trained alone or beside others.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from serbench.features.table import FeatureTable
from serbench.learning.recipe import Recipe

if TYPE_CHECKING:
    import torch


@dataclass(frozen=True)
class Families:
    """Clips with their children.

    Attributes
    ----------
    members
        int64 (n,): row numbers, family by family in the order of the first rows.
    first, sizes
        int64 (f,): where each family starts in ``members``, and how many rows it has.
    """

    members: torch.Tensor
    first: torch.Tensor
    sizes: torch.Tensor

    @classmethod
    def of(cls, table: FeatureTable) -> Families:
        """Return the families of a table's rows."""
        import torch

        found: dict[str, list[int]] = {}
        for number, parent in enumerate(table.parents or table.ids):
            found.setdefault(parent, []).append(number)
        sizes = torch.tensor([len(members) for members in found.values()])
        members = torch.tensor([number for members in found.values() for number in members])
        return cls(members, torch.cumsum(sizes, 0) - sizes, sizes)

    def draw(self, generator: torch.Generator) -> torch.Tensor:
        """Return int64 row numbers (f,) in random order: each clip once, as itself or as one of its children."""
        import torch

        picks = (torch.rand(len(self.sizes), generator=generator) * self.sizes).long().clamp(max=self.sizes - 1)
        drawn = self.members[self.first + picks]
        return drawn[torch.randperm(len(drawn), generator=generator)]


@dataclass(frozen=True)
class BatchDraw:
    """One batch of an epoch.

    Attributes
    ----------
    rows
        int64 (b,) row numbers, on the CPU.
    positions
        float32 (b,) in [0, 1): where the segment of each row lies.
    share
        Of each row itself where rows are mixed; 1 where they are not.
    partner
        int64 (b,): the place in the batch of the row that each is mixed with, or None.
    """

    rows: torch.Tensor
    positions: torch.Tensor
    share: float = 1.0
    partner: torch.Tensor | None = None


def draw_batches(families: Families, recipe: Recipe, generator: torch.Generator) -> Iterator[BatchDraw]:
    """Yield the batches of an epoch; all is drawn in this order, whenever the next one is asked for."""
    import torch

    for rows in batches(families.draw(generator), recipe.batch_size):
        positions = torch.rand(len(rows), generator=generator)
        if recipe.mixup > 0:
            seed = int(torch.randint(2**31, (1,), generator=generator))
            share = float(np.random.default_rng(seed).beta(recipe.mixup, recipe.mixup))
            yield BatchDraw(rows, positions, share, torch.randperm(len(rows), generator=generator))
        else:
            yield BatchDraw(rows, positions)


def batches(drawn: torch.Tensor, size: int) -> list[torch.Tensor]:
    """Cut row numbers into batches; a last batch of a single row joins its neighbour (batch norm needs two)."""
    import torch

    parts = list(torch.split(drawn, size))
    if len(parts) > 1 and len(parts[-1]) == 1:
        parts[-2:] = [torch.cat(parts[-2:])]
    return parts


__all__ = ["BatchDraw", "Families", "batches", "draw_batches"]
