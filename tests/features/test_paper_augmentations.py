"""The changes of arXiv 2507.03251, against its formula by hand and against librosa."""

from __future__ import annotations

import librosa
import numpy as np
import pytest
from serbench_plugins.augmentations.paper_noise import PaperNoise
from serbench_plugins.augmentations.paper_pitch import PaperPitch
from serbench_plugins.augmentations.paper_pitch_noise import PaperPitchNoise

from .conftest import RATE, voice


def rng(seed=0):
    return np.random.default_rng(seed)


def noised(wave, generator, amplitude=0.035):
    """0.035 x U(0, 1) x max(x) x N(0, 1): the level drawn once, then a sample of noise for each of the wave."""
    level = amplitude * generator.uniform() * wave.max()
    return wave + level * generator.standard_normal(len(wave), dtype=np.float32)


def test_noise_is_the_papers():
    wave = voice(0, 1.0)
    np.testing.assert_allclose(PaperNoise().apply(wave, RATE, rng()), noised(wave, rng()), rtol=1e-6, atol=1e-7)


def test_noise_is_scaled_by_the_largest_sample_whatever_the_lowest_is():
    wave = voice(0, 1.0).clip(-1, 0.1)
    wave[0] = -1
    draws = [PaperNoise().apply(wave, RATE, rng(seed)) - wave for seed in range(50)]
    levels = np.array([draw.std() for draw in draws]) / 0.1
    assert levels.max() < 0.035 * 1.05
    assert levels.mean() == pytest.approx(0.035 / 2, rel=0.2)


@pytest.mark.parametrize("wave", [np.zeros(100, np.float32), np.full(100, -0.5, np.float32)], ids=["silent", "below 0"])
def test_no_noise_where_nothing_is_above_zero(wave):
    np.testing.assert_array_equal(PaperNoise().apply(wave, RATE, rng()), wave)


@pytest.mark.parametrize("steps", [2.0, 0.7])
def test_pitch_is_librosas(steps):
    wave = voice(1, 1.0)
    expected = librosa.effects.pitch_shift(wave, sr=RATE, n_steps=steps)
    np.testing.assert_array_equal(PaperPitch(steps=steps).apply(wave, RATE, rng()), expected)


def test_both_are_the_pitch_first_and_then_noise_on_its_own_scale():
    wave = voice(2, 1.0)
    expected = noised(librosa.effects.pitch_shift(wave, sr=RATE, n_steps=2.0), rng())
    np.testing.assert_allclose(PaperPitchNoise().apply(wave, RATE, rng()), expected, rtol=1e-6, atol=1e-7)


@pytest.mark.parametrize("change", [PaperNoise(), PaperPitch(), PaperPitchNoise()], ids=lambda each: each.card.name)
def test_the_clip_stays_as_it_was_and_as_long(change):
    wave = voice(3, 0.1)
    before = wave.copy()
    child = change.apply(wave, RATE, rng())
    np.testing.assert_array_equal(wave, before)
    assert (child.dtype, child.shape) == (np.float32, wave.shape)
    assert not np.array_equal(child, wave)
