"""A small source-filter voice: enough of speech for a corpus that needs no download.

Conventions
-----------
Waves are float64 of shape (n,) at 16 kHz, full scale 1. Pitch is in Hz, its changes in semitones, levels and gains in
dB. Whoever draws random numbers is given a generator; the same generator gives the same wave.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

SAMPLE_RATE = 16_000

#: First three formants of five vowels in Hz, for a vocal tract of length 1.
_VOWELS = ((730, 1200, 2500), (530, 1840, 2480), (290, 2250, 2950), (520, 900, 2420), (320, 870, 2250))
_FOURTH_FORMANT = 3500
_BANDWIDTHS = (80, 100, 150, 220)


@dataclass(frozen=True, kw_only=True)
class Manner:
    """How something is said.

    Attributes
    ----------
    pitch
        Semitones above the speaker's habit.
    span
        Factor on the movement of pitch, above 0.
    level
        dB above the speaker's habit.
    rate
        Factor on the speed, above 0.
    brightness
        0 to 1: how little the source falls off towards high frequencies.
    """

    pitch: float
    span: float
    level: float
    rate: float
    brightness: float


@dataclass(frozen=True, kw_only=True)
class Speaker:
    """Whose voice it is: habitual ``pitch`` in Hz, ``tract`` as a factor on formants, ``level`` in dB."""

    pitch: float
    tract: float
    level: float


@dataclass(frozen=True)
class Syllable:
    """A vowel (0 to 4), its ``length`` and ``accent`` beside the others', and the ``hiss`` (0 to 1) before it."""

    vowel: int
    length: float
    accent: float
    hiss: float


def draw_sentence(rng: np.random.Generator, syllables: int = 6) -> tuple[Syllable, ...]:
    """Return a sentence of the given number of syllables."""
    return tuple(
        Syllable(int(rng.integers(len(_VOWELS))), rng.uniform(0.7, 1.3), rng.uniform(-1, 1.5), rng.uniform(0, 1))
        for _ in range(syllables)
    )


def speak(sentence: tuple[Syllable, ...], speaker: Speaker, manner: Manner, rng: np.random.Generator) -> np.ndarray:
    """Return the sentence as the speaker says it, between 1.2 and 2 s long.

    A sawtooth with the melody of the sentence, breathed upon, goes through one set of four formants per syllable.
    """
    from scipy.signal import lfilter, sosfilt

    lengths = np.array([each.length for each in sentence]) * rng.uniform(0.9, 1.1, len(sentence))
    total = np.clip(1.55 / manner.rate, 1.2, 2.0) * SAMPLE_RATE
    ends = np.round(np.cumsum(lengths) / lengths.sum() * total).astype(int)
    starts = np.concatenate([[0], ends[:-1]])
    pitch = speaker.pitch * 2 ** (_melody(sentence, starts, ends, manner, rng) / 12)
    saw = 2 * (np.cumsum(pitch) / SAMPLE_RATE % 1) - 1
    breath = rng.standard_normal(ends[-1])
    pole = 0.97 - 0.45 * np.clip(manner.brightness, 0, 1)
    source = lfilter([1 - pole], [1, -pole], saw) + 0.01 * breath
    wave, state = np.zeros(ends[-1]), np.zeros((4, 2))
    for each, start, end in zip(sentence, starts, ends, strict=True):
        place = np.linspace(0, 1, end - start)
        excitation = source[start:end] * np.sqrt(np.sin(np.pi * place) + 0.02)
        excitation += each.hiss * 0.1 * breath[start:end] * np.clip(1 - place / 0.25, 0, 1)
        wave[start:end], state = sosfilt(_formants(each.vowel, speaker.tract), excitation, zi=state)
    wave = np.diff(wave, prepend=0)  # the lips radiate like a differentiator
    return wave / np.sqrt(np.mean(wave**2)) * 10 ** ((speaker.level + manner.level) / 20)


def equalise(wave: np.ndarray, cepstrum: np.ndarray) -> np.ndarray:
    """Return the wave after a channel whose gain over the mel scale is a sum of cosines.

    Parameters
    ----------
    cepstrum
        Weight of each cosine in dB, from one half-wave over the band upwards, float64 (q,).
    """
    length = 1 << (len(wave) - 1).bit_length()  # a power of two: quick for clips of any length
    spectrum = np.fft.rfft(wave, length)
    hertz = np.linspace(0, SAMPLE_RATE / 2, 513)
    mel = np.log1p(hertz / 700) / np.log1p(SAMPLE_RATE / 2 / 700)  # 0 to 1
    orders = np.arange(1, len(cepstrum) + 1)
    gain = (cepstrum[:, None] * np.cos(np.pi * orders[:, None] * mel)).sum(0)  # (513,) dB
    gain = np.interp(np.linspace(0, SAMPLE_RATE / 2, len(spectrum)), hertz, gain)
    return np.fft.irfft(spectrum * 10 ** (gain / 20), length)[: len(wave)]


def _melody(sentence, starts, ends, manner, rng):
    """Return semitones above the speaker's pitch, (n,): a fall over the sentence, a bump for each accent."""
    time = np.arange(ends[-1])
    semitones = np.linspace(1.5, -1.5, ends[-1])
    for each, start, end in zip(sentence, starts, ends, strict=True):
        height = 2.5 * (each.accent + rng.normal(0, 0.4))
        semitones += height * np.exp(-0.5 * ((time - (start + end) / 2) / (0.35 * (end - start))) ** 2)
    return manner.pitch + manner.span * semitones


def _formants(vowel, tract):
    """Return the four resonators as second-order sections, (4, 6)."""
    sections = []
    for hertz, bandwidth in zip((*_VOWELS[vowel], _FOURTH_FORMANT), _BANDWIDTHS, strict=True):
        radius = np.exp(-np.pi * bandwidth / SAMPLE_RATE)
        cosine = 2 * radius * np.cos(2 * np.pi * hertz * tract / SAMPLE_RATE)
        sections.append([1 - cosine + radius**2, 0, 0, 1, -cosine, radius**2])
    return np.array(sections)


__all__ = ["SAMPLE_RATE", "Manner", "Speaker", "Syllable", "draw_sentence", "equalise", "speak"]
