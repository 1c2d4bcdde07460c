"""A random forest on utterance vectors."""

from __future__ import annotations

from serbench.api import ModelCard, SklearnModel


class RandomForest(SklearnModel):
    """Trees that are grown to the end on bootstrapped rows, every class weighing the same in each of them.

    Scores are the trees' mean probabilities. Trees ask for thresholds, so nothing is standardised.

    Parameters
    ----------
    n_estimators
        Trees.
    feature
        The name of any feature that is a vector: ``mfcc-stats``, ``egemaps``, ``compare``, ``encoder-vector``.
    """

    card = ModelCard(
        name="random-forest",
        version="1",
        summary="500 trees on MFCC statistics",
        features=("mfcc-stats",),
        seconds_per_row=2e-3,
        quick={"n_estimators": 50},
    )

    def __init__(self, *, n_estimators: int = 500, feature: str = "mfcc-stats") -> None:
        self.n_estimators = n_estimators
        self.feature = feature

    @property
    def features(self):
        return (self.feature,)

    def estimator(self, seed):  # noqa: ARG002  (the harness draws every random_state)
        from sklearn.ensemble import RandomForestClassifier

        return RandomForestClassifier(self.n_estimators, class_weight="balanced_subsample")


__all__ = ["RandomForest"]
