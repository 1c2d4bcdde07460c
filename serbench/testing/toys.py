"""Sound and tables made on the spot: small, and with an answer that any model can find.

Conventions
-----------
A class is a pitch and a brightness, so that every feature of a voice tells the classes apart. Waves are float32
(samples,) in [-1, 1]. Equal seeds give equal sound; no global state is touched.
"""

from __future__ import annotations

import numpy as np

from serbench.errors import PluginError
from serbench.features.extractor import FeatureExtractor
from serbench.features.table import Column, FeatureTable, Floats, Integers
from serbench.features.text import TextExtractor
from serbench.seeding import generator

LABELS = ("angry", "calm", "happy", "sad")
#: How many voices the clips are of, in turn.
VOICES = 4

#: Texts that real corpora hold, by name.
ODD_TEXTS = {
    "a word": "No!",
    "a sentence": "I did not think that you would really come.",
    "no word": "",
    "blanks": "  \n ",
    "a long speech": "and then he said " * 200,
    "accents and signs": "Größe, perché? – “naïve” … 😀",
    "digits": "1, 2, 3",
}
#: Per class: its own words, for features of text; and words of all.
_WORDS = (("damn", "enough"), ("quiet", "gentle"), ("great", "wonderful"), ("alone", "gone"))
_COMMON = ("the", "we", "you", "that", "house", "is", "was", "here")
#: Per class: the pitch in Hz, and each harmonic's amplitude as a share of the one before.
_VOICES = ((440.0, 0.9), (110.0, 0.5), (280.0, 0.75), (175.0, 0.3))


def wave_of(code: int, sample_rate: int, seconds: float, rng: np.random.Generator) -> Floats:
    """Return a harmonic tone of a class, detuned, in a little noise: float32 (samples,)."""
    pitch, share = _VOICES[code]
    times = np.arange(max(1, round(seconds * sample_rate))) / sample_rate  # (samples,)
    pitch *= rng.uniform(0.95, 1.05)
    count = max(1, min(12, int(0.45 * sample_rate / pitch)))
    harmonics = np.arange(1, count + 1)[:, None]  # (harmonics, 1)
    phases = rng.uniform(0, 2 * np.pi, (count, 1))
    tone = (share**harmonics * np.sin(2 * np.pi * harmonics * pitch * times + phases)).sum(axis=0)
    noisy = tone / np.abs(tone).max() + 0.02 * rng.standard_normal(len(times))
    wave: Floats = (rng.uniform(0.2, 0.4) * noisy).astype(np.float32)
    return wave


def odd_waves(sample_rate: int) -> dict[str, Floats]:
    """Return waves by name that real corpora hold: short, long, silent, clipped, with an offset, a click."""
    rng = generator(0, "odd waves")
    size = sample_rate // 2
    click = np.zeros(size, np.float32)
    click[size // 2] = 1.0
    return {
        "0.1 s of voice": wave_of(0, sample_rate, 0.1, rng),
        "1 s of voice": wave_of(1, sample_rate, 1.0, rng),
        "5 s of voice": wave_of(2, sample_rate, 5.0, rng),
        "silence": np.zeros(size, np.float32),
        "a clipped voice": np.clip(20 * wave_of(3, sample_rate, 0.5, rng), -1, 1),
        "a constant offset": np.full(size, 0.5, np.float32),
        "a click": click,
    }


def codes_of(n: int, seed: int) -> Integers:
    """Return int64 (n,): every class equally often, in an order that says nothing."""
    return generator(seed, "order").permutation(np.arange(n) % len(LABELS))


def toy_text(code: int, rng: np.random.Generator) -> str:
    """Return a sentence of a class: one of its own words among words that all classes have."""
    words = [_COMMON[int(place)] for place in rng.integers(len(_COMMON), size=4)]
    words.insert(int(rng.integers(5)), _WORDS[code][int(rng.integers(2))])
    return " ".join(words)


def toy_column(extractor: FeatureExtractor, codes: Integers, seed: int) -> Column:
    """Return a feature of one wave per code.

    Raises
    ------
    PluginError
        When the extractor raises.
    """
    rng = generator(seed, "waves")
    rate = extractor.card.sample_rate
    waves = [wave_of(int(code), rate, rng.uniform(0.5, 0.8), rng) for code in codes]
    try:
        if isinstance(extractor, TextExtractor):
            return Column.stack(extractor.card.output, [extractor.extract_text(toy_text(int(c), rng)) for c in codes])
        return Column.stack(extractor.card.output, [extractor.extract(wave) for wave in waves])
    except Exception as error:
        raise PluginError(f"its feature {extractor.card.name} fails: {type(error).__name__}: {error}") from error


def toy_table(part: str, n: int, extractors: dict[str, FeatureExtractor], seed: int) -> FeatureTable:
    """Return ``n`` labelled rows with ids as opaque as the runner's: ``train-000000``."""
    codes = codes_of(n, seed)
    columns = {name: toy_column(extractor, codes, seed) for name, extractor in extractors.items()}
    ids = tuple(f"{part}-{number:06d}" for number in range(n))
    speakers = np.array([f"speaker-{number % VOICES:04d}" for number in range(n)])
    return FeatureTable(ids, columns, LABELS, np.array(LABELS)[codes], speakers=speakers)


__all__ = ["LABELS", "ODD_TEXTS", "codes_of", "odd_waves", "toy_column", "toy_table", "toy_text", "wave_of"]
