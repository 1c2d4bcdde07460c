"""What augmentations do to a wave, measured on tones, clicks and noise by means other than their own."""

from __future__ import annotations

import numpy as np
import pytest
from serbench_plugins.augmentations.codec import Codec
from serbench_plugins.augmentations.random_pitch import RandomPitch
from serbench_plugins.augmentations.reverberation import Reverberation
from serbench_plugins.augmentations.snr_noise import SnrNoise
from serbench_plugins.augmentations.speed import Speed
from serbench_plugins.augmentations.stretch import Stretch
from serbench_plugins.augmentations.vtlp import Vtlp

from serbench.plugin.registry import load_registry

RATE = 16_000
DRAWING = [Codec(), RandomPitch(), Reverberation(), SnrNoise(), Speed(), Stretch(), Vtlp()]


def tone(frequency, seconds=1.0, rate=RATE):
    return (0.3 * np.sin(2 * np.pi * frequency * np.arange(round(seconds * rate)) / rate)).astype(np.float32)


def applied(augmentation, wave, seed=0, rate=RATE):
    return augmentation.apply(wave.copy(), rate, np.random.default_rng(seed))


def peak(wave, rate=RATE):
    """Return the frequency in Hz of most power, of the middle half of a wave."""
    middle = wave[len(wave) // 4 : 3 * len(wave) // 4]
    power = np.abs(np.fft.rfft(middle * np.hanning(len(middle)), n=8 * len(middle)))
    return float(power.argmax() * rate / (8 * len(middle)))


def power_between(wave, low, high, rate=RATE):
    power = np.abs(np.fft.rfft(wave)) ** 2
    frequencies = np.fft.rfftfreq(len(wave), 1 / rate)
    return float(power[(frequencies >= low) & (frequencies < high)].sum())


@pytest.mark.parametrize("rate", [0.9, 0.95, 1.0, 1.1])
def test_speed_changes_length_and_pitch_alike(rate):
    child = applied(Speed(lowest=rate, highest=rate), tone(1000))
    assert len(child) == pytest.approx(RATE / rate, abs=1)
    assert peak(child) == pytest.approx(1000 * rate, rel=1e-3)
    assert child.std() == pytest.approx(tone(1000).std(), rel=0.01)


def test_speed_of_one_changes_nothing():
    assert np.array_equal(applied(Speed(lowest=1.0, highest=1.0), tone(1000)), tone(1000))


@pytest.mark.parametrize("rate", [0.8, 1.0, 1.25])
def test_stretch_changes_length_alone(rate):
    child = applied(Stretch(lowest=rate, highest=rate), tone(1000, 2.0))
    assert len(child) == round(2 * RATE / rate)
    assert peak(child) == pytest.approx(1000, rel=2e-3)


@pytest.mark.parametrize("steps", [-2.0, 0.5, 2.0])
def test_random_pitch_changes_pitch_alone(steps):
    child = applied(RandomPitch(lowest=steps, highest=steps), tone(1000, 2.0))
    assert len(child) == 2 * RATE
    assert peak(child) == pytest.approx(1000 * 2 ** (steps / 12), rel=3e-3)


@pytest.mark.parametrize("colour", ["white", "pink"])
@pytest.mark.parametrize("ratio", [0.0, 20.0])
def test_noise_has_the_ratio_that_was_drawn(colour, ratio):
    wave = tone(1000)
    noise = applied(SnrNoise(lowest=ratio, highest=ratio, colour=colour), wave).astype(np.float64) - wave
    assert 10 * np.log10(np.var(wave) / np.var(noise)) == pytest.approx(ratio, abs=1e-3)


@pytest.mark.parametrize(("colour", "expected"), [("white", 2.0), ("pink", 1.0)])
def test_noise_has_its_colour(colour, expected):
    """From one octave to the next white noise doubles its power, and pink noise keeps it."""
    wave = tone(1000, 20.0)
    noise = applied(SnrNoise(colour=colour), wave) - wave
    assert power_between(noise, 2000, 4000) / power_between(noise, 1000, 2000) == pytest.approx(expected, rel=0.05)


def test_noise_leaves_silence_silent():
    silence = np.zeros(100, np.float32)
    assert np.array_equal(applied(SnrNoise(), silence), silence)


@pytest.mark.parametrize("factor", [0.9, 1.0, 1.1])
@pytest.mark.parametrize("frequency", [250, 1000, 3000])
def test_vtlp_moves_frequencies_by_its_factor(factor, frequency):
    child = applied(Vtlp(lowest=factor, highest=factor), tone(frequency))
    assert len(child) == RATE
    assert peak(child) == pytest.approx(factor * frequency, rel=0.01)
    assert child[RATE // 4 : -RATE // 4].std() == pytest.approx(tone(frequency).std(), rel=0.05)


@pytest.mark.parametrize(("factor", "expected"), [(0.9, 6850.0), (1.1, 7120.0)])
def test_vtlp_fits_in_what_is_above_its_boundary(factor, expected):
    """By hand of 7000 Hz: 8000 - 3680 / 3200 x 1000, as 4320 was 4800; 8000 - 3200 / 3636 x 1000, as 4800 was 4364."""
    assert peak(applied(Vtlp(lowest=factor, highest=factor), tone(7000))) == pytest.approx(expected, rel=2e-3)


def test_vtlp_of_one_is_the_clip():
    wave = tone(440) + tone(2500)
    middle = slice(2048, -2048)
    assert np.allclose(applied(Vtlp(lowest=1.0, highest=1.0), wave)[middle], wave[middle], atol=2e-3)


@pytest.mark.parametrize("time", [0.2, 0.5])
def test_a_room_dies_away_in_its_time(time):
    """The decay of a click's energy, by Schroeder's backward integration, from -5 to -25 dB."""
    click = np.zeros(RATE, np.float32)
    click[0] = 1.0
    response = applied(Reverberation(shortest=time, longest=time), click).astype(np.float64)[1:]
    left = np.cumsum(response[::-1] ** 2)[::-1]
    level = 10 * np.log10(left[left > 0] / left[0])
    begin, end = np.argmax(level < -5), np.argmax(level < -25)
    assert 60 / 20 * (end - begin) / RATE == pytest.approx(time, rel=0.1)


@pytest.mark.parametrize("ratio", [0.0, 12.0])
def test_a_room_has_its_ratio_and_keeps_the_power(ratio):
    click = np.zeros(RATE, np.float32)
    click[0] = 0.5
    response = applied(Reverberation(lowest=ratio, highest=ratio), click).astype(np.float64)
    assert 10 * np.log10(response[0] ** 2 / np.sum(response[1:] ** 2)) == pytest.approx(ratio, abs=1e-3)
    assert np.sum(response**2) == pytest.approx(0.25, rel=1e-5)


def test_a_telephone_has_a_band_and_eight_bits():
    noise = np.random.default_rng(0).normal(0, 0.1, RATE).astype(np.float32)
    child = applied(Codec(kinds=("telephone",)), noise)
    within = power_between(child, 500, 3000) / 2500
    assert power_between(child, 0, 150) / 150 < 0.01 * within
    assert power_between(child, 4100, 8000) / 3900 < 0.01 * within
    assert within == pytest.approx(power_between(noise, 500, 3000) / 2500, rel=0.1)
    at_8_khz = applied(Codec(kinds=("telephone",)), noise[:8000], rate=8000)
    assert 20 < len(np.unique(at_8_khz)) <= 256


@pytest.mark.parametrize("kind", ["telephone", "mp3", "vorbis"])
def test_a_codec_keeps_length_time_and_voice(kind):
    wave = tone(1000) * np.hanning(RATE).astype(np.float32)
    child = applied(Codec(kinds=(kind,)), wave)
    assert len(child) == RATE
    assert peak(child) == pytest.approx(1000, rel=1e-3)
    lag = np.argmax(np.correlate(child, wave, "full")) - (RATE - 1)
    assert abs(lag) <= 0.001 * RATE
    assert 1e-4 < np.abs(child - wave).max() < 0.2


def test_every_kind_of_codec_is_drawn():
    wave = tone(1000, 0.2)
    alone = {kind: applied(Codec(kinds=(kind,)), wave).tobytes() for kind in ("telephone", "mp3", "vorbis")}
    drawn = {applied(Codec(), wave, seed).tobytes() for seed in range(20)}
    assert drawn == set(alone.values())


@pytest.mark.parametrize("augmentation", DRAWING, ids=lambda each: each.card.name)
def test_another_generator_gives_another_child_and_the_same_one_the_same(augmentation):
    wave = tone(700, 0.5)
    children = [applied(augmentation, wave, seed).tobytes() for seed in range(12)]
    assert len(set(children)) > 2
    assert children[3] == applied(type(augmentation)(), wave, 3).tobytes()


@pytest.mark.parametrize("augmentation", DRAWING, ids=lambda each: each.card.name)
@pytest.mark.parametrize("rate", [8_000, 44_100])
def test_other_sample_rates_are_taken(augmentation, rate):
    child = applied(augmentation, tone(500, 0.5, rate), rate=rate)
    assert child.dtype == np.float32
    assert 0.3 * rate < len(child) < 0.7 * rate
    assert peak(child, rate) == pytest.approx(500, rel=0.15)


@pytest.mark.parametrize(
    ("cls", "given", "message"),
    [
        (Speed, {"lowest": 1.2}, "rates are 1.2 to 1.1"),
        (Stretch, {"highest": 3.0}, "rates are 0.8 to 3.0"),
        (RandomPitch, {"lowest": -30.0}, "steps are -30.0 to 2.0"),
        (SnrNoise, {"lowest": 40.0}, "ratios are 40.0 to 30.0 dB"),
        (SnrNoise, {"colour": "brown"}, "colour is 'brown'"),
        (Vtlp, {"highest": 2.0}, "factors are 0.9 to 2.0"),
        (Vtlp, {"boundary": 0.0}, "boundary is 0.0 Hz"),
        (Reverberation, {"shortest": 0.0}, "times are 0.0 to 0.5 s"),
        (Reverberation, {"lowest": 20.0}, "ratios are 20.0 to 12.0 dB"),
        (Codec, {"kinds": ("opus",)}, "kinds are"),
        (Codec, {"kinds": ()}, "kinds are"),
        (Codec, {"compression": 2.0}, "compression is 2.0"),
    ],
)
def test_ranges_that_cannot_be_are_refused(cls, given, message):
    with pytest.raises(ValueError, match=message):
        cls(**given)


def test_all_are_offered():
    offered = set(load_registry(only=("builtin",)).augmentations)
    assert {part.card.name for part in DRAWING} <= offered
