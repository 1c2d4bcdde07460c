"""The reference model: an attention 1-D CNN over MFCCs."""

from __future__ import annotations

from serbench.api import ModelCard, Recipe, TorchModel

ATTENTION = ("none", "channel", "spatial", "both")


class Attn1dCnn(TorchModel):
    """Two Conv1d blocks over MFCC frames, channel and spatial attention, average over time (arXiv 2507.03251).

    The paper's blocks, with pooling that pools and an average over time in place of the flattened map; trained
    on segments of 3 s (94 frames of 32 ms), the best epoch chosen on dev. The recipe was chosen on speakers held
    out of the training parts of EMO-DB and SAVEE; no test speaker had a part in it. The paper's released network is
    ``attn1dcnn-paper``.

    Parameters
    ----------
    attention
        ``none``, ``channel``, ``spatial`` or ``both``.
    width
        Filters per convolution.
    dropout
        Before the attention and before the last layer.
    epochs, learning_rate
        Of the recipe.
    augment
        Show noisy and pitch-shifted copies of training clips.
    precision
        ``fp32``, or ``bf16``: forward passes in half the bits, sooner where the processor or the GPU has them.
    """

    card = ModelCard(
        name="attn1dcnn",
        version="1",
        summary="attention 1-D CNN over MFCCs (reference model)",
        features=("mfcc",),
        augmentations=("noise", "pitch"),
        chooses_on_dev=True,
        seconds_per_row=0.03,
        quick={"width": 32, "learning_rate": 1e-2},
    )

    def __init__(
        self,
        *,
        attention: str = "both",
        width: int = 256,
        dropout: float = 0.2,
        epochs: int = 40,
        learning_rate: float = 1e-3,
        augment: bool = True,
        precision: str = "fp32",
    ) -> None:
        if attention not in ATTENTION:
            raise ValueError(f"attention is {attention!r}, expected one of {ATTENTION}")
        self.attention = attention
        self.width = width
        self.dropout = dropout
        self.epochs = epochs
        self.learning_rate = learning_rate
        self.augment = augment
        self.precision = precision

    @property
    def recipe(self):
        return Recipe(
            optimizer="adamw",
            learning_rate=self.learning_rate,
            weight_decay=1e-2,
            schedule="cosine",
            epochs=self.epochs,
            batch_size=32,
            patience=12,
            monitor="loss",
            label_smoothing=0.1,
            precision=self.precision,
            segment=94,
        )

    @property
    def augmentations(self):
        return self.card.augmentations if self.augment else ()

    def build(self, input_shape, n_classes):
        from serbench_plugins.networks.attention_cnn import AttentionCnn

        _, n_coefficients = input_shape
        return AttentionCnn(n_coefficients, n_classes, attention=self.attention, width=self.width, dropout=self.dropout)


__all__ = ["Attn1dCnn"]
