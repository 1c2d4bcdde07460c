"""Pictures of spectra, by librosa's numbers, and the wave itself."""

from __future__ import annotations

import librosa
import numpy as np
import pytest
import torch
from serbench_plugins.features.log_mel_image import LogMelImage
from serbench_plugins.features.waveform import Waveform

from .conftest import RATE, WAVES, voice

#: 5 s: 201 frames, of which an image shows 81.
LONG = voice(8, 5.0)


def spectrum(wave):
    """Return (bands, frames) in [0, 1]."""
    power = librosa.feature.melspectrogram(y=wave, sr=RATE, n_fft=800, hop_length=400, n_mels=128)
    return 1 + librosa.power_to_db(power, ref=np.max, top_db=80) / 80


def test_a_picture_is_the_middle_of_the_spectrum():
    found = LogMelImage().extract(LONG)

    assert (found.dtype, found.shape) == (np.float32, (1, 128, 81))
    np.testing.assert_allclose(found[0], spectrum(LONG)[:, 60:141], rtol=0, atol=1e-4)


def test_segments_reach_from_the_start_to_the_end():
    found = LogMelImage(segments=3).extract(LONG)

    for segment, start in zip(found, (0, 60, 120), strict=True):
        np.testing.assert_allclose(segment, spectrum(LONG)[:, start : start + 81], rtol=0, atol=1e-4)


def test_past_the_end_of_a_short_clip_there_is_nothing():
    found = LogMelImage(segments=2).extract(WAVES["short"])  # 0.4 s: 17 frames

    np.testing.assert_allclose(found[0, :, :17], spectrum(WAVES["short"]), rtol=0, atol=1e-4)
    assert not found[:, :, 17:].any()
    np.testing.assert_array_equal(found[0], found[1])


def test_a_picture_is_scaled_to_its_size():
    plain, scaled = (LogMelImage(height=height).extract(LONG)[0] for height in (None, 64))

    assert LogMelImage(seconds=3, hop_length=160, win_length=640, height=256, width=384).extract(LONG).shape[1:] == (
        256,
        384,
    )
    np.testing.assert_allclose(scaled, (plain[::2] + plain[1::2]) / 2, rtol=0, atol=1e-5)  # half: means of two rows


def test_silence_is_black_and_level_changes_nothing():
    assert not LogMelImage().extract(WAVES["silence"]).any()
    np.testing.assert_allclose(LogMelImage().extract(LONG / 2), LogMelImage().extract(LONG), rtol=0, atol=1e-3)


def test_neighbours_and_padding_change_nothing():
    waves = torch.zeros(2, len(LONG))
    waves[0, : len(WAVES["short"])] = torch.from_numpy(WAVES["short"])
    waves[1] = torch.from_numpy(LONG)

    found, _ = LogMelImage(segments=2).extract_batch(waves, torch.tensor([len(WAVES["short"]), len(LONG)]))

    for row, wave in zip(found.numpy(), (WAVES["short"], LONG), strict=True):
        np.testing.assert_allclose(row, LogMelImage(segments=2).extract(wave), rtol=0, atol=1e-6)


def test_a_waveform_is_the_wave():
    found = Waveform().extract(WAVES["voice"])

    np.testing.assert_array_equal(found, WAVES["voice"])
    assert not np.shares_memory(found, WAVES["voice"])


@pytest.mark.parametrize("name", ["voice", "constant", "silence", "one sample"])
def test_a_normalised_wave_has_mean_0_and_variance_1(name):
    wave = WAVES[name]

    found = Waveform(normalise=True).extract(wave)

    assert (found.dtype, found.shape) == (np.float32, wave.shape)
    assert found.mean() == pytest.approx(0, abs=1e-5)
    assert found.var() == pytest.approx(1 if name == "voice" else 0, abs=1e-3)


def test_a_wave_is_normalised_as_transformers_does_it():
    transformers = pytest.importorskip("transformers")
    extractor = transformers.Wav2Vec2FeatureExtractor(do_normalize=True)

    expected = extractor(WAVES["voice"], sampling_rate=RATE, return_tensors="np")["input_values"][0]

    np.testing.assert_allclose(Waveform(normalise=True).extract(WAVES["voice"]), expected, rtol=0, atol=1e-4)
