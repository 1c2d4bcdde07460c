"""Cells of one model trained together as one program: what keeps an accelerator busy with small networks.

Conventions
-----------
Letters as in ``serbench.learning.stacking.parameters``. Every cell has its own first weights, draws, dropout,
statistics and early stop, so it comes out as it would alone, but for the order of sums. At a step, cells whose batches
are of one size pass together; a cell that has no batch left waits for the next epoch, and one that has stopped leaves
the stack.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from operator import itemgetter
from typing import TYPE_CHECKING, Any

from serbench.errors import PluginError
from serbench.learning.batch.augmentation import Mixing
from serbench.learning.batch.inputs import Inputs
from serbench.learning.batch.resident import ResidentTable
from serbench.learning.batch.sampler import BatchDraw, draw_batches
from serbench.learning.judging import Choice, judge, scored_at_once
from serbench.learning.optimization import is_averaged
from serbench.learning.precision import autocast
from serbench.learning.recipe import Recipe
from serbench.learning.stacking.dropout import DropoutGenerators
from serbench.learning.stacking.parameters import Stack
from serbench.learning.training import Trainee, augmented, expect_finite

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
    has_dev = all(trainee.has_dev for trainee in trainees)
    run = _Run(cells, recipe, has_dev=has_dev)
    for epoch in range(1, recipe.epochs + 1):
        leaving = _noted(run, epoch)
        better, over = _chosen(run, leaving) if has_dev else ([], set())
        run.remember(better)
        run.release(range(len(run.cells)) if epoch == recipe.epochs else sorted(leaving | over))
        if not run.cells:
            break
    for cell in cells:
        cell.trainee.network.eval()
        if has_dev and cell.choice.best_epoch:
            cell.history[cell.choice.best_epoch - 1]["chosen"] = True
    return [cell.failure or cell.history for cell in cells]


def _noted(run: _Run, epoch: int) -> set[int]:
    """Train an epoch and write it into each cell's history; return the places of cells that failed in it."""
    failed = set()
    for place, (cell, loss) in enumerate(zip(run.cells, run.epoch(epoch), strict=True)):
        try:
            cell.history.append({"epoch": epoch, "train_loss": expect_finite(loss)})
        except PluginError as error:
            cell.failure = error
            failed.add(place)
    return failed


def _chosen(run: _Run, failed: set[int]) -> tuple[list[int], set[int]]:
    """Judge each cell on its dev rows; return the places of those with a new best epoch, and of those that are over."""
    better, over = [], set()
    for place, (loss, uar) in enumerate(run.evaluate()):
        cell = run.cells[place]
        if place in failed:
            continue
        cell.history[-1] |= {"dev_loss": loss, "dev_uar": uar}
        if cell.choice.is_best(cell.history[-1]):
            better.append(place)
        elif cell.choice.is_over:
            over.add(place)
    return better, over


class _Run:
    """The cells that are still trained, place by place."""

    def __init__(self, cells: Sequence[_Cell], recipe: Recipe, *, has_dev: bool) -> None:
        import torch

        self.cells, self.recipe = list(cells), recipe
        trainees = [cell.trainee for cell in cells]
        self.device = trainees[0].rows.device
        self.stack = Stack([trainee.network for trainee in trainees], recipe, trainees[0].loss)
        self.dropout = DropoutGenerators([trainee.dropout_state for trainee in trainees], self.device)
        self.rows = ResidentTable.join([trainee.rows for trainee in trainees])
        self.first = _starts([len(trainee.rows) for trainee in trainees])
        self.counts = torch.stack([trainee.rows.counts for trainee in trainees])
        self.best = self.stack.snapshot() if has_dev else None
        devs = [trainee.dev for trainee in trainees if trainee.dev is not None]
        self.dev = ResidentTable.join(devs) if has_dev else None
        for table in [table for trainee in trainees for table in (trainee.rows, trainee.dev) if table is not None]:
            table.values.clear()  # the joined tables hold a copy: the device need not hold two
        if self.dev is not None:
            self.grid = self.dev.grid()
            self.spans = _spans(self.grid[0], [len(trainee.dev) for trainee in trainees if trainee.dev is not None])

    def epoch(self, number: int) -> list[float]:
        """Train every cell for an epoch; return their mean losses."""
        import torch

        drawn = [
            draw_batches(rows.families, self.recipe, cell.trainee.generator, rows.whole_lengths)
            for cell in self.cells
            for rows in (cell.trainee.rows,)
        ]
        totals = torch.zeros(len(self.cells), device=self.device)
        for turn in range(max(len(batches) for batches in drawn)):
            now = {place: draws[turn] for place, draws in enumerate(drawn) if turn < len(draws)}
            alike: dict[tuple[int, int], list[int]] = {}  # rows of a batch, and the frames they are filled up to
            for place, draw in now.items():
                shape = len(draw.rows), self.cells[place].trainee.rows.padded(draw.rows)
                alike.setdefault(shape, []).append(place)
            for (size, _), places in sorted(alike.items()):
                totals[places] += size * self._pass(places, [now[place] for place in places])
            rate = self.recipe.learning_rate
            rates = [rate * self.recipe.rate_factor(number, (turn + 1) / len(drawn[place])) for place in now]
            self.stack.step(list(now), rates)
        if self.recipe.average == "swa" and is_averaged(self.recipe, number):
            self.stack.average(range(len(self.cells)))
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
        batch, mixing = self._augmented(places, draws, batch)
        with autocast(self.recipe, self.device):
            noises = self.dropout.draw(places, self.stack.sites(batch))
            minimised, losses = self.stack.losses(
                places, batch, self.rows.codes[index], self.counts[list(places)], noises, mixing
            )
        torch.autograd.backward(minimised.sum())
        return losses

    def _augmented(
        self, places: Sequence[int], draws: Sequence[BatchDraw], batch: Inputs
    ) -> tuple[Inputs, tuple[torch.Tensor, torch.Tensor] | None]:
        """Augment the batch of each cell by its own draws; return shares (g,) and partners (g, b) where labels mix."""
        import torch

        if not self.recipe.augment:
            return batch, None
        changed: list[Inputs] = []
        mixed: list[Mixing] = []
        for number, (place, draw) in enumerate(zip(places, draws, strict=True)):
            trainee = self.cells[place].trainee
            mine = batch.map(itemgetter(number))
            one, mixing = augmented(mine, draw, trainee.rows, self.recipe, trainee.generator)
            changed.append(one)
            mixed += [mixing] if mixing is not None else []
        joined = Inputs(
            *({name: torch.stack([one[part][name] for one in changed]) for name in changed[0][part]} for part in (0, 1))
        )
        if not mixed:
            return joined, None
        shares = torch.tensor([mixing.share for mixing in mixed], device=self.device)
        return joined, (shares, torch.stack([mixing.partner for mixing in mixed]).to(self.device))

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
                rows = self.dev.batch(numbers[index].flatten(), positions[index].flatten()).without(self.recipe.unseen)
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
        now, present = self.stack.judged
        values[chosen] = now[chosen]
        for name, each in buffers.items():
            each[chosen] = present[name][chosen]

    def release(self, places: Sequence[int]) -> None:
        """Write some cells into their networks, and go on without them."""
        if not places:
            return
        final = self.best or self.stack.judged
        for place in places:
            self.stack.write(*final, place, self.cells[place].trainee.network)
        left = [place for place in range(len(self.cells)) if place not in set(places)]
        self.cells = [self.cells[place] for place in left]
        self.first = self.first[left]
        self.stack.keep(left)
        self.dropout.keep(left)
        self.counts = self.counts[left]
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


def _unflat(batch: Inputs, shape: torch.Size) -> Inputs:
    return batch.map(lambda each: each.reshape(*shape, *each.shape[1:]))


def _averaged(scores: torch.Tensor, rows: torch.Tensor) -> np.ndarray:
    """Return float32 (n, k): the mean of each row's segments."""
    import torch

    places = rows - rows[0]
    summed = torch.zeros(int(places[-1]) + 1, scores.shape[1]).index_add_(0, places, scores)
    averaged: np.ndarray = (summed / torch.bincount(places)[:, None]).numpy()
    return averaged


__all__ = ["train_together"]
