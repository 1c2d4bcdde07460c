"""Graph attention over a frozen encoder's frames, and quantised pitch."""

from __future__ import annotations

from serbench.api import ModelCard, Recipe, TorchModel, Use

ENCODER, PITCH = "encoder-frames", "f0"


class GraphFusion(TorchModel):
    """The audio side of the Interspeech 2025 system of UFG: encoder frames, an embedded F0, SwiGLU (arXiv 2506.02088).

    As published: frames projected to 512, graph attention, one Transformer layer, attentive pooling; F0 in 257 embedded
    steps; SeqAug; AdamW at 5e-5, betas 0.9 and 0.98, batches of 8, 20 epochs, gradients clipped at 10. Left out: the
    branch of text and the co-attention with it, since most corpora here are of prompts, which give labels
    away. Choices: a skip around the graph attention in place of the one around co-attention; a rise over the first
    epoch in place of 500 steps, a cosine schedule to 0 in place of 1e-5, and the last epoch in place of the best one on
    dev; by default the encoder is smaller than Whisper-large-v3.

    Parameters
    ----------
    encoder
        Whose frames: the argument of the feature ``encoder-frames``.
    width
        Channels, a multiple of 8.
    dropout
        In every place.
    epochs, learning_rate
        Of the recipe.
    objective
        ``cross-entropy``, or ``focal`` with gamma 2.
    class_weights
        ``none``, or ``balanced``: by inverse frequency.
    seq_aug
        Permute some states of training clips along time.
    """

    card = ModelCard(
        name="graph-fusion",
        version="1",
        summary="frozen encoder by graph attention, quantised F0",
        features=(ENCODER, PITCH),
        seconds_per_row=2.0,
        quick={"encoder-frames.pad": "clip", "width": 64, "dropout": 0.0, "epochs": 8, "learning_rate": 2e-3},
    )

    def __init__(
        self,
        *,
        encoder: str = "whisper-tiny.en",
        width: int = 512,
        dropout: float = 0.5,
        epochs: int = 20,
        learning_rate: float = 5e-5,
        objective: str = "cross-entropy",
        class_weights: str = "none",
        seq_aug: bool = True,
    ) -> None:
        self.encoder = encoder
        self.width = width
        self.dropout = dropout
        self.epochs = epochs
        self.learning_rate = learning_rate
        self.objective = objective
        self.class_weights = class_weights
        self.seq_aug = seq_aug

    @property
    def features(self):
        return Use(ENCODER, encoder=self.encoder), PITCH

    @property
    def recipe(self):
        from serbench_plugins.augmentations.seq_aug import SeqAug

        return Recipe(
            optimizer="adamw",
            learning_rate=self.learning_rate,
            weight_decay=1e-3,
            betas=(0.9, 0.98),
            schedule="cosine",
            warmup=1.0,
            epochs=self.epochs,
            batch_size=8,
            clip_gradient=10.0,
            keep="last",
            loss=self.objective,
            class_weights=self.class_weights,
            augment=(SeqAug(features=(ENCODER,)),) if self.seq_aug else (),
            standardise=False,  # a pitch is a number of a row of the embedding
        )

    def build(self, input_shape, n_classes):
        from serbench_plugins.networks.graph_fusion import GraphFusionNetwork

        return GraphFusionNetwork(
            (ENCODER, PITCH), input_shape[ENCODER][-1], n_classes, width=self.width, dropout=self.dropout
        )


__all__ = ["GraphFusion"]
