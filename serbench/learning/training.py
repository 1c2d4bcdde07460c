"""The training loop: one network, one recipe, one seed.

Conventions
-----------
The loop draws from its own generator and, inside :func:`torch.random.fork_rng`, from torch's; afterwards
torch's global state is what it was. On one machine and one thread count, CPU results repeat bit for bit.
"""

from __future__ import annotations

import contextlib
import copy
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

from serbench.errors import PluginError
from serbench.learning.recipe import Recipe
from serbench.learning.resident import ResidentTable

if TYPE_CHECKING:
    import torch
    from torch import nn

#: Segments scored at once; no part of any identity, since rows are scored independently.
PREDICTION_BATCH = 256


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
    weights = _class_weights(rows, recipe)
    best, best_state, history = (-np.inf, -np.inf), None, []
    waited = 0
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
        standing = (row["dev_uar"], -row["dev_loss"]) if recipe.monitor == "uar" else (-row["dev_loss"], 0.0)
        waited += 1
        if standing > best:
            best, best_state, waited = standing, copy.deepcopy(network.state_dict()), 0
        elif recipe.patience is not None and waited >= recipe.patience:
            break
    if best_state is not None:
        network.load_state_dict(best_state)
    network.eval()
    return history


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
    drawn = draw_epoch(rows, generator)
    total, seen = torch.zeros((), device=rows.device), 0
    for chosen in batches(drawn, recipe.batch_size):
        index = chosen.to(rows.device)
        batch = rows.batch(index, torch.rand(len(chosen), generator=generator).to(rows.device))
        if rows.codes is None:
            raise PluginError("training rows have no labels")
        codes = rows.codes[index]
        share, partner = 1.0, None
        if recipe.mixup > 0:
            share = float(
                np.random.default_rng(int(torch.randint(2**31, (1,), generator=generator))).beta(
                    recipe.mixup, recipe.mixup
                )
            )
            partner = torch.randperm(len(chosen), generator=generator).to(rows.device)
            batch = _mixed(batch, partner, share)
        optimizer.zero_grad(set_to_none=True)
        with _autocast(recipe, rows.device):
            logits = network(batch).float()
        loss = _loss(logits, codes, recipe, weights)
        if partner is not None:
            loss = share * loss + (1 - share) * _loss(logits, codes[partner], recipe, weights)
        penalty = getattr(network, "penalty", None)
        whole = loss + penalty() if callable(penalty) else loss
        whole.backward()
        if recipe.clip_gradient is not None:
            torch.nn.utils.clip_grad_norm_(network.parameters(), recipe.clip_gradient)
        optimizer.step()
        total, seen = total + loss.detach() * len(chosen), seen + len(chosen)
    mean = float(total) / seen
    if not np.isfinite(mean):
        raise PluginError(f"the training loss is {mean}; lower the learning rate or clip the gradient")
    return mean


def draw_epoch(rows: ResidentTable, generator: torch.Generator) -> torch.Tensor:
    """Return int64 row numbers in random order: each clip once, as itself or as one of its children."""
    import torch

    parents = rows.table.parents or rows.table.ids
    families: dict[str, list[int]] = {}
    for number, parent in enumerate(parents):
        families.setdefault(parent, []).append(number)
    sizes = torch.tensor([len(members) for members in families.values()])
    picks = (torch.rand(len(sizes), generator=generator) * sizes).long().clamp(max=sizes - 1)
    drawn = torch.tensor([members[int(pick)] for members, pick in zip(families.values(), picks, strict=True)])
    return drawn[torch.randperm(len(drawn), generator=generator)]


def batches(drawn: torch.Tensor, size: int) -> list[torch.Tensor]:
    """Cut row numbers into batches; a last batch of a single row joins its neighbour (batch norm needs two)."""
    import torch

    parts = list(torch.split(drawn, size))
    if len(parts) > 1 and len(parts[-1]) == 1:
        parts[-2:] = [torch.cat(parts[-2:])]
    return parts


def posteriors(network: nn.Module, rows: ResidentTable, recipe: Recipe) -> torch.Tensor:
    """Return float32 (n, k) probabilities on the CPU: softmax per segment, averaged over each row's segments."""
    import torch

    network.eval()
    numbers, positions = rows.grid()
    parts = []
    with torch.inference_mode(), _autocast(recipe, rows.device):
        for piece in range(0, len(numbers), PREDICTION_BATCH):
            span = slice(piece, piece + PREDICTION_BATCH)
            parts.append(torch.softmax(network(rows.batch(numbers[span], positions[span])).float(), dim=1))
        per_segment = torch.cat(parts)  # (m, k)
        summed = torch.zeros(len(rows), per_segment.shape[1], device=per_segment.device)
        summed.index_add_(0, numbers, per_segment)
        counts = torch.bincount(numbers, minlength=len(rows))[:, None]
        return (summed / counts).cpu()


def evaluate(network: nn.Module, rows: ResidentTable, recipe: Recipe) -> tuple[float, float]:
    """Return cross-entropy of the averaged posteriors and UAR over the classes present."""
    scores = posteriors(network, rows, recipe).numpy().astype(np.float64)
    truth = rows.table.codes
    loss = float(-np.log(np.clip(scores[np.arange(len(truth)), truth], 1e-12, 1)).mean())
    guess = scores.argmax(axis=1)
    return loss, float(np.mean([(guess[truth == code] == code).mean() for code in np.unique(truth)]))


def _optimizer(network: nn.Module, recipe: Recipe) -> torch.optim.Optimizer:
    import torch

    parameters, rate, decay = network.parameters(), recipe.learning_rate, recipe.weight_decay
    if recipe.optimizer == "sgd":
        return torch.optim.SGD(parameters, lr=rate, weight_decay=decay, momentum=0.9)
    kind = torch.optim.AdamW if recipe.optimizer == "adamw" else torch.optim.Adam
    return kind(parameters, lr=rate, weight_decay=decay)


def _class_weights(rows: ResidentTable, recipe: Recipe) -> torch.Tensor | None:
    import torch

    if recipe.class_weights == "none":
        return None
    counts = np.bincount(rows.table.codes, minlength=len(rows.table.labels))
    weights = np.where(counts > 0, len(rows) / (np.count_nonzero(counts) * np.maximum(counts, 1)), 0.0)
    return torch.tensor(weights, dtype=torch.float32, device=rows.device)


def _loss(logits: torch.Tensor, codes: torch.Tensor, recipe: Recipe, weights: torch.Tensor | None) -> torch.Tensor:
    import torch

    if recipe.loss == "cross-entropy":
        return torch.nn.functional.cross_entropy(logits, codes, weights, label_smoothing=recipe.label_smoothing)
    each = torch.nn.functional.cross_entropy(logits, codes, reduction="none", label_smoothing=recipe.label_smoothing)
    sure = torch.softmax(logits, dim=1).gather(1, codes[:, None])[:, 0]
    focal = (1 - sure) ** 2 * each
    if weights is None:
        return focal.mean()
    return (weights[codes] * focal).sum() / weights[codes].sum()


def _mixed(batch: Any, partner: torch.Tensor, share: float) -> Any:
    if isinstance(batch, dict):
        return {name: _mixed(values, partner, share) for name, values in batch.items()}
    return share * batch + (1 - share) * batch[partner]


def _autocast(recipe: Recipe, device: str) -> contextlib.AbstractContextManager[Any]:
    import torch

    if recipe.precision == "fp32":
        return contextlib.nullcontext()
    return torch.autocast(device, dtype=torch.bfloat16)


__all__ = ["batches", "draw_epoch", "evaluate", "posteriors", "repeatable", "train"]
