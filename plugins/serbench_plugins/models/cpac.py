"""CPAC: capsules with self-attention over MFCCs."""

from __future__ import annotations

from serbench.api import ModelCard, Recipe, TorchModel, Use


class Cpac(TorchModel):
    """Convolutions, capsules and self-attention over MFCCs (Wen et al., CTL-MTNet, arXiv 2207.10644).

    As published: three convolutions of 64 filters with their dropout, six capsules of 64 numbers, three routing steps,
    39 MFCCs of 50 ms windows every 12.5 ms, the margin loss, Adam with its betas, batches of 64. Choices: a 1 x 1
    convolution makes the first capsules, all of which share the matrices of routing; attention is of scaled dot
    products and multiplies what it attends to; the margin is one of the softmax; 20 epochs in place of 300, of which
    the last is kept; segments are averaged.

    Parameters
    ----------
    width
        Filters, and numbers of a capsule.
    capsules
        At every place of the map, and after routing.
    steps
        Of routing.
    frames
        Per segment: 241 are 3 s.
    epochs, learning_rate
        Of the recipe.
    """

    card = ModelCard(
        name="cpac",
        version="1",
        summary="CPAC: capsules with self-attention over MFCCs",
        features=(Use("mfcc", n_mfcc=39, n_fft=1024, win_length=800, hop_length=200),),
        seconds_per_row=1.5,
        quick={"width": 16, "capsules": 2, "frames": 80, "epochs": 20, "learning_rate": 2e-2},
    )

    def __init__(
        self,
        *,
        width: int = 64,
        capsules: int = 6,
        steps: int = 3,
        frames: int = 241,
        epochs: int = 20,
        learning_rate: float = 1e-3,
    ) -> None:
        self.width = width
        self.capsules = capsules
        self.steps = steps
        self.frames = frames
        self.epochs = epochs
        self.learning_rate = learning_rate

    @property
    def recipe(self):
        return Recipe(
            learning_rate=self.learning_rate,
            betas=(0.975, 0.932),
            epochs=self.epochs,
            batch_size=64,
            keep="last",
            segment=self.frames,
        )

    def loss(self, logits, codes, counts, recipe):  # noqa: ARG002  (a margin knows neither)
        from serbench_plugins.networks.capsules import margin_loss

        return margin_loss(logits, codes)

    def build(self, input_shape, n_classes):  # noqa: ARG002  (it fits any size)
        from serbench_plugins.networks.capsules import CapsuleNet

        return CapsuleNet(n_classes, width=self.width, capsules=self.capsules, steps=self.steps)


__all__ = ["Cpac"]
