"""The linear baseline on what is said."""

from __future__ import annotations

from serbench.api import ModelCard, SklearnModel


class TfidfLogReg(SklearnModel):
    """Word counts weighed by their rarity in the training rows (TF-IDF), and logistic regression.

    Parameters
    ----------
    c
        Inverse strength of the L2 penalty, as in scikit-learn.
    """

    card = ModelCard(
        name="tfidf-logreg",
        version="1",
        summary="TF-IDF and logistic regression on transcripts",
        features=("word-counts",),
        seeded=False,
        seconds_per_row=1e-3,
    )

    def __init__(self, *, c: float = 10.0) -> None:
        self.c = c

    def estimator(self, seed):  # noqa: ARG002  (draws nothing)
        from sklearn.feature_extraction.text import TfidfTransformer
        from sklearn.linear_model import LogisticRegression
        from sklearn.pipeline import make_pipeline

        return make_pipeline(TfidfTransformer(sublinear_tf=True), LogisticRegression(C=self.c, max_iter=2000))


__all__ = ["TfidfLogReg"]
