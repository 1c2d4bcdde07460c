"""SUPERB's emotion probe on a frozen encoder."""

from __future__ import annotations

from serbench.api import ModelCard, Recipe, TorchModel, Use


class SuperbProbe(TorchModel):
    """A learned weighted sum of all layers, Linear 256, mean over time, Linear (arXiv 2105.01051; s3prl's ``emotion``).

    Trained on states that were averaged over time once, which changes nothing: all before the mean is linear. So it
    trains in seconds. As published: Adam 1e-4, batches of 32, gradients of norm 1 at most, 30,000 steps, which are
    the 270 epochs of a fold of IEMOCAP. A choice: the last epoch predicts and dev joins the training rows, where SUPERB
    takes the best on dev.

    Parameters
    ----------
    encoder
        A frozen encoder, as the feature ``encoder-mean`` names it; how it pads is that feature's argument.
    epochs, learning_rate
        Of the recipe.
    """

    card = ModelCard(
        name="superb-probe",
        version="1",
        summary="SUPERB's probe: weighted layers of a frozen speech encoder",
        features=("encoder-mean",),
        seconds_per_row=0.02,
        quick={"encoder-mean.pad": "clip", "epochs": 60, "learning_rate": 1e-2},
    )

    def __init__(self, *, encoder: str = "whisper-tiny.en", epochs: int = 270, learning_rate: float = 1e-4) -> None:
        self.encoder = encoder
        self.epochs = epochs
        self.learning_rate = learning_rate

    @property
    def features(self):
        return (Use("encoder-mean", encoder=self.encoder),)

    @property
    def recipe(self):
        return Recipe(
            learning_rate=self.learning_rate,
            epochs=self.epochs,
            batch_size=32,
            clip_gradient=1.0,
            keep="last",
            standardise=False,
        )

    def build(self, input_shape, n_classes):
        from serbench_plugins.networks.encoder_probes import WeightedLayers

        _, layers, d = input_shape
        return WeightedLayers(layers, d, n_classes)


__all__ = ["SuperbProbe"]
