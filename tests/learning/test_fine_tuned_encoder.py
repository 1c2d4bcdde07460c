"""Encoders that are fine-tuned: what they hear, which layers learn, and that a saved one needs no checkpoint."""

from __future__ import annotations

import importlib.util

import numpy as np
import pytest
import torch
from serbench_plugins.features.encoder_mean import EncoderMean
from serbench_plugins.features.encoders import ENCODERS
from serbench_plugins.features.waveform import Waveform
from serbench_plugins.features.whisper_log_mel import WhisperLogMel
from serbench_plugins.models.fine_tuned_encoder import FineTunedEncoderModel

from serbench.errors import UsageError
from serbench.features.table import Column, FeatureTable
from serbench.weights import WeightFolders
from tests.tiny_encoders import MADE

pytestmark = pytest.mark.skipif(
    importlib.util.find_spec("transformers") is None, reason="transformers is not installed"
)
LABELS = ("high", "low")
#: These are the same in a batch as alone: no group norm over time, and no stack of convolutions that tells positions.
MASKED = [name for name in MADE if not name.endswith("group") and name != "data2vec"]


@pytest.fixture
def model_of(tiny_encoders):
    """Return a function that makes the model on a tiny encoder."""

    def make(name, **arguments):
        model = FineTunedEncoderModel(encoder=name, **arguments)
        model.weight_folders = WeightFolders((tiny_encoders,))
        return model

    return make


def heard(name, wave):
    """Return what an encoder is given of a wave."""
    if name.startswith("whisper"):
        return WhisperLogMel().extract(wave)
    return Waveform(normalise=ENCODERS[name].normalise).extract(wave)


def tone(seed, size, pitch):
    noise = np.random.default_rng(seed).normal(0, 0.02, size)
    return (0.3 * np.sin(2 * np.pi * pitch * np.arange(size) / 16_000) + noise).astype(np.float32)


def table_of(model, name, n=16):
    (feature,) = (use.name for use in model.uses("features"))
    waves = [tone(seed, 6000 + 500 * (seed % 3), (180, 900)[seed % 2]) for seed in range(n)]
    column = Column.stack("sequence" if name.startswith("whisper") else "waveform", [heard(name, w) for w in waves])
    return FeatureTable(
        tuple(f"row-{row}" for row in range(n)), {feature: column}, LABELS, np.array(LABELS)[1 - np.arange(n) % 2]
    )


def network_of(model):
    network = model.build((None,), 2)
    model.initialise(network)
    return network.eval()


def states_of(network, *given):
    """Return what the last layer is given of inputs of different lengths in one batch."""
    network.last = torch.nn.Identity()
    batch = torch.nn.utils.rnn.pad_sequence([torch.from_numpy(each) for each in given], batch_first=True)
    with torch.inference_mode():
        return network(batch, torch.tensor([len(each) for each in given])).numpy()


@pytest.mark.parametrize("name", MADE)
def test_at_first_it_hears_what_the_frozen_encoder_says(model_of, name):
    model, wave = model_of(name), tone(0, 8000, 300)
    frozen = EncoderMean(encoder=name, pad="clip" if name.startswith("whisper") else "30s")
    frozen.weight_folders = model.weight_folders

    found = states_of(network_of(model), heard(name, wave))

    np.testing.assert_allclose(found[0], frozen.extract(wave)[0, -1], rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize("name", MASKED)
def test_a_clip_alone_is_what_it_is_beside_longer_ones(model_of, name):
    network, waves = network_of(model_of(name)), [tone(seed, 5000 + 3333 * seed, 300) for seed in range(3)]

    together = states_of(network, *(heard(name, wave) for wave in waves))

    for row, wave in zip(together, waves, strict=True):
        np.testing.assert_allclose(row, states_of(network, heard(name, wave))[0], rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize("name", MADE)
@pytest.mark.parametrize(("layers", "learning"), [(0, 0), (1, 1), ("all", 2), (9, 2)])
def test_the_last_layers_learn_and_nothing_before_them(model_of, name, layers, learning):
    network = model_of(name, layers=layers).build((None,), 2)
    stack = network.encoder if name.startswith("whisper") else network.encoder.encoder

    learns = [all(each.requires_grad for each in layer.parameters()) for layer in stack.layers]
    assert learns == [False] * (2 - learning) + [True] * learning
    inside = {id(each) for part in (*stack.layers, stack.layer_norm) for each in part.parameters()}
    assert not any(each.requires_grad for each in network.encoder.parameters() if id(each) not in inside)
    assert all(each.requires_grad for each in network.last.parameters())


# of so small and random a Whisper the positions drown the sound
@pytest.mark.parametrize(("name", "right"), [("wavlm-layer", 0.9), ("whisper-random", 0.5)])
def test_it_learns_and_a_saved_one_needs_no_checkpoint(model_of, name, right):
    model = model_of(name, epochs=60, learning_rate=2e-2, encoder_rate=5e-3)
    table = table_of(model, name)
    before = network_of(model).state_dict()

    model.fit(table, None, seed=0)
    said = model.predict(table.without_labels())

    assert (np.array(LABELS)[said.scores.argmax(1)] == table.y).mean() >= right
    after = model.network_.state_dict()
    moved = {each for each in before if not torch.equal(before[each], after[each])}
    assert any("layers.0" in each for each in moved)
    assert not any("conv1" in each or "feature_extractor" in each for each in moved)
    loaded = FineTunedEncoderModel(encoder=name)
    loaded.weight_folders = WeightFolders(())
    loaded.load_state(model.state(), LABELS)
    np.testing.assert_array_equal(loaded.predict(table.without_labels()).scores, said.scores)


def test_whisper_s_front_end_gives_the_clip_s_own_frames():
    import transformers

    wave = tone(0, 16_321, 300)
    front = transformers.WhisperFeatureExtractor()(wave, sampling_rate=16_000, return_tensors="np").input_features[0]

    found = WhisperLogMel().extract(wave)

    assert found.shape == (102, 80)
    # the last frame alone sees the clip's end mirrored, where the front end sees silence behind it
    np.testing.assert_allclose(found[:-2], front[:, :100].T, atol=1e-4)
    assert WhisperLogMel().extract(wave[:10]).shape == (2, 80)
    assert WhisperLogMel(bands=128).extract(np.tile(wave, 40)).shape == (3000, 128)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"encoder": "hubert"}, "expected one of .*'hubert-base'"),
        ({"layers": -1}, "layers is -1"),
        ({"layers": "some"}, "layers is 'some'"),
        ({"encoder": "hubert-large"}, "nobody here knows the digest"),
    ],
)
def test_arguments_that_mean_nothing_are_refused(given, message):
    with pytest.raises(UsageError, match=message):
        FineTunedEncoderModel.create(**given)


def test_what_it_hears_follows_the_encoder():
    encoders = ("whisper-tiny.en", "whisper-large-v3", "hubert-base", "wavlm-base-plus")
    found = [str(FineTunedEncoderModel(encoder=name).uses("features")) for name in encoders]
    assert len(set(found)) == 4
    with pytest.raises(UsageError, match="bands is 40"):
        WhisperLogMel.create(bands=40)
