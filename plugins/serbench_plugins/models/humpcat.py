"""HuMP-CAT: encoder frames, MFCCs and prosody by cross-attention."""

from __future__ import annotations

from serbench.api import ModelCard, Recipe, TorchModel, Use

ENCODER, MFCC, PROSODY = "encoder-frames", "mfcc-40ms", "prosody"


class HumpCat(TorchModel):
    """Prosody attends to MFCCs, the encoder's frames to both, over whole clips (arXiv 2501.10408, approximate).

    From the abstract and a review: the three inputs, MFCCs of 40 ms every 20 ms, cross-attention. No code of theirs is
    known; the layers' sizes, AdamW at 2e-4, batches of 8 and 50 epochs are those of a re-implementation by others,
    whose attention across the batch and whose unused layers are left out. Choices: a frozen encoder, 256 numbers a step
    also where its frames have other than 768 states, 40 MFCCs of Hann windows (Hamming in the paper), label smoothing
    in place of a loss that is not described, a cosine schedule to the last epoch.

    Parameters
    ----------
    encoder
        Whose frames: the argument of the feature ``encoder-frames``.
    dropout
        Before the mean and the variance over time, and in attention.
    epochs, learning_rate
        Of the recipe.
    """

    card = ModelCard(
        name="humpcat",
        version="1",
        summary="frozen encoder, MFCCs and prosody, cross-attention",
        features=(ENCODER, Use("mfcc", name=MFCC, n_fft=1024, win_length=640, hop_length=320), PROSODY),
        seconds_per_row=0.5,
        quick={"encoder-frames.pad": "clip", "epochs": 3, "learning_rate": 1e-3},
    )

    def __init__(
        self,
        *,
        encoder: str = "whisper-tiny.en",
        dropout: float = 0.1,
        epochs: int = 50,
        learning_rate: float = 2e-4,
    ) -> None:
        self.encoder = encoder
        self.dropout = dropout
        self.epochs = epochs
        self.learning_rate = learning_rate

    @property
    def features(self):
        return Use(ENCODER, encoder=self.encoder), *self.card.features[1:]

    @property
    def recipe(self):
        return Recipe(
            optimizer="adamw",
            learning_rate=self.learning_rate,
            weight_decay=1e-4,
            schedule="cosine",
            epochs=self.epochs,
            batch_size=8,
            keep="last",
            label_smoothing=0.1,
        )

    def build(self, input_shape, n_classes):
        from serbench_plugins.networks.humpcat import HumpCatNetwork

        names = (ENCODER, MFCC, PROSODY)
        return HumpCatNetwork(names, tuple(input_shape[name][-1] for name in names), n_classes, self.dropout)


__all__ = ["HumpCat"]
