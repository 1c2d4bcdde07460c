"""TIM-Net: causal convolutions over MFCCs, forward and backward in time."""

from __future__ import annotations

from serbench.api import ModelCard, Recipe, TorchModel, Use


class TimNet(TorchModel):
    """Eight levels of gated dilated causal convolutions in both directions of time (Ye et al., arXiv 2211.08233).

    As published: the network (104,496 parameters for 7 classes), 39 MFCCs by librosa's defaults, Adam, batches of 64,
    label smoothing. Choices: 16 kHz in place of 22,050 Hz (a frame is 32 ms, not 23); 60 epochs in place of 500, of
    which the last is kept; all levels weigh the same before training; means over a clip's own frames alone, where the
    paper averages the silence that it is filled up with too; segments of a long clip are averaged, where it is cut.

    Parameters
    ----------
    levels
        Blocks of each direction; the paper has 10 on IEMOCAP. 8 see 511 frames.
    width
        Channels.
    dropout
        Share of channels that are dropped after each convolution.
    frames
        Per segment: 136 are 4.35 s, the paper's length on EMO-DB and EMOVO. It takes 5 s on RAVDESS, 5.9 s on SAVEE and
        14 s on IEMOCAP.
    epochs, learning_rate
        Of the recipe.
    """

    card = ModelCard(
        name="tim-net",
        version="1",
        summary="TIM-Net: causal convolutions forward and backward in time",
        features=(Use("mfcc", n_mfcc=39),),
        seconds_per_row=0.25,
        quick={"width": 16, "levels": 3, "epochs": 20, "learning_rate": 1e-2},
    )

    def __init__(
        self,
        *,
        levels: int = 8,
        width: int = 39,
        dropout: float = 0.1,
        frames: int = 136,
        epochs: int = 60,
        learning_rate: float = 1e-3,
    ) -> None:
        self.levels = levels
        self.width = width
        self.dropout = dropout
        self.frames = frames
        self.epochs = epochs
        self.learning_rate = learning_rate

    @property
    def recipe(self):
        return Recipe(
            learning_rate=self.learning_rate,
            betas=(0.93, 0.98),
            epochs=self.epochs,
            batch_size=64,
            keep="last",
            label_smoothing=0.1,
            segment=self.frames,
        )

    def build(self, input_shape, n_classes):
        from serbench_plugins.networks.tim_net import TimNetwork

        _, n_coefficients = input_shape
        return TimNetwork(n_coefficients, n_classes, width=self.width, levels=self.levels, dropout=self.dropout)


__all__ = ["TimNet"]
