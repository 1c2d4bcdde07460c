"""Two published probes on the last layer of a frozen encoder: EmoBox's and emotion2vec's."""

from __future__ import annotations

from serbench.api import ModelCard, Recipe, TorchModel, Use


class EmoBoxProbe(TorchModel):
    """Linear 256 and ReLU at each position of the last layer, mean over time, Linear (EmoBox, arXiv 2406.07162).

    As published: Adam 1e-4, batches of 32. Epochs, 20 to 100 there, are 50: a choice. So are the last epoch as what
    predicts, and dev among the training rows.

    Parameters
    ----------
    encoder
        A frozen encoder, as the feature ``encoder-frames`` names it; how it pads, and another layer than the last,
        are that feature's arguments.
    epochs, learning_rate
        Of the recipe.
    """

    card = ModelCard(
        name="emobox-probe",
        version="1",
        summary="EmoBox's probe: a hidden layer on a frozen speech encoder's frames",
        features=("encoder-frames",),
        seconds_per_row=0.2,
        quick={"encoder-frames.pad": "clip", "epochs": 20, "learning_rate": 1e-3},
    )

    def __init__(self, *, encoder: str = "whisper-tiny.en", epochs: int = 50, learning_rate: float = 1e-4) -> None:
        self.encoder = encoder
        self.epochs = epochs
        self.learning_rate = learning_rate

    @property
    def features(self):
        return (Use("encoder-frames", encoder=self.encoder),)

    @property
    def recipe(self):
        return Recipe(
            learning_rate=self.learning_rate, epochs=self.epochs, batch_size=32, keep="last", standardise=False
        )

    def build(self, input_shape, n_classes):
        from serbench_plugins.networks.encoder_probes import FrameProbe

        return FrameProbe(input_shape[-1], n_classes)


class Emotion2vecProbe(EmoBoxProbe):
    """The same network as emotion2vec was judged by (arXiv 2312.15185), on any encoder: 0.20 M parameters at d = 768.

    As published: Adam 5e-4, weight decay 1e-5, batches of 128, 100 epochs. Choices: as of ``emobox-probe``.

    Parameters
    ----------
    encoder, epochs, learning_rate
        As of ``emobox-probe``.
    """

    card = ModelCard(
        name="emotion2vec-probe",
        version="1",
        summary="emotion2vec's probe: a hidden layer on a frozen speech encoder's frames",
        features=("encoder-frames",),
        seconds_per_row=0.4,
        quick={"encoder-frames.pad": "clip", "epochs": 20, "learning_rate": 3e-3},
    )

    def __init__(self, *, encoder: str = "whisper-tiny.en", epochs: int = 100, learning_rate: float = 5e-4) -> None:
        super().__init__(encoder=encoder, epochs=epochs, learning_rate=learning_rate)

    @property
    def recipe(self):
        return Recipe(
            learning_rate=self.learning_rate,
            weight_decay=1e-5,
            epochs=self.epochs,
            batch_size=128,
            keep="last",
            standardise=False,
        )


__all__ = ["EmoBoxProbe", "Emotion2vecProbe"]
