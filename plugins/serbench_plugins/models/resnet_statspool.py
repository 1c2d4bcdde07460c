"""A residual network with statistics pooling over whole clips, from scratch or after learning who speaks."""

from __future__ import annotations

from dataclasses import replace

from serbench.api import ModelCard, Recipe, SpecAugment, Stage, TorchModel, Use

DEPTHS = (10, 18, 34)
PRETRAIN = ("none", "speakers")


class ResNetStatsPool(TorchModel):
    """Residual blocks over log-mel spectra, statistics pooling over whole clips (Padi et al., arXiv 2108.02510).

    As published: a residual network with statistics pooling, clips of any length, masks over time and bands in
    training, speakers learned before emotions. Not as published: the paper learns them on large corpora of speakers;
    here the network is trained from scratch, or first on the speakers of the training rows. Its depth, masks and
    training are not known: all sizes are choices, small enough for a CPU (``depth=34``, ``width=32`` is the usual
    network of speaker recognition, 5.3 million weights of convolutions, and wants a GPU); 20 epochs, the last is kept.

    Parameters
    ----------
    pretrain
        ``none``; ``speakers``: learn who speaks in each training row first, then the classes at a tenth of the rate.
    spec_augment
        Two masks of up to 20 frames (200 ms) and two of up to 8 bands on each clip, drawn anew every epoch.
    depth
        Of the network: 10, 18 or 34 layers.
    width
        Filters of the first stage; each further stage has twice as many.
    dropout
        Before the last layer.
    epochs, learning_rate
        Of the recipe; both stages have so many epochs.
    """

    card = ModelCard(
        name="resnet-statspool",
        version="1",
        summary="residual network with statistics pooling over spectra",
        features=(Use("log-mel", n_fft=512, win_length=400, hop_length=160),),
        seconds_per_row=3.5,
        quick={
            "log-mel.n_mels": 16,
            "log-mel.hop_length": 640,
            "spec_augment": False,
            "depth": 10,
            "width": 8,
            "dropout": 0.0,
            "epochs": 40,
            "learning_rate": 1e-2,
        },
    )

    def __init__(
        self,
        *,
        pretrain: str = "none",
        spec_augment: bool = True,
        depth: int = 18,
        width: int = 16,
        dropout: float = 0.3,
        epochs: int = 20,
        learning_rate: float = 1e-3,
    ) -> None:
        for name, given, known in (("pretrain", pretrain, PRETRAIN), ("depth", depth, DEPTHS)):
            if given not in known:
                raise ValueError(f"{name} is {given!r}, expected one of {known}")
        self.pretrain = pretrain
        self.spec_augment = spec_augment
        self.depth = depth
        self.width = width
        self.dropout = dropout
        self.epochs = epochs
        self.learning_rate = learning_rate

    @property
    def recipe(self):
        masks = SpecAugment(time_masks=2, time_width=20, band_masks=2, band_width=8)
        return Recipe(
            optimizer="adamw",
            learning_rate=self.learning_rate / (1 if self.pretrain == "none" else 10),
            weight_decay=1e-2,
            schedule="cosine",
            epochs=self.epochs,
            batch_size=32,
            keep="last",
            label_smoothing=0.1,
            augment=(masks,) if self.spec_augment else (),
        )

    @property
    def stages(self):
        before = Stage(recipe=replace(self.recipe, learning_rate=self.learning_rate), learns="speaker")
        return (*((before,) if self.pretrain == "speakers" else ()), Stage(recipe=self.recipe))

    def build(self, input_shape, n_classes):
        from serbench_plugins.networks.residual import StatisticsResNet

        _, n_bands = input_shape
        return StatisticsResNet(n_bands, n_classes, depth=self.depth, width=self.width, dropout=self.dropout)


__all__ = ["ResNetStatsPool"]
