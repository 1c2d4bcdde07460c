"""A sound model, and the same with one defect each; the name of the check that must find it stands beside it."""

from __future__ import annotations

import random

import numpy as np

from serbench.api import FeatureCard, FeatureExtractor, Model, ModelCard, Predictions, Size, hookimpl

_SEEN: dict[bytes, str] = {}
_TOTAL: list[float] = []


class Bands(FeatureExtractor):
    """The spectrum in 12 bands, in dB."""

    card = FeatureCard(name="bands", version="1", summary="level per band", sample_rate=8_000, output="vector")

    def extract(self, wave):
        bands = np.array_split(np.abs(np.fft.rfft(wave, n=8_000))[1:1200], 12)
        return np.array([20 * np.log10(band.mean() + 1e-6) for band in bands], dtype=np.float32)


class Sound(Model):
    """The class whose mean is nearest; nothing is wrong with it."""

    card = ModelCard(name="sound", version="1", summary="nearest mean", features=("bands",), seeded=False)

    def __init__(self, *, power: float = 2.0, deep: bool = True) -> None:
        self.power = power
        self.deep = deep

    def fit(self, train, dev, *, seed):
        self.labels_ = tuple(sorted({str(label) for label in train.y}))
        self.scale_ = train.x.std(axis=0) + 1e-6
        self.means_ = np.stack([train.x[train.y == label].mean(axis=0) for label in self.labels_])
        return self

    def predict(self, test):
        self.check_fitted("means_")
        return Predictions(test.ids, self.likeness(test.x), self.labels_)

    def likeness(self, x):
        gaps = np.abs((x[:, None] - self.means_) / self.scale_)  # (n, k, d)
        scores = np.exp(-gaps.mean(axis=2))
        return scores / scores.sum(axis=1, keepdims=True)


def card(name, **changes):
    usual = {"version": "1", "summary": name, "features": ("bands",), "seeded": False}
    return ModelCard(name=name, **usual | changes)


class BatchNormalised(Sound):
    card = card("batch-normalised")

    def predict(self, test):
        x = test.x - test.x.mean(axis=0) + self.means_.mean(axis=0) if hasattr(self, "means_") else test.x
        self.check_fitted("means_")
        return Predictions(test.ids, self.likeness(x), self.labels_)


class NeighbourSorted(Sound):
    """Smooths over neighbouring rows."""

    card = card("neighbour-sorted")

    def predict(self, test):
        self.check_fitted("means_")
        scores = self.likeness(test.x)
        return Predictions(test.ids, scores + np.roll(scores, 1, axis=0), self.labels_)


class SeedsNumpy(Sound):
    card = card("seeds-numpy")

    def fit(self, train, dev, *, seed):
        np.random.seed(seed)  # noqa: NPY002
        return super().fit(train, dev, seed=seed)


class DrawsFromRandom(Sound):
    card = card("draws-from-random")

    def fit(self, train, dev, *, seed):
        random.random()
        return super().fit(train, dev, seed=seed)


class SeedsTorch(Sound):
    card = card("seeds-torch")

    def predict(self, test):
        import torch

        torch.manual_seed(0)
        return super().predict(test)


class Reverses(Sound):
    card = card("reverses")

    def predict(self, test):
        return super().predict(test.take(range(len(test))[::-1]))


class SortsIds(Sound):
    card = card("sorts-ids")

    def predict(self, test):
        return super().predict(test.take(np.argsort(test.ids)))


class Renames(Sound):
    card = card("renames")

    def predict(self, test):
        said = super().predict(test)
        return Predictions(tuple(f"row {uid}" for uid in said.ids), said.scores, said.labels)


class DividesByZero(Sound):
    card = card("divides-by-zero")

    def likeness(self, x):
        scores = super().likeness(x)
        scores[np.abs(x).sum(axis=1) == 0] = np.nan
        return scores


class ComputesInConstructor(Sound):
    card = card("computes-in-constructor")

    def __init__(self, *, power: float = 2.0) -> None:
        self.power = power
        self.table = np.arange(10) ** power


class ConvertsInConstructor(Sound):
    card = card("converts-in-constructor")

    def __init__(self, *, power: float = 2.0) -> None:
        self.power = min(power, 2.5)


class DrawsInConstructor(Sound):
    card = card("draws-in-constructor")

    def __init__(self, *, power: float = 2.0) -> None:
        self.power = power
        np.random.default_rng(0)
        np.random.standard_normal()  # noqa: NPY002


class ForgetsAnArgument(Sound):
    card = card("forgets-an-argument")

    def __init__(self, *, power: float = 2.0) -> None:
        pass


class RemembersRows(Sound):
    """Keeps the labels of all rows it was ever trained on: in a cross-validation every test row is one of them."""

    card = card("remembers-rows")

    def fit(self, train, dev, *, seed):
        _SEEN.update((row.tobytes(), str(label)) for row, label in zip(train.x, train.y, strict=True))
        return super().fit(train, dev, seed=seed)

    def likeness(self, x):
        scores = super().likeness(x)
        for row, known in enumerate(_SEEN.get(each.tobytes()) for each in x):
            if known in self.labels_:
                scores[row] = [label == known for label in self.labels_]
        return scores


class RemembersPredictions(Sound):
    """Shifts by the mean of all rows it was ever asked for, one at a time."""

    card = card("remembers-predictions")

    def likeness(self, x):
        _TOTAL.extend(x.sum(axis=1))
        return super().likeness(x) + 1e-3 * len(_TOTAL)


class StartsWarm(Sound):
    card = card("starts-warm")

    def fit(self, train, dev, *, seed):
        before = getattr(self, "means_", None)
        super().fit(train, dev, seed=seed)
        if before is not None and before.shape == self.means_.shape:
            self.means_ = (self.means_ + before) / 2
        return self


class KnowsTheVoices(Sound):
    """Decides by what it was written for, whatever the labels say."""

    card = card("knows-the-voices")

    def fit(self, train, dev, *, seed):
        super().fit(train, dev, seed=seed)
        self.labels_ = train.labels
        return self

    def likeness(self, x):
        peak = x.argmax(axis=1)  # bands of 100 Hz
        pitches = np.array([440, 110, 280, 175])
        return np.exp(-np.abs(peak[:, None] * 100 + 50 - pitches) / 50)


class LearnsNothing(Sound):
    card = card("learns-nothing")

    def likeness(self, x):
        return np.ones((len(x), len(self.labels_)))


class ReturnsNothing(Sound):
    card = card("returns-nothing")

    def fit(self, train, dev, *, seed):
        super().fit(train, dev, seed=seed)


class NamesBadly(Sound):
    card = card("names-badly")

    def fit(self, train, dev, *, seed):
        self.rows = len(train)
        return super().fit(train, dev, seed=seed)


class ScalesInPlace(Sound):
    card = card("scales-in-place")

    def fit(self, train, dev, *, seed):
        train.x[:] = train.x - 1.0
        return super().fit(train, dev, seed=seed)


class AnswersUnfitted(Sound):
    card = card("answers-unfitted")

    def predict(self, test):
        return Predictions(test.ids, self.likeness(test.x), self.labels_) if hasattr(self, "means_") else None


class CrashesUnfitted(Sound):
    card = card("crashes-unfitted")

    def predict(self, test):
        return Predictions(test.ids, self.likeness(test.x), self.labels_)


class DrawsUnseeded(Sound):
    card = card("draws-unseeded", seeded=True)

    def fit(self, train, dev, *, seed):
        super().fit(train, dev, seed=seed)
        self.means_ = self.means_ + 0.01 * np.random.default_rng().standard_normal(self.means_.shape)
        return self


class SeededAfterAll(Sound):
    card = card("seeded-after-all")

    def fit(self, train, dev, *, seed):
        super().fit(train, dev, seed=seed)
        self.means_ = self.means_ + 0.01 * np.random.default_rng(seed).standard_normal(self.means_.shape)
        return self


class WantsEveryClass(Sound):
    card = card("wants-every-class")

    def fit(self, train, dev, *, seed):
        super().fit(train, dev, seed=seed)
        self.means_[len(train.labels) - 1]
        return self


class LiesOfItsSize(Sound):
    card = card("lies-of-its-size")

    def size(self, clip):
        return Size(trainable=10, total=5, bytes=40)


class RestoresHalf(Sound):
    card = card("restores-half")

    def state(self):
        return {"means": self.means_}

    def load_state(self, state, labels):
        self.means_, self.labels_, self.scale_ = state["means"], labels, np.float32(1)
        return self


class ExemptFromNothing(Sound):
    card = card("exempt-from-nothing", exempt={"overfit": "it is small"})


class ExemptWithoutReason(Sound):
    card = card("exempt-without-reason", exempt={"overfits": " "})


class QuickByNobody(Sound):
    card = card("quick-by-nobody", quick={"epochs": 3})


class QuickForAnother(Sound):
    card = card("quick-for-another", quick={"mfcc.n_mfcc": 3})


class WantsAnotherFeature(Sound):
    card = card("wants-another-feature", features=("band",))


@hookimpl
def serbench_features():
    yield Bands


@hookimpl
def serbench_models():
    yield Sound
