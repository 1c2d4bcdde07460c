"""TorchModel: authors write a network and a recipe; the harness trains it well.

Conventions
-----------
Letters as in ``serbench.features.table``. Everything learned ends in an underscore.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Self

import numpy as np
import numpy.typing as npt

from serbench.features.table import FeatureTable
from serbench.learning.model import Model, ModelCard, Predictions, Size
from serbench.learning.recipe import Recipe
from serbench.seeding import derive

if TYPE_CHECKING:
    import torch
    from torch import nn

    from serbench.learning.resident import ResidentTable, Scaler


@dataclass(frozen=True)
class Trainee:
    """A network before its first step.

    Attributes
    ----------
    network
        On its device, with its first weights.
    rows, dev
        To learn from, and to choose on.
    generator
        Draws order, children, segments, mixing.
    dropout_state
        The state of torch's own generator of the device: what dropout draws from.
    """

    network: nn.Module
    rows: ResidentTable
    dev: ResidentTable | None
    generator: torch.Generator
    dropout_state: torch.Tensor


class TorchModel(Model):
    """A network that the harness trains. An author writes the card, the recipe and ``build``.

    Attributes
    ----------
    recipe
        How the network is trained; a property where constructor arguments change it.

    Example
    -------
    ::

        class Mlp(TorchModel):
            card = ModelCard(name="mlp", version="1", summary="one hidden layer", features=("mfcc-stats",),
                             chooses_on_dev=True)
            recipe = Recipe(epochs=100, patience=10)

            def build(self, input_shape, n_classes):
                from torch import nn
                return nn.Sequential(nn.Linear(*input_shape, 64), nn.ReLU(), nn.Linear(64, n_classes))
    """

    card: ClassVar[ModelCard]
    recipe: Recipe = Recipe()

    def build(self, input_shape: Any, n_classes: int) -> nn.Module:
        """Return a fresh network.

        Parameters
        ----------
        input_shape
            Shape of one row: (d,), (t, d) with t the recipe's segment, (c, h, w) or (samples,). A dict of
            shapes by feature name where the model takes several; the network is then given a dict.
        n_classes
            k, the length of a row of logits.

        Returns
        -------
        Module from (b, *input_shape) float32 to (b, k) logits. Rows must not influence each other outside
        of training mode.
        """
        raise NotImplementedError

    def settings(self) -> dict[str, Any]:
        """Return the recipe where it is no usual one: it decides results as much as an argument does."""
        facts = self.recipe.facts()
        return {"recipe": facts} if facts else {}

    def fit(self, train: FeatureTable, dev: FeatureTable | None, *, seed: int) -> Self:
        """Build the network and train it on the device as the recipe says; see :class:`Model`."""
        from serbench.learning.training import repeatable
        from serbench.learning.training import train as train_network

        with repeatable(derive(seed, "network"), self.device):
            begun = self._begun(train, dev, seed)
            history = train_network(begun.network, begun.rows, begun.dev, self.recipe, begun.generator)
        return self.end_training(begun, history)

    def begin_training(self, train: FeatureTable, dev: FeatureTable | None, *, seed: int) -> Trainee:
        """Return all that training needs, for the harness to train several models together; no author calls it."""
        from serbench.learning.training import repeatable

        with repeatable(derive(seed, "network"), self.device):
            return self._begun(train, dev, seed)

    def _begun(self, train: FeatureTable, dev: FeatureTable | None, seed: int) -> Trainee:
        import torch

        from serbench.learning.resident import ResidentTable, Scaler
        from serbench.learning.training import torch_generator

        recipe = self.recipe
        self.labels_: tuple[str, ...] = train.labels
        self.scalers_: dict[str, Scaler] = {
            name: Scaler.fit(column, standardise=recipe.standardise) for name, column in train.columns.items()
        }
        rows = ResidentTable(train, self.scalers_, recipe, self.device)
        self.shapes_: dict[str, tuple[int, ...]] = rows.shapes()
        return Trainee(
            network=self._built().to(self.device),
            rows=rows,
            dev=None if dev is None else ResidentTable(dev, self.scalers_, recipe, self.device),
            generator=torch.Generator().manual_seed(derive(seed, "draws")),
            dropout_state=torch_generator(self.device).get_state(),
        )

    def end_training(self, trainee: Trainee, history: list[dict[str, Any]]) -> Self:
        """Take up a network that was trained; return self."""
        self.network_: nn.Module = trainee.network
        self.history_ = history
        return self

    def predict(self, test: FeatureTable) -> Predictions:
        """Return class probabilities, averaged over each row's segments; see :class:`Model`."""
        from serbench.learning.resident import ResidentTable
        from serbench.learning.training import posteriors

        self.check_fitted("network_")
        rows = ResidentTable(test, self.scalers_, self.recipe, self.device)
        scores = posteriors(self.network_.to(self.device), rows, self.recipe).double().numpy()
        return Predictions(test.ids, scores / scores.sum(axis=1, keepdims=True), self.labels_)

    def state(self) -> dict[str, npt.NDArray[Any]]:
        """Return the network's parameters and buffers, the scalers and the shapes of a row; see :class:`Model`."""
        self.check_fitted("network_")
        found = {f"network.{name}": each.cpu().numpy() for name, each in self.network_.state_dict().items()}
        for name, scaler in self.scalers_.items():
            found |= {f"scaler.{name}.mean": scaler.mean, f"scaler.{name}.std": scaler.std}
            found[f"shape.{name}"] = np.array(self.shapes_[name], dtype=np.int64)
        return found

    def load_state(self, state: Mapping[str, npt.NDArray[Any]], labels: tuple[str, ...]) -> Self:
        """Build the network anew and fill it; see :class:`Model`."""
        import torch

        from serbench.learning.resident import Scaler
        from serbench.learning.training import repeatable

        self.labels_ = labels
        features = [name.removeprefix("shape.") for name in state if name.startswith("shape.")]
        ordered = sorted(features, key=self.features.index)
        self.shapes_ = {name: tuple(int(size) for size in state[f"shape.{name}"]) for name in ordered}
        self.scalers_ = {name: Scaler(state[f"scaler.{name}.mean"], state[f"scaler.{name}.std"]) for name in ordered}
        with repeatable(0, self.device):
            network = self._built()
        weights = {
            name.removeprefix("network."): torch.from_numpy(np.array(values))
            for name, values in state.items()
            if name.startswith("network.")
        }
        network.load_state_dict(weights)
        self.network_ = network.to(self.device).eval()
        return self

    def _built(self) -> nn.Module:
        """Return a fresh network for the rows that were seen."""
        shapes = self.shapes_
        return self.build(next(iter(shapes.values())) if len(shapes) == 1 else shapes, len(self.labels_))

    def size(self, clip: FeatureTable) -> Size:
        """Count parameters, bytes and the multiply-accumulates of scoring ``clip``.

        The operations are those that ``torch.utils.flop_counter`` knows: convolutions and matrix products;
        sums, activations and normalisation are not counted.
        """
        from torch.utils.flop_counter import FlopCounterMode

        self.check_fitted("network_")
        parameters = list(self.network_.parameters())
        statistics = [buffer for buffer in self.network_.buffers() if buffer.is_floating_point()]
        with FlopCounterMode(display=False) as counter:
            self.predict(clip)
        return Size(
            trainable=sum(parameter.numel() for parameter in parameters if parameter.requires_grad),
            total=sum(tensor.numel() for tensor in [*parameters, *statistics]),
            bytes=sum(tensor.numel() * tensor.element_size() for tensor in [*parameters, *statistics])
            + sum(scaler.mean.nbytes + scaler.std.nbytes for scaler in self.scalers_.values()),
            macs=counter.get_total_flops() // 2,
            macs_reason=None,
        )

    def history(self) -> list[dict[str, Any]]:
        """Return a row per epoch: ``epoch``, ``train_loss``, ``dev_loss``, ``dev_uar``."""
        return list(getattr(self, "history_", []))


__all__ = ["Recipe", "TorchModel", "Trainee"]
