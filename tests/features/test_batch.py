"""Waves in memory to rows: whatever layout the waves have, and whatever the extractor does with its own memory."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import soundfile
import torch

from serbench.corpus.audio import read_audio
from serbench.errors import PluginError
from serbench.features.batch import extract_waves
from serbench.features.cache import FeatureCache
from serbench.features.extract import Clip, extract_column
from serbench.features.extractor import BatchedFeatureExtractor, FeatureCard
from serbench.plugin.registry import load_registry
from serbench.testing import cases_of

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


class OverTime(BatchedFeatureExtractor):
    """A convolution and a group norm over time, as HuBERT-base begins: zeros behind a wave move its mean."""

    card = FeatureCard(
        name="over-time", version="1", summary="for tests", sample_rate=16_000, output="sequence", padding="none"
    )

    def __init__(self) -> None:
        generator = torch.Generator().manual_seed(0)
        self.kernel = torch.randn(4, 1, 10, generator=generator)
        self.sizes: list[tuple[int, int]] = []

    def extract_batch(self, waves, lengths):
        self.sizes.append(tuple(waves.shape))
        frames = torch.nn.functional.conv1d(waves[:, None], self.kernel, stride=5)
        return torch.nn.functional.group_norm(frames, 4).transpose(1, 2), (lengths - 10) // 5 + 1


def noise(*sizes):
    return [np.random.default_rng(size).normal(0, 1, size).astype(np.float32) for size in sizes]


def test_where_no_padding_is_borne_waves_of_one_length_go_together_and_alone_they_give_the_same():
    waves = noise(400, 1000, 400, 700, 1000, 400)
    waves[2] = waves[2][::-1].copy()
    extractor = OverTime()

    rows = extract_waves(extractor, waves, "cpu")

    assert sorted(extractor.sizes) == [(1, 700), (2, 1000), (3, 400)]
    for wave, row in zip(waves, rows, strict=True):
        np.testing.assert_allclose(row, extractor.extract(wave), rtol=1e-5, atol=1e-5)
        np.testing.assert_allclose(row.mean(axis=0), 0, atol=1e-5)  # the norm is over the clip's own frames


def test_a_padded_batch_of_such_an_extractor_gives_other_values():
    class Padded(OverTime):
        card = replace(OverTime.card, padding="zeros")

    short, long = noise(400, 1000)
    row, _ = extract_waves(Padded(), [short, long], "cpu")

    assert np.abs(row - Padded().extract(short)).max() > 0.1


def test_the_contract_finds_what_does_not_bear_padding_and_does_not_say_so():
    class Padded(OverTime):
        card = replace(OverTime.card, padding="zeros")

        def __init__(self) -> None:
            pass

        def extract_batch(self, waves, lengths):
            return OverTime().extract_batch(waves, lengths)

    class Unpadded(Padded):
        card = OverTime.card

    registry = load_registry(only=())
    found = {part.card.padding: outcome_of("one-clip-alone", part, registry) for part in (Padded, Unpadded)}

    assert found["zeros"].status == "failed"
    assert found["zeros"].reason.endswith("where it bears no padding, the card says padding='none'")
    assert found["none"].status == "passed"


def outcome_of(name, part, registry):
    return next(case.run() for case in cases_of(part, registry) if case.check.name == name)


def test_the_cache_is_filled_with_what_each_clip_gives_alone(tmp_path):
    clips = []
    for number, wave in enumerate(noise(3000, 9000, 3000, 5000)):
        path = tmp_path / f"{number}.wav"
        soundfile.write(path, wave / 10, 16_000)
        clips.append(Clip.of(path))

    column = extract_column(OverTime(), clips, FeatureCache(tmp_path), workers=2)

    for clip, row in zip(clips, column.rows, strict=True):
        np.testing.assert_allclose(row, OverTime().extract(read_audio(clip.path, 16_000)[0]), rtol=1e-5, atol=1e-5)


def test_a_card_says_of_padding_what_there_is():
    with pytest.raises(PluginError, match="padding is 'some', expected 'zeros' or 'none'"):
        replace(OverTime.card, padding="some")
