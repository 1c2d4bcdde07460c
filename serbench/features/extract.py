"""From recordings to a column of features: what the cache lacks is decoded, computed in batches and kept.

Conventions
-----------
A row depends on its clip, the extractor's identity and the augmentation's, and on nothing else: not on the order
of the clips, nor on which of them the cache has, nor on how many threads work. Which thread does what, and how much
is in memory, is the business of ``serbench.features.pipeline``.
"""

from __future__ import annotations

import contextlib
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np

from serbench import seeding
from serbench.corpus.audio import read_audio
from serbench.environment import usable_cores
from serbench.errors import PluginError, SerbenchError, UsageError
from serbench.features.batch import extract_waves
from serbench.features.cache import FeatureCache, FeatureRows, clip_key
from serbench.features.extractor import BatchedFeatureExtractor, FeatureExtractor
from serbench.features.memory_check import expect_same, repeated
from serbench.features.pipeline import Row, Wave, Work, rows_of
from serbench.features.table import Floats, MappedColumn, Output
from serbench.part import Identity

#: Bytes of a second in the tightest codec in use: where lengths are not known, a file's size bounds them.
_BYTES_PER_SECOND = 2000
#: Single clips that are made before the first is made again.
_EARLY_CLIPS = 16
#: What is computed is kept after this many rows or bytes.
_FLUSH_ROWS, _FLUSH_BYTES = 512, 64 << 20
_NDIM: dict[Output, int] = {"vector": 1, "sequence": 2, "image": 3, "waveform": 1}


@dataclass(frozen=True)
class Clip:
    """A recording to make a row of.

    Attributes
    ----------
    path
        Where it lies.
    digest
        The recording's digest: of its sound, not of its file.
    seconds
        Its length where it is known: it only helps to plan.
    """

    path: Path
    digest: str
    seconds: float | None = None

    def planned_seconds(self) -> float:
        """Return the length, or a bound for it from the file's size."""
        if self.seconds is not None:
            return self.seconds
        return self.path.stat().st_size / _BYTES_PER_SECOND if self.path.is_file() else 0.0


class WaveChange(Protocol):
    """What is needed of an augmentation; the contract is ``serbench.learning.augmentation``."""

    @property
    def identity(self) -> Identity:
        """Name, version and arguments."""

    def apply(self, wave: Floats, sample_rate: int, rng: np.random.Generator) -> Floats:
        """Return a changed copy of the wave."""


def extract_column(
    extractor: FeatureExtractor,
    clips: Sequence[Clip],
    cache: FeatureCache,
    *,
    device: str = "cpu",
    augmentation: WaveChange | None = None,
    workers: int | None = None,
    progress: Callable[[int], None] | None = None,
) -> MappedColumn:
    """Return an extractor's rows of clips, computing only those that the cache lacks.

    Parameters
    ----------
    extractor
        Any extractor; one without ``extract_batch`` gets one clip at a time.
    clips
        At least one. Those of one digest share a row.
    cache
        Where rows are looked for and kept; filled every few hundred clips, so what an interrupted extraction
        computed is not computed again.
    device
        A torch device for ``extract_batch``.
    augmentation
        A change of each wave before extraction, drawn from a generator seeded by recording and augmentation.
    workers
        Threads that decode and compute; None for as many as there are usable cores.
    progress
        Called with the number of clips whose row is there, in this thread.

    Returns
    -------
    The rows, in the order of ``clips``, mapped from the cache.

    Raises
    ------
    AudioError
        When a recording cannot be read.
    PluginError
        When the extractor or the augmentation raises, or returns something other than its contract says; the
        message names it and the file.
    """
    if not clips:
        raise UsageError(f"no clips to extract {extractor.card.name} from, expected at least one")
    identity = None if augmentation is None else augmentation.identity
    keys = [clip_key(clip.digest, identity) for clip in clips]
    rows = cache.rows(extractor)
    todo = {key: clip for key, clip in zip(keys, clips, strict=True) if key not in rows}
    wanted = Counter(keys)
    done = sum(number for key, number in wanted.items() if key not in todo)
    if progress is not None:
        progress(done)
    batched = isinstance(extractor, BatchedFeatureExtractor)

    def load(key: str) -> Floats:
        return _wave(todo[key], extractor.card.sample_rate, augmentation)

    def extract(waves: Sequence[Wave]) -> list[Floats]:
        return _extract(extractor, [(todo[key], wave) for key, wave in waves], device)

    def again(batches: list[list[Row]]) -> None:
        key, row = batches[-1][-1] if batched else batches[0][0]  # of a full batch, or after many others
        (repeat,) = extract([(key, load(key))])
        who = extractor.identity.label if identity is None else f"{extractor.identity.label} of {identity.label}"
        first, second = (_checked(copy, extractor, todo[key], None) for copy in (row, repeat))
        expect_same(who, str(todo[key].path), first, second, in_batch=batched)

    work = Work(load, extract, workers or usable_cores(), together=batched and device == "cpu", batched=batched)
    seconds = {key: clip.planned_seconds() for key, clip in todo.items()}
    with contextlib.closing(_Kept(rows)) as kept, contextlib.closing(rows_of(seconds, work)) as made:
        for batch in repeated(made, again, after=2 if batched else _EARLY_CLIPS):
            for key, row in batch:
                kept.add(key, _checked(row, extractor, todo[key], kept.shape))
                done += wanted[key]
            if progress is not None:
                progress(done)
    return rows.column(keys)


class _Kept:
    """Collects rows and hands them to the cache in shards of a good size, the last ones whatever happens."""

    def __init__(self, rows: FeatureRows) -> None:
        self._rows = rows
        self._pending: dict[str, Floats] = {}
        self._bytes = 0
        self.shape = rows.row_shape

    def add(self, key: str, row: Floats) -> None:
        if self.shape is None:
            self.shape = row.shape[1:] if self._rows.output in ("sequence", "waveform") else row.shape
        self._pending[key] = row
        self._bytes += row.nbytes
        if len(self._pending) >= _FLUSH_ROWS or self._bytes >= _FLUSH_BYTES:
            self.close()

    def close(self) -> None:
        pending, self._pending, self._bytes = self._pending, {}, 0
        if pending:
            self._rows.add(list(pending), list(pending.values()))


def _wave(clip: Clip, sample_rate: int, augmentation: WaveChange | None) -> Floats:
    wave, _ = read_audio(clip.path, sample_rate)
    if augmentation is None:
        return wave
    identity = augmentation.identity
    rng = np.random.default_rng(seeding.derive(0, clip.digest, identity.digest))
    try:
        child = augmentation.apply(wave, sample_rate, rng)
    except SerbenchError:
        raise
    except Exception as error:
        raise PluginError(f"{identity.label} failed on {clip.path}: {type(error).__name__}: {error}") from error
    if not isinstance(child, np.ndarray) or child.ndim != 1 or child.dtype != np.float32 or not child.size:
        raise PluginError(f"{identity.label} made {_said(child)} of {clip.path}, expected float32 (samples,)")
    if not np.isfinite(child).all():
        raise PluginError(f"{identity.label} made samples of {clip.path} that are not finite, expected all finite")
    return child


def _extract(extractor: FeatureExtractor, batch: list[tuple[Clip, Floats]], device: str) -> list[Floats]:
    """Call the extractor; its own failures become ours, with the file's name."""
    label, first = extractor.identity.label, batch[0][0].path
    where = f"{first}" if len(batch) == 1 else f"a batch of {len(batch)} clips that begins with {first}"
    try:
        return extract_waves(extractor, [wave for _, wave in batch], device)
    except SerbenchError:
        raise
    except Exception as error:
        raise PluginError(f"{label} failed on {where}: {type(error).__name__}: {error}") from error


def _checked(row: Floats, extractor: FeatureExtractor, clip: Clip, shape: tuple[int, ...] | None) -> Floats:
    """Return the row, or raise PluginError when it is not what the card declares."""
    output = extractor.card.output

    def refused(what: str) -> PluginError:  # naming the extractor takes longer than all the checks
        return PluginError(f"{extractor.identity.label} made {what}")

    if not isinstance(row, np.ndarray) or row.dtype != np.float32 or row.ndim != _NDIM[output] or not row.size:
        raise refused(f"{_said(row)} of {clip.path}, expected a float32 {output}, not empty")
    same = row.shape[1:] if output in ("sequence", "waveform") else row.shape
    if shape is not None and same != shape:
        raise refused(f"shape {row.shape} of {clip.path}, expected {shape} as of the clips before")
    if not np.isfinite(row).all():
        raise refused(f"values of {clip.path} that are not finite, expected all finite")
    return row


def _said(value: object) -> str:
    return f"{value.dtype} {value.shape}" if isinstance(value, np.ndarray) else type(value).__name__


__all__ = ["Clip", "WaveChange", "extract_column"]
