"""What a system costs with its features: counted, said, nothing for signal processing, or undefined with the reason."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import nn

from serbench.api import FeatureCard, FeatureExtractor, Model, ModelCard, Predictions, Size
from serbench.cost.efficiency import ALONE, SHARES, SIZES, is_of_before, size_figures
from serbench.cost.noise_clip import NoiseClips
from serbench.cost.streams import Length, lengths_of, macs_per_audio_second
from serbench.plugin.registry import load_registry
from serbench.run.contender import make_contender
from serbench.scoring.figure import Figure
from serbench.weights import WeightFolders

RATE, HOP = 8_000, 80
#: Frames of a clip of 3 s.
FRAMES = 3 * RATE // HOP
#: An encoder of frames: 80 samples to 4 numbers, with a bias.
ENCODER = HOP * 4 + 4
LABELS = ("angry", "calm")


def card(name, **more):
    return FeatureCard(name=name, version="1", summary="of a test", sample_rate=RATE, output="vector", **more)


class Energy(FeatureExtractor):
    """Signal processing, done by a product of matrices."""

    card = card("energy")

    def extract(self, wave):
        frames = torch.from_numpy(wave[: len(wave) // HOP * HOP].copy()).reshape(-1, HOP)
        return torch.diagonal(frames @ frames.T).mean().reshape(1).numpy()


class Encoder(FeatureExtractor):
    """Frames through a frozen layer that is loaded when it is first needed."""

    card = card("encoder", pretrained_on=("books",))

    def extract(self, wave):
        frames = torch.from_numpy(wave[: len(wave) // HOP * HOP].copy()).reshape(-1, HOP)
        with torch.inference_mode():
            return self.network()(frames).mean(dim=0).numpy()

    def network(self):
        if not hasattr(self, "_layer"):
            with torch.random.fork_rng():
                self._layer = nn.Linear(HOP, 4)
        return self._layer


class Stated(Encoder):
    """Elsewhere than in torch; its author counts."""

    card = card("stated", pretrained_on=("books",))

    def size(self, wave):
        return Size(trainable=0, total=1_000, bytes=2_000, macs=len(wave), macs_reason=None)


class Silent(FeatureExtractor):
    """Pretrained, and says nothing."""

    card = card("silent", pretrained_on=("books",))

    def extract(self, wave):
        return np.abs(wave).mean(keepdims=True)


class Keeps(Silent):
    """Names no corpus, and keeps a network."""

    card = card("keeps")

    def extract(self, wave):
        with torch.random.fork_rng():
            self._layer = nn.Linear(1, 1)
        return super().extract(wave)


class Breaks(Encoder):
    """Its network cannot be had."""

    card = card("breaks", pretrained_on=("books",))

    def extract(self, wave):
        return np.ones(1, np.float32)

    def network(self):
        raise OSError("no weights")


class Head(Model):
    """A model of 10 numbers that says its size."""

    card = ModelCard(name="head", version="1", summary="of a test")

    def predict(self, test):
        return Predictions(test.ids, np.full((len(test), len(LABELS)), 0.5), LABELS)

    def size(self, clip):
        return Size(trainable=8, total=10, bytes=80, macs=7, macs_reason=None)


class Mute(Head):
    """It says nothing."""

    card = ModelCard(name="mute", version="1", summary="of a test")

    def size(self, clip):
        return None


class Odd(Head):
    """It says what is none."""

    card = ModelCard(name="odd", version="1", summary="of a test")

    def size(self, clip):
        return Size(trainable=3, total="many", bytes=-1, macs=float("nan"), macs_reason=None)


class Fails(Head):
    """It raises."""

    card = ModelCard(name="fails", version="1", summary="of a test")

    def size(self, clip):
        raise SystemExit(3)


def noise_of(*classes):
    return NoiseClips({cls.card.name: cls() for cls in classes}, LABELS)


def sizes(*classes, model=Head):
    return {name: figure.value for name, figure in size_figures(model(), noise_of(*classes)).items()}


#: From extractors to what they add: numbers, bytes, multiply-accumulates of a clip of 3 s.
ADDED = {
    (): (0, 0, 0),
    (Energy,): (0, 0, 0),
    (Encoder,): (ENCODER, 4 * ENCODER, FRAMES * HOP * 4),
    (Stated,): (1_000, 2_000, 3 * RATE),
    (Energy, Encoder, Stated): (ENCODER + 1_000, 4 * ENCODER + 2_000, FRAMES * HOP * 4 + 3 * RATE),
}


@pytest.mark.parametrize("classes", ADDED, ids=lambda classes: "+".join(cls.card.name for cls in classes) or "none")
def test_the_whole_is_features_and_model_and_the_models_share_stands_beside_it(classes):
    numbers, bytes_, macs = ADDED[classes]
    assert sizes(*classes) == {
        "parameters_trainable": 8,
        "parameters_total": 10 + numbers,
        "model_bytes": 80 + bytes_,
        "macs_3s": 7 + macs,
        "model_alone_parameters": 10,
        "model_alone_bytes": 80,
        "model_alone_macs_3s": 7,
    }
    assert list(sizes(*classes)) == list(SIZES)


class Counted(Energy):
    """It counts how often it is asked, and for what its identity is."""

    card = card("counted")
    heard, named = 0, 0

    def extract(self, wave):
        type(self).heard += 1
        return super().extract(wave)

    @property
    def identity(self):
        type(self).named += 1
        return super().identity


def test_shared_noise_is_extracted_once_for_all_systems_and_unshared_noise_at_every_call(monkeypatch):
    monkeypatch.setattr(Counted, "heard", 0)
    monkeypatch.setattr(Counted, "named", 0)
    shared = {}
    first, second = (NoiseClips({"counted": Counted()}, LABELS, shared) for _ in range(2))
    tables = [first.table(2), second.table(3), second.table(2, seconds=1.0), first.table(3)]
    assert Counted.heard == 5

    alone = NoiseClips({"counted": Counted()}, LABELS)
    named = Counted.named
    for table in tables[:2]:
        again = alone.table(len(table))
        assert np.array_equal(again.columns["counted"].values, table.columns["counted"].values)
    assert Counted.heard == 10
    assert Counted.named == named, "what timing times does more than to extract"


@pytest.mark.parametrize(
    ("cls", "reason"),
    [
        (Silent, "silent is pretrained, and says no size: its author gives network() or size()"),
        (Keeps, "keeps keeps a network, and says no size: its author gives network() or size()"),
        (Breaks, "breaks: measuring failed: OSError: no weights"),
    ],
)
def test_an_extractor_of_unknown_size_leaves_the_whole_undefined_and_the_model_known(cls, reason):
    found = size_figures(Head(), noise_of(Energy, cls))
    assert {found[name].reason for name in SHARES} == {reason}
    assert (found["parameters_trainable"].value, found["model_alone_parameters"].value) == (8, 10)


@pytest.mark.parametrize(
    ("model", "reason"),
    [(Mute, "mute does not say how large it is"), (Fails, "measuring failed: SystemExit: 3")],
)
def test_a_model_of_unknown_size_leaves_all_undefined(model, reason):
    assert {figure.reason for figure in size_figures(model(), noise_of(Encoder)).values()} == {reason}


def test_each_figure_fails_by_itself():
    found = size_figures(Odd(), noise_of())
    expected = "measuring failed: ValueError: a size of {}, expected a number from 0 up"
    assert found["parameters_trainable"].value == 3
    assert found["parameters_total"].reason == expected.format("'many'")
    assert found["model_bytes"].reason == expected.format(-1)
    assert found["macs_3s"].reason == expected.format("nan")


def test_records_of_before_have_no_share_of_the_model():
    cost = {name: Figure(1.0) for name in SIZES}
    assert not is_of_before(cost)
    assert is_of_before({name: figure for name, figure in cost.items() if name not in ALONE})


@pytest.mark.parametrize("groups", [1, 3, 20, 500])
def test_lengths_in_groups_are_as_long_together_as_the_clips(groups):
    seconds = np.random.default_rng(0).uniform(0.5, 12, 100)
    found = lengths_of(seconds, groups)
    assert sum(each.clips for each in found) == 100
    assert sum(each.clips * each.seconds for each in found) == pytest.approx(seconds.sum())
    assert len(found) == min(groups, 100)
    assert [each.seconds for each in found] == sorted(each.seconds for each in found)


def why(error):
    return str(error)


def test_what_costs_the_same_for_any_clip_costs_more_per_second_of_short_ones():
    noise, clips = noise_of(Energy), [1.0, 2.0, 3.0]
    found = macs_per_audio_second(Head(), noise, lengths_of(clips), why)
    assert found.value == pytest.approx(3 * 7 / 6)
    assert macs_per_audio_second(Head(), noise, (Length(30.0, 1),), why).value == pytest.approx(7 / 30)


def test_features_count_per_second_of_audio_too():
    found = macs_per_audio_second(Head(), noise_of(Encoder), lengths_of([1.0, 2.0, 3.0]), why)
    assert found.value == pytest.approx((3 * 7 + 6 * (RATE // HOP) * HOP * 4) / 6)


@pytest.mark.parametrize(
    ("model", "classes", "seconds", "reason"),
    [
        (Mute, (), [1.0], "mute does not say how large it is"),
        (Head, (Silent,), [1.0], "silent is pretrained"),
        (Head, (), [], "there is no recording to be read"),
    ],
)
def test_operations_per_second_are_undefined_with_the_reason(model, classes, seconds, reason):
    found = macs_per_audio_second(model(), noise_of(*classes), lengths_of(seconds), why)
    assert reason in found.reason


#: Built-in models that multiply nothing: they look at labels alone.
WITHOUT_PRODUCTS = {"majority", "prior"}
REGISTRY = load_registry(only=())


#: What nobody counts, and says so: a reason in place of a number, never 0.
UNCOUNTED = {
    "random-forest": "trees compare",
    "tfidf-logreg": "the operations of TfidfTransformer are not counted",
    "late-fusion": "the operations of TfidfTransformer are not counted",
}


@pytest.mark.slow
@pytest.mark.parametrize("name", sorted(REGISTRY.models))
def test_no_registered_system_reports_0_for_what_it_does(name, request):
    contender = make_contender(name, REGISTRY, {name: quick(name)})
    has_encoder = any(each.checkpoint for each in contender.extractors.values())
    if has_encoder or contender.model.checkpoint:
        contender = contender.looking_in(WeightFolders((request.getfixturevalue("weights_folder"),)))
    model, noise = contender.model, NoiseClips(contender.extractors, LABELS)
    clips = replace(noise.table(4), y=np.array(LABELS * 2))
    with torch.random.fork_rng():
        model.fit(clips, clips if model.card.chooses_on_dev else None, seed=0)
    found = size_figures(model, noise)
    reasons = {figure.reason for figure in found.values() if figure.reason}
    if name in UNCOUNTED:
        assert all(UNCOUNTED[name] in reason for reason in reasons)
        assert found["macs_3s"].value is None
        return
    assert reasons == set()
    assert (found["macs_3s"].value == 0) == (name in WITHOUT_PRODUCTS)
    assert (found["macs_3s"].value > found["model_alone_macs_3s"].value) == has_encoder
    assert found["parameters_total"].value > 0


def quick(name):
    if name == "dev-vote":  # without trees, whose operations nobody counts
        return {"candidates": "logreg,mlp,linear-probe", "count": 2}
    return {"epochs": 1} if "epochs" in REGISTRY.get("model", name).defaults() else {}


@pytest.mark.parametrize("name", sorted(REGISTRY.features))
def test_every_registered_feature_is_signal_processing_or_has_a_size(name, request):
    extractor = REGISTRY.get("feature", name).create()
    for package in extractor.card.requires:
        pytest.importorskip(package)
    if extractor.checkpoint:
        extractor.weight_folders = WeightFolders((request.getfixturevalue("weights_folder"),))
    learned = bool(extractor.card.pretrained_on or extractor.checkpoint)
    found = size_figures(Head(), NoiseClips({name: extractor}, LABELS))
    assert all(figure.value is not None for figure in found.values())
    assert (found["parameters_total"].value > found["model_alone_parameters"].value) == learned
