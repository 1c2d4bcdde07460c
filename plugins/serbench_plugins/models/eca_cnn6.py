"""A CNN of six layers with efficient channel attention, over log-mel spectra of one window or of eight."""

from __future__ import annotations

from serbench.api import ModelCard, OneOf, Recipe, TorchModel, Use

ATTENTION = ("none", "shallow", "deep", "all")
#: In ms; the first one is what the network is given when it predicts.
WINDOWS = (40, 15, 20, 25, 30, 35, 45, 50)


def spectrum(window: int) -> Use:
    """Return the log-mel spectrum by a window of so many ms, one frame every 20 ms whatever the window."""
    name = "log-mel" if window == WINDOWS[0] else f"log-mel-{window}ms"
    return Use("log-mel", name=name, n_fft=1024, win_length=16 * window, hop_length=320)


class EcaCnn6(TorchModel):
    """Six convolutions over log-mel spectra, with efficient channel attention (Kim and Kwon, arXiv 2409.04007).

    As published: six layers of convolution, batch norm and ReLU, the attention, best behind the deep layers, and in
    training each clip by one of eight windows from 15 to 50 ms (``multi_stft``). The paper's filters, pooling, bands
    and training are not known; all of these are choices (287,406 parameters for 4 classes), and so is one hop of 20 ms
    for all windows. 40 epochs along a cosine, of which the last is kept; segments of 3 s are averaged.

    Parameters
    ----------
    attention
        ``none``; ``shallow``: behind layers 1 and 2; ``deep``: behind 5 and 6; ``all``.
    multi_stft
        Show each clip by one of eight windows, drawn anew every epoch; predictions see 40 ms alone.
    width
        Filters of the first two layers; the next have twice, the last four times as many.
    dropout
        Before the last layer.
    epochs, learning_rate
        Of the recipe.
    """

    card = ModelCard(
        name="eca-cnn6",
        version="1",
        summary="six convolutions with efficient channel attention",
        features=(spectrum(40),),
        seconds_per_row=0.5,
        quick={"width": 8, "dropout": 0.0, "epochs": 20, "learning_rate": 1e-2},
    )

    def __init__(
        self,
        *,
        attention: str = "deep",
        multi_stft: bool = False,
        width: int = 32,
        dropout: float = 0.3,
        epochs: int = 40,
        learning_rate: float = 1e-3,
    ) -> None:
        if attention not in ATTENTION:
            raise ValueError(f"attention is {attention!r}, expected one of {ATTENTION}")
        self.attention = attention
        self.multi_stft = multi_stft
        self.width = width
        self.dropout = dropout
        self.epochs = epochs
        self.learning_rate = learning_rate

    @property
    def features(self):
        return tuple(spectrum(window) for window in WINDOWS) if self.multi_stft else self.card.features

    @property
    def recipe(self):
        names = tuple(use.name for use in self.features)
        return Recipe(
            optimizer="adamw",
            learning_rate=self.learning_rate,
            weight_decay=1e-4,
            schedule="cosine",
            epochs=self.epochs,
            batch_size=32,
            keep="last",
            augment=(OneOf(features=names),) if self.multi_stft else (),
            segment=150,
        )

    def build(self, input_shape, n_classes):  # noqa: ARG002  (it fits any size)
        from serbench_plugins.networks.eca_cnn import EcaCnn

        return EcaCnn(n_classes, attention=self.attention, width=self.width, dropout=self.dropout)


__all__ = ["EcaCnn6"]
