from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import soundfile

from serbench.features.cache import FeatureCache
from serbench.features.extract import Clip

RATE = 16_000


def voice(seed: int, seconds: float, rate: int = RATE) -> np.ndarray:
    """Return something like speech: syllables of a gliding pulse train through two formants, with pauses."""
    rng = np.random.default_rng(seed)
    time = np.arange(max(1, int(seconds * rate))) / rate
    pitch = rng.uniform(90, 260) * (1 + 0.2 * np.sin(2 * np.pi * rng.uniform(0.3, 1) * time))
    phase = 2 * np.pi * np.cumsum(pitch) / rate
    formants = rng.uniform([300, 900], [800, 2500])
    harmonics = np.arange(1, 20)[:, None]
    gains = sum(np.exp(-(((harmonics * pitch.mean() - each) / 200) ** 2)) for each in formants) + 0.02
    syllables = np.clip(np.sin(2 * np.pi * 3 * time + rng.uniform(0, 6)), 0, None)
    wave = (gains * np.sin(harmonics * phase)).sum(0) * syllables + rng.normal(0, 0.002, len(time))
    return (0.5 * wave / max(np.abs(wave).max(), 1e-3)).astype(np.float32)


WAVES = {
    "voice": voice(0, 2.3),
    "short": voice(1, 0.4),
    "long": voice(2, 30.0),
    "quiet": voice(3, 1.0) * np.float32(1e-4),
    "clipped": np.clip(voice(4, 1.5) * 20, -1, 1).astype(np.float32),
    "silence": np.zeros(RATE, np.float32),
    "constant": np.full(RATE, 0.5, np.float32),
    "half a window": voice(5, 1.0)[:1000],
    "one sample": np.ones(1, np.float32),
    "a hop": voice(6, 1.0)[:512],
    "silent end": np.concatenate([voice(7, 1.0), np.zeros(RATE, np.float32)]),
}


@pytest.fixture(params=WAVES.values(), ids=WAVES.keys())
def wave(request):
    return request.param.copy()


@pytest.fixture
def cache(tmp_path):
    return FeatureCache(tmp_path / "cache")


@pytest.fixture
def clips(tmp_path):
    """Twelve recordings of different lengths; their files' order is not that of their lengths."""
    made = []
    for number in range(12):
        path = tmp_path / f"{number:02}.wav"
        wave = voice(number, 0.2 + (number * 5 % 12) / 10)
        soundfile.write(path, wave, RATE)
        made.append(replace(Clip.of(path), seconds=None))
    return made
