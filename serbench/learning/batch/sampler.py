"""What chance decides in an epoch before it begins: which child of a clip, the order, the positions of segments.

Conventions
-----------
All of it is drawn from one generator on the CPU, an epoch at a time: the draws of a cell are the same whether it is
trained alone or beside others. Whole clips, which are filled up to the longest of their batch, come in batches of like
length.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from serbench.features.table import FeatureTable
from serbench.learning.recipe import Recipe

if TYPE_CHECKING:
    import torch

#: Batches whose clips are sorted by length together: few enough that neighbours still change from epoch to epoch.
_SORTED_TOGETHER = 16


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
    """

    rows: torch.Tensor
    positions: torch.Tensor


def draw_batches(
    families: Families, recipe: Recipe, generator: torch.Generator, lengths: torch.Tensor | None = None
) -> list[BatchDraw]:
    """Return the batches of an epoch.

    Parameters
    ----------
    lengths
        int64 (n,) frames of each row on the CPU, where whole clips are passed; None where all inputs are of one size.
    """
    import torch

    drawn, size = families.draw(generator), recipe.batch_size
    if lengths is None:
        parts = batches(drawn, size)
    elif recipe.fill == "none":
        parts = _shuffled(_of_one_length(drawn, lengths, size), generator)
    else:
        parts = _shuffled(batches(_sorted_in_stretches(drawn, lengths, size * _SORTED_TOGETHER), size), generator)
    return [BatchDraw(rows, torch.rand(len(rows), generator=generator)) for rows in parts]


def batches(drawn: torch.Tensor, size: int) -> list[torch.Tensor]:
    """Cut row numbers into batches; a last batch of a single row joins its neighbour (batch norm needs two)."""
    import torch

    parts = list(torch.split(drawn, size))
    if len(parts) > 1 and len(parts[-1]) == 1:
        parts[-2:] = [torch.cat(parts[-2:])]
    return parts


def _sorted_in_stretches(drawn: torch.Tensor, lengths: torch.Tensor, stretch: int) -> torch.Tensor:
    import torch

    return torch.cat([part[torch.argsort(lengths[part], stable=True)] for part in torch.split(drawn, stretch)])


def _of_one_length(drawn: torch.Tensor, lengths: torch.Tensor, size: int) -> list[torch.Tensor]:
    import torch

    ordered = drawn[torch.argsort(lengths[drawn], stable=True)]
    _, counts = torch.unique_consecutive(lengths[ordered], return_counts=True)
    return [part for same in torch.split(ordered, counts.tolist()) for part in torch.split(same, size)]


def _shuffled(parts: list[torch.Tensor], generator: torch.Generator) -> list[torch.Tensor]:
    import torch

    return [parts[place] for place in torch.randperm(len(parts), generator=generator).tolist()]


__all__ = ["BatchDraw", "Families", "batches", "draw_batches"]
