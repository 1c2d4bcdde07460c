"""The floor: the most frequent class of the training rows."""

from __future__ import annotations

import numpy as np

from serbench.api import Model, ModelCard, Predictions, Size


class Majority(Model):
    """Gives every row the class shares of training: the most frequent class always wins."""

    card = ModelCard(
        name="majority", version="1", summary="the most frequent class, always", seeded=False, seconds_per_row=1e-7
    )

    def fit(self, train, dev, *, seed):  # noqa: ARG002
        self.labels_ = train.labels
        self.shares_ = np.bincount(train.codes, minlength=len(train.labels)) / len(train)
        return self

    def predict(self, test):
        self.check_fitted("shares_")
        return Predictions(test.ids, np.tile(self.shares_, (len(test), 1)), self.labels_)

    def state(self):
        self.check_fitted("shares_")
        return {"shares": self.shares_}

    def load_state(self, state, labels):
        self.labels_, self.shares_ = labels, state["shares"]
        return self

    def size(self, clip):  # noqa: ARG002
        k = len(self.shares_)
        return Size(trainable=k, total=k, bytes=self.shares_.nbytes, macs=0, macs_reason=None)


__all__ = ["Majority"]
