"""The prosody vector and the codes of pitch: scipy's statistics, formulas by hand, tones of known pitch."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats
from serbench_plugins.features.f0 import F0, codes_of
from serbench_plugins.features.prosody import Prosody, describe, energy_contour

from .conftest import RATE, WAVES

#: Frames of 10 ms: a pause, a voice, an unvoiced segment, a voice, a pause.
LENGTHS = (20, 30, 8, 12, 30)


@pytest.fixture(scope="module")
def contours():
    rng = np.random.default_rng(0)
    pitch = np.concatenate([np.full(n, 0.0) if i % 2 == 0 else rng.uniform(90, 300, n) for i, n in enumerate(LENGTHS)])
    return pitch, rng.uniform(-60, -5, len(pitch))


def six(values):
    return [np.mean(values), np.std(values), np.max(values), np.min(values), stats.skew(values), stats.kurtosis(values)]


def four(values):
    return [np.mean(values), np.std(values), stats.skew(values), stats.kurtosis(values)]


def line(values):
    times = np.arange(len(values)) * 0.01
    slope, offset = np.polyfit(times, values, 1)
    return slope, np.mean((values - slope * times - offset) ** 2)


def test_every_number_stands_in_its_place(contours):
    pitch, energy = contours
    first, middle, last = slice(20, 50), slice(50, 58), slice(58, 70)
    lines = [line(pitch[each]) for each in (first, last)]
    expected = [*six(pitch[pitch > 0])]
    expected += [number for values in zip(*lines, strict=True) for number in six(values)]
    expected += [*six(pitch[first]), *six(pitch[last])]
    for segments in ((first, last), (middle,)):
        expected += list(np.mean([four(energy[each]) for each in segments], axis=0))
        for values in zip(*[line(energy[each]) for each in segments], strict=True):
            expected += four(values) if len(values) > 1 else [values[0], 0, 0, 0]
        expected += [*six(energy[segments[0]]), *six(energy[segments[-1]])]
    v, u, p = (0.3 + 0.12) / 2, 0.08, (0.2 + 0.3) / 2
    expected += [2 / 1.0, *six([0.3, 0.12]), u, 0, u, u, 0, 0, *six([0.2, 0.3])]
    expected += [p / (v + u), p / u, u / (v + u), v / (v + u), v / p, u / p]

    found = describe(pitch, energy, 0.14)

    assert (found.dtype, found.shape) == (np.float32, (103,))
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-6)


def test_an_unvoiced_run_of_the_limit_is_no_pause_yet():
    pitch = np.concatenate([np.full(10, 100.0), np.zeros(14), np.full(10, 100.0), np.zeros(15), np.full(10, 100.0)])

    found = describe(pitch, np.zeros(len(pitch)), 0.14)

    assert found[[85, 91]] == pytest.approx([0.14, 0.15])


def test_what_is_undefined_is_0():
    found = Prosody().extract(WAVES["silence"])  # one pause of 1.01 s

    assert found[[91, 93, 94]] == pytest.approx([1.01] * 3)
    assert not np.delete(found, [91, 93, 94]).any()


def test_level_and_offset_change_nothing():
    wave = WAVES["voice"]

    np.testing.assert_allclose(Prosody().extract(wave * 0.5 + 0.1), Prosody().extract(wave), rtol=2e-3, atol=2e-3)


def test_energy_is_that_of_20_ms_around_each_frame():
    wave = np.random.default_rng(1).normal(0, 0.1, RATE)

    found = energy_contour(wave, 101)

    assert found[40] == pytest.approx(10 * np.log10(np.mean(wave[6400 - 160 : 6400 + 160] ** 2)))
    assert found[0] == pytest.approx(10 * np.log10(np.sum(wave[:160] ** 2) / 320))
    assert len(energy_contour(wave[:1], 1)) == 1


def tone(pitch, seconds=1.0):
    phase = 2 * np.pi * pitch * np.arange(int(seconds * RATE)) / RATE
    return (0.2 * sum(np.sin(k * phase) / k for k in (1, 2, 3))).astype(np.float32)


def test_a_tone_has_its_pitch_and_no_tilt():
    found = Prosody().extract(tone(150.0))

    assert found[0] == pytest.approx(150, rel=0.01)
    assert found[6] == pytest.approx(0, abs=10)  # Hz per second


def test_codes_are_laid_out_on_the_mel_scale():
    low, high = (1127 * np.log(1 + each / 700) for each in (50, 1100))
    middle = 700 * (np.exp((low + high) / 2 / 1127) - 1)

    np.testing.assert_array_equal(
        codes_of(np.array([0, 50, middle, 1100, 40, 2000]), 50, 1100), [0, 1, 128, 255, 1, 255]
    )


@pytest.mark.parametrize("pitch", [80.0, 200.0, 700.0])
def test_f0_of_a_tone_is_its_code(pitch):
    found = F0().extract(tone(pitch))

    assert (found.dtype, found.shape) == (np.float32, (51, 1))
    assert np.abs(found[5:-5, 0] - codes_of(pitch, 50, 1100)).max() <= 1


def test_silence_has_no_pitch():
    assert not F0().extract(WAVES["silence"]).any()
