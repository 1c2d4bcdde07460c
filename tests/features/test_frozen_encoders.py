"""Features of frozen encoders: on tiny random checkpoints of every class, and on Whisper tiny.en where it is."""

from __future__ import annotations

import importlib.util
from dataclasses import replace

import numpy as np
import pytest
import torch
from serbench_plugins.features.encoder_frames import EncoderFrames
from serbench_plugins.features.encoder_mean import EncoderMean
from serbench_plugins.features.encoder_vector import EncoderVector
from serbench_plugins.features.encoders import CHECKPOINTS, ENCODERS

from serbench.cost.whole import extractor_size
from serbench.digest import sha256_file
from serbench.errors import CheckpointError, PluginError, UsageError
from serbench.features.batch import extract_waves
from serbench.features.extract import extract_column
from serbench.plugin.registry import load_registry
from serbench.testing import cases_of
from serbench.weights import WeightFolders
from tests.tiny_encoders import MADE, RATE

pytestmark = pytest.mark.skipif(
    importlib.util.find_spec("transformers") is None, reason="transformers is not installed"
)


@pytest.fixture
def folder(tiny_encoders):
    return tiny_encoders


def looking(extractor, *folders):
    extractor.weight_folders = WeightFolders(folders)
    return extractor


def wave(size, seed=0):
    return np.random.default_rng(seed).normal(0, 0.1, size).astype(np.float32)


def own_words(name, folder, heard):
    """Return the states (layers, t, d) of a wave as transformers itself gives them."""
    import transformers

    kind, config, normalise = MADE[name]
    with torch.random.fork_rng():
        model = getattr(transformers, f"{kind}Model").from_pretrained(folder / name).eval()
    if kind == "Whisper":
        front = transformers.WhisperFeatureExtractor(config["num_mel_bins"], chunk_length=2)
        network, given = model.encoder, front(heard, sampling_rate=RATE, return_tensors="pt").input_features
    else:
        front = transformers.Wav2Vec2FeatureExtractor(do_normalize=normalise)
        network, given = model, front(heard, sampling_rate=RATE, return_tensors="pt").input_values
    with torch.inference_mode():
        out = network(given, output_hidden_states=True)
    states = [*out.hidden_states[:-1], out.last_hidden_state]
    own = min(len(heard) // 320, 100) if kind == "Whisper" else None
    return torch.cat(states)[:, :own].numpy()


@pytest.mark.parametrize("name", MADE)
def test_it_gives_the_states_that_transformers_gives(name, folder):
    heard = wave(8000)
    expected = own_words(name, folder, heard)

    mean = looking(EncoderMean(encoder=name), folder).extract(heard)
    frames = {layer: looking(EncoderFrames(encoder=name, layer=layer), folder).extract(heard) for layer in ("mean", 1)}
    last = looking(EncoderFrames(encoder=name), folder).extract(heard)

    vector = looking(EncoderVector(encoder=name), folder).extract(heard)

    assert expected.shape[0] == 3
    np.testing.assert_allclose(mean[0], expected.mean(1), rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(last, expected[-1], rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(frames[1], expected[1], rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(frames["mean"], expected.mean(0), rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(vector, expected.mean((0, 1)), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("name", MADE)
def test_a_clip_alone_gives_what_it_gives_beside_others(name, folder):
    waves = [wave(size, seed) for seed, size in enumerate((8000, 100, 12_000, 8000, 100))]
    extractor = looking(EncoderFrames(encoder=name), folder)

    for alone, row in zip(waves, extract_waves(extractor, waves, "cpu"), strict=True):
        assert len(row) >= 1
        np.testing.assert_allclose(row, extractor.extract(alone), rtol=1e-3, atol=1e-4)  # of float16


@pytest.mark.parametrize("name", MADE)
@pytest.mark.parametrize("feature", [EncoderMean, EncoderFrames, EncoderVector])
def test_it_holds_the_contract(feature, name, folder):
    settings = {feature.card.name: {"encoder": name}}
    cases = cases_of(feature, load_registry(only=()), settings=settings, weights=WeightFolders((folder,)))
    outcomes = [case.run() for case in cases]

    assert {each.check.name: each.reason for each in outcomes if each.status == "failed"} == {}
    assert sum(each.status == "passed" for each in outcomes) >= 9


def test_the_whole_network_counts_and_nothing_that_is_not_used(folder):
    heard = wave(8000)
    full, cut = (looking(EncoderMean(encoder="whisper-random", pad=pad), folder) for pad in ("30s", "clip"))
    sizes = [extractor_size(each, heard) for each in (full, cut)]

    parameters = sum(each.numel() for name, each in _parameters(folder / "whisper-random") if "decoder" not in name)
    assert [size.total for size in sizes] == [parameters, parameters]
    assert [size.macs for size in sizes] == [_whisper_macs(100), _whisper_macs(25)]
    assert full.extract(heard).shape == cut.extract(heard).shape == (1, 3, 16)
    assert np.abs(full.extract(heard) - cut.extract(heard)).max() > 1e-3


def _whisper_macs(t):
    """Return the multiply-accumulates of t positions by hand: the mel bands of 2 s, two convolutions, two layers."""
    bands = 200 * 201 * 80
    convolutions = 2 * t * 16 * 80 * 3 + t * 16 * 16 * 3
    return bands + convolutions + 2 * (t * (4 * 16 * 16 + 2 * 16 * 32) + 2 * t * t * 16)


def _parameters(folder):
    from safetensors.torch import load_file

    return load_file(folder / "model.safetensors").items()


def test_of_a_long_clip_whisper_hears_the_beginning(folder):
    extractor = looking(EncoderMean(encoder="whisper-random"), folder)

    assert np.array_equal(extractor.extract(wave(48_000)), extractor.extract(wave(48_000)[:32_000]))


def test_loudness_changes_nothing_where_waves_are_normalised_or_groups_are(folder):
    for name in ("wav2vec2-group", "wav2vec2-layer", "hubert-group"):
        extractor = looking(EncoderMean(encoder=name), folder)
        np.testing.assert_allclose(extractor.extract(wave(8000)), extractor.extract(0.5 * wave(8000)), atol=0.02)


def test_rows_are_kept_by_encoder_and_weights(folder, cache, clips):
    made = extract_column(looking(EncoderMean(encoder="data2vec"), folder), clips[:3], cache, workers=1)
    nowhere = folder / "data2vec"  # no weights are found below it: what comes is what was kept

    again = extract_column(looking(EncoderMean(encoder="data2vec"), nowhere), clips[:3], cache, workers=1)
    assert np.array_equal(made.read().values, again.read().values)
    digests = {EncoderMean(**given).identity.digest for given in ({"encoder": "data2vec"}, {"encoder": "hubert-group"})}
    digests.add(EncoderMean(encoder="data2vec", sha256="0" * 64).identity.digest)
    assert len(digests) == 3


def test_a_copy_of_the_hub_s_cache_is_found(folder, tmp_path, monkeypatch):
    place = tmp_path / "models--lab--hubert-group" / "snapshots" / "0123"
    place.mkdir(parents=True)
    for path in (folder / "hubert-group").iterdir():
        (place / path.name).symlink_to(path)
    expected = looking(EncoderMean(encoder="hubert-group"), folder).extract(wave(8000))

    assert np.array_equal(looking(EncoderMean(encoder="hubert-group"), tmp_path).extract(wave(8000)), expected)
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path))
    assert np.array_equal(looking(EncoderMean(encoder="hubert-group")).extract(wave(8000)), expected)


def test_the_file_of_the_digest_is_loaded_and_no_other_one(folder, tmp_path, monkeypatch):
    from safetensors.torch import load_file

    place = tmp_path / "hubert-group"
    place.mkdir()
    right = load_file(folder / "hubert-group" / "model.safetensors")
    (place / "config.json").write_bytes((folder / "hubert-group" / "config.json").read_bytes())
    torch.save(right, place / "pytorch_model.bin")
    (place / "model.safetensors").write_bytes((folder / "wav2vec2-group" / "model.safetensors").read_bytes())
    other = replace(ENCODERS["hubert-group"], file="pytorch_model.bin", sha256=sha256_file(place / "pytorch_model.bin"))
    expected = looking(EncoderMean(encoder="hubert-group"), folder).extract(wave(8000))
    monkeypatch.setitem(ENCODERS, "hubert-group", other)

    assert np.array_equal(looking(EncoderMean(encoder="hubert-group"), tmp_path).extract(wave(8000)), expected)


def test_other_weights_are_refused_unless_they_are_asked_for(folder, tmp_path, monkeypatch):
    unknown = replace(ENCODERS["data2vec"], sha256="")
    digest = ENCODERS["data2vec"].sha256
    with pytest.raises(CheckpointError, match=f"expected {'0' * 64}"):
        looking(EncoderMean(encoder="data2vec", sha256="0" * 64), folder).weights()
    monkeypatch.setitem(ENCODERS, "data2vec", unknown)

    with pytest.raises(UsageError, match=r"nobody here knows the digest of model\.safetensors of lab/data2vec; say"):
        EncoderMean.create(encoder="data2vec")
    assert looking(EncoderMean(encoder="data2vec", sha256=digest), folder).weights() == folder / "data2vec"


@pytest.mark.parametrize(
    ("feature", "given", "message"),
    [
        (EncoderMean, {"encoder": "hubert"}, "expected one of .*'hubert-base'"),
        (EncoderMean, {"pad": "none"}, "pad is 'none'"),
        (EncoderMean, {"encoder": "hubert-base", "pad": "clip"}, "expected a Whisper"),
        (EncoderMean, {"sha256": "0d83"}, "expected 64 digits"),
        (EncoderFrames, {"layer": -1}, "layer is -1"),
        (EncoderFrames, {"layer": "first"}, "layer is 'first'"),
    ],
)
def test_arguments_that_mean_nothing_are_refused(feature, given, message):
    with pytest.raises(UsageError, match=message):
        feature.create(**given)


def test_a_layer_that_is_not_there_is_refused(folder):
    extractor = looking(EncoderFrames(encoder="data2vec", layer=3), folder)

    with pytest.raises(ValueError, match="layer is 3, expected 0 to 2 of data2vec"):
        extractor.extract(wave(8000))


def test_the_file_s_name_stands_in_what_goes_wrong_in_a_run(folder, cache, clips):
    with pytest.raises(PluginError, match=r"encoder-frames\[encoder=data2vec,layer=3\] failed on .*wav"):
        extract_column(looking(EncoderFrames(encoder="data2vec", layer=3), folder), clips[:1], cache, workers=1)


def test_the_table_is_whole():
    asked = {"whisper-tiny.en", "whisper-base", "whisper-small", "whisper-large-v3", "wav2vec2-base", "wav2vec2-large"}
    asked |= {"wav2vec2-large-robust", "xls-r-300m", "hubert-base", "hubert-large", "wavlm-base-plus", "wavlm-large"}
    asked |= {"data2vec-audio-base", "data2vec-audio-large"}

    assert set(ENCODERS) == asked
    assert len({each.sha256 for each in CHECKPOINTS}) == len(CHECKPOINTS) == 9
    assert all(encoder.checkpoint("0" * 64).trained_on for encoder in ENCODERS.values())


def test_what_it_was_trained_on_follows_the_choice():
    assert EncoderMean(encoder="hubert-base").pretrained_on == ("librispeech",)
    assert EncoderMean(encoder="wavlm-large").pretrained_on == ("gigaspeech", "libri-light", "voxpopuli")


def test_a_real_whisper_gives_what_transformers_gives(weights_folder):
    import transformers

    heard = wave(16_000)
    place = weights_folder / "whisper-tiny.en"
    if not place.is_dir():
        pytest.skip(f"{place.name} is not in {weights_folder}")
    encoder = transformers.WhisperModel.from_pretrained(place, dtype="float32").encoder.eval()
    front = transformers.WhisperFeatureExtractor.from_pretrained(place)
    with torch.inference_mode():
        mel = front(heard, sampling_rate=RATE, return_tensors="pt").input_features
        states = torch.cat(encoder(mel, output_hidden_states=True).hidden_states)[:, :50]  # (layers, t, d)

    rows = {pad: looking(EncoderMean(pad=pad), weights_folder).extract(heard) for pad in ("30s", "clip")}

    np.testing.assert_allclose(rows["30s"][0], states.mean(1).numpy(), rtol=1e-4, atol=1e-5)
    assert rows["30s"].shape == rows["clip"].shape == (1, 5, 384)
    alike = np.corrcoef(rows["30s"][0, 4], rows["clip"][0, 4])[0, 1]
    assert 0.8 < alike < 1
