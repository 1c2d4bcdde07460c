"""Plugins with pretrained weights: a feature that multiplies by two numbers, and models of it."""

from __future__ import annotations

import hashlib

import numpy as np
from safetensors.numpy import load_file, save

from serbench.api import Checkpoint, FeatureCard, FeatureExtractor, ModelCard, Size, hookimpl
from tests.run.toy import RATE, Crossings, Nearest


def file_of(*scale):
    """Return the bytes of a file of weights."""
    return save({"scale": np.array(scale, np.float32)})


def checkpoint(name, scale, *trained_on):
    """Return the checkpoint that holds these numbers."""
    digest = hashlib.sha256(file_of(*scale)).hexdigest()
    return Checkpoint(name, digest, trained_on, "CC0", f"write {name} yourself")


SMALL, LARGE = (1.0, 2.0), (3.0, 4.0)


class Scaled(FeatureExtractor):
    """The crossings, times what was learned."""

    card = FeatureCard(
        name="scaled",
        version="1",
        summary="crossings, scaled",
        sample_rate=RATE,
        output="vector",
        checkpoints=(checkpoint("small", SMALL, "radio"), checkpoint("large", LARGE, "toy")),
    )

    def __init__(self, *, scale: str = "small") -> None:
        self.scale = scale

    def extract(self, wave):
        if not hasattr(self, "scale_"):
            self.scale_ = load_file(self.weights() / "model.safetensors")["scale"]
        return Crossings().extract(wave) * self.scale_

    def size(self, wave):
        return Size(trainable=0, total=2, bytes=8, macs=2, macs_reason=None)


class Weighing(Nearest):
    """Hears through the feature."""

    card = ModelCard(name="weighing", version="1", summary="on scaled crossings", features=("scaled",), seeded=False)

    def state(self):
        return {"means": self.means_}

    def load_state(self, state, labels):
        self.labels_, self.means_ = labels, state["means"]
        return self


class Tuned(Weighing):
    """Begins from weights of its own, and keeps all that it learned."""

    card = ModelCard(
        name="tuned",
        version="1",
        summary="begins from weights",
        features=("crossings",),
        seeded=False,
        checkpoints=(checkpoint("small", SMALL, "books"),),
    )

    def fit(self, train, dev, *, seed):
        self.scale_ = load_file(self.weights() / "model.safetensors")["scale"]
        return super().fit(train, dev, seed=seed)


@hookimpl
def serbench_features():
    yield Scaled


@hookimpl
def serbench_models():
    yield from (Weighing, Tuned)
