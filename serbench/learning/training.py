"""The training loop: one network, one recipe, one seed.

Conventions
-----------
The loop draws from its own generator and, inside :func:`torch.random.fork_rng`, from torch's; afterwards
torch's global state is what it was. On one machine and one thread count, CPU results repeat bit for bit.
"""

from __future__ import annotations

import contextlib
import copy
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from serbench.errors import PluginError
from serbench.learning.batch.augmentation import Mixing, Rows
from serbench.learning.batch.inputs import Inputs, forward
from serbench.learning.batch.resident import ResidentTable
from serbench.learning.batch.sampler import BatchDraw, draw_batches
from serbench.learning.judging import Choice, evaluate
from serbench.learning.optimization import Averaged, Rates, freeze
from serbench.learning.precision import autocast
from serbench.learning.recipe import Recipe

if TYPE_CHECKING:
    import torch
    from torch import nn

    from serbench.learning.objective import Loss


@contextlib.contextmanager
def repeatable(seed: int, device: str) -> Iterator[None]:
    """Seed torch for the block, choose deterministic kernels, and restore everything afterwards."""
    import torch

    devices = [torch.cuda.current_device()] if device == "cuda" else []
    cudnn = torch.backends.cudnn
    before = (cudnn.deterministic, cudnn.benchmark)
    with torch.random.fork_rng(devices=devices):
        torch.manual_seed(seed)
        cudnn.deterministic, cudnn.benchmark = True, False
        try:
            yield
        finally:
            cudnn.deterministic, cudnn.benchmark = before


def torch_generator(device: str) -> torch.Generator:
    """Return torch's own generator of a device: what layers draw from."""
    import torch

    if device == "cuda":
        found: torch.Generator = torch.cuda.default_generators[torch.cuda.current_device()]
        return found
    return torch.default_generator


@dataclass(frozen=True)
class Trainee:
    """A network before its first step, and all that its training needs.

    Attributes
    ----------
    network
        On the device of the tables; from a batch to (b, k) logits. A method ``penalty()`` of the network, where there
        is one, is added to the loss.
    rows, dev
        To learn from, with labels; and to choose on, or None: then it is trained to the last epoch.
    recipe
        How.
    generator
        On the CPU; draws order, children, segments, augmentation of batches.
    dropout_state
        The state of torch's own generator of the device: what dropout draws from.
    loss
        What is minimised.
    optimizer
        Of the network's parameters.
    """

    network: nn.Module
    rows: ResidentTable
    dev: ResidentTable | None
    recipe: Recipe
    generator: torch.Generator
    dropout_state: torch.Tensor
    loss: Loss
    optimizer: torch.optim.Optimizer

    @property
    def has_dev(self) -> bool:
        """Whether an epoch is chosen on dev."""
        return self.dev is not None and self.recipe.keep == "best"


def train(trainee: Trainee) -> list[dict[str, Any]]:
    """Train a network in place; with ``keep="best"`` it ends with the weights of its best epoch on dev.

    Returns
    -------
    A row per epoch: ``epoch``, ``train_loss``, and with dev ``dev_loss``, ``dev_uar`` and, of one, ``chosen``.

    Raises
    ------
    PluginError
        When the loss is not finite.
    """
    network, recipe = trainee.network, trainee.recipe
    rates = Rates(trainee.optimizer, recipe)
    average = None if recipe.average == "none" else Averaged(network, recipe)
    judged = network if average is None else average.network
    frozen = freeze(network, recipe.freeze)
    choice, best_state, history = Choice(recipe), None, []
    for epoch in range(1, recipe.epochs + 1):
        if epoch == recipe.freeze_epochs + 1:
            for parameter in frozen:
                parameter.requires_grad_(True)
        row: dict[str, Any] = {"epoch": epoch, "train_loss": _epoch(trainee, rates, average, epoch)}
        history.append(row)
        if average is not None:
            average.after_epoch(network, epoch)
        if trainee.dev is None or not trainee.has_dev:
            continue
        row["dev_loss"], row["dev_uar"] = evaluate(judged, trainee.dev, recipe)
        if choice.is_best(row):
            best_state = copy.deepcopy(judged.state_dict())
        elif choice.is_over:
            break
    if best_state is not None:
        history[choice.best_epoch - 1]["chosen"] = True
        network.load_state_dict(best_state)
    elif average is not None:
        network.load_state_dict(average.network.state_dict())
    network.eval()
    return history


def _epoch(trainee: Trainee, rates: Rates, average: Averaged | None, epoch: int) -> float:
    import torch

    network, rows, recipe, optimizer = trainee.network, trainee.rows, trainee.recipe, trainee.optimizer
    network.train()
    if rows.codes is None:
        raise PluginError("training rows have no labels")
    draws = draw_batches(rows.families, recipe, trainee.generator, rows.whole_lengths)
    total, seen = torch.zeros((), device=rows.device), 0
    optimizer.zero_grad(set_to_none=True)
    for number, draw in enumerate(draws, start=1):
        index = draw.rows.to(rows.device)
        inputs = rows.batch(index, draw.positions.to(rows.device))
        inputs, mixing = augmented(inputs, draw, rows, recipe, trainee.generator)
        with autocast(recipe, rows.device):
            logits = forward(network, inputs).float()
        loss = mixed_loss(trainee.loss, logits, rows.codes[index], rows.counts, mixing)
        penalty = getattr(network, "penalty", None)
        whole = loss + penalty() if callable(penalty) else loss
        together = min(recipe.accumulate, len(draws) - (number - 1) // recipe.accumulate * recipe.accumulate)
        (whole / together if together > 1 else whole).backward()
        total, seen = total + loss.detach() * len(index), seen + len(index)
        if number % recipe.accumulate and number < len(draws):
            continue
        if recipe.clip_gradient is not None:
            torch.nn.utils.clip_grad_norm_(network.parameters(), recipe.clip_gradient)
        rates.reach(epoch, number / len(draws))
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)
        if average is not None:
            average.after_step(network)
    return expect_finite(float(total) / seen)


def augmented(
    inputs: Inputs, draw: BatchDraw, rows: ResidentTable, recipe: Recipe, generator: torch.Generator
) -> tuple[Inputs, Mixing | None]:
    """Return a batch of one cell as the recipe augments it, and whose labels its rows have beside their own."""
    import torch

    if not recipe.augment:
        return inputs, None
    codes = torch.from_numpy(rows.table.codes)[draw.rows]
    mixing = None
    for change in recipe.augment:
        batch = Rows(inputs.values, inputs.lengths, codes, rows.table.labels)
        drawn = change.draw(batch, generator)
        inputs = Inputs(*change.apply(batch, drawn))
        mixing = change.mixing(drawn) or mixing
    return inputs.without(recipe.unseen), mixing


def mixed_loss(
    loss: Loss, logits: torch.Tensor, codes: torch.Tensor, counts: torch.Tensor, mixing: Mixing | None
) -> torch.Tensor:
    """Return the mean loss of a batch, of its rows' own classes and of those they are mixed with."""
    own = loss(logits, codes, counts)
    if mixing is None:
        return own
    other = loss(logits, codes[mixing.partner.to(codes.device)], counts)
    return mixing.share * own + (1 - mixing.share) * other


def expect_finite(loss: float) -> float:
    """Return a mean training loss.

    Raises
    ------
    PluginError
        When it is not finite.
    """
    if not np.isfinite(loss):
        raise PluginError(f"the training loss is {loss}; lower the learning rate or clip the gradient")
    return loss


def expect_lengths_are_seen(network: nn.Module, rows: ResidentTable, recipe: Recipe) -> None:
    """Refuse a network that would take what fills up a clip for sound.

    Raises
    ------
    PluginError
        When whole clips are passed, filled up, to a network that asks for neither lengths nor mask.
    """
    from serbench.learning.batch.inputs import asked

    whole: Sequence[str] = [name for name in rows.lengths if recipe.segment_of(name) is None]
    if whole and recipe.fill != "none" and not asked(network):
        raise PluginError(
            f"{whole[0]}: rows differ in length, expected segment=frames in the recipe, a network whose forward takes "
            f"lengths or mask, or fill='none'"
        )


__all__ = [
    "Trainee",
    "augmented",
    "expect_finite",
    "expect_lengths_are_seen",
    "mixed_loss",
    "repeatable",
    "torch_generator",
    "train",
]
