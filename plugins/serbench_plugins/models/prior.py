"""The other floor: classes drawn from the training rows' shares."""

from __future__ import annotations

import numpy as np

from serbench.api import Model, ModelCard, Predictions, Size, generator


class Prior(Model):
    """Draws each row's class from the class shares of training; its log-loss is infinite in spirit and clipped.

    A row's draw depends on the seed and the row's id alone, so a row scores alone what it scores in a batch.
    """

    card = ModelCard(name="prior", version="1", summary="a class drawn from the training shares", seconds_per_row=1e-7)

    def fit(self, train, dev, *, seed):  # noqa: ARG002
        self.labels_, self.seed_ = train.labels, seed
        self.shares_ = np.bincount(train.codes, minlength=len(train.labels)) / len(train)
        return self

    def predict(self, test):
        self.check_fitted("shares_")
        drawn = [generator(self.seed_, "prior", uid).choice(len(self.shares_), p=self.shares_) for uid in test.ids]
        return Predictions(test.ids, np.eye(len(self.shares_))[drawn], self.labels_)

    def state(self):
        self.check_fitted("shares_")
        return {"shares": self.shares_, "seed": np.array(self.seed_)}

    def load_state(self, state, labels):
        self.labels_, self.shares_, self.seed_ = labels, state["shares"], int(state["seed"])
        return self

    def size(self, clip):  # noqa: ARG002
        k = len(self.shares_)
        return Size(trainable=k, total=k, bytes=self.shares_.nbytes, macs=0, macs_reason=None)


__all__ = ["Prior"]
