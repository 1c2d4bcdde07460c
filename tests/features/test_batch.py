"""Waves in memory to rows: whatever layout the waves have, and whatever the extractor does with its own memory."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from serbench.features.batch import extract_waves
from serbench.features.extractor import BatchedFeatureExtractor, FeatureCard

WAVES = [np.arange(size, dtype=np.float32) + 1 for size in (5, 3, 8)]


class Echo(BatchedFeatureExtractor):
    """Returns the waves, in one piece of memory that it uses again and again."""

    card = FeatureCard(name="echo", version="1", summary="for tests", sample_rate=16_000, output="waveform")

    def __init__(self) -> None:
        self.memory = torch.zeros(4, 16)

    def extract_batch(self, waves, lengths):
        made = self.memory[: waves.shape[0], : waves.shape[1]]
        made.copy_(waves)
        return made, lengths


class Sums(BatchedFeatureExtractor):
    """Counts what lies behind the waves too: zeros."""

    card = FeatureCard(name="sums", version="1", summary="for tests", sample_rate=16_000, output="vector")

    def extract_batch(self, waves, lengths):
        return waves.sum(1, keepdim=True), lengths


def frozen(wave):
    wave = wave.copy()
    wave.setflags(write=False)
    return wave


@pytest.mark.parametrize(
    "laid",
    [lambda wave: wave, frozen, lambda wave: np.repeat(wave, 2)[::2], lambda wave: wave[::-1].copy()[::-1]],
    ids=["plain", "read-only", "strided", "backwards"],
)
def test_rows_are_those_of_the_waves_however_they_lie_in_memory(laid):
    rows = extract_waves(Echo(), [laid(wave) for wave in WAVES], "cpu")

    for row, wave in zip(rows, WAVES, strict=True):
        np.testing.assert_array_equal(row, wave)


def test_rows_stay_what_they_were_when_the_extractor_uses_its_memory_again():
    extractor = Echo()
    rows = extract_waves(extractor, WAVES, "cpu")
    extract_waves(extractor, [-wave for wave in WAVES], "cpu")

    for row, wave in zip(rows, WAVES, strict=True):
        np.testing.assert_array_equal(row, wave)


def test_waves_are_left_alone_and_followed_by_zeros():
    before = [wave.copy() for wave in WAVES]

    rows = extract_waves(Sums(), WAVES, "cpu")

    assert [float(row[0]) for row in rows] == [float(wave.sum()) for wave in before]
    for wave, kept in zip(WAVES, before, strict=True):
        np.testing.assert_array_equal(wave, kept)
