"""One hidden layer on utterance vectors."""

from __future__ import annotations

from serbench.api import ModelCard, Recipe, TorchModel


class Mlp(TorchModel):
    """A perceptron of 128 hidden units, with dropout, over standardised MFCC statistics."""

    card = ModelCard(
        name="mlp", version="1", summary="perceptron on MFCC statistics", features=("mfcc-stats",), chooses_on_dev=True
    )
    recipe = Recipe(optimizer="adamw", weight_decay=1e-2, epochs=60, monitor="loss", label_smoothing=0.1)

    def build(self, input_shape, n_classes):
        from torch import nn

        return nn.Sequential(nn.Linear(*input_shape, 128), nn.ReLU(), nn.Dropout(0.4), nn.Linear(128, n_classes))


__all__ = ["Mlp"]
