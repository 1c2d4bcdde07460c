"""The network that was released with arXiv 2507.03251, to the parameter."""

from __future__ import annotations

from serbench.api import ModelCard, Recipe, TorchModel


class Attn1dCnnPaper(TorchModel):
    """The released architecture and training: a flat MFCC vector, 35.7 million parameters, the last epoch.

    The paper was withdrawn by its authors (v3); its released code draws the split after augmenting, which
    this program does only in protocols that can never be ranked. Weights begin as Keras begins them.

    Parameters
    ----------
    zero_crossings
        Put the zero-crossing rate of every frame before the MFCCs, as the released code does on EMO-DB and EMOVO.
    attention
        ``none``, ``channel``, ``spatial`` or ``both``; the released notebooks differ in it.
    epochs, batch_size
        100 and 16 in the released code (32 for RAVDESS).
    """

    card = ModelCard(
        name="attn1dcnn-paper",
        version="2",
        summary="the released network of arXiv 2507.03251, kept for replicas",
        features=("paper-mfcc",),
        seconds_per_row=10.0,
        quick={"epochs": 1, "paper-mfcc.offset": 0.0, "paper-mfcc.duration": 0.3, "paper-mfcc.n_mfcc": 6},
        exempt=dict.fromkeys(
            ("overfits", "beats-majority"),
            "its released learning rate of 1e-5 takes thousands of steps to learn anything",
        ),
    )

    def __init__(
        self, *, attention: str = "both", epochs: int = 100, batch_size: int = 16, zero_crossings: bool = False
    ) -> None:
        if attention not in ("none", "channel", "spatial", "both"):
            raise ValueError(f"attention is {attention!r}, expected none, channel, spatial or both")
        self.attention = attention
        self.epochs = epochs
        self.batch_size = batch_size
        self.zero_crossings = zero_crossings

    @property
    def features(self):
        return ("paper-zcr-mfcc",) if self.zero_crossings else self.card.features

    @property
    def recipe(self):
        return Recipe(optimizer="adam", learning_rate=1e-5, epochs=self.epochs, batch_size=self.batch_size, keep="last")

    def build(self, input_shape, n_classes):
        from serbench_plugins.networks.released_cnn import ReleasedCnn

        return ReleasedCnn(*input_shape, n_classes, attention=self.attention)


__all__ = ["Attn1dCnnPaper"]
