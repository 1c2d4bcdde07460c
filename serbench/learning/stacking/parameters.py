"""Networks of one kind as one: parameters, buffers and the optimizer's memory of several cells in common tensors.

Conventions
-----------
``c`` cells in the stack, ``g`` of them that step together, ``p`` trained numbers of one network, ``b`` rows of a batch,
``k`` classes. A *place* is a cell's row in the stack; places close up when a cell leaves. An update is the one of
``torch.optim`` with its default constants, row by row.
"""

from __future__ import annotations

import copy
import math
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from serbench.errors import PluginError
from serbench.learning.recipe import Recipe
from serbench.learning.stacking.dropout import Site, recorded, replayed
from serbench.learning.training import loss_of, mixed

if TYPE_CHECKING:
    import torch
    from torch import nn

_BETA, _BETA_SQUARE, _EPSILON, _MOMENTUM = 0.9, 0.999, 1e-8, 0.9


class Stack:
    """Networks of one kind, each with its own numbers.

    Parameters
    ----------
    networks
        On their device, all of one structure; they are read here and written by :meth:`write`.
    recipe
        How they are trained.

    Raises
    ------
    PluginError
        When they cannot be stacked.
    """

    def __init__(self, networks: Sequence[nn.Module], recipe: Recipe) -> None:
        import torch

        self.recipe, self.template = recipe, _whole(copy.deepcopy(networks[0]))
        trained = {name: parameter for name, parameter in networks[0].named_parameters() if parameter.requires_grad}
        if not trained or {parameter.dtype for parameter in trained.values()} != {torch.float32}:
            raise PluginError("its trained parameters are not float32")
        self.shapes = {name: parameter.shape for name, parameter in trained.items()}
        tables = [dict([*network.named_parameters(), *network.named_buffers()]) for network in networks]
        if any({name: tensor.shape for name, tensor in table.items()} != _shapes(tables[0]) for table in tables):
            raise PluginError("its networks differ in structure")
        flat = [torch.cat([table[name].detach().reshape(-1) for name in trained]) for table in tables]
        self.values = torch.stack(flat).requires_grad_()  # (c, p)
        self.buffers = {  # what is not trained, statistics among it
            name: torch.stack([table[name].detach() for table in tables]) for name in tables[0] if name not in trained
        }
        self.memory = torch.zeros_like(self.values), torch.zeros_like(self.values)
        self.steps = [0] * len(networks)
        self._sites: dict[int, list[Site]] = {}

    def __len__(self) -> int:
        return len(self.values)

    def losses(
        self,
        places: Sequence[int],
        batch: Any,
        codes: torch.Tensor,
        weights: torch.Tensor | None,
        noises: Sequence[torch.Tensor],
        mixing: tuple[torch.Tensor, torch.Tensor] | None,
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Pass a batch of each of some cells.

        Parameters
        ----------
        places
            The g cells.
        batch, codes
            (g, b, ...) rows, a dict of them where there are several features, and their classes (g, b).
        weights
            (g, k) of the classes, or None.
        noises
            Of dropout, (g, b, ...) each.
        mixing
            Shares (g,) and partners (g, b), or None.

        Returns
        -------
        What is to be minimised, penalties included, and the mean losses: (g,) each.
        """
        import torch

        self.template.train()
        share, partner = mixing or (None, None)
        dims = (0, 0, 0, 0, None if weights is None else 0, 0, None if mixing is None else 0)
        passed = torch.vmap(self._losses_of_one, in_dims=(*dims, dims[-1]), randomness="error")
        values, buffers = self._rows(places)
        found: tuple[torch.Tensor, torch.Tensor] = passed(
            values, buffers, batch, codes, weights, list(noises), share, partner
        )
        if len(places) < len(self):
            for name, buffer in buffers.items():
                self.buffers[name][list(places)] = buffer
        return found

    def _losses_of_one(
        self,
        values: torch.Tensor,
        buffers: Mapping[str, torch.Tensor],
        batch: Any,
        codes: torch.Tensor,
        weights: torch.Tensor | None,
        noises: Sequence[torch.Tensor],
        share: torch.Tensor | None,
        partner: torch.Tensor | None,
    ) -> tuple[torch.Tensor, torch.Tensor]:
        if share is None or partner is None:
            with replayed(noises):
                logits, penalty = self._call(values, buffers, batch)
            loss = loss_of(logits, codes, self.recipe, weights)
        else:
            with replayed(noises):
                logits, penalty = self._call(values, buffers, mixed(batch, partner, share))
            loss = share * loss_of(logits, codes, self.recipe, weights)
            loss = loss + (1 - share) * loss_of(logits, codes[partner], self.recipe, weights)
        return loss + penalty, loss.detach()

    def scores(self, batch: Any) -> torch.Tensor:
        """Return probabilities (c, b, k) of a batch (c, b, ...) of every cell, in evaluation mode."""
        import torch

        self.template.eval()

        def one(values: torch.Tensor, buffers: Mapping[str, torch.Tensor], rows: Any) -> torch.Tensor:
            return torch.softmax(self._call(values, buffers, rows)[0], dim=1)

        found: torch.Tensor = torch.vmap(one, randomness="error")(self.values, self.buffers, batch)
        return found

    def sites(self, batch: Any, size: int) -> list[Site]:
        """Return where a pass of ``size`` rows drops; ``batch`` (c, b, ...) is looked at when the size is new."""
        import torch

        if size not in self._sites:
            self.template.train()
            found: list[Site] = []
            one = {name: each[0] for name, each in batch.items()} if isinstance(batch, dict) else batch[0]
            buffers = {name: each[0].clone() for name, each in self.buffers.items()}
            with torch.no_grad(), recorded(found):
                self._call(self.values[0].detach(), buffers, one)
            self._sites[size] = found
        return self._sites[size]

    def _call(
        self, values: torch.Tensor, buffers: Mapping[str, torch.Tensor], batch: Any
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Return logits and penalty of one network: values (p,), batch (b, ...)."""
        import torch

        parts = torch.split(values, [shape.numel() for shape in self.shapes.values()])
        named = {name: part.view(shape) for (name, shape), part in zip(self.shapes.items(), parts, strict=True)}
        inside = {f"network.{name}": each for name, each in {**named, **buffers}.items()}
        found: tuple[torch.Tensor, torch.Tensor] = torch.func.functional_call(self.template, inside, (batch,))
        return found

    def _rows(self, places: Sequence[int]) -> tuple[torch.Tensor, dict[str, torch.Tensor]]:
        if len(places) == len(self):
            return self.values, self.buffers
        chosen = list(places)
        return self.values[chosen], {name: each[chosen] for name, each in self.buffers.items()}

    def step(self, places: Sequence[int], rate: float) -> None:
        """Update some cells by their gradients, and forget the gradients of all."""
        import torch

        if self.values.grad is None:
            raise PluginError("the loss does not depend on a trained parameter")
        chosen = slice(None) if len(places) == len(self) else list(places)
        for place in places:
            self.steps[place] += 1
        with torch.no_grad():
            values, grad = self.values.detach()[chosen], self.values.grad[chosen]
            first, second = (moment[chosen] for moment in self.memory)
            if self.recipe.clip_gradient is not None:
                norm = grad.norm(dim=1, keepdim=True)
                grad = grad * (self.recipe.clip_gradient / (norm + 1e-6)).clamp(max=1)
            if self.recipe.optimizer == "sgd":
                self._sgd(values, grad, first, rate)
            else:
                self._adam(values, grad, (first, second), [self.steps[place] for place in places], rate)
            if chosen != slice(None):  # rows were picked, not looked through
                self.values[chosen], self.memory[0][chosen], self.memory[1][chosen] = values, first, second
        self.values.grad = None

    def _sgd(self, values: torch.Tensor, grad: torch.Tensor, first: torch.Tensor, rate: float) -> None:
        first.mul_(_MOMENTUM).add_(grad).add_(values, alpha=self.recipe.weight_decay)
        values.add_(first, alpha=-rate)

    def _adam(
        self,
        values: torch.Tensor,
        grad: torch.Tensor,
        moments: tuple[torch.Tensor, torch.Tensor],
        steps: Sequence[int],
        rate: float,
    ) -> None:
        import torch

        decay = self.recipe.weight_decay
        if self.recipe.optimizer == "adamw":
            values.mul_(1 - rate * decay)
        elif decay:
            grad = grad.add(values, alpha=decay)
        moments[0].lerp_(grad, 1 - _BETA)
        moments[1].mul_(_BETA_SQUARE).addcmul_(grad, grad, value=1 - _BETA_SQUARE)

        def each(of: Callable[[int], float]) -> torch.Tensor:
            return torch.tensor([of(count) for count in steps], dtype=values.dtype)[:, None].to(values.device)  # (g, 1)

        size = each(lambda count: rate / (1 - _BETA**count))
        root = each(lambda count: math.sqrt(1 - _BETA_SQUARE**count))
        values.sub_(size * moments[0] / (moments[1].sqrt().div_(root).add_(_EPSILON)))

    def snapshot(self) -> tuple[torch.Tensor, dict[str, torch.Tensor]]:
        """Return copies of all values and buffers."""
        return self.values.detach().clone(), {name: each.clone() for name, each in self.buffers.items()}

    def write(self, values: torch.Tensor, buffers: Mapping[str, torch.Tensor], place: int, network: nn.Module) -> None:
        """Copy one cell of a snapshot into a network."""
        import torch

        parts = torch.split(values[place], [shape.numel() for shape in self.shapes.values()])
        named = {name: part.view(shape) for (name, shape), part in zip(self.shapes.items(), parts, strict=True)}
        into = dict([*network.named_parameters(), *network.named_buffers()])
        with torch.no_grad():
            for name, each in {**named, **{name: each[place] for name, each in buffers.items()}}.items():
                into[name].copy_(each)

    def keep(self, places: Sequence[int]) -> None:
        """Let all other cells leave."""
        chosen = list(places)
        self.values = self.values.detach()[chosen].requires_grad_()
        self.buffers = {name: each[chosen] for name, each in self.buffers.items()}
        self.memory = self.memory[0][chosen], self.memory[1][chosen]
        self.steps = [self.steps[place] for place in chosen]


def _shapes(table: Mapping[str, torch.Tensor]) -> dict[str, torch.Size]:
    return {name: each.shape for name, each in table.items()}


def _whole(network: nn.Module) -> nn.Module:
    """Return a module from a batch to float32 logits and the network's own penalty, 0 where it has none."""
    from torch import nn

    class Whole(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.network = network

        def forward(self, batch: Any) -> tuple[torch.Tensor, torch.Tensor]:
            logits = self.network(batch).float()
            penalty = getattr(self.network, "penalty", None)
            return logits, penalty() if callable(penalty) else logits.new_zeros(())

    return Whole()


__all__ = ["Stack"]
