"""TorchModel: authors write a network and a recipe; the harness trains it well.

Conventions
-----------
Letters as in ``serbench.features.table``. Everything learned ends in an underscore.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any, ClassVar, Self

import numpy as np
import numpy.typing as npt

from serbench.errors import PluginError
from serbench.features.table import FeatureTable
from serbench.learning.model import Model, ModelCard, Predictions
from serbench.learning.recipe import Recipe
from serbench.learning.stages import Stage
from serbench.seeding import derive
from serbench.size import Size, network_size

if TYPE_CHECKING:
    import torch
    from torch import nn

    from serbench.learning.batch.resident import Scaler
    from serbench.learning.training import Trainee


#: How the shape of a saved model writes a length that differs from row to row.
_ANY = -1


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
            Shape of one row: (d,), (t, d) with t the recipe's segment, (c, h, w) or (samples,). t and samples are None
            where the recipe has no segment. A dict of shapes by feature name where the model takes several; the
            network is then given a dict.
        n_classes
            k, the length of a row of logits; in a stage that learns speakers, their number.

        Returns
        -------
        Module from (b, *input_shape) float32 to (b, k) logits. Rows must not influence each other outside
        of training mode. A parameter of its ``forward`` named ``lengths`` is given int64 (b,) valid frames, one named
        ``mask`` bool (b, t), True for frames that are a row's own. A method ``penalty()`` of it, from the parameters to
        a scalar, is added to the loss of every batch.
        """
        raise NotImplementedError

    def initialise(self, network: nn.Module) -> None:
        """Fill a fresh network, on the CPU, with what was learned before, as from a checkpoint; nothing by default.

        Called before training alone: a saved model has its numbers, and needs no checkpoint.
        """

    def loss(self, logits: torch.Tensor, codes: torch.Tensor, counts: torch.Tensor, recipe: Recipe) -> torch.Tensor:
        """Return what a batch is to minimise; the recipe's loss unless a subclass has another one.

        Parameters
        ----------
        logits
            float32 (b, k).
        codes
            int64 (b,) classes.
        counts
            float32 (k,): training rows of each class.
        recipe
            Of the stage that is trained.

        Returns
        -------
        A scalar: the mean over the batch. It depends on nothing else, so that many cells can be trained at once.
        """
        from serbench.learning.objective import loss_of

        return loss_of(logits, codes, counts, recipe)

    def optimizer(self, network: nn.Module, recipe: Recipe) -> torch.optim.Optimizer:
        """Return the optimizer of a network; the recipe's unless a subclass has another one.

        The rates of its groups are multiplied by the recipe's schedule.
        """
        from serbench.learning.optimization import make_optimizer

        return make_optimizer(network, recipe)

    @property
    def stages(self) -> tuple[Stage, ...]:
        """The stages of its training, one by default: the recipe, on all rows."""
        return (Stage(recipe=self.recipe),)

    def settings(self) -> dict[str, Any]:
        """Return the recipe and the stages where they are no usual ones: they decide results as arguments do."""
        facts, stages = self.recipe.facts(), self.stages
        settings: dict[str, Any] = {"recipe": facts} if facts else {}
        if type(self).loss is not TorchModel.loss:
            settings["loss"] = "its own"
        if stages != (Stage(recipe=self.recipe),):
            settings["stages"] = [stage.facts() for stage in stages]
        return settings

    def fit(self, train: FeatureTable, dev: FeatureTable | None, *, seed: int) -> Self:
        """Build the network and train it on the device, stage by stage as its recipes say; see :class:`Model`."""
        from serbench.learning.stages import take_over
        from serbench.learning.training import repeatable
        from serbench.learning.training import train as train_network

        self._look_at(train)
        history: list[dict[str, Any]] = []
        trainee: Trainee | None = None
        with repeatable(derive(seed, "network"), self.device):
            for number, stage in enumerate(self.stages, start=1):
                rows = stage.table(train)
                if rows is None:
                    continue
                before, trainee = (
                    trainee,
                    self._trainee(stage, rows, dev, seed if number == 1 else derive(seed, number)),
                )
                if before is not None:
                    take_over(trainee.network, before.network)
                done = train_network(trainee)
                history += [{"stage": number} | row for row in done] if len(self.stages) > 1 else done
        if trainee is None or trainee.rows.table.labels != train.labels:
            raise PluginError(f"{self.card.name}: no stage learns the classes of these rows last, expected one")
        return self.end_training(trainee, history)

    def begin_training(self, train: FeatureTable, dev: FeatureTable | None, *, seed: int) -> Trainee:
        """Return all that training needs, for the harness to train several models together; no author calls it."""
        from serbench.learning.training import repeatable

        self._look_at(train)
        with repeatable(derive(seed, "network"), self.device):
            return self._trainee(Stage(recipe=self.recipe), train, dev, seed)

    def _look_at(self, train: FeatureTable) -> None:
        """Learn what all stages share: the classes, and the scale of every feature."""
        from serbench.learning.batch.resident import Scaler

        self.labels_: tuple[str, ...] = train.labels
        self.scalers_: dict[str, Scaler] = {
            name: Scaler.fit(column, standardise=self.recipe.standardise) for name, column in train.columns.items()
        }

    def _trainee(self, stage: Stage, train: FeatureTable, dev: FeatureTable | None, seed: int) -> Trainee:
        import torch

        from serbench.learning.batch.resident import ResidentTable
        from serbench.learning.optimization import recompute
        from serbench.learning.training import Trainee, expect_lengths_are_seen, torch_generator

        recipe = stage.recipe
        rows = ResidentTable(train, self.scalers_, recipe, self.device)
        choose_on = None if dev is None or stage.learns == "speaker" else stage.table(dev)
        self.shapes_: dict[str, tuple[int | None, ...]] = rows.shapes()
        network = self._built(len(train.labels))
        expect_lengths_are_seen(network, rows, recipe)
        self.initialise(network)
        if recipe.recompute:
            recompute(network)
        network = network.to(self.device)
        return Trainee(
            network=network,
            rows=rows,
            dev=None if choose_on is None else ResidentTable(choose_on, self.scalers_, recipe, self.device),
            recipe=recipe,
            generator=torch.Generator().manual_seed(derive(seed, "draws")),
            dropout_state=torch_generator(self.device).get_state(),
            loss=lambda logits, codes, counts: self.loss(logits, codes, counts, recipe),
            optimizer=self.optimizer(network, recipe),
        )

    def end_training(self, trainee: Trainee, history: list[dict[str, Any]]) -> Self:
        """Take up a network that was trained; return self."""
        self.network_: nn.Module = trainee.network
        self.history_ = history
        return self

    def predict(self, test: FeatureTable) -> Predictions:
        """Return class probabilities, averaged over each row's segments; see :class:`Model`."""
        from serbench.learning.batch.resident import ResidentTable
        from serbench.learning.judging import posteriors

        self.check_fitted("network_")
        recipe = self.stages[-1].recipe
        rows = ResidentTable(test, self.scalers_, recipe, self.device)
        scores = posteriors(self.network_.to(self.device), rows, recipe).double().numpy()
        return Predictions(test.ids, scores / scores.sum(axis=1, keepdims=True), self.labels_)

    def state(self) -> dict[str, npt.NDArray[Any]]:
        """Return the network's parameters and buffers, the scalers and the shapes of a row; see :class:`Model`."""
        self.check_fitted("network_")
        found = {f"network.{name}": each.cpu().numpy() for name, each in self.network_.state_dict().items()}
        for name, scaler in self.scalers_.items():
            found |= {f"scaler.{name}.mean": scaler.mean, f"scaler.{name}.std": scaler.std}
        for name, shape in self.shapes_.items():
            found[f"shape.{name}"] = np.array([_ANY if size is None else size for size in shape], dtype=np.int64)
        return found

    def load_state(self, state: Mapping[str, npt.NDArray[Any]], labels: tuple[str, ...]) -> Self:
        """Build the network anew and fill it; see :class:`Model`."""
        import torch

        from serbench.learning.batch.resident import Scaler
        from serbench.learning.training import repeatable

        self.labels_ = labels

        def by_feature(prefix: str, suffix: str = "") -> dict[str, npt.NDArray[Any]]:
            """Return arrays by feature, in the model's order."""
            names = [use.name for use in self.uses("features")]
            return {name: found for name in names if (found := state.get(f"{prefix}{name}{suffix}")) is not None}

        shapes, means, stds = by_feature("shape."), by_feature("scaler.", ".mean"), by_feature("scaler.", ".std")
        self.shapes_ = {name: tuple(None if size == _ANY else int(size) for size in shapes[name]) for name in shapes}
        self.scalers_ = {name: Scaler(means[name], stds[name]) for name in means}
        with repeatable(0, self.device):
            network = self._built(len(labels))
        weights = {
            name.removeprefix("network."): torch.from_numpy(np.array(values))
            for name, values in state.items()
            if name.startswith("network.")
        }
        network.load_state_dict(weights)
        self.network_ = network.to(self.device).eval()
        return self

    def _built(self, outputs: int) -> nn.Module:
        """Return a fresh network for the rows that were seen."""
        from serbench.learning.batch.inputs import only

        return self.build(only(self.shapes_), outputs)

    def size(self, clip: FeatureTable) -> Size:
        """Count parameters, bytes and the multiply-accumulates of scoring ``clip``.

        What counts as an operation: ``serbench.operations``.
        """
        self.check_fitted("network_")
        size = network_size(self.network_, lambda: self.predict(clip))
        return replace(
            size, bytes=size.bytes + sum(each.mean.nbytes + each.std.nbytes for each in self.scalers_.values())
        )

    def history(self) -> list[dict[str, Any]]:
        """Return a row per epoch: ``epoch``, ``train_loss``, ``dev_loss``, ``dev_uar``."""
        return list(getattr(self, "history_", []))


__all__ = ["Recipe", "Stage", "TorchModel"]
