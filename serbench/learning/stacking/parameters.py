"""Networks of one kind as one: parameters, buffers and the optimizer's memory of several cells in common tensors.

Conventions
-----------
``c`` cells in the stack, ``g`` of them that step together, ``p`` trained numbers of one network, ``b`` rows of a batch,
``k`` classes. A *place* is a cell's row in the stack; places close up when a cell leaves. An update is the one of
``torch.optim`` with its default constants, row by row; so are averages of weights those of ``torch.optim.swa_utils``.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from serbench.errors import PluginError
from serbench.learning.batch.inputs import Inputs, forward
from serbench.learning.recipe import Recipe
from serbench.learning.stacking.dropout import Site, recorded, replayed
from serbench.learning.stacking.updates import step_adam, step_sgd

if TYPE_CHECKING:
    import torch
    from torch import nn

    from serbench.learning.objective import Loss


class Stack:
    """Networks of one kind, each with its own numbers.

    Parameters
    ----------
    networks
        On their device, all of one structure; they are read here and written by :meth:`write`.
    recipe
        How they are trained.
    loss
        What is minimised.

    Raises
    ------
    PluginError
        When they cannot be stacked.
    """

    def __init__(self, networks: Sequence[nn.Module], recipe: Recipe, loss: Loss) -> None:
        import torch

        self.recipe, self.loss, self.template = recipe, loss, _whole(copy.deepcopy(networks[0]))
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
        self.mean: tuple[torch.Tensor, dict[str, torch.Tensor]] | None = None
        if recipe.average != "none":
            self.mean = self.snapshot()
        self.averaged = [0] * len(networks)
        self._sites: dict[tuple[int, ...], list[Site]] = {}

    def __len__(self) -> int:
        return len(self.values)

    @property
    def judged(self) -> tuple[torch.Tensor, dict[str, torch.Tensor]]:
        """The values and buffers that are judged and kept: the averaged ones where the recipe averages."""
        return self.mean if self.mean is not None else (self.values.detach(), self.buffers)

    def losses(
        self,
        places: Sequence[int],
        batch: Inputs,
        codes: torch.Tensor,
        counts: torch.Tensor,
        noises: Sequence[torch.Tensor],
        mixing: tuple[torch.Tensor, torch.Tensor] | None,
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Pass a batch of each of some cells.

        Parameters
        ----------
        places
            The g cells.
        batch, codes
            (g, b, ...) values and (g, b) lengths by feature name, and the rows' classes (g, b).
        counts
            (g, k): training rows of each class.
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
        dims = (0, 0, 0, 0, 0, 0, None if mixing is None else 0)
        passed = torch.vmap(self._losses_of_one, in_dims=(*dims, dims[-1]), randomness="error")
        values, buffers = self._rows(places)
        found: tuple[torch.Tensor, torch.Tensor] = passed(
            values, buffers, batch, codes, counts, list(noises), share, partner
        )
        if len(places) < len(self):
            for name, buffer in buffers.items():
                self.buffers[name][list(places)] = buffer
        return found

    def _losses_of_one(
        self,
        values: torch.Tensor,
        buffers: Mapping[str, torch.Tensor],
        batch: Inputs,
        codes: torch.Tensor,
        counts: torch.Tensor,
        noises: Sequence[torch.Tensor],
        share: torch.Tensor | None,
        partner: torch.Tensor | None,
    ) -> tuple[torch.Tensor, torch.Tensor]:
        with replayed(noises):
            logits, penalty = self._call(values, buffers, batch)
        loss = self.loss(logits, codes, counts)
        if share is not None and partner is not None:
            loss = share * loss + (1 - share) * self.loss(logits, codes[partner], counts)
        return loss + penalty, loss.detach()

    def scores(self, batch: Inputs) -> torch.Tensor:
        """Return probabilities (c, b, k) of a batch (c, b, ...) of every cell, in evaluation mode."""
        import torch

        self.template.eval()

        def one(values: torch.Tensor, buffers: Mapping[str, torch.Tensor], rows: Inputs) -> torch.Tensor:
            return torch.softmax(self._call(values, buffers, rows)[0], dim=1)

        found: torch.Tensor = torch.vmap(one, randomness="error")(*self.judged, batch)
        return found

    def sites(self, batch: Inputs) -> list[Site]:
        """Return where a pass of a batch (c, b, ...) drops; it is looked at when its shape is new."""
        import torch

        shape = tuple(size for values in batch.values.values() for size in values.shape[1:])
        if shape not in self._sites:
            self.template.train()
            found: list[Site] = []
            buffers = {name: each[0].clone() for name, each in self.buffers.items()}
            with torch.no_grad(), recorded(found):
                self._call(self.values[0].detach(), buffers, batch.map(lambda each: each[0]))
            self._sites[shape] = found
        return self._sites[shape]

    def _call(
        self, values: torch.Tensor, buffers: Mapping[str, torch.Tensor], batch: Inputs
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

    def step(self, places: Sequence[int], rates: Sequence[float]) -> None:
        """Update some cells by their gradients, each at its rate, and forget the gradients of all."""
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
            rate = torch.tensor(rates, dtype=values.dtype)[:, None].to(values.device)  # (g, 1)
            if self.recipe.optimizer == "sgd":
                step_sgd(values, grad, first, rate, self.recipe)
            else:
                counts = [self.steps[place] for place in places]
                step_adam(values, grad, (first, second), counts, rate, self.recipe)
            if chosen != slice(None):  # rows were picked, not looked through
                self.values[chosen], self.memory[0][chosen], self.memory[1][chosen] = values, first, second
        self.values.grad = None
        if self.recipe.average == "ema":
            self.average(places)

    def average(self, places: Sequence[int]) -> None:
        """Take the present values of some cells into their averages."""
        import torch

        if self.mean is None:
            return
        chosen, mean = list(places), self.mean
        kept = 1 - self.recipe.ema_decay if self.recipe.average == "ema" else None
        shares = [1.0 if not self.averaged[place] else kept or 1 / (self.averaged[place] + 1) for place in chosen]
        for place in chosen:
            self.averaged[place] += 1
        with torch.no_grad():
            for into, of in [
                (mean[0], self.values.detach()),
                *((mean[1][name], self.buffers[name]) for name in mean[1]),
            ]:
                share = torch.tensor(shares, device=into.device).reshape(-1, *(1,) * (into.dim() - 1))
                now = into[chosen] * (1 - share) + of[chosen] * share
                into[chosen] = now.to(into.dtype)

    def snapshot(self) -> tuple[torch.Tensor, dict[str, torch.Tensor]]:
        """Return copies of all values and buffers, as they are judged."""
        values, buffers = self.judged
        return values.clone(), {name: each.clone() for name, each in buffers.items()}

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
        self.averaged = [self.averaged[place] for place in chosen]
        if self.mean is not None:
            self.mean = self.mean[0][chosen], {name: each[chosen] for name, each in self.mean[1].items()}


def _shapes(table: Mapping[str, torch.Tensor]) -> dict[str, torch.Size]:
    return {name: each.shape for name, each in table.items()}


def _whole(network: nn.Module) -> nn.Module:
    """Return a module from a batch to float32 logits and the network's own penalty, 0 where it has none."""
    from torch import nn

    class Whole(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.network = network

        def forward(self, batch: Inputs) -> tuple[torch.Tensor, torch.Tensor]:
            logits = forward(self.network, batch).float()
            penalty = getattr(self.network, "penalty", None)
            return logits, penalty() if callable(penalty) else logits.new_zeros(())

    return Whole()


__all__ = ["Stack"]
