"""A small 2-D CNN over log-mel spectra."""

from __future__ import annotations

from serbench.api import ModelCard, Recipe, TorchModel


class Cnn2d(TorchModel):
    """Four blocks of a 3 x 3 convolution, pooling and batch norm over 3 s of spectrum; their mean is classified.

    Parameters
    ----------
    width
        Filters of the first block; each further block has twice as many.
    dropout
        Before the last layer.
    epochs, learning_rate
        Of the recipe.
    precision
        ``fp32``, or ``bf16``: forward passes in half the bits, sooner where the processor or the GPU has them.
    """

    card = ModelCard(
        name="cnn2d",
        version="2",
        summary="2-D CNN over log-mel spectra",
        features=("log-mel",),
        seconds_per_row=0.05,
        quick={"width": 8, "epochs": 20, "learning_rate": 1e-2},
    )

    def __init__(
        self,
        *,
        width: int = 16,
        dropout: float = 0.3,
        epochs: int = 40,
        learning_rate: float = 1e-3,
        precision: str = "fp32",
    ) -> None:
        self.width = width
        self.dropout = dropout
        self.epochs = epochs
        self.learning_rate = learning_rate
        self.precision = precision

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
            precision=self.precision,
            segment=94,
        )

    def build(self, input_shape, n_classes):
        from torch import nn

        channels = [1, *(self.width * 2**block for block in range(4))]
        layers = [nn.Unflatten(1, (1, input_shape[0]))]  # (b, 1, t, d)
        for block, filters in enumerate(channels[1:]):
            convolution = nn.Conv2d(channels[block], filters, 3, padding="same", bias=False)
            # pooling first: norm and activation then have a quarter of the work
            layers += [convolution, nn.MaxPool2d(2), nn.BatchNorm2d(filters), nn.ReLU()]  # (b, c, t / 2, d / 2)
        mean = [nn.AdaptiveAvgPool2d(1), nn.Flatten()]  # (b, c)
        return nn.Sequential(*layers, *mean, nn.Dropout(self.dropout), nn.Linear(channels[-1], n_classes))


__all__ = ["Cnn2d"]
