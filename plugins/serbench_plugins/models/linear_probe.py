"""A linear model on a frozen encoder, one with the layer given and one that chooses it on dev."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from serbench.api import Column, ModelCard, SklearnModel, Use

#: How a saved model writes that its layer is the mean of all.
_MEAN = -1


class LinearProbe(SklearnModel):
    """Standardised logistic regression on the states of one layer, or on their mean over all, averaged over the clip.

    Parameters
    ----------
    encoder
        A frozen encoder, as the feature ``encoder-mean`` names it; how it pads is that feature's argument.
    layer
        ``mean`` of all layers, or a number: 0 is what the first layer is given.
    c
        Inverse strength of the L2 penalty, as in scikit-learn; 0.1 is a choice.
    """

    card = ModelCard(
        name="linear-probe",
        version="1",
        summary="logistic regression on a frozen speech encoder",
        features=("encoder-mean",),
        seeded=False,
        seconds_per_row=1e-3,
        quick={"encoder-mean.pad": "clip"},
    )

    def __init__(self, *, encoder: str = "whisper-tiny.en", layer: str | int = "mean", c: float = 0.1) -> None:
        if layer != "mean" and not (type(layer) is int and layer >= 0):
            raise ValueError(f"layer is {layer!r}, expected 'mean' or a number from 0 up")
        self.encoder = encoder
        self.layer = layer
        self.c = c

    @property
    def features(self):
        return (Use("encoder-mean", encoder=self.encoder),)

    def estimator(self, seed):  # noqa: ARG002  (draws nothing)
        from sklearn.linear_model import LogisticRegression
        from sklearn.pipeline import make_pipeline
        from sklearn.preprocessing import StandardScaler

        return make_pipeline(StandardScaler(), LogisticRegression(C=self.c, max_iter=2000))

    def fit(self, train, dev, *, seed):
        return super().fit(of_layer(train, self.layer), dev, seed=seed)

    def predict(self, test):
        return super().predict(of_layer(test, self.layer))


class LinearProbeDev(LinearProbe):
    """The same with the layer, or the mean of all, that has the highest UAR on dev; fitted on the training rows alone.

    Parameters
    ----------
    encoder, c
        As of ``linear-probe``.
    """

    card = ModelCard(
        name="linear-probe-dev",
        version="1",
        summary="logistic regression on the layer of a frozen speech encoder that is best on dev",
        features=("encoder-mean",),
        chooses_on_dev=True,
        seeded=False,
        seconds_per_row=6e-3,
        quick={"encoder-mean.pad": "clip"},
    )

    def __init__(self, *, encoder: str = "whisper-tiny.en", c: float = 0.1) -> None:
        self.encoder = encoder
        self.c = c

    def fit(self, train, dev, *, seed):
        from sklearn.metrics import recall_score

        self.tried_ = []
        for layer in ("mean", *range(train.x.shape[2])):
            SklearnModel.fit(self, of_layer(train, layer), None, seed=seed)
            said = self.estimator_.predict(of_layer(dev, layer).x)
            uar = float(recall_score(dev.y, said, labels=np.unique(dev.y), average="macro"))
            self.tried_.append({"layer": layer, "dev_uar": uar})
        self.layer_ = max(self.tried_, key=lambda each: each["dev_uar"])["layer"]  # of equals the first
        return SklearnModel.fit(self, of_layer(train, self.layer_), None, seed=seed)

    def predict(self, test):
        self.check_fitted("layer_")
        return SklearnModel.predict(self, of_layer(test, self.layer_))

    def history(self):
        return list(getattr(self, "tried_", []))

    def state(self):
        return {**super().state(), "layer": np.array([_MEAN if self.layer_ == "mean" else self.layer_])}

    def load_state(self, state, labels):
        number = int(state["layer"][0])
        self.layer_ = "mean" if number == _MEAN else number
        return super().load_state({name: each for name, each in state.items() if name != "layer"}, labels)


def of_layer(table, layer):
    """Return the table with vectors (n, d) of a layer, or of the mean of all, in place of images (n, 1, layers, d)."""
    ((name, column),) = table.columns.items()
    states = column.values[:, 0]  # (n, layers, d)
    if layer != "mean" and layer >= states.shape[1]:
        raise ValueError(f"layer is {layer}, expected 0 to {states.shape[1] - 1}: so many has the encoder")
    vectors = states.mean(axis=1) if layer == "mean" else states[:, layer]
    return replace(table, columns={name: Column("vector", vectors)})


__all__ = ["LinearProbe", "LinearProbeDev", "of_layer"]
