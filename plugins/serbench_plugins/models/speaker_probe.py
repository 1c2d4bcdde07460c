"""A leak probe: emotion from the voice's owner alone."""

from __future__ import annotations

from serbench.api import ModelCard, SklearnModel


class SpeakerProbe(SklearnModel):
    """Standardised logistic regression on a speaker embedding: how much of a score is the voice.

    The embedding was trained to tell speakers apart and to be the same whatever they say or feel. Where it scores
    well above chance although test speakers are new, its network kept some of the emotion, or the corpus gives classes
    to voices; what it gains where speakers are shared is the worth of having heard the speaker. No paper
    defines it: all of it is a choice.

    Parameters
    ----------
    c
        Inverse strength of the L2 penalty, as in scikit-learn.
    """

    card = ModelCard(
        name="speaker-probe",
        version="1",
        summary="leak probe: logistic regression on a speaker embedding",
        features=("ge2e",),
        seeded=False,
        seconds_per_row=4e-4,
    )

    def __init__(self, *, c: float = 1.0) -> None:
        self.c = c

    def estimator(self, seed):  # noqa: ARG002  (draws nothing)
        from sklearn.linear_model import LogisticRegression
        from sklearn.pipeline import make_pipeline
        from sklearn.preprocessing import StandardScaler

        return make_pipeline(StandardScaler(), LogisticRegression(C=self.c, max_iter=2000))


__all__ = ["SpeakerProbe"]
