"""What every built-in feature and augmentation must hold, and librosa's word on the numbers."""

from __future__ import annotations

import subprocess
import sys
import warnings

import librosa
import numpy as np
import pytest
import soundfile
import torch
from serbench_plugins.augmentations.noise import Noise
from serbench_plugins.augmentations.pitch import Pitch
from serbench_plugins.features.log_mel import LogMel
from serbench_plugins.features.mfcc import Mfcc
from serbench_plugins.features.mfcc_stats import MfccStats
from serbench_plugins.features.paper_mfcc import PaperMfcc
from serbench_plugins.features.paper_zcr_mfcc import PaperZcrMfcc

from .conftest import RATE, WAVES, voice

FEATURES = [Mfcc, LogMel, MfccStats, PaperMfcc, PaperZcrMfcc]
OTHER = {
    Mfcc: {
        "n_mfcc": 13,
        "n_fft": 400,
        "win_length": 320,
        "hop_length": 160,
        "n_mels": 26,
        "fmin": 50.0,
        "fmax": 7000.0,
    },
    LogMel: {"n_mels": 40, "n_fft": 1024, "win_length": 400, "hop_length": 160, "top_db": 60.0},
    MfccStats: {"n_mfcc": 20},
    PaperMfcc: {"offset": 0.0, "duration": 1.0, "n_mfcc": 13},
    PaperZcrMfcc: {"offset": 0.0, "duration": 1.0, "n_mfcc": 13},
}


@pytest.fixture(
    params=[(cls, args) for cls in FEATURES for args in ({}, OTHER[cls])], ids=lambda p: p[0](**p[1]).identity.label
)
def extractor(request):
    cls, arguments = request.param
    return cls(**arguments)


def batch(waves):
    lengths = torch.tensor([len(wave) for wave in waves])
    padded = torch.zeros(len(waves), int(lengths.max()))
    for row, wave in zip(padded, waves, strict=True):
        row[: len(wave)] = torch.from_numpy(wave)
    return padded, lengths


def by_librosa(function, /, **arguments):
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="n_fft=.* is too large")  # a clip shorter than a window
        return function(**arguments)


def reference(extractor, wave):
    """Return what librosa makes of the wave, in our shape."""
    given = dict(extractor.params)
    rate = extractor.card.sample_rate
    if isinstance(extractor, PaperMfcc | PaperZcrMfcc):
        start, size = round(given["offset"] * rate), round(given["duration"] * rate)
        full = np.zeros((1 + size // 512, given["n_mfcc"]), np.float32)
        if len(wave) > start:
            rows = by_librosa(librosa.feature.mfcc, y=wave[start : start + size], sr=rate, n_mfcc=given["n_mfcc"]).T
            full[: len(rows)] = rows
        rates = np.zeros(len(full) if isinstance(extractor, PaperZcrMfcc) else 0, np.float32)
        if len(rates) and len(wave) > start:
            found = librosa.feature.zero_crossing_rate(wave[start : start + size])[0]
            rates[: len(found)] = found
        return np.concatenate([rates, full.ravel()])
    top_db, n_mfcc = given.pop("top_db"), given.pop("n_mfcc", None)
    power = by_librosa(librosa.feature.melspectrogram, y=wave, sr=rate, **given)
    decibels = librosa.power_to_db(power, top_db=top_db)
    if isinstance(extractor, LogMel):
        return decibels.T
    rows = librosa.feature.mfcc(S=decibels, n_mfcc=n_mfcc)
    return np.concatenate([rows.mean(1), rows.std(1)]) if isinstance(extractor, MfccStats) else rows.T


def test_the_numbers_are_librosas(extractor, wave):
    expected = reference(extractor, wave)

    found = extractor.extract(wave)

    assert found.shape == expected.shape
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-3)


def test_librosas_own_defaults_are_ours():
    wave = WAVES["voice"]

    expected = librosa.feature.mfcc(y=wave, sr=RATE, n_mfcc=40).T

    np.testing.assert_allclose(Mfcc().extract(wave), expected, rtol=0, atol=1e-3)


@pytest.mark.parametrize("threads", [1, 2])
def test_one_clip_alone_is_as_in_a_batch(extractor, threads):
    waves = list(WAVES.values())
    before = torch.get_num_threads()
    try:
        torch.set_num_threads(threads)
        with torch.inference_mode():
            values, lengths = extractor.extract_batch(*batch(waves))
        alone = [extractor.extract(wave) for wave in waves]
    finally:
        torch.set_num_threads(before)

    for row, count, expected in zip(values.numpy(), lengths.tolist(), alone, strict=True):
        found = row[:count] if extractor.card.output == "sequence" else row
        np.testing.assert_allclose(found, expected, rtol=1e-6, atol=2e-5)


def test_a_loud_neighbour_does_not_cut_a_quiet_clip(extractor):
    """A batch that shares one ceiling would lift the quiet clip's floor to 80 dB below the loud one."""
    quiet, loud = WAVES["quiet"], WAVES["clipped"]

    with torch.inference_mode():
        values, lengths = extractor.extract_batch(*batch([loud, quiet]))

    found = values[1, : lengths[1]] if extractor.card.output == "sequence" else values[1]
    np.testing.assert_allclose(found.numpy(), extractor.extract(quiet), rtol=1e-6, atol=2e-5)


def test_the_output_is_what_the_card_declares(extractor, wave):
    before = wave.copy()

    found = extractor.extract(wave)

    assert found.dtype == np.float32
    assert found.ndim == {"vector": 1, "sequence": 2}[extractor.card.output]
    assert found.shape[-1] == extractor.extract(WAVES["voice"]).shape[-1]
    assert np.isfinite(found).all()
    np.testing.assert_array_equal(wave, before)
    np.testing.assert_array_equal(extractor.extract(wave), found)


def test_features_also_work_outside_inference_mode(extractor):
    values, _ = extractor.extract_batch(*batch([WAVES["voice"]]))

    assert not values.is_inference()


@pytest.mark.parametrize("cls", FEATURES)
def test_every_argument_is_part_of_the_identity(cls):
    for name, value in {**OTHER[cls]}.items():
        assert cls(**{name: value}).identity.digest != cls().identity.digest
    cls().extract(WAVES["short"])
    assert vars(cls()) == cls().params


def test_mfcc_stats_are_eighty_numbers():
    assert MfccStats().extract(WAVES["voice"]).shape == (80,)


def test_paper_mfcc_is_2160_numbers_padded_behind():
    found = PaperMfcc().extract(voice(0, 1.6, 22_050)).reshape(108, 20)  # 1 s is left: 44 frames

    assert found[:44].all()
    assert not found[44:].any()
    assert not PaperMfcc().extract(voice(0, 0.5, 22_050)).any()


@pytest.mark.corpus
@pytest.mark.parametrize("cls", FEATURES)
def test_the_numbers_are_librosas_on_real_clips(data_root, cls):
    extractor = cls()
    for path in (
        sorted((data_root / "ravdess").rglob("*.flac"))[::60] + sorted((data_root / "emodb").rglob("*.flac"))[::40]
    ):
        wave, _ = soundfile.read(path, dtype="float32")
        np.testing.assert_allclose(extractor.extract(wave), reference(extractor, wave), rtol=0, atol=1e-3)


@pytest.mark.gpu
@pytest.mark.parametrize("cls", FEATURES)
def test_an_accelerator_gives_the_same_numbers(cls):
    if not torch.cuda.is_available():
        pytest.skip("no accelerator")
    waves, lengths = batch(list(WAVES.values()))

    values, counts = cls().extract_batch(waves.cuda(), lengths.cuda())
    expected, same = cls().extract_batch(waves, lengths)

    np.testing.assert_array_equal(counts.cpu(), same)
    np.testing.assert_allclose(values.cpu(), expected, rtol=0, atol=5e-3)


@pytest.mark.parametrize("augmentation", [Noise(), Pitch(), Pitch(steps=-3.0)], ids=lambda a: a.identity.label)
def test_augmentations_change_a_copy_the_same_way_each_time(augmentation, wave):
    before = wave.copy()

    first, second = (augmentation.apply(wave, RATE, np.random.default_rng(1)) for _ in range(2))

    assert (first.dtype, first.shape) == (np.float32, wave.shape)
    assert np.isfinite(first).all()
    assert first is not wave
    np.testing.assert_array_equal(first, second)
    np.testing.assert_array_equal(wave, before)


def test_noise_has_the_level_that_was_drawn():
    wave = WAVES["long"]
    level = np.random.default_rng(5).uniform() * 0.035 * np.abs(wave).max()

    noise = Noise().apply(wave, RATE, np.random.default_rng(5)) - wave

    assert noise.std() == pytest.approx(level, rel=0.01)


@pytest.mark.parametrize("steps", [2.0, -5.0])
def test_pitch_moves_a_tone_by_semitones(steps):
    time = np.arange(2 * RATE) / RATE
    tone = (0.5 * np.sin(2 * np.pi * 300 * time)).astype(np.float32)

    shifted = Pitch(steps=steps).apply(tone, RATE, np.random.default_rng(0))

    peak = np.argmax(np.abs(np.fft.rfft(shifted * np.hanning(len(shifted))))) / 2
    assert peak == pytest.approx(300 * 2 ** (steps / 12), rel=0.01)


def test_importing_the_plugins_imports_nothing_heavy():
    names = ["features.mfcc", "features.log_mel", "features.mfcc_stats", "features.paper_mfcc"]
    names += ["augmentations.noise", "augmentations.pitch"]
    code = f"import sys, {', '.join(f'serbench_plugins.{name}' for name in names)}\n"
    code += "assert not {'torch', 'torchaudio', 'librosa', 'scipy', 'soundfile'} & set(sys.modules)"

    subprocess.run([sys.executable, "-c", code], check=True)
