"""Each defect of a dataset, a feature, an augmentation and a metric is found by the check that is named for it."""

from __future__ import annotations

import wave
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from serbench.api import (
    Augmentation,
    AugmentationCard,
    BatchedFeatureExtractor,
    Dataset,
    DatasetCard,
    FeatureCard,
    FeatureExtractor,
    Figure,
    LabelMap,
    LeaveOneSpeakerOut,
    Metric,
    MetricCard,
    Size,
    Utterance,
)
from serbench.plugin.registry import load_registry
from serbench.testing import cases_of
from tests.contract.flawed import Bands
from tests.sample_trees import write_clip

REGISTRY = load_registry(only=())


@pytest.fixture(scope="module", autouse=True)
def _imported():
    """Import once what draws from the global generators while it is imported."""
    import torch  # noqa: F401


def run(part, data_roots=()):
    return {case.check.name: case.run() for case in cases_of(part, REGISTRY, data_roots)}


def failed(part, data_roots=()):
    return {name: each.reason for name, each in run(part, data_roots).items() if each.status == "failed"}


# features

_MEMORY = []


class Sixtyfour(Bands):
    def extract(self, wave):
        return super().extract(wave).astype(np.float64)


class LengthTells(Bands):
    def extract(self, wave):
        return np.abs(np.fft.rfft(wave)).astype(np.float32)


class Logarithm(Bands):
    def extract(self, wave):
        with np.errstate(divide="ignore"):
            return np.log(np.array([np.abs(wave).mean()], np.float32))


class InPlace(Bands):
    def extract(self, wave):
        wave -= wave.mean()
        return super().extract(wave)


class Dithers(Bands):
    def extract(self, wave):
        return super().extract(wave + 1e-3 * np.random.default_rng().standard_normal(len(wave)))


class DithersGlobally(Bands):
    def extract(self, wave):
        np.random.standard_normal(1)  # noqa: NPY002
        return super().extract(wave)


class Remembers(Bands):
    def extract(self, wave):
        _MEMORY.append(float(np.abs(wave).max()))
        return super().extract(wave) / max(_MEMORY)


class Loads(Bands):
    def __init__(self):
        self.window = np.hanning(400)


class LoudestOfBatch(BatchedFeatureExtractor):
    card = FeatureCard(
        name="loudest", version="1", summary="level below the batch's", sample_rate=8_000, output="vector"
    )

    def extract_batch(self, waves, lengths):
        levels = (waves**2).sum(dim=1, keepdim=True) / lengths[:, None]
        return levels / (levels.max() + 1e-9), lengths


class Learned(Bands):
    card = replace(Bands.card, pretrained_on=("books",))


class KeepsANetwork(Bands):
    def extract(self, wave):
        with torch.random.fork_rng():
            self._layer = torch.nn.Linear(1, 1)
        return super().extract(wave)


class Trains(Learned):
    def size(self, wave):
        return Size(trainable=3, total=3, bytes=12, macs=0, macs_reason=None)


class Frozen(Learned):
    def network(self):
        with torch.random.fork_rng():
            return torch.nn.Linear(1, 1)


@pytest.mark.parametrize(
    ("cls", "name", "words"),
    [
        (Learned, "size", "gives neither network() nor size()"),
        (KeepsANetwork, "size", "gives neither network() nor size()"),
        (Trains, "size", "expected nothing trainable"),
        (Sixtyfour, "output-as-declared", "gives float64 (12,), expected a float32 vector"),
        (LengthTells, "output-as-declared", "different lengths"),
        (Logarithm, "finite", "silence gives 1 values"),
        (InPlace, "input-left-alone", "changed in place"),
        (Dithers, "forgets", "gives other values"),
        (DithersGlobally, "global-random-state", "extract changes the global state of numpy.random"),
        (Remembers, "forgets", "gives other values"),
        (Loads, "constructor-stores", "the constructor sets window"),
        (LoudestOfBatch, "one-clip-alone", "expected the same"),
    ],
    ids=lambda each: getattr(each, "__name__", ""),
)
def test_a_defect_of_a_feature_is_found_by_name(cls, name, words):
    assert words in failed(cls)[name]


def test_a_sound_feature_passes():
    assert failed(Bands) == {}
    assert run(Bands)["one-clip-alone"].reason == "it works on numpy, one clip at a time"
    assert run(Bands)["size"].reason == "it is signal processing: it has learned nothing, and counts as 0"
    assert run(Frozen)["size"].status == "passed"


# augmentations


class Louder(Augmentation):
    card = AugmentationCard(name="louder", version="1", summary="gain")

    def apply(self, wave, sample_rate, rng):
        return wave * np.float32(rng.uniform(1, 2))


class Doubled(Louder):
    def apply(self, wave, sample_rate, rng):
        return wave * rng.uniform(1, 2, len(wave))


class Empties(Louder):
    def apply(self, wave, sample_rate, rng):
        return wave[np.abs(wave) > 0.01]


class Normalises(Louder):
    def apply(self, wave, sample_rate, rng):
        with np.errstate(invalid="ignore"):
            return wave / np.abs(wave).max()


class OwnDice(Louder):
    def apply(self, wave, sample_rate, rng):
        return super().apply(wave, sample_rate, np.random.default_rng())


class GlobalDice(Louder):
    def apply(self, wave, sample_rate, rng):
        return wave * np.float32(np.random.uniform(1, 2))  # noqa: NPY002


class WritesOver(Louder):
    def apply(self, wave, sample_rate, rng):
        wave *= 2
        return wave


@pytest.mark.parametrize(
    ("cls", "name", "words"),
    [
        (Doubled, "output-is-a-wave", "float64"),
        (Empties, "output-is-a-wave", "silence of 8000 samples becomes 0"),
        (Normalises, "output-is-a-wave", "silence becomes samples that are not finite"),
        (OwnDice, "random-by-rng-alone", "draw from rng alone"),
        (GlobalDice, "global-random-state", "apply changes the global state of numpy.random"),
        (WritesOver, "input-left-alone", "changed in place"),
    ],
    ids=lambda each: getattr(each, "__name__", ""),
)
def test_a_defect_of_an_augmentation_is_found_by_name(cls, name, words):
    assert words in failed(cls)[name]


def test_a_sound_augmentation_passes():
    assert failed(Louder) == {}


# metrics


def metric(function, **card):
    usual = {"version": "1", "summary": "a share", "better": "higher", "lowest": 0.0, "highest": 1.0}
    return Metric(MetricCard(name=function.__name__.replace("_", "-"), **usual | card), function)


def right(truth, scores):
    return float((scores.argmax(1) == truth).mean()) if len(truth) else 0.0


def sound(truth, scores):
    return Figure(right(truth, scores)) if len(truth) else Figure.undefined("there are no rows")


def raises_without_rows(truth, scores):
    return Figure(float(np.mean(scores.argmax(1) == truth)) if truth[0] >= 0 else 0.0)


def bare_number(truth, scores):
    return right(truth, scores)


def sentinel(truth, scores):
    return Figure(right(truth, scores) if len(set(truth.tolist())) > 2 else -1.0)


def half_at_best(truth, scores):
    return Figure(right(truth, scores) / 2)


def upside_down(truth, scores):
    return Figure(1 - right(truth, scores))


def first_row(truth, scores):
    return Figure(0.5 * right(truth, scores) + 0.5 * right(truth[:7], scores[:7]))


def sorts_in_place(truth, scores):
    answer = Figure(right(truth, scores))
    truth.sort()
    return answer


def resamples(truth, scores):
    rows = np.random.permutation(len(truth))[: len(truth) // 2]  # noqa: NPY002
    return Figure(right(truth[rows], scores[rows]))


@pytest.mark.parametrize(
    ("function", "name", "words"),
    [
        (raises_without_rows, "defined-or-reasoned", "no rows: raises IndexError"),
        (bare_number, "defined-or-reasoned", "returns float, expected a Figure"),
        (sentinel, "within-bounds", "-1.0, expected a value from 0.0 to 1.0"),
        (half_at_best, "perfect-is-best", "a perfect prediction scores 0.5, expected 1.0"),
        (upside_down, "perfect-is-best", "a perfect prediction scores 0.0, expected 1.0"),
        (first_row, "order-of-rows", "permuted rows score"),
        (sorts_in_place, "pure", "changed in place"),
        (resamples, "pure", "global state of numpy.random"),
    ],
    ids=lambda each: getattr(each, "__name__", ""),
)
def test_a_defect_of_a_metric_is_found_by_name(function, name, words):
    assert words in failed(metric(function))[name]


def test_bounds_the_wrong_way_round_are_found():
    assert "expected the lowest below the highest" in failed(metric(sound, lowest=1.0, highest=0.0))["card"]


def test_a_sound_metric_passes():
    assert failed(metric(sound)) == {}


# datasets


class Mine(Dataset):
    card = DatasetCard(
        name="mine",
        version="1",
        summary="a test makes it",
        labels=("angry", "calm"),
        language="eng",
        licence="none",
        cite="none",
        obtain="ask the lab for the disk",
        folders=("mine",),
    )
    split = LeaveOneSpeakerOut()

    def utterances(self, root):
        for path in self.recordings(root):
            yield self.utterance(path, path.relative_to(root).as_posix())

    def utterance(self, path, place):
        speaker, label = path.parent.name, path.stem.partition("-")[0]
        return Utterance(id=f"{speaker}-{path.stem}", path=place, speaker=speaker, label=label)


class Absolute(Mine):
    def utterances(self, root):
        for path in self.recordings(root):
            yield self.utterance(path, str(path))


class Listens(Mine):
    def utterances(self, root):
        for path in self.recordings(root):
            with wave.open(str(path)) as stream:
                stream.getnframes()
            yield self.utterance(path, path.relative_to(root).as_posix())


class Sizes(Mine):
    """Passes over files that are too small."""

    def utterances(self, root):
        for each in super().utterances(root):
            if (root / each.path).stat().st_size > 200 or each.speaker == "anna":
                yield each


class WantsATable(Mine):
    def utterances(self, root):
        (root / "labels.csv").read_text()
        yield from super().utterances(root)


class Draws(Mine):
    def utterances(self, root):
        np.random.standard_normal()  # noqa: NPY002
        yield from super().utterances(root)


class Shuffles(Mine):
    """Names clips by a number that another reading gives to another clip."""

    readings = 0

    def utterances(self, root):
        type(self).readings += 1
        for number, path in enumerate(sorted(self.recordings(root), reverse=self.readings % 2)):
            speaker, label = path.parent.name, path.stem.partition("-")[0]
            yield Utterance(id=f"{number:03d}", path=path.relative_to(root).as_posix(), speaker=speaker, label=label)


class MapsStrangers(Mine):
    label_maps = (LabelMap.of("mine-2", ("angry", "happy")),)


class NamesNoFolder(Mine):
    card = DatasetCard(**{**vars(Mine.card), "folders": ()})


class NoLicence(Mine):
    card = DatasetCard(**{**vars(Mine.card), "licence": ""})


class LeakyRule(LeaveOneSpeakerOut):
    """Puts a clip of every test speaker into dev."""

    def folds(self, manifest):
        from dataclasses import replace

        return [
            replace(each, dev=tuple(sorted((*each.dev, each.test[0]))), test=each.test[1:])
            for each in super().folds(manifest)
        ]


class Leaks(Mine):
    split = LeakyRule()


@pytest.fixture(scope="module")
def data_root(tmp_path_factory):
    root = tmp_path_factory.mktemp("corpora")
    for number, speaker in enumerate(("anna", "ben", "cleo", "dan")):
        for take in range(2):
            for label in ("angry", "calm"):
                write_clip(root / "mine" / speaker / f"{label}-{take}.wav", number)
    return root


@pytest.mark.parametrize(
    ("cls", "name", "words"),
    [
        (Absolute, "paths-exist", "expected a file below the corpus root, relative to it"),
        (Listens, "decodes-nothing", "no file of sound may be opened"),
        (Sizes, "decodes-nothing", "the facts differ"),
        (WantsATable, "missing-is-said", "mine cannot read"),
        (Draws, "read-twice-the-same", "reading the corpus changes the global state of numpy.random"),
        (Shuffles, "read-twice-the-same", "two readings of one folder differ"),
        (MapsStrangers, "label-maps", "maps ['happy']"),
        (NamesNoFolder, "card", "names no folder"),
        (NoLicence, "card", "licence is empty"),
        (Leaks, "folds-hold", "test and dev share 1 speaker"),
    ],
    ids=lambda each: getattr(each, "__name__", ""),
)
def test_a_defect_of_a_dataset_is_found_by_name(data_root, cls, name, words):
    assert words in failed(cls, [data_root])[name]


def test_a_sound_dataset_passes(data_root):
    assert {each.status for each in run(Mine, [data_root]).values()} == {"passed"}


def test_a_dataset_without_a_corpus_is_exempt_from_what_needs_one(tmp_path):
    found = run(Mine, [Path(tmp_path)])
    assert {name for name, each in found.items() if each.status == "exempt"} == {
        *("paths-exist", "read-twice-the-same", "decodes-nothing", "folds-hold", "sound-is-read")
    }
    assert failed(Mine, [tmp_path]) == {}


def test_a_recording_that_cannot_be_read_is_found(tmp_path):
    for speaker in ("anna", "ben", "cleo"):
        for label in ("angry", "calm"):
            path = tmp_path / "mine" / speaker / f"{label}-1.wav"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.touch()
    assert "AudioError" in failed(Mine, [tmp_path])["sound-is-read"]


def test_a_feature_needs_no_registry_of_its_own():
    class Alone(FeatureExtractor):
        card = FeatureCard(name="alone", version="1", summary="level", sample_rate=8_000, output="vector")

        def extract(self, wave):
            return np.array([np.abs(wave).mean()], np.float32)

    assert failed(Alone) == {}
