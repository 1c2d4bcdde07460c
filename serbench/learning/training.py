"""The training loop: one network, one recipe, one seed.

Conventions
-----------
The loop draws from its own generator and, inside :func:`torch.random.fork_rng`, from torch's; afterwards
torch's global state is what it was. On one machine and one thread count, CPU results repeat bit for bit.
"""

from __future__ import annotations

import contextlib
import copy
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from serbench.errors import PluginError
from serbench.learning.batch_sampler import draw_batches
from serbench.learning.recipe import Recipe
from serbench.learning.resident import ResidentTable

if TYPE_CHECKING:
    import torch
    from torch import nn

#: Segments scored at once: as many as a core's caches serve, or enough to keep an accelerator busy. No part of any
#: identity, since rows are scored independently.
_SCORED_AT_ONCE = {"cpu": 32}
_SCORED_AT_ONCE_ELSEWHERE = 256


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


def train(
    network: nn.Module, rows: ResidentTable, dev: ResidentTable | None, recipe: Recipe, generator: torch.Generator
) -> list[dict[str, Any]]:
    """Train a network in place; with ``keep="best"`` it ends with the weights of its best epoch on dev.

    Parameters
    ----------
    network
        On the device of the tables; from a batch to (b, k) logits. A method ``penalty()`` of the network,
        where there is one, is added to the loss.
    rows
        Training rows with labels.
    dev
        Rows to choose on; None trains to the last epoch.
    recipe
        How.
    generator
        On the CPU; draws the order, the children, the segments, the mixing.

    Returns
    -------
    A row per epoch: ``epoch``, ``train_loss``, and with dev ``dev_loss`` and ``dev_uar``.

    Raises
    ------
    PluginError
        When the loss is not finite.
    """
    import torch

    optimizer = _optimizer(network, recipe)
    schedule = (
        torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, recipe.epochs) if recipe.schedule == "cosine" else None
    )
    weights = class_weights(rows, recipe)
    choice, best_state, history = Choice(recipe), None, []
    for epoch in range(1, recipe.epochs + 1):
        row: dict[str, Any] = {
            "epoch": epoch,
            "train_loss": _epoch(network, rows, recipe, optimizer, weights, generator),
        }
        if schedule is not None:
            schedule.step()
        history.append(row)
        if dev is None or recipe.keep == "last":
            continue
        row["dev_loss"], row["dev_uar"] = evaluate(network, dev, recipe)
        if choice.is_best(row):
            best_state = copy.deepcopy(network.state_dict())
        elif choice.is_over:
            break
    if best_state is not None:
        network.load_state_dict(best_state)
    network.eval()
    return history


class Choice:
    """Which epoch is best on dev, and when to stop waiting for a better one."""

    def __init__(self, recipe: Recipe) -> None:
        self.recipe, self.best, self.waited = recipe, (-np.inf, -np.inf), 0

    def is_best(self, row: Mapping[str, Any]) -> bool:
        """Take note of the next epoch's ``dev_uar`` and ``dev_loss``; return whether none was better before."""
        standing = (row["dev_uar"], -row["dev_loss"]) if self.recipe.monitor == "uar" else (-row["dev_loss"], 0.0)
        self.waited += 1
        if standing > self.best:
            self.best, self.waited = standing, 0
        return self.waited == 0

    @property
    def is_over(self) -> bool:
        """Whether the recipe's patience is at its end."""
        return self.recipe.patience is not None and self.waited >= self.recipe.patience


def _epoch(
    network: nn.Module,
    rows: ResidentTable,
    recipe: Recipe,
    optimizer: torch.optim.Optimizer,
    weights: torch.Tensor | None,
    generator: torch.Generator,
) -> float:
    import torch

    network.train()
    if rows.codes is None:
        raise PluginError("training rows have no labels")
    total, seen = torch.zeros((), device=rows.device), 0
    for draw in draw_batches(rows.families, recipe, generator):
        index = draw.rows.to(rows.device)
        batch = rows.batch(index, draw.positions.to(rows.device))
        codes = rows.codes[index]
        partner = None if draw.partner is None else draw.partner.to(rows.device)
        if partner is not None:
            batch = mixed(batch, partner, draw.share)
        optimizer.zero_grad(set_to_none=True)
        with autocast(recipe, rows.device):
            logits = network(batch).float()
        loss = loss_of(logits, codes, recipe, weights)
        if partner is not None:
            loss = draw.share * loss + (1 - draw.share) * loss_of(logits, codes[partner], recipe, weights)
        penalty = getattr(network, "penalty", None)
        whole = loss + penalty() if callable(penalty) else loss
        whole.backward()
        if recipe.clip_gradient is not None:
            torch.nn.utils.clip_grad_norm_(network.parameters(), recipe.clip_gradient)
        optimizer.step()
        total, seen = total + loss.detach() * len(index), seen + len(index)
    return expect_finite(float(total) / seen)


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


def scored_at_once(device: str) -> int:
    """Return how many segments of a cell to score at once on a device."""
    return _SCORED_AT_ONCE.get(device, _SCORED_AT_ONCE_ELSEWHERE)


def posteriors(network: nn.Module, rows: ResidentTable, recipe: Recipe) -> torch.Tensor:
    """Return float32 (n, k) probabilities on the CPU: softmax per segment, averaged over each row's segments."""
    import torch

    network.eval()
    numbers, positions = rows.grid()
    parts = []
    with torch.inference_mode(), autocast(recipe, rows.device):
        size = scored_at_once(rows.device)
        for piece in range(0, len(numbers), size):
            span = slice(piece, piece + size)
            parts.append(torch.softmax(network(rows.batch(numbers[span], positions[span])).float(), dim=1))
        per_segment = torch.cat(parts)  # (m, k)
        summed = torch.zeros(len(rows), per_segment.shape[1], device=per_segment.device)
        summed.index_add_(0, numbers, per_segment)
        counts = torch.bincount(numbers, minlength=len(rows))[:, None]
        return (summed / counts).cpu()


def evaluate(network: nn.Module, rows: ResidentTable, recipe: Recipe) -> tuple[float, float]:
    """Return cross-entropy of the averaged posteriors and UAR over the classes present."""
    return judge(posteriors(network, rows, recipe).numpy(), rows.table.codes)


def judge(posterior: npt.NDArray[np.float32], truth: npt.NDArray[np.int64]) -> tuple[float, float]:
    """Return cross-entropy of (n, k) posteriors and UAR over the classes present."""
    scores = posterior.astype(np.float64)
    loss = float(-np.log(np.clip(scores[np.arange(len(truth)), truth], 1e-12, 1)).mean())
    guess = scores.argmax(axis=1)
    return loss, float(np.mean([(guess[truth == code] == code).mean() for code in np.unique(truth)]))


def _optimizer(network: nn.Module, recipe: Recipe) -> torch.optim.Optimizer:
    import torch

    # all parameters in one call: the same numbers in two thirds of the time; torch's default on a GPU alone
    settings: dict[str, Any] = {"lr": recipe.learning_rate, "weight_decay": recipe.weight_decay, "foreach": True}
    if recipe.optimizer == "sgd":
        return torch.optim.SGD(network.parameters(), momentum=0.9, **settings)
    kind = torch.optim.AdamW if recipe.optimizer == "adamw" else torch.optim.Adam
    return kind(network.parameters(), **settings)


def class_weights(rows: ResidentTable, recipe: Recipe) -> torch.Tensor | None:
    """Return float32 (k,) weights of the classes on the rows' device, or None where all count alike."""
    import torch

    if recipe.class_weights == "none":
        return None
    counts = np.bincount(rows.table.codes, minlength=len(rows.table.labels))
    weights = np.where(counts > 0, len(rows) / (np.count_nonzero(counts) * np.maximum(counts, 1)), 0.0)
    return torch.tensor(weights, dtype=torch.float32, device=rows.device)


def loss_of(logits: torch.Tensor, codes: torch.Tensor, recipe: Recipe, weights: torch.Tensor | None) -> torch.Tensor:
    """Return the mean loss of (b, k) logits as the recipe has it."""
    import torch

    if recipe.loss == "cross-entropy":
        return torch.nn.functional.cross_entropy(logits, codes, weights, label_smoothing=recipe.label_smoothing)
    each = torch.nn.functional.cross_entropy(logits, codes, reduction="none", label_smoothing=recipe.label_smoothing)
    sure = torch.softmax(logits, dim=1).gather(1, codes[:, None])[:, 0]
    focal = (1 - sure) ** 2 * each
    if weights is None:
        return focal.mean()
    return (weights[codes] * focal).sum() / weights[codes].sum()


def mixed(batch: Any, partner: torch.Tensor, share: float | torch.Tensor) -> Any:
    """Return a batch whose rows are mixed with their partners', of every feature alike; ``share`` is their own part."""
    if isinstance(batch, dict):
        return {name: mixed(values, partner, share) for name, values in batch.items()}
    return share * batch + (1 - share) * batch[partner]


def autocast(recipe: Recipe, device: str) -> contextlib.AbstractContextManager[Any]:
    """Return the context of the recipe's precision for forward passes; parameters, losses and scores stay float32."""
    import torch

    if recipe.precision == "fp32":
        return contextlib.nullcontext()
    return torch.autocast(device, dtype=torch.bfloat16)


__all__ = [
    "Choice",
    "autocast",
    "class_weights",
    "evaluate",
    "expect_finite",
    "judge",
    "loss_of",
    "mixed",
    "posteriors",
    "repeatable",
    "scored_at_once",
    "torch_generator",
    "train",
]
