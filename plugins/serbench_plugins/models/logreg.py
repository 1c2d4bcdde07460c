"""The linear baseline on utterance vectors."""

from __future__ import annotations

import numpy as np

from serbench.api import Model, ModelCard, Predictions, Size


class LogReg(Model):
    """Standardised multinomial logistic regression; the scaler sees training rows only.

    Parameters
    ----------
    c
        Inverse strength of the L2 penalty, as in scikit-learn.
    """

    card = ModelCard(
        name="logreg",
        version="1",
        summary="logistic regression on MFCC statistics",
        features=("mfcc-stats",),
        seeded=False,
        seconds_per_row=2e-4,
    )

    def __init__(self, *, c: float = 1.0) -> None:
        self.c = c

    def fit(self, train, dev, *, seed):  # noqa: ARG002  (chooses nothing, draws nothing)
        from sklearn.linear_model import LogisticRegression
        from sklearn.pipeline import make_pipeline
        from sklearn.preprocessing import StandardScaler

        self.labels_ = train.labels
        self.pipe_ = make_pipeline(StandardScaler(), LogisticRegression(C=self.c, max_iter=2000))
        self.pipe_.fit(train.x, train.y)
        return self

    def predict(self, test):
        self.check_fitted("pipe_")
        return Predictions(test.ids, self.pipe_.predict_proba(test.x), tuple(self.pipe_.classes_))

    def state(self):
        self.check_fitted("pipe_")
        scaler, linear = self.pipe_
        codes = np.array([self.labels_.index(label) for label in linear.classes_])
        learned = {"mean": scaler.mean_, "scale": scaler.scale_, "coef": linear.coef_, "intercept": linear.intercept_}
        return {**learned, "classes": codes}

    def load_state(self, state, labels):
        from sklearn.linear_model import LogisticRegression
        from sklearn.pipeline import make_pipeline
        from sklearn.preprocessing import StandardScaler

        self.labels_ = labels
        scaler, linear = StandardScaler(), LogisticRegression(C=self.c, max_iter=2000)
        scaler.mean_, scaler.scale_ = state["mean"], state["scale"]
        linear.coef_, linear.intercept_ = state["coef"], state["intercept"]
        linear.classes_ = np.array(labels)[state["classes"]]
        scaler.n_features_in_ = linear.n_features_in_ = len(state["mean"])
        self.pipe_ = make_pipeline(scaler, linear)
        return self

    def size(self, clip):  # noqa: ARG002
        scaler, linear = self.pipe_[0], self.pipe_[1]
        trainable = linear.coef_.size + linear.intercept_.size
        total = trainable + scaler.mean_.size + scaler.scale_.size
        return Size(trainable=trainable, total=total, bytes=8 * total, macs=linear.coef_.size, macs_reason=None)


__all__ = ["LogReg"]
