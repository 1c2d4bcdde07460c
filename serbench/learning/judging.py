"""What a network says of rows, and how good that is on dev: posteriors, loss and UAR, the choice of an epoch."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from serbench.learning.batch.inputs import forward
from serbench.learning.batch.resident import ResidentTable
from serbench.learning.precision import autocast
from serbench.learning.recipe import Recipe

if TYPE_CHECKING:
    import torch
    from torch import nn

#: Segments scored at once: as many as a core's caches serve, or enough to keep an accelerator busy. No part of any
#: identity, since rows are scored independently.
_SCORED_AT_ONCE = {"cpu": 32}
_SCORED_AT_ONCE_ELSEWHERE = 256
#: The share of all epochs in which training is never stopped.
_EARLY = 0.25


def scored_at_once(device: str) -> int:
    """Return how many segments of a cell to score at once on a device."""
    return _SCORED_AT_ONCE.get(device, _SCORED_AT_ONCE_ELSEWHERE)


def posteriors(network: nn.Module, rows: ResidentTable, recipe: Recipe) -> torch.Tensor:
    """Return float32 (n, k) probabilities on the CPU: softmax per segment, averaged over each row's segments."""
    import torch

    network.eval()
    numbers, positions = rows.grid()
    pieces, found = _pieces(numbers, rows), []
    with torch.inference_mode(), autocast(recipe, rows.device):
        for span in pieces:
            inputs = rows.batch(numbers[span], positions[span]).without(recipe.unseen)
            found.append(torch.softmax(forward(network, inputs).float(), dim=1))
        per_segment = torch.cat(found)  # (m, k)
        order = numbers if rows.whole_lengths is None else numbers[torch.cat(pieces)]
        summed = torch.zeros(len(rows), per_segment.shape[1], device=per_segment.device)
        summed.index_add_(0, order, per_segment)
        counts = torch.bincount(numbers, minlength=len(rows))[:, None]
        return (summed / counts).cpu()


def _pieces(numbers: torch.Tensor, rows: ResidentTable) -> list[Any]:
    """Return which segments are scored at once: neighbours, or, of whole clips, those of like or of one length."""
    import torch

    size = scored_at_once(rows.device)
    if rows.whole_lengths is None:
        return [slice(first, first + size) for first in range(0, len(numbers), size)]
    lengths = rows.whole_lengths[numbers.cpu()]
    order = torch.argsort(lengths, stable=True)
    if rows.recipe.fill == "none":
        _, counts = torch.unique_consecutive(lengths[order], return_counts=True)
        return [part for same in torch.split(order, counts.tolist()) for part in torch.split(same, size)]
    return list(torch.split(order, size))


def evaluate(network: nn.Module, rows: ResidentTable, recipe: Recipe) -> tuple[float, float]:
    """Return cross-entropy of the averaged posteriors and UAR over the classes present."""
    return judge(posteriors(network, rows, recipe).numpy(), rows.table.codes)


def judge(posterior: npt.NDArray[np.float32], truth: npt.NDArray[np.int64]) -> tuple[float, float]:
    """Return cross-entropy of (n, k) posteriors and UAR over the classes present."""
    scores = posterior.astype(np.float64)
    loss = float(-np.log(np.clip(scores[np.arange(len(truth)), truth], 1e-12, 1)).mean())
    guess = scores.argmax(axis=1)
    return loss, float(np.mean([(guess[truth == code] == code).mean() for code in np.unique(truth)]))


class Choice:
    """Which epoch is best on dev, and when to stop waiting for a better one.

    An epoch stands for the mean of the last few (``Recipe.smooth``), so none is chosen before there are so many; and
    training goes on through the first quarter of its epochs, however bad they are.
    """

    def __init__(self, recipe: Recipe) -> None:
        self.recipe, self.best, self.best_epoch = recipe, (-np.inf, -np.inf), 0
        self._epoch = 0
        self._seen: deque[tuple[float, float]] = deque(maxlen=min(recipe.smooth, recipe.epochs))

    def is_best(self, row: Mapping[str, Any]) -> bool:
        """Take note of the next epoch's ``dev_uar`` and ``dev_loss``; return whether none was better before."""
        self._epoch += 1
        self._seen.append((row["dev_uar"], -row["dev_loss"]))
        if len(self._seen) < (self._seen.maxlen or 1):
            return False
        uar, loss = (float(np.mean(each)) for each in zip(*self._seen, strict=True))
        standing = (uar, loss) if self.recipe.monitor == "uar" else (loss, 0.0)
        if standing > self.best:
            self.best, self.best_epoch = standing, self._epoch
        return self.best_epoch == self._epoch

    @property
    def is_over(self) -> bool:
        """Whether the recipe's patience is at its end."""
        if self.recipe.patience is None or not self.best_epoch or self._epoch <= _EARLY * self.recipe.epochs:
            return False
        return self._epoch - self.best_epoch >= self.recipe.patience


__all__ = ["Choice", "evaluate", "judge", "posteriors", "scored_at_once"]
