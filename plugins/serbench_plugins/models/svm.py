"""The field's usual baseline: a linear support vector machine on utterance vectors."""

from __future__ import annotations

from serbench.api import ModelCard, SklearnModel


class Svm(SklearnModel):
    """A linear machine for each class against the rest on standardised rows, every class weighing the same.

    The loss is the squared hinge; scores are the softmax of its decision values, not calibrated.

    Parameters
    ----------
    c
        Inverse strength of the L2 penalty, as in scikit-learn: 0.01, our choice for a hundred values in a row; for
        thousands, as in ``compare``, 1e-4 is usual, and quicker.
    feature
        The name of any feature that is a vector: ``mfcc-stats``, ``egemaps``, ``compare``, ``encoder-vector``.
    """

    card = ModelCard(
        name="svm",
        version="1",
        summary="linear support vector machine on MFCC statistics",
        features=("mfcc-stats",),
        seeded=False,
    )

    def __init__(self, *, c: float = 0.01, feature: str = "mfcc-stats") -> None:
        self.c = c
        self.feature = feature

    @property
    def features(self):
        return (self.feature,)

    def estimator(self, seed):  # noqa: ARG002  (the optimum is one; the order of rows on the way there is fixed)
        from sklearn.pipeline import make_pipeline
        from sklearn.preprocessing import StandardScaler
        from sklearn.svm import LinearSVC

        # liblinear's own tolerance is 0.01 to 0.1; scikit-learn's 1e-4 takes minutes where values outnumber rows
        solver = {"dual": "auto", "tol": 1e-3, "max_iter": 10_000, "random_state": 0}
        return make_pipeline(StandardScaler(), LinearSVC(C=self.c, class_weight="balanced", **solver))


__all__ = ["Svm"]
