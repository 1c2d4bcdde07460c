"""Sound and words, fused late."""

from __future__ import annotations

from serbench.api import LateFusion, ModelCard


class AudioTextFusion(LateFusion):
    """A model of the sound and ``tfidf-logreg``, their scores averaged with weights chosen on dev in tenths.

    The late fusion of arXiv 2202.08974 with other members: the paper's are a ResNet pretrained on speakers and BERT.
    Corpora of prompts are skipped, as of every feature of text.

    Parameters
    ----------
    audio
        The name of any other model, with its default arguments.
    """

    card = ModelCard(
        name="late-fusion",
        version="1",
        summary="a model of sound and TF-IDF of words, weighed on dev",
        chooses_on_dev=True,
        seconds_per_row=0.04,
        quick={"audio": "logreg"},
    )
    weighing = "dev"

    def __init__(self, *, audio: str = "attn1dcnn") -> None:
        self.audio = audio

    @property
    def members(self):
        return self.audio, "tfidf-logreg"


__all__ = ["AudioTextFusion"]
