"""One hidden layer on utterance vectors."""

from __future__ import annotations

from serbench.api import ModelCard, Recipe, TorchModel


class Mlp(TorchModel):
    """A perceptron with dropout over standardised MFCC statistics; what predicts is the moving average of its weights.

    The recipe was chosen as that of ``attn1dcnn``.

    Parameters
    ----------
    width
        Hidden units.
    dropout
        Before the last layer.
    epochs
        Of the recipe.
    """

    card = ModelCard(name="mlp", version="2", summary="perceptron on MFCC statistics", features=("mfcc-stats",))

    def __init__(self, *, width: int = 128, dropout: float = 0.4, epochs: int = 60) -> None:
        self.width = width
        self.dropout = dropout
        self.epochs = epochs

    @property
    def recipe(self):
        return Recipe(
            optimizer="adamw",
            weight_decay=1e-2,
            schedule="cosine",
            epochs=self.epochs,
            keep="last",
            average="ema",
            label_smoothing=0.1,
        )

    def build(self, input_shape, n_classes):
        from torch import nn

        return nn.Sequential(
            nn.Linear(*input_shape, self.width),
            nn.ReLU(),
            nn.Dropout(self.dropout),
            nn.Linear(self.width, n_classes),
        )


__all__ = ["Mlp"]
