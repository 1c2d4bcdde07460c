"""The reference model: an attention 1-D CNN over MFCCs."""

from __future__ import annotations

from serbench.api import ModelCard, Recipe, Shift, TorchModel

ATTENTION = ("none", "channel", "spatial", "both")
POOLING = ("mean", "mean-std")


class Attn1dCnn(TorchModel):
    """Two Conv1d blocks over MFCC frames, channel and spatial attention, average over time (arXiv 2507.03251).

    The paper's blocks, with pooling that pools and an average over time in place of the flattened map; trained on
    segments of 3 s (94 frames of 32 ms) to the end of a cosine schedule, every coefficient of a clip shifted by a draw
    of its own. What fills up a short clip has no part in attention and average. The recipe was chosen on speakers of
    the training parts of five corpora's first folds (``benchmarks/recipes.py``): nobody who is tested there had a part
    in it; who is tested in other folds may have had. The paper's released network is ``attn1dcnn-paper``.

    Parameters
    ----------
    attention
        ``none``, ``channel``, ``spatial`` or ``both``.
    pooling
        Over time: ``mean``, or ``mean-std``, the standard deviation beside it.
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
        version="2",
        summary="attention 1-D CNN over MFCCs (reference model)",
        features=("mfcc",),
        augmentations=("noise", "pitch"),
        seconds_per_row=0.035,
        quick={"width": 32, "learning_rate": 1e-2},
    )

    def __init__(
        self,
        *,
        attention: str = "both",
        pooling: str = "mean",
        width: int = 128,
        dropout: float = 0.2,
        epochs: int = 40,
        learning_rate: float = 1e-3,
        augment: bool = True,
        precision: str = "fp32",
    ) -> None:
        if attention not in ATTENTION:
            raise ValueError(f"attention is {attention!r}, expected one of {ATTENTION}")
        if pooling not in POOLING:
            raise ValueError(f"pooling is {pooling!r}, expected one of {POOLING}")
        self.attention = attention
        self.pooling = pooling
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
            keep="last",
            label_smoothing=0.1,
            augment=(Shift(scale=0.3),),
            precision=self.precision,
            segment=94,
        )

    @property
    def augmentations(self):
        return self.card.augmentations if self.augment else ()

    def build(self, input_shape, n_classes):
        from serbench_plugins.networks.attention_cnn import AttentionCnn

        _, n_coefficients = input_shape
        return AttentionCnn(
            n_coefficients,
            n_classes,
            attention=self.attention,
            pooling=self.pooling,
            width=self.width,
            dropout=self.dropout,
        )


__all__ = ["Attn1dCnn"]
