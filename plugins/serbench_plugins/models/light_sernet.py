"""LIGHT-SERNET: a small 2-D CNN over MFCCs that looks along time, along coefficients and at both."""

from __future__ import annotations

from serbench.api import ModelCard, Recipe, TorchModel, Use


class LightSerNet(TorchModel):
    """Three parallel convolutions over MFCCs and five in a row (Aftab et al., arXiv 2110.03435).

    As published: the network (461,703 parameters for 7 classes), 40 MFCCs of 64 ms windows every 16 ms out of 128 bands
    from 80 Hz to 7.6 kHz, Adam, batches of 32, L2 of 1e-6. Choices: librosa's mel scale; all pooling is of averages; 30
    epochs along a cosine at ten times the rate in place of 300 epochs at 1e-4, which take hours on a CPU, and the last
    one is kept; means over a clip's own frames alone; segments are averaged.

    Parameters
    ----------
    criterion
        ``cross-entropy``, or ``focal`` with gamma 2; the paper reports both.
    width
        Filters of each of the first three convolutions; the others in proportion.
    dropout
        Before the last layer.
    frames
        Per segment: 188 are 3 s; the paper takes 3 s or 7 s (438).
    epochs, learning_rate
        Of the recipe.
    """

    card = ModelCard(
        name="light-sernet",
        version="1",
        summary="LIGHT-SERNET: three views of MFCCs, five convolutions",
        features=(Use("mfcc", n_fft=1024, hop_length=256, fmin=80.0, fmax=7600.0),),
        seconds_per_row=0.7,
        quick={"width": 8, "frames": 64, "epochs": 15, "learning_rate": 1e-2},
    )

    def __init__(
        self,
        *,
        criterion: str = "cross-entropy",
        width: int = 32,
        dropout: float = 0.3,
        frames: int = 188,
        epochs: int = 30,
        learning_rate: float = 1e-3,
    ) -> None:
        self.criterion = criterion
        self.width = width
        self.dropout = dropout
        self.frames = frames
        self.epochs = epochs
        self.learning_rate = learning_rate

    @property
    def recipe(self):
        return Recipe(
            learning_rate=self.learning_rate,
            schedule="cosine",
            epochs=self.epochs,
            batch_size=32,
            keep="last",
            loss=self.criterion,
            segment=self.frames,
        )

    def build(self, input_shape, n_classes):  # noqa: ARG002  (it fits any size)
        from serbench_plugins.networks.light_sernet import LightSerNetwork

        return LightSerNetwork(n_classes, width=self.width, dropout=self.dropout)


__all__ = ["LightSerNet"]
