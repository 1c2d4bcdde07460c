"""Cells of one model trained together as one program: what keeps an accelerator busy with small networks.

Conventions
-----------
Letters as in ``serbench.learning.stacking.parameters``. Every cell has its own first weights, draws, dropout,
statistics and early stop, so it comes out as it would alone, but for the order of sums. At a step, cells whose batches
are of one size pass together; a cell that has no batch left waits for the next epoch, and one that has stopped leaves
the stack.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from serbench.errors import PluginError
from serbench.learning.batch_sampler import BatchDraw, draw_batches
from serbench.learning.recipe import Recipe
from serbench.learning.resident import ResidentTable
from serbench.learning.stacking.dropout import DropoutGenerators
from serbench.learning.stacking.parameters import Stack
from serbench.learning.torch_model import Trainee
from serbench.learning.training import (
    Choice,
    autocast,
    class_weights,
    expect_finite,
    judge,
    scored_at_once,
)

if TYPE_CHECKING:
    import numpy as np
    import torch


@dataclass
class _Cell:
    """What is known of one cell."""

    trainee: Trainee
    choice: Choice
    history: list[dict[str, Any]] = field(default_factory=list)
    failure: PluginError | None = None


def train_together(trainees: Sequence[Trainee], recipe: Recipe) -> list[list[dict[str, Any]] | PluginError]:
    """Train networks in place; each ends as :func:`serbench.learning.training.train` would leave it.

    Returns
    -------
    For each its history, or what went wrong with it alone.

    Raises
    ------
    Exception
        Whatever torch raises when the networks cannot be stacked; they are then as they were.
    """
    cells = [_Cell(trainee, Choice(recipe)) for trainee in trainees]
    has_dev = recipe.keep == "best" and all(trainee.dev is not None for trainee in trainees)
    run = _Run(cells, recipe, has_dev=has_dev)
    for epoch in range(1, recipe.epochs + 1):
        losses = run.epoch(_rate(recipe, epoch))
        leaving, better = set(), []
        for place, (cell, loss) in enumerate(zip(run.cells, losses, strict=True)):
            try:
                cell.history.append({"epoch": epoch, "train_loss": expect_finite(loss)})
            except PluginError as error:
                cell.failure = error
                leaving.add(place)
        for place, (loss, uar) in enumerate(run.evaluate() if has_dev else ()):
            cell = run.cells[place]
            if place in leaving:
                continue
            cell.history[-1] |= {"dev_loss": loss, "dev_uar": uar}
            if cell.choice.is_best(cell.history[-1]):
                better.append(place)
            elif cell.choice.is_over:
                leaving.add(place)
        run.remember(better)
        run.release(range(len(run.cells)) if epoch == recipe.epochs else sorted(leaving))
        if not run.cells:
            break
    for trainee in trainees:
        trainee.network.eval()
    return [cell.failure or cell.history for cell in cells]


def _rate(recipe: Recipe, epoch: int) -> float:
    """Return the learning rate of an epoch, as CosineAnnealingLR has it."""
    if recipe.schedule == "constant":
        return recipe.learning_rate
    return recipe.learning_rate * (1 + math.cos(math.pi * (epoch - 1) / recipe.epochs)) / 2


class _Run:
    """The cells that are still trained, place by place."""

    def __init__(self, cells: Sequence[_Cell], recipe: Recipe, *, has_dev: bool) -> None:
        import torch

        self.cells, self.recipe = list(cells), recipe
        trainees = [cell.trainee for cell in cells]
        self.device = trainees[0].rows.device
        self.stack = Stack([trainee.network for trainee in trainees], recipe)
        self.dropout = DropoutGenerators([trainee.dropout_state for trainee in trainees], self.device)
        self.rows = ResidentTable.join([trainee.rows for trainee in trainees])
        self.first = _starts([len(trainee.rows) for trainee in trainees])
        weights = [class_weights(trainee.rows, recipe) for trainee in trainees]
        known = [weight for weight in weights if weight is not None]
        self.weights = torch.stack(known) if known else None
        self.best = self.stack.snapshot() if has_dev else None
        devs = [trainee.dev for trainee in trainees if trainee.dev is not None]
        self.dev = ResidentTable.join(devs) if has_dev else None
        for table in [table for trainee in trainees for table in (trainee.rows, trainee.dev) if table is not None]:
            table.values.clear()  # the joined tables hold a copy: the device need not hold two
        if self.dev is not None:
            self.grid = self.dev.grid()
            self.spans = _spans(self.grid[0], [len(trainee.dev) for trainee in trainees if trainee.dev is not None])

    def epoch(self, rate: float) -> list[float]:
        """Train every cell for an epoch; return their mean losses."""
        import torch

        drawn = [
            list(draw_batches(cell.trainee.rows.families, self.recipe, cell.trainee.generator)) for cell in self.cells
        ]
        totals = torch.zeros(len(self.cells), device=self.device)
        for number in range(max(len(batches) for batches in drawn)):
            now = {place: draws[number] for place, draws in enumerate(drawn) if number < len(draws)}
            for size in sorted({len(draw.rows) for draw in now.values()}):
                places = [place for place, draw in now.items() if len(draw.rows) == size]
                totals[places] += size * self._pass(places, [now[place] for place in places])
            self.stack.step(list(now), rate)
        seen = [sum(len(draw.rows) for draw in draws) for draws in drawn]
        return [total / count for total, count in zip(totals.tolist(), seen, strict=True)]

    def _pass(self, places: Sequence[int], draws: Sequence[BatchDraw]) -> torch.Tensor:
        """Pass a batch of some cells forward and back; return their mean losses (g,)."""
        import torch

        rows = torch.stack([draw.rows + self.first[place] for place, draw in zip(places, draws, strict=True)])
        index = rows.to(self.device)  # (g, b)
        positions = torch.stack([draw.positions for draw in draws]).to(self.device)
        batch = _unflat(self.rows.batch(index.flatten(), positions.flatten()), index.shape)
        if self.rows.codes is None:
            raise PluginError("training rows have no labels")
        partners = [draw.partner for draw in draws if draw.partner is not None]
        mixing = None
        if partners:
            shares = torch.tensor([draw.share for draw in draws], device=self.device)
            mixing = shares, torch.stack(partners).to(self.device)
        weights = None if self.weights is None else self.weights[list(places)]
        with autocast(self.recipe, self.device):
            noises = self.dropout.draw(places, self.stack.sites(batch, index.shape[1]))
            minimised, losses = self.stack.losses(places, batch, self.rows.codes[index], weights, noises, mixing)
        torch.autograd.backward(minimised.sum())
        return losses

    def evaluate(self) -> list[tuple[float, float]]:
        """Return every cell's loss and UAR on its dev rows."""
        import torch

        if self.dev is None:
            return []
        numbers, positions = self.grid
        # shorter cells repeat their last segment: rows do not influence each other, and what is repeated is left out
        longest = max(len(span) for span in self.spans)
        picked = torch.tensor([[*span, *[span[-1]] * (longest - len(span))] for span in self.spans], device=self.device)
        parts = []
        with torch.no_grad(), autocast(self.recipe, self.device):
            for index in torch.split(picked, scored_at_once(self.device), dim=1):
                rows = self.dev.batch(numbers[index].flatten(), positions[index].flatten())
                parts.append(self.stack.scores(_unflat(rows, index.shape)))
        scores = torch.cat(parts, dim=1).cpu()  # (c, m, k)
        where = numbers.cpu()
        return [
            judge(_averaged(mine[: len(span)], where[span.start : span.stop]), cell.trainee.dev.table.codes)
            for mine, span, cell in zip(scores, self.spans, self.cells, strict=True)
            if cell.trainee.dev is not None
        ]

    def remember(self, places: Sequence[int]) -> None:
        """Keep the present state of some cells as their best."""
        if self.best is None or not places:
            return
        chosen, (values, buffers) = list(places), self.best
        values[chosen] = self.stack.values.detach()[chosen]
        for name, each in buffers.items():
            each[chosen] = self.stack.buffers[name][chosen]

    def release(self, places: Sequence[int]) -> None:
        """Write some cells into their networks, and go on without them."""
        if not places:
            return
        final = self.best or (self.stack.values.detach(), self.stack.buffers)
        for place in places:
            self.stack.write(*final, place, self.cells[place].trainee.network)
        left = [place for place in range(len(self.cells)) if place not in set(places)]
        self.cells = [self.cells[place] for place in left]
        self.first = self.first[left]
        self.stack.keep(left)
        self.dropout.keep(left)
        if self.weights is not None:
            self.weights = self.weights[left]
        if self.best is not None:
            self.best = self.best[0][left], {name: buffer[left] for name, buffer in self.best[1].items()}
            self.spans = [self.spans[place] for place in left]


def _starts(sizes: Sequence[int]) -> torch.Tensor:
    import torch

    ends = torch.cumsum(torch.tensor(sizes), 0)
    return ends - torch.tensor(sizes)


def _spans(numbers: torch.Tensor, sizes: Sequence[int]) -> list[range]:
    """Return each cell's range of segments, of which ``numbers`` (m,) says the row, ascending."""
    import torch

    edges = torch.searchsorted(numbers.cpu(), torch.cat([torch.zeros(1, dtype=torch.int64), _starts([*sizes, 0])[1:]]))
    return [range(start, end) for start, end in zip(edges.tolist()[:-1], edges.tolist()[1:], strict=True)]


def _unflat(batch: Any, shape: torch.Size) -> Any:
    if isinstance(batch, dict):
        return {name: each.unflatten(0, shape) for name, each in batch.items()}
    return batch.unflatten(0, shape)


def _averaged(scores: torch.Tensor, rows: torch.Tensor) -> np.ndarray:
    """Return float32 (n, k): the mean of each row's segments."""
    import torch

    places = rows - rows[0]
    summed = torch.zeros(int(places[-1]) + 1, scores.shape[1]).index_add_(0, places, scores)
    averaged: np.ndarray = (summed / torch.bincount(places)[:, None]).numpy()
    return averaged


__all__ = ["train_together"]
