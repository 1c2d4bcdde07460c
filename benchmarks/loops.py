"""What serbench's training stands against: the least that anybody can write over tensors in memory."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch


def bare_loop(network: torch.nn.Module, inputs: torch.Tensor, codes: torch.Tensor, epochs: int) -> None:
    """Train a network on tensors in memory; all frames are the clips' own."""
    lengths = torch.full((len(inputs),), inputs.shape[1])
    optimizer = torch.optim.AdamW(network.parameters(), lr=1e-3, weight_decay=1e-2)
    network.train()
    for _ in range(epochs):
        for chosen in torch.split(torch.randperm(len(inputs)), 32):
            optimizer.zero_grad(set_to_none=True)
            logits = network(inputs[chosen], lengths[chosen])
            torch.nn.functional.cross_entropy(logits, codes[chosen], label_smoothing=0.1).backward()
            optimizer.step()


def data_loader(network: torch.nn.Module, inputs: torch.Tensor, codes: torch.Tensor, epochs: int) -> None:
    """Train a network with a DataLoader over the same tensors, in its own process."""
    from torch.utils.data import DataLoader, TensorDataset

    loader = DataLoader(TensorDataset(inputs, codes), batch_size=32, shuffle=True)
    optimizer = torch.optim.AdamW(network.parameters(), lr=1e-3, weight_decay=1e-2)
    network.train()
    for _ in range(epochs):
        for batch, truth in loader:
            optimizer.zero_grad(set_to_none=True)
            logits = network(batch, torch.full((len(batch),), batch.shape[1]))
            torch.nn.functional.cross_entropy(logits, truth, label_smoothing=0.1).backward()
            optimizer.step()


@dataclass(frozen=True)
class Tensors:
    """A fold: train (n, t, d) with int64 codes (n,), and test (m, t, d)."""

    train: torch.Tensor
    codes: torch.Tensor
    test: torch.Tensor


def tensors_of(tables: Any, frames: int) -> Tensors:
    """Return a fold's clips in segments of some frames, zeros behind short clips.

    Of a training clip the first frames; of the others the segments that cover them, overlapping by half or more.
    """
    codes = torch.from_numpy(tables.train.codes)
    return Tensors(_segments(tables.train, frames, covered=False), codes, _segments(tables.test, frames, covered=True))


def _segments(rows: Any, frames: int, *, covered: bool) -> torch.Tensor:
    segments = []
    for values in rows.column.rows():
        spare = max(0, len(values) - frames)
        number = 1 + math.ceil(2 * spare / frames) if covered else 1
        for start in np.linspace(0, spare if number > 1 else 0, number).round().astype(int):
            segment = torch.zeros(frames, values.shape[1])
            segment[: len(values)] = torch.from_numpy(values[start : start + frames].copy())
            segments.append(segment)
    return torch.stack(segments)


def bare_cell(model: Any, fold: Tensors) -> None:
    """Fit one fold: train, and score test at the end."""
    mean, std = fold.train.mean((0, 1)), fold.train.std((0, 1)) + 1e-6
    inputs, test = ((each - mean) / std for each in (fold.train, fold.test))
    network = model.build(tuple(inputs.shape[1:]), int(fold.codes.max()) + 1)
    bare_loop(network, inputs, fold.codes, model.epochs)
    _score(network, test)


def _score(network: torch.nn.Module, inputs: torch.Tensor) -> None:
    network.eval()
    with torch.inference_mode():
        for batch in torch.split(inputs, 256):
            network(batch)
