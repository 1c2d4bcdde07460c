"""ResLSTM-SA: a residual LSTM with soft attention over frames."""

from __future__ import annotations

from serbench.api import ModelCard, Recipe, TorchModel, Use


class ResLstmSa(TorchModel):
    """Two LSTMs, the first added to its input, and soft attention over time (Krasnoproshin and Vashkevich, 2606.03359).

    As published: the network (46,772 parameters for 46 coefficients, 64 units and 8 classes), its first weights, whole
    clips, windows of 85 ms every 43 ms, 100 epochs of Adam. Choices: 46 MFCCs, where the paper has 34 and 12 of a
    chromagram; the rate, the weight decay, the dropout and the batch, which the paper searches for on dev within bounds
    that hold these; a cosine without restarts, whose last epoch is kept; attention to a clip's own frames alone.

    Parameters
    ----------
    width
        Units of the second LSTM; the paper has 32, 64 and 128.
    dropout
        Before the last layer.
    epochs, learning_rate
        Of the recipe.
    """

    card = ModelCard(
        name="reslstm-sa",
        version="1",
        summary="ResLSTM-SA: residual LSTM with soft attention over MFCCs",
        features=(Use("mfcc", n_mfcc=46, win_length=1365, hop_length=683),),
        seconds_per_row=0.5,
        quick={"width": 16, "epochs": 20, "learning_rate": 1e-2},
    )

    def __init__(
        self,
        *,
        width: int = 64,
        dropout: float = 0.3,
        epochs: int = 100,
        learning_rate: float = 2e-4,
    ) -> None:
        self.width = width
        self.dropout = dropout
        self.epochs = epochs
        self.learning_rate = learning_rate

    @property
    def recipe(self):
        return Recipe(
            learning_rate=self.learning_rate,
            weight_decay=1e-3,
            schedule="cosine",
            epochs=self.epochs,
            batch_size=16,
            keep="last",
        )

    def build(self, input_shape, n_classes):
        from serbench_plugins.networks.recurrent import ResLstm

        _, n_coefficients = input_shape
        return ResLstm(n_coefficients, n_classes, width=self.width, dropout=self.dropout)


__all__ = ["ResLstmSa"]
