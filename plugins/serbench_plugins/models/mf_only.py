"""The spectrum branch of MFHCA alone."""

from __future__ import annotations

from serbench.api import ModelCard, Recipe, TorchModel, Use

#: Frames of 10 ms per segment: 3 s.
SEGMENT = 300
#: What a spectrum is, by the argument ``spectrum``; the mel bands have the same windows as the linear ones.
SPECTRA = {
    "linear": Use("log-spectrogram"),
    "mel": Use("log-mel", n_mels=128, n_fft=800, win_length=640, hop_length=160),
}


class MfOnly(TorchModel):
    """Multi-spatial fusion over segments of 3 s, then a hidden layer of 128 (arXiv 2404.13509 without its encoder).

    As published: two kernel shapes side by side, three blocks of coordinate attention and dilated context, a vector of
    288; posteriors averaged over segments. Choices: the image has 128 x 192 pixels, a quarter of the published 256 x
    384, to which 200 x 300 values were enlarged, at a quarter of the cost; bins are standardised, not drawn in 8-bit
    grey; a cosine schedule to the last epoch, 1e-3, 30 epochs and label smoothing.

    Parameters
    ----------
    spectrum
        ``linear``: 200 bins up to 4 kHz, as in the released code; ``mel``: 128 bands, as in the paper's text.
    height
        Pixels of the image; it is half as wide again. Published: 256.
    width
        Channels of the first block; the next ones have twice and three times as many.
    dropout
        Before the hidden layer.
    epochs, learning_rate
        Of the recipe.
    """

    card = ModelCard(
        name="mf-only",
        version="1",
        summary="multi-spatial fusion of a spectrum (MFHCA without encoder)",
        features=("log-spectrogram",),
        seconds_per_row=2.0,
        quick={"height": 32, "width": 8, "epochs": 20, "learning_rate": 1e-2, "dropout": 0.0},
    )

    def __init__(
        self,
        *,
        spectrum: str = "linear",
        height: int = 128,
        width: int = 16,
        dropout: float = 0.1,
        epochs: int = 30,
        learning_rate: float = 1e-3,
    ) -> None:
        if spectrum not in SPECTRA:
            raise ValueError(f"spectrum is {spectrum!r}, expected one of {tuple(SPECTRA)}")
        self.spectrum = spectrum
        self.height = height
        self.width = width
        self.dropout = dropout
        self.epochs = epochs
        self.learning_rate = learning_rate

    @property
    def features(self):
        return (SPECTRA[self.spectrum],)

    @property
    def recipe(self):
        return Recipe(
            optimizer="adamw",
            learning_rate=self.learning_rate,
            weight_decay=1e-2,
            schedule="cosine",
            epochs=self.epochs,
            keep="last",
            label_smoothing=0.1,
            segment=SEGMENT,
        )

    def build(self, input_shape, n_classes):  # noqa: ARG002  (a picture of any size)
        from serbench_plugins.networks.mfhca import SpectrumClassifier

        return SpectrumClassifier(
            n_classes,
            height=self.height,
            image_width=3 * self.height // 2,
            width=self.width,
            dropout=self.dropout,
        )


__all__ = ["MfOnly"]
