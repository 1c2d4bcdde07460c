"""SeqAug: some coefficients of a sequence in another order of time. Of batches; a recipe names it, no card does."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from serbench.api import BatchAugmentation, Rows


@dataclass(frozen=True, kw_only=True)
class SeqAug(BatchAugmentation):
    """A share of a row's coefficients, drawn from Beta(alpha, alpha), permuted along time (as in arXiv 2506.02088).

    A row's own frames alone change places; what fills it up stays behind them. That the coefficients of a row share one
    order is a choice.

    Attributes
    ----------
    probability
        That a row is changed.
    alpha
        Of the Beta distribution of the share.
    """

    probability: float = 0.5
    alpha: float = 0.5

    def draw(self, rows: Rows, generator):
        """Return bool (b, 1, d), which coefficients are moved, and int64 (b, t, 1), the frames in their new order."""
        import numpy as np
        import torch

        drawn = {}
        for name in self.chosen(rows, "sequence"):
            b, t, d = rows.values[name].shape
            seed = int(torch.randint(2**31, (1,), generator=generator))
            shares = torch.from_numpy(np.random.default_rng(seed).beta(self.alpha, self.alpha, b))
            shares *= torch.rand(b, generator=generator) < self.probability
            moved = torch.rand(b, d, generator=generator) < shares[:, None]
            keys = torch.rand(b, t, generator=generator)
            steps = torch.arange(t)
            keys = torch.where(steps < rows.lengths[name].cpu()[:, None], keys, 1.0 + steps)
            drawn[name] = moved[:, None], torch.argsort(keys, dim=1, stable=True)[..., None]
        return drawn

    def apply(self, rows: Rows, drawn: Mapping):
        """Return the rows with their coefficients moved."""
        import torch

        values = dict(rows.values)
        for name, found in drawn.items():
            frames = values[name]
            moved, order = (each.to(frames.device) for each in found)
            values[name] = torch.where(moved, frames.gather(1, order.expand_as(frames)), frames)
        return values, rows.lengths


__all__ = ["SeqAug"]
