"""MFHCA: a spectrum and the frames of a pretrained encoder, by cooperative attention."""

from __future__ import annotations

from serbench.api import ModelCard, Recipe, TorchModel, Use

SPECTRUM, ENCODER = "log-spectrogram", "encoder-frames"
#: 3 s: frames of 10 ms, and of 20 ms as an encoder with valid convolutions makes them of 48,000 samples.
SEGMENT = {SPECTRUM: 300, ENCODER: 149}


class Mfhca(TorchModel):
    """Multi-spatial fusion of the spectrum attends to encoder frames, in segments of 3 s (arXiv 2404.13509).

    As published: every layer behind the encoder (4,680,289 parameters for 768 states and 4 classes; the released code
    has 38,293 more in a layer that nothing uses), AdamW, batches of 32, cross-entropy, short segments filled up behind.
    Choices: the encoder is frozen, while the paper fine-tunes HuBERT-base with the rest at 1e-5; what is trained from
    scratch here has 1e-4, 30 epochs in place of 100 and a cosine schedule to the last one; posteriors of segments are
    averaged, not their logarithms; the image has 128 x 192 pixels as in ``mf-only``. With d states the matrices are
    those of 24 x 32 for d = 768: the two factors of d that are closest to each other.

    Parameters
    ----------
    encoder
        Whose frames: the argument of the feature ``encoder-frames``.
    height
        Pixels of the spectrum's image; it is half as wide again. Published: 256.
    width
        Channels of the first block of the spectrum's branch.
    dropout
        In three places.
    epochs, learning_rate
        Of the recipe.
    """

    card = ModelCard(
        name="mfhca",
        version="1",
        summary="spectrum and frozen encoder, cooperative attention",
        features=(SPECTRUM, ENCODER),
        seconds_per_row=2.5,
        quick={"encoder-frames.pad": "clip", "height": 16, "width": 4, "epochs": 5, "learning_rate": 3e-3},
    )

    def __init__(
        self,
        *,
        encoder: str = "whisper-tiny.en",
        height: int = 128,
        width: int = 16,
        dropout: float = 0.1,
        epochs: int = 30,
        learning_rate: float = 1e-4,
    ) -> None:
        self.encoder = encoder
        self.height = height
        self.width = width
        self.dropout = dropout
        self.epochs = epochs
        self.learning_rate = learning_rate

    @property
    def features(self):
        return SPECTRUM, Use(ENCODER, encoder=self.encoder)

    @property
    def recipe(self):
        return Recipe(
            optimizer="adamw",
            learning_rate=self.learning_rate,
            weight_decay=1e-2,
            schedule="cosine",
            epochs=self.epochs,
            keep="last",
            segment=SEGMENT,
        )

    def build(self, input_shape, n_classes):
        from serbench_plugins.networks.mfhca import CooperativeClassifier

        return CooperativeClassifier(
            (SPECTRUM, ENCODER),
            input_shape[ENCODER],
            n_classes,
            height=self.height,
            image_width=3 * self.height // 2,
            width=self.width,
            dropout=self.dropout,
        )


__all__ = ["Mfhca"]
