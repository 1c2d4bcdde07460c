from __future__ import annotations

import json
import shutil
import subprocess
import sys
import time
from dataclasses import replace
from types import SimpleNamespace
from typing import ClassVar

import numpy as np
import pytest
import soundfile
import torch
from serbench_plugins.augmentations.noise import Noise
from serbench_plugins.augmentations.pitch import Pitch
from serbench_plugins.features.log_mel import LogMel
from serbench_plugins.features.mfcc import Mfcc
from serbench_plugins.features.mfcc_stats import MfccStats

from serbench.corpus.audio import read_audio
from serbench.errors import AudioError, PluginError, UsageError
from serbench.features import extract
from serbench.features.batch import extract_waves
from serbench.features.cache import clip_key
from serbench.features.extract import Clip, extract_column
from serbench.features.extractor import BatchedFeatureExtractor, FeatureCard, FeatureExtractor
from serbench.learning.augmentation import Augmentation, AugmentationCard

from .conftest import RATE, voice

#: In an extraction that has something to compute, one clip is computed once more, after others.
AGAIN = 1


def card(name, output):
    return FeatureCard(name=name, version="1", summary="for tests", sample_rate=RATE, output=output)


class Energy(FeatureExtractor):
    """Counts its calls; not batched."""

    card = card("energy", "vector")
    calls = 0

    def extract(self, wave):
        type(self).calls += 1
        return np.array([np.mean(wave**2), len(wave)], dtype=np.float32)


class Waves(BatchedFeatureExtractor):
    """The wave itself; notes the shapes of its batches."""

    card = card("waves", "waveform")
    shapes: ClassVar[list] = []

    def extract_batch(self, waves, lengths):
        self.shapes.append(tuple(waves.shape))
        return waves, lengths


@pytest.fixture(autouse=True)
def _fresh():
    Energy.calls = 0
    Waves.shapes.clear()


@pytest.mark.parametrize("extractor", [Mfcc(), MfccStats(), Energy(), Waves()], ids=lambda e: e.card.name)
def test_rows_come_in_the_order_of_the_clips(extractor, clips, cache):
    column = extract_column(extractor, clips, cache)

    assert column.output == extractor.card.output
    for row, clip in zip(column.rows, clips, strict=True):
        wave, _ = read_audio(clip.path)
        expected = wave if isinstance(extractor, Waves) else extractor.extract(wave)
        np.testing.assert_allclose(row, expected, rtol=1e-6, atol=2e-5)


@pytest.mark.parametrize("extractor", [Mfcc(), MfccStats()], ids=lambda e: e.card.name)
def test_neither_order_nor_batches_nor_the_cache_change_a_row(extractor, clips, tmp_path, monkeypatch):
    whole = extract_column(extractor, clips, extract.FeatureCache(tmp_path / "whole"))
    cache = extract.FeatureCache(tmp_path / "pieces")
    extract_column(extractor, clips[7:9], cache)
    monkeypatch.setattr(extract, "_BATCH_CLIPS", 3)
    extract_column(extractor, clips[::-1][:5], cache)

    pieces = extract_column(extractor, clips[::-1], cache)

    for found, expected in zip(pieces.rows, reversed(whole.rows), strict=True):
        np.testing.assert_allclose(found, expected, rtol=1e-6, atol=2e-5)


def test_only_what_is_missing_is_computed(clips, cache):
    extract_column(Energy(), clips[:5], cache)
    extract_column(Energy(), clips, cache)
    extract_column(Energy(), clips, cache)

    assert Energy.calls == len(clips) + 2 * AGAIN


def test_clips_with_one_sound_share_a_row(clips, cache):
    same = replace(clips[0], path=clips[0].path.with_name("copy.wav"))
    shutil.copy(clips[0].path, same.path)

    column = extract_column(Energy(), [clips[0], same, clips[2], clips[0]], cache)

    assert Energy.calls == 2 + AGAIN
    assert len(column) == 4


def test_a_wave_is_resampled_to_the_cards_rate(tmp_path, cache):
    soundfile.write(tmp_path / "a.wav", voice(0, 1.0, 48_000), 48_000)

    assert len(extract_column(Waves(), [Clip.of(tmp_path / "a.wav")], cache).rows[0]) == RATE


@pytest.mark.parametrize("extractor", [Mfcc(), MfccStats(), LogMel()], ids=lambda e: e.card.name)
def test_the_number_of_threads_changes_no_bit(extractor, clips, tmp_path, monkeypatch):
    monkeypatch.setattr(extract, "_BATCH_CLIPS", 3)
    one, *others = (
        extract_column(extractor, clips, extract.FeatureCache(tmp_path / str(number)), workers=number)
        for number in (1, 2, 5)
    )

    for other in others:
        np.testing.assert_array_equal(other.read().values, one.read().values)


def test_batches_are_of_like_lengths_and_bounded(clips, cache, monkeypatch):
    monkeypatch.setattr(extract, "_BATCH_SAMPLES", 40_000)
    clips = [replace(clip, seconds=soundfile.info(clip.path).duration) for clip in clips]

    extract_column(Waves(), clips, cache, workers=1)

    first, *others = Waves.shapes
    assert first == (1, min(samples for _, samples in Waves.shapes))
    assert sum(b for b, _ in others) == len(clips) - 1 + AGAIN
    batches = [(b, samples) for b, samples in others if b > 1]
    assert len(batches) > 2
    assert all(b * samples <= 40_000 for b, samples in batches)
    assert [samples for _, samples in batches] == sorted((samples for _, samples in batches), reverse=True)


def test_little_is_in_memory_when_clips_are_long(clips, cache, monkeypatch):
    monkeypatch.setattr(extract, "_AHEAD_SECONDS", 0.0)

    assert len(extract_column(Waves(), clips, cache, workers=2)) == len(clips)
    assert {b for b, _ in Waves.shapes} == {1}


@pytest.mark.parametrize("extractor", [Energy(), Waves()], ids=lambda e: e.card.name)
def test_what_came_before_a_failure_is_kept(extractor, clips, cache, monkeypatch):
    monkeypatch.setattr(extract, "_EARLY_CLIPS", 2)
    monkeypatch.setattr(extract, "_AHEAD_SECONDS", 0.0)
    clips = [replace(clip, seconds=float(number)) for number, clip in enumerate(clips)]
    clips[7].path.unlink()

    with pytest.raises(AudioError, match=clips[7].path.name):
        extract_column(extractor, clips, cache, workers=3)

    kept = [number for number, clip in enumerate(clips) if clip.digest in cache.rows(extractor)]
    assert kept == [0, 8, 9, 10, 11]  # the shortest, and then from the longest down


def test_what_an_extractor_loads_on_first_use_is_loaded_once(clips, cache, monkeypatch):
    class Lazy(Waves):
        card = card("lazy", "waveform")
        loads: ClassVar[list] = []
        weights: ClassVar[list] = []

        def extract_batch(self, waves, lengths):
            if not self.weights:
                self.loads.append(None)
                time.sleep(0.05)
                self.weights.append(None)
            return waves, lengths

    monkeypatch.setattr(extract, "_BATCH_CLIPS", 2)

    extract_column(Lazy(), clips, cache, workers=4)

    assert len(Lazy.loads) == 1


@pytest.mark.parametrize("number", [1, 2, 4])
def test_an_interrupted_extraction_keeps_what_it_had(clips, cache, monkeypatch, number):
    monkeypatch.setattr(extract, "_EARLY_CLIPS", 2)
    monkeypatch.setattr(extract, "_FLUSH_ROWS", 3)

    def interrupt(done):
        if done == 4:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        extract_column(Energy(), clips, cache, workers=number, progress=interrupt)
    assert Energy.calls == 4 + AGAIN
    extract_column(Energy(), clips, cache)

    assert Energy.calls == len(clips) + 2 * AGAIN
    assert cache.verify() == []


def test_a_slow_extraction_is_kept_as_it_goes(clips, cache, monkeypatch):
    now = iter(range(0, 10_000, 40))
    monkeypatch.setattr(extract, "time", SimpleNamespace(monotonic=lambda: next(now)))

    extract_column(Energy(), clips, cache)

    assert len(list(cache.folder.rglob("shard-*.npy"))) == (len(clips) + 1) // 2  # two take more than a minute


def test_rows_of_a_damaged_shard_are_computed_again(clips, cache, monkeypatch):
    monkeypatch.setattr(extract, "_FLUSH_ROWS", 4)
    first = extract_column(Energy(), clips, cache).read()
    shard = next(cache.folder.rglob("shard-*.npy"))
    shard.write_bytes(shard.read_bytes()[:-4] + b"harm")

    again = extract_column(Energy(), clips, cache)

    assert Energy.calls == len(clips) + 4 + 2 * AGAIN
    np.testing.assert_array_equal(again.read().values, first.values)


def test_progress_counts_clips(clips, cache):
    extract_column(Energy(), clips[:3], cache)
    seen = []

    extract_column(Energy(), [*clips, clips[0]], cache, progress=seen.append)

    assert seen == [4, *range(5, 14)]


def test_torchs_threads_are_given_back(clips, cache):
    before = torch.get_num_threads()
    seen = []

    class Watching(Waves):
        card = card("watching", "waveform")

        def extract_batch(self, waves, lengths):
            seen.append(torch.get_num_threads())
            raise ValueError

    with pytest.raises(PluginError):
        extract_column(Watching(), clips, cache, workers=2)

    assert set(seen) == {1}
    assert torch.get_num_threads() == before


def test_no_clips_are_refused(cache):
    with pytest.raises(UsageError, match="at least one"):
        extract_column(Energy(), [], cache)


@pytest.mark.parametrize("known", ["checksum", "digest"])
@pytest.mark.parametrize("augmentation", [None, Noise()], ids=["plain", "augmented"])
@pytest.mark.parametrize("extractor", [Energy(), Waves()], ids=lambda e: e.card.name)
def test_no_row_is_kept_under_the_name_of_another_sound(clips, cache, extractor, augmentation, known):
    clips = [clip if known == "checksum" else replace(clip, checksum="") for clip in clips]
    changed = clips[3]
    shutil.copy(clips[4].path, changed.path)

    with pytest.raises(AudioError, match=rf"{changed.path.name} holds another sound .*`touch` it"):
        extract_column(extractor, clips, cache, augmentation=augmentation)

    kept = cache.rows(extractor)
    assert clip_key(changed.digest, augmentation and augmentation.identity) not in kept
    others = [clip for clip in clips if clip is not changed]
    extract_column(extractor, others, cache, augmentation=augmentation)
    assert len(cache.rows(extractor)) == len(others)


def test_a_bad_recording_is_named_and_the_others_kept(clips, cache, monkeypatch):
    monkeypatch.setattr(extract, "_EARLY_CLIPS", 2)
    bad = clips[4].path  # five are longer
    bad.write_bytes(bytes(bad.stat().st_size))

    with pytest.raises(AudioError, match=bad.name):
        extract_column(Energy(), clips, cache)
    calls = Energy.calls
    extract_column(Energy(), clips[:4] + clips[5:], cache)

    assert calls > 0
    assert Energy.calls == len(clips) - 1 + 2 * AGAIN


WRONG = {
    "float64": (np.zeros(2), "vector", "float64"),
    "a list": ([1.0, 2.0], "vector", "list"),
    "two axes": (np.zeros((2, 2), np.float32), "vector", r"float32 \(2, 2\)"),
    "one axis": (np.zeros(2, np.float32), "sequence", "expected a float32 sequence"),
    "no frames": (np.zeros((0, 2), np.float32), "sequence", "not empty"),
    "nan": (np.array([0.0, np.nan], np.float32), "vector", "not finite"),
}


@pytest.mark.parametrize(("made", "output", "said"), WRONG.values(), ids=WRONG.keys())
def test_what_is_not_as_declared_is_refused_by_name(clips, cache, made, output, said):
    class Wrong(FeatureExtractor):
        card = card("wrong", output)

        def extract(self, wave):
            return made

    with pytest.raises(PluginError, match=f"wrong made .*{said}") as caught:
        extract_column(Wrong(), clips[:1], cache)

    assert clips[0].path.name in str(caught.value)


class Half(Waves):
    """The wave a thousand times as loud, kept in half precision."""

    card = replace(card("half", "waveform"), kept="float16")

    def extract_batch(self, waves, lengths):
        return 1000 * waves, lengths


def test_rows_in_half_precision_are_the_same_new_and_kept(clips, cache):
    new = extract_column(Half(), clips, cache).read()
    kept = extract_column(Half(), clips, extract.FeatureCache(cache.folder.parent)).read()
    alone = extract_waves(Half(), [read_audio(clips[0].path)[0]], "cpu")[0]

    assert new.values.dtype == kept.values.dtype == alone.dtype == np.float32
    np.testing.assert_array_equal(new.values, kept.values)
    np.testing.assert_array_equal(new.row(0), alone)
    np.testing.assert_allclose(alone, 1000 * read_audio(clips[0].path)[0], rtol=2**-11, atol=1e-7)
    assert {np.load(path, mmap_mode="r").dtype for path in cache.folder.rglob("*.npy")} == {np.dtype(np.float16)}


def test_what_half_precision_cannot_hold_is_refused(clips, cache):
    class Loud(Half):
        def extract_batch(self, waves, lengths):
            return 1e7 * (1 + waves.abs()), lengths

    with pytest.raises(PluginError, match=r"half made values of .* not finite"):
        extract_column(Loud(), clips[:1], cache)


def test_rows_that_change_their_shape_are_refused(clips, cache):
    class Growing(FeatureExtractor):
        card = card("growing", "vector")

        def extract(self, wave):
            return np.ones(len(wave), np.float32)

    with pytest.raises(PluginError, match=r"growing made shape .* as of the clips before"):
        extract_column(Growing(), clips, cache)


def test_a_raising_extractor_is_named_with_the_file(clips, cache):
    class Raising(FeatureExtractor):
        card = card("raising", "vector")

        def extract(self, wave):
            raise ZeroDivisionError("by nothing")

    with pytest.raises(PluginError, match=r"raising failed on .*00\.wav: ZeroDivisionError: by nothing"):
        extract_column(Raising(), clips[:1], cache)


@pytest.mark.parametrize("augmentation", [Noise(), Pitch()], ids=lambda a: a.card.name)
def test_children_are_the_same_in_every_run_and_kept_apart(augmentation, clips, cache, tmp_path):
    plain = extract_column(Waves(), clips, cache)
    child = extract_column(Waves(), clips, cache, augmentation=augmentation)
    other = extract_column(Waves(), clips[::-1], extract.FeatureCache(tmp_path / "other"), augmentation=augmentation)

    assert not np.array_equal(plain.read().values, child.read().values)
    for found, expected in zip(other.rows, reversed(child.rows), strict=True):
        np.testing.assert_array_equal(found, expected)
    np.testing.assert_array_equal(extract_column(Waves(), clips, cache).read().values, plain.read().values)


def test_two_clips_do_not_get_the_same_noise(clips, cache):
    plain = extract_column(Waves(), clips[:2], cache)
    child = extract_column(Waves(), clips[:2], cache, augmentation=Noise())
    shorter = min(plain.read().lengths)

    noises = [(child.rows[k] - plain.rows[k])[:shorter] for k in (0, 1)]

    assert abs(np.corrcoef(noises)[0, 1]) < 0.1


@pytest.mark.parametrize(
    "made",
    [np.zeros(5), np.zeros((5, 1), np.float32), np.zeros(0, np.float32), np.full(5, np.inf, np.float32), None],
    ids=["float64", "two axes", "empty", "infinite", "none"],
)
def test_an_augmentation_off_its_contract_is_named(clips, cache, made):
    class Wrong(Augmentation):
        card = AugmentationCard(name="wrong-child", version="1", summary="for tests")

        def apply(self, wave, sample_rate, rng):
            return made

    with pytest.raises(PluginError, match=r"wrong-child made .*00\.wav"):
        extract_column(Energy(), clips[:1], cache, augmentation=Wrong())


def test_a_raising_augmentation_is_named(clips, cache):
    class Raising(Augmentation):
        card = AugmentationCard(name="raising-child", version="1", summary="for tests")

        def apply(self, wave, sample_rate, rng):
            raise KeyError("x")

    with pytest.raises(PluginError, match=r"raising-child failed on .*00\.wav: KeyError"):
        extract_column(Energy(), clips[:1], cache, augmentation=Raising())


FILL = """
import json, sys
from pathlib import Path
from serbench.features import extract
from serbench_plugins.features.mfcc_stats import MfccStats
extract._FLUSH_ROWS = 2
clips = [extract.Clip(Path(path), digest) for path, digest in json.loads(sys.argv[2])]
extract.extract_column(MfccStats(), clips, extract.FeatureCache(Path(sys.argv[1])))
"""


def test_two_processes_may_fill_one_cache(clips, cache):
    both = [
        subprocess.Popen(
            [sys.executable, "-c", FILL, cache.folder.parent, json.dumps([(str(c.path), c.digest) for c in part])]
        )
        for part in (clips, clips[::-1])
    ]

    assert [process.wait(60) for process in both] == [0, 0]
    assert cache.verify() == []
    assert len(cache.rows(MfccStats())) == len(clips)


class Centred(FeatureExtractor):
    """Subtracts the mean of all that it has seen: test clips among it."""

    card = card("centred", "vector")

    def __init__(self) -> None:
        self.seen = []

    def extract(self, wave):
        self.seen.append([np.mean(wave**2), len(wave)])
        return np.array(self.seen[-1] - np.mean(self.seen, axis=0), dtype=np.float32)


class WithinBatch(BatchedFeatureExtractor):
    """Divides by the longest of the batch."""

    card = card("within-batch", "vector")

    def extract_batch(self, waves, lengths):
        return lengths[:, None] / lengths.max(), lengths


class Mixed(Augmentation):
    """Adds the wave before this one."""

    card = AugmentationCard(name="mixed", version="1", summary="a neighbour")

    def __init__(self) -> None:
        self.last = np.zeros(1, np.float32)

    def apply(self, wave, sample_rate, rng):
        before, self.last = self.last, wave
        return wave + np.resize(before, len(wave))


class Drawn(Mixed):
    """Draws from a generator of its own."""

    def apply(self, wave, sample_rate, rng):
        return wave * np.float32(np.random.default_rng().uniform(0.5, 1))


@pytest.mark.parametrize(
    ("extractor", "augmentation", "who"),
    [
        (Centred, None, "centred"),
        (WithinBatch, None, "within-batch"),
        (Energy, Mixed, "energy of mixed"),
        (Energy, Drawn, "energy of mixed"),
    ],
)
def test_what_keeps_something_between_clips_is_refused_and_nothing_of_it_kept(
    extractor, augmentation, who, clips, cache
):
    made = extractor()
    with pytest.raises(PluginError, match=f"{who} made other values of .*after other clips than before"):
        extract_column(made, clips, cache, workers=1, augmentation=augmentation and augmentation())
    assert not list(cache.folder.rglob("shard-*.npy"))
