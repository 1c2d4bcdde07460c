"""Levels are of the mix, about its mean; what cancels there is counted."""

from __future__ import annotations

import numpy as np
import pytest

from serbench.corpus.levels import measure
from tests.corpus.voices import RATE, voice


def levels_of(*channels):
    samples = np.stack(channels, axis=1).astype(np.float32)
    return measure(samples, samples.mean(axis=1, dtype=np.float32), RATE)


@pytest.mark.parametrize("samples", [1, 255, 256, 257, 5_000])
@pytest.mark.parametrize("offset", [0, 0.5, -0.9])
def test_levels_are_those_that_are_defined(samples, offset):
    wave = np.random.default_rng(0).normal(offset, 0.1, samples).astype(np.float32)
    found = levels_of(wave)
    assert found.peak == np.abs(wave).max()
    assert found.rms == pytest.approx(np.std(wave.astype(np.float64)), rel=1e-5)
    assert found.cancelled == 0


@pytest.mark.parametrize("offset", [1.0, 0.1, -0.3, 1e-3])
def test_an_offset_has_no_power(offset):
    assert levels_of(np.full(RATE, offset, np.float32)).rms < 1e-7


def noise(seed):
    return np.random.default_rng(seed).normal(0, 0.1, RATE)


#: Channels, and which part of their sound is lost.
CHANNELS = {
    "equal": ((voice(0), voice(0)), 0),
    "opposite": ((voice(0), -voice(0)), 1),
    "opposite, one of them at half": ((voice(0), -voice(0) / 2), 1),
    "opposite, one of them at a quarter": ((voice(0), -voice(0) / 4), 0),
    "opposite, with offsets": ((voice(0) + 0.1, 0.3 - voice(0)), 1),
    "one silent": ((voice(0), np.zeros_like(voice(0))), 0),
    "all but one of six silent": ((voice(0), *[np.zeros_like(voice(0))] * 5), 0),
    "nothing in common": ((noise(0), noise(1)), 0),
    "nothing in common, six of them": (tuple(noise(seed) for seed in range(6)), 0),
    "silent": ((np.zeros(RATE), np.zeros(RATE)), 0),
    "opposite for a half": ((noise(0), np.concatenate([noise(0)[: RATE // 2], -noise(0)[RATE // 2 :]])), 0.5),
    "of one sample": (([0.5], [-0.5]), 0),
}


@pytest.mark.parametrize("kind", CHANNELS)
def test_what_cancels_is_counted(kind):
    channels, part = CHANNELS[kind]
    assert levels_of(*channels).cancelled == pytest.approx(part, abs=0.03)
