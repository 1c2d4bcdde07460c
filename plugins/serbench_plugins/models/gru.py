"""The recurrent baseline: a GRU over MFCCs."""

from __future__ import annotations

from serbench.api import ModelCard, Recipe, TorchModel


class Gru(TorchModel):
    """Two layers of gated recurrent units over MFCC frames; their mean over the clip is classified.

    A baseline of no paper: all of it is a choice. Segments of 3 s; what fills up a short clip has no part in the mean.

    Parameters
    ----------
    width
        Units per layer.
    layers
        One on another.
    dropout
        Between layers and before the last one.
    epochs, learning_rate
        Of the recipe.
    """

    card = ModelCard(
        name="gru",
        version="1",
        summary="GRU over MFCCs",
        features=("mfcc",),
        seconds_per_row=0.2,
        quick={"width": 32, "layers": 1, "dropout": 0.0, "epochs": 20, "learning_rate": 2e-2},
    )

    def __init__(
        self,
        *,
        width: int = 64,
        layers: int = 2,
        dropout: float = 0.3,
        epochs: int = 40,
        learning_rate: float = 2e-3,
    ) -> None:
        self.width = width
        self.layers = layers
        self.dropout = dropout
        self.epochs = epochs
        self.learning_rate = learning_rate

    @property
    def recipe(self):
        return Recipe(
            optimizer="adamw",
            learning_rate=self.learning_rate,
            weight_decay=1e-2,
            schedule="cosine",
            epochs=self.epochs,
            keep="last",
            label_smoothing=0.1,
            clip_gradient=1.0,
            segment=94,
        )

    def build(self, input_shape, n_classes):
        from serbench_plugins.networks.recurrent import GruNet

        _, n_coefficients = input_shape
        return GruNet(n_coefficients, n_classes, width=self.width, layers=self.layers, dropout=self.dropout)


__all__ = ["Gru"]
