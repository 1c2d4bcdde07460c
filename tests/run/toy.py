"""A toy world for tests of the runner: tones in WAV files, and plugins that behave and misbehave."""

from __future__ import annotations

import wave

import numpy as np

from serbench.api import (
    Augmentation,
    AugmentationCard,
    Dataset,
    DatasetCard,
    FeatureCard,
    FeatureExtractor,
    LeaveOneSpeakerOut,
    Model,
    ModelCard,
    Predictions,
    Utterance,
    hookimpl,
)

RATE = 8_000
PITCHES = {"angry": 900.0, "calm": 300.0, "sad": 150.0}


def make_corpus(folder, *, name="toy", speakers=4, takes=3, pitches=PITCHES, seed=0):
    """Write ``toy/<speaker>/<label>-<take>.wav``: a tone per label, detuned and made noisy per clip."""
    rng = np.random.default_rng(seed)
    for speaker in range(speakers):
        for label, pitch in pitches.items():
            for take in range(takes):
                path = folder / name / f"spk{speaker}" / f"{label}-{take}.wav"
                path.parent.mkdir(parents=True, exist_ok=True)
                t = np.arange(int(RATE * rng.uniform(0.2, 0.4))) / RATE
                tone = 0.3 * np.sin(2 * np.pi * pitch * rng.uniform(0.9, 1.1) * t) + rng.normal(0, 0.02, len(t))
                with wave.open(str(path), "wb") as stream:
                    stream.setnchannels(1)
                    stream.setsampwidth(2)
                    stream.setframerate(RATE)
                    stream.writeframes((tone * 32767).astype("<i2").tobytes())
    return folder


class Toy(Dataset):
    """Tones."""

    card = DatasetCard(
        name="toy",
        version="1",
        summary="tones",
        labels=tuple(PITCHES),
        language="zxx",
        licence="none",
        cite="none",
        obtain="a test makes it",
        folders=("toy",),
    )
    split = LeaveOneSpeakerOut()

    def utterances(self, root):
        for path in self.recordings(root):
            label, _, take = path.stem.partition("-")
            speaker = path.parent.name
            yield Utterance(
                id=f"{label}-{speaker}-{take}",
                path=path.relative_to(root).as_posix(),
                speaker=speaker,
                label=label,
                sentence=take,
            )


class Crossings(FeatureExtractor):
    """Zero crossings per sample, and level."""

    card = FeatureCard(name="crossings", version="1", summary="zero crossings", sample_rate=RATE, output="vector")

    def extract(self, wave):
        crossings = np.mean(np.signbit(wave[1:]) != np.signbit(wave[:-1]))
        return np.array([crossings, np.sqrt(np.mean(wave**2))], dtype=np.float32)


class Quieter(Augmentation):
    """Half the level."""

    card = AugmentationCard(name="quieter", version="1", summary="half the level")

    def apply(self, wave, sample_rate, rng):
        return (wave * np.float32(rng.uniform(0.4, 0.6))).astype(np.float32)


class Nearest(Model):
    """Nearest class mean of the crossings."""

    card = ModelCard(name="nearest", version="1", summary="nearest mean", features=("crossings",), seeded=False)

    def fit(self, train, dev, *, seed):
        self.labels_ = tuple(sorted({str(label) for label in train.y}))
        self.means_ = np.array([train.x[train.y == label, 0].mean() for label in self.labels_])
        return self

    def predict(self, test):
        self.check_fitted("means_")
        distance = np.abs(test.x[:, :1] - self.means_) * 50
        scores = np.exp(-distance)
        return Predictions(test.ids, scores / scores.sum(1, keepdims=True), self.labels_)


class Augmented(Nearest):
    """The same, with children."""

    card = ModelCard(
        name="augmented", version="1", summary="with children", features=("crossings",), augmentations=("quieter",)
    )


class Choosy(Nearest):
    """The same, with a dev part."""

    card = ModelCard(
        name="choosy", version="1", summary="chooses", features=("crossings",), chooses_on_dev=True, seeded=False
    )


class Failing(Nearest):
    """Raises on one speaker's fold only when asked."""

    card = ModelCard(name="failing", version="1", summary="fails", features=("crossings",), seeded=False)

    def fit(self, train, dev, *, seed):
        raise RuntimeError("no luck\ntoday")


@hookimpl
def serbench_datasets():
    yield Toy


@hookimpl
def serbench_features():
    yield Crossings


@hookimpl
def serbench_augmentations():
    yield Quieter


@hookimpl
def serbench_models():
    yield from (Nearest, Augmented, Choosy, Failing)
