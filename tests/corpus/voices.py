"""Sounds that are made at test time and are as unlike as speech is: syllables of harmonics under drifting bands."""

from __future__ import annotations

import functools
import io

import numpy as np
import soundfile
import soxr

from serbench.corpus.manifest import LabelMap, Manifest, Utterance

RATE = 16_000


@functools.cache
def voice(seed, seconds=1.2, rate=RATE):
    """Return float32 (samples,): four syllables, each with a pitch and a spectrum of its own, silence around them."""
    rng = np.random.default_rng(seed)
    t = np.arange(int(seconds * rate)) / rate
    wave = np.zeros(len(t))
    for start in np.linspace(0.1, seconds - 0.3, 4) + rng.uniform(-0.03, 0.03, 4):
        here = slice(int(max(0, start - 0.15) * rate), int((start + 0.35) * rate))
        lowest, centres = rng.uniform(90, 260), rng.uniform(250, 3200, 2)
        phase = 2 * np.pi * lowest * (t + rng.uniform(-0.1, 0.1) * t**2)[here]
        tones = sum(
            np.exp(-(((k * lowest - centre) / 300) ** 2)) * np.sin(k * phase)
            for centre in centres
            for k in range(1, int((centre + 700) / lowest) + 1)
        )
        wave[here] += rng.uniform(0.3, 1) * tones * np.exp(-(((t[here] - start - 0.1) / rng.uniform(0.04, 0.07)) ** 2))
    wave += rng.normal(0, 1e-4, len(t))
    return (0.3 * wave / np.abs(wave).max()).astype(np.float32)


def coded(wave, container, coding, rate=RATE, **options):
    """Return a wave as a codec gives it back, at its rate."""
    stream = io.BytesIO()
    soundfile.write(stream, wave, rate, format=container, subtype=coding, **options)
    stream.seek(0)
    return soundfile.read(stream, dtype="float32")


def noisy(wave, decibels):
    noise = np.random.default_rng(7).normal(size=len(wave))
    return (wave + noise * np.sqrt(np.mean(wave**2)) * 10 ** (-decibels / 20)).astype(np.float32)


#: What may be done to a recording without making another one of it; each gives samples and their rate.
CHANGES = {
    "gain": lambda wave: (wave * np.float32(0.05), RATE),
    "sign": lambda wave: (-wave, RATE),
    "telephone rate": lambda wave: (soxr.resample(wave, RATE, 8_000), 8_000),
    "higher rate": lambda wave: (soxr.resample(wave, RATE, 44_100), 44_100),
    "mp3": lambda wave: coded(wave, "MP3", "MPEG_LAYER_III", compression_level=0.9),
    "opus": lambda wave: coded(wave, "OGG", "OPUS", compression_level=0.96),
    "vorbis": lambda wave: coded(wave, "OGG", "VORBIS", compression_level=0.9),
    "mu-law": lambda wave: coded(soxr.resample(wave, RATE, 8_000), "WAV", "ULAW", rate=8_000),
    "trimmed": lambda wave: (wave[800:-1600], RATE),
    "padded": lambda wave: (np.pad(wave, (8_000, 12_000)), RATE),
    "noise": lambda wave: (noisy(wave, 20), RATE),
}


def write_voices(root, waves, labels=None):
    """Write ``<id>.wav`` for each of (samples, rate) by id and return the manifest; an id starts with its speaker."""
    root.mkdir(parents=True, exist_ok=True)
    utterances = []
    for uid, (wave, rate) in sorted(waves.items()):
        soundfile.write(root / f"{uid}.wav", wave, rate, subtype="FLOAT")
        label = (labels or {}).get(uid, "calm")
        utterances.append(Utterance(id=uid, path=f"{uid}.wav", speaker=uid[0], label=label))
    return Manifest("toy", "1", root, LabelMap.of("toy", ("angry", "calm")), tuple(utterances))


def voices(number, speakers="abc"):
    """Return so many different voices by id, dealt to speakers in turn."""
    return {f"{speakers[seed % len(speakers)]}{seed:03d}": (voice(seed), RATE) for seed in range(number)}
