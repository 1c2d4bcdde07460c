"""The small 2-D CNN with a loss for classes of few rows."""

from __future__ import annotations

from dataclasses import replace

from serbench.api import ModelCard, Stage
from serbench_plugins.models.cnn2d import Cnn2d

OBJECTIVES = ("ldam", "focal", "cross-entropy")
REWEIGHTING = ("none", "balanced", "deferred")


class ImbalanceCnn(Cnn2d):
    """``cnn2d`` with margins for rare classes and weights that come late (LDAM-DRW, Cao et al., arXiv 1906.07413).

    As published: margins proportional to n^(-1/4) of the n training rows of a class, the largest 0.5; cosines times 30
    as logits; weights of classes in the last part of training alone. Choices: that part is a quarter of the epochs, in
    which the rate falls along a cosine; weights are the inverse of n, which is what the paper's come to for few rows;
    network and the rest of the recipe are those of ``cnn2d``, so that the two rows differ by the loss.

    Parameters
    ----------
    objective
        ``ldam``; ``focal`` with gamma 2 (Lin et al., arXiv 1708.02002); ``cross-entropy``.
    reweighting
        ``none``; ``balanced``: classes count alike, all the time; ``deferred``: in the last quarter of the epochs.
    margin
        The largest one, in cosines; of LDAM.
    scale
        From cosines to logits; of LDAM.
    width, dropout, epochs, learning_rate, precision
        As of ``cnn2d``.
    """

    card = ModelCard(
        name="imbalance-cnn",
        version="1",
        summary="2-D CNN with LDAM and deferred weights for rare classes",
        features=("log-mel",),
        seconds_per_row=0.05,
        quick={"width": 8, "epochs": 32, "learning_rate": 1e-2, "dropout": 0.0},
    )

    def __init__(
        self,
        *,
        objective: str = "ldam",
        reweighting: str = "deferred",
        margin: float = 0.5,
        scale: float = 30.0,
        width: int = 16,
        dropout: float = 0.3,
        epochs: int = 40,
        learning_rate: float = 1e-3,
        precision: str = "fp32",
    ) -> None:
        if objective not in OBJECTIVES:
            raise ValueError(f"objective is {objective!r}, expected one of {OBJECTIVES}")
        if reweighting not in REWEIGHTING:
            raise ValueError(f"reweighting is {reweighting!r}, expected one of {REWEIGHTING}")
        super().__init__(width=width, dropout=dropout, epochs=epochs, learning_rate=learning_rate, precision=precision)
        self.objective = objective
        self.reweighting = reweighting
        self.margin = margin
        self.scale = scale

    @property
    def recipe(self):
        return replace(
            super().recipe,
            loss="focal" if self.objective == "focal" else "cross-entropy",
            class_weights="balanced" if self.reweighting == "balanced" else "none",
        )

    @property
    def stages(self):
        if self.reweighting != "deferred":
            return super().stages
        late = max(1, self.epochs // 4)
        early = replace(self.recipe, schedule="constant", epochs=max(1, self.epochs - late))
        return Stage(recipe=early), Stage(recipe=replace(self.recipe, epochs=late, class_weights="balanced"))

    def loss(self, logits, codes, counts, recipe):
        if self.objective != "ldam":
            return super().loss(logits, codes, counts, recipe)
        from serbench_plugins.networks.margin_loss import ldam

        balanced = recipe.class_weights == "balanced"
        return ldam(logits, codes, counts, largest=self.margin, scale=self.scale, balanced=balanced)

    def build(self, input_shape, n_classes):
        from serbench_plugins.networks.margin_loss import CosineLinear

        network = super().build(input_shape, n_classes)
        if self.objective == "ldam":
            network[-1] = CosineLinear(network[-1].in_features, n_classes, self.scale)
        return network


__all__ = ["ImbalanceCnn"]
