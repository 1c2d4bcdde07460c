"""The linear spectrum, and librosa's word on its numbers."""

from __future__ import annotations

import warnings

import librosa
import numpy as np
import pytest
from serbench_plugins.features.log_spectrogram import LogSpectrogram

from .conftest import RATE, WAVES


@pytest.mark.parametrize("given", [{}, {"bins": 40, "pre_emphasis": 0.5, "n_fft": 512, "win_length": 400}])
@pytest.mark.parametrize("name", ["voice", "short", "quiet"])
def test_the_numbers_are_librosas(name, given):
    extractor, wave = LogSpectrogram(**given), WAVES[name]
    sharp = np.append(wave[:1], wave[1:] - np.float32(extractor.pre_emphasis) * wave[:-1])
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="n_fft=.* is too large")  # a clip shorter than a window
        spectrum = librosa.stft(
            sharp,
            n_fft=extractor.n_fft,
            hop_length=160,
            win_length=extractor.win_length,
            window="hamming",
        )
    expected = librosa.amplitude_to_db(np.abs(spectrum[: extractor.bins]), ref=np.max, top_db=80.0).T

    found = extractor.extract(wave)

    assert found.dtype == np.float32
    np.testing.assert_allclose(found, expected, rtol=0, atol=2e-2)


def test_three_seconds_are_301_frames_of_200_bins_and_silence_is_0():
    assert LogSpectrogram().extract(np.zeros(3 * RATE, np.float32)).shape == (301, 200)
    assert not LogSpectrogram().extract(np.zeros(RATE, np.float32)).any()


def test_a_tone_is_loudest_in_its_bin():
    tone = np.sin(2 * np.pi * 1_000 * np.arange(RATE) / RATE).astype(np.float32)

    assert set(LogSpectrogram().extract(tone)[10:90].argmax(1)) == {50}  # bins of 20 Hz
