"""A CNN over log-mel spectra whose map attends to areas of itself."""

from __future__ import annotations

from serbench.api import ModelCard, Recipe, TorchModel, Use

MODES = ("code", "paper")
KEYS = ("mean", "max")
VALUES = ("sum", "mean", "max")


class AreaAttnCnn(TorchModel):
    """Six convolutions and multiscale area attention (Xu et al., arXiv 2102.01813).

    As published: the network (503,108 parameters for 4 classes), 128 bands of 50 ms windows every 25 ms, segments of
    2 s, Adam at 1e-4 with a decay of 1e-6, batches of 32, copies by VTLP. Choices: utterances of 2 s or less are filled
    up, and what fills them up is not attended to, where the paper drops them; dropout on the attention's weights is for
    training alone (the released code drops at test too, so that a clip's score is chance); 30 epochs in place of
    100, of which the last is kept.

    Parameters
    ----------
    mode
        ``code``: areas lie along time within a band's row, as in the released code. ``paper``: they span bands too; a
        segment then takes ten times the memory, and a step is summed over batches of four.
    max_area
        Places along each side of the largest area; 3 along time are 57 areas of a row of 20.
    key, value
        What stands for an area: ``mean`` or ``max`` of its keys; ``sum``, ``mean`` or ``max`` of its values.
    vtlp
        Copies of each training clip by vocal tract length perturbation, of which 0 is none and the paper's most is 7.
    width
        Filters of each of the first two convolutions; the others in proportion.
    dropout
        On the attention's weights.
    epochs, learning_rate
        Of the recipe.
    """

    card = ModelCard(
        name="area-attn-cnn",
        version="1",
        summary="CNN with multiscale area attention over log-mel spectra",
        features=(Use("log-mel", n_mels=128, n_fft=800, hop_length=400),),
        augmentations=(Use("vtlp", lowest=0.8, highest=1.2),),
        seconds_per_row=1.5,
        quick={"log-mel.n_mels": 32, "width": 4, "vtlp": 0, "dropout": 0.0, "epochs": 15, "learning_rate": 3e-3},
    )

    def __init__(
        self,
        *,
        mode: str = "code",
        max_area: int = 3,
        key: str = "mean",
        value: str = "sum",
        vtlp: int = 1,
        width: int = 16,
        dropout: float = 0.5,
        epochs: int = 30,
        learning_rate: float = 1e-4,
    ) -> None:
        for name, given, known in (("mode", mode, MODES), ("key", key, KEYS), ("value", value, VALUES)):
            if given not in known:
                raise ValueError(f"{name} is {given!r}, expected one of {known}")
        self.mode = mode
        self.max_area = max_area
        self.key = key
        self.value = value
        self.vtlp = vtlp
        self.width = width
        self.dropout = dropout
        self.epochs = epochs
        self.learning_rate = learning_rate

    @property
    def recipe(self):
        parts = 8 if self.mode == "paper" else 1
        return Recipe(
            learning_rate=self.learning_rate,
            weight_decay=1e-6,
            epochs=self.epochs,
            batch_size=32 // parts,
            accumulate=parts,
            keep="last",
            segment=81,
        )

    @property
    def augmentations(self):
        return (Use("vtlp", lowest=0.8, highest=1.2, copies=self.vtlp),) if self.vtlp else ()

    def build(self, input_shape, n_classes):
        from serbench_plugins.networks.area_attention import AreaAttention, AreaAttentionCnn

        frames, bands = input_shape
        height = 1 if self.mode == "code" else self.max_area
        attention = AreaAttention(height, self.max_area, key=self.key, value=self.value, dropout=self.dropout)
        return AreaAttentionCnn(frames, bands, n_classes, attention=attention, width=self.width)


__all__ = ["AreaAttnCnn"]
