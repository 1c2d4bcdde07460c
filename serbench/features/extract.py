"""From recordings to a column of features: what the cache lacks is decoded, computed in batches and kept.

Conventions
-----------
A row depends on its clip, the extractor's identity and the augmentation's, and on nothing else: not on the order
of the clips, nor on which of them the cache has, nor on how many threads work. It is kept under the digest of its
clip, against which what is decoded is held first: no row is ever kept under the name of another sound.

Clips go through in chunks of like length: the shortest clip alone, on which libraries get ready, then from the longest
chunk to the shortest, so that all threads end at about the same time. On the CPU a thread decodes a chunk and computes
its features too, each with one thread of torch: nothing waits for anything, and there are as many busy threads as
cores. Elsewhere threads decode, and the caller's thread alone calls the extractor, which has the device to itself;
likewise for an extractor that takes one clip at a time. Batches come out in the order of the chunks, whatever the
number of threads, what is in a batch depends on no clock, and a bounded stretch of sound is in memory at once.
"""

from __future__ import annotations

import contextlib
import threading
import time
from collections import Counter, deque
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Protocol, TypeVar

import numpy as np

from serbench import seeding
from serbench.corpus.audio import decode
from serbench.corpus.recording import Recording, read_known
from serbench.environment import usable_cores
from serbench.errors import PluginError, SerbenchError, UsageError
from serbench.features.batch import extract_waves
from serbench.features.cache import FeatureCache, FeatureRows, clip_key
from serbench.features.extractor import BatchedFeatureExtractor, FeatureExtractor
from serbench.features.memory_check import expect_same, repeated
from serbench.features.table import Floats, MappedColumn, Output
from serbench.part import Identity

#: Bytes of a second in the tightest codec in use: where lengths are not known, a file's size bounds them.
_BYTES_PER_SECOND = 2000
#: Single clips that are made before the first is made again.
_EARLY_CLIPS = 16
#: What is computed is kept after this many rows, bytes or seconds: what a kill costs of a slow encoder is no more.
_FLUSH_ROWS, _FLUSH_BYTES, _FLUSH_SECONDS = 512, 64 << 20, 60.0
#: Clips in a batch: enough to keep a device busy, few enough for a core's share of the cache.
_BATCH_CLIPS = 32
#: Samples in a batch, padding included: 16 MiB of waves.
_BATCH_SAMPLES = 1 << 22
#: Seconds of sound that are in memory at once, so that an hour-long clip does not bring its neighbours along.
_AHEAD_SECONDS = 900.0
#: Chunks that are begun before they are asked for, beyond one for each thread.
_SPARE_CHUNKS = 2
_NDIM: dict[Output, int] = {"vector": 1, "sequence": 2, "image": 3, "waveform": 1}

_Wave = tuple[str, Floats]
#: A clip's key with its row.
_Row = tuple[str, Floats]
_Done = TypeVar("_Done")


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
    checksum
        The recording's, where it is known: held against in a tenth of the digest's time.
    """

    path: Path
    digest: str
    seconds: float | None = None
    checksum: str = ""

    @classmethod
    def of(cls, path: Path) -> Clip:
        """Return the clip of a file that nobody has looked into yet.

        Raises
        ------
        AudioError
            When it cannot be read.
        """
        recording = Recording.of(decode(path))
        return cls(path, recording.digest, recording.seconds, recording.checksum)

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
    copy: int = 0,
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
    copy
        Which of several equal augmentations it is: each draws differently.
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
        When a recording cannot be read, or holds another sound than its digest says.
    PluginError
        When the extractor or the augmentation raises, or returns something other than its contract says; the
        message names it and the file.
    """
    if not clips:
        raise UsageError(f"no clips to extract {extractor.card.name} from, expected at least one")
    identity = None if augmentation is None else augmentation.identity
    keys = [clip_key(clip.digest, identity, copy) for clip in clips]
    rows = cache.rows(extractor)
    todo = {key: clip for key, clip in zip(keys, clips, strict=True) if key not in rows}
    wanted = Counter(keys)
    done = sum(number for key, number in wanted.items() if key not in todo)
    if progress is not None:
        progress(done)
    batched = isinstance(extractor, BatchedFeatureExtractor)

    def load(key: str) -> Floats:
        return _wave(todo[key], extractor.card.sample_rate, augmentation, copy)

    def extract(waves: Sequence[_Wave]) -> list[Floats]:
        return _extract(extractor, [(todo[key], wave) for key, wave in waves], device)

    def again(batches: list[list[_Row]]) -> None:
        key, row = batches[-1][-1] if batched else batches[0][0]  # of a full batch, or after many others
        (repeat,) = extract([(key, load(key))])
        who = extractor.identity.label if identity is None else f"{extractor.identity.label} of {identity.label}"
        first, second = (_checked(copy, extractor, todo[key], None) for copy in (row, repeat))
        expect_same(who, str(todo[key].path), first, second, in_batch=batched)

    work = _Work(load, extract, workers or usable_cores(), in_one_thread=batched and device == "cpu", batched=batched)
    seconds = {key: clip.planned_seconds() for key, clip in todo.items()}
    with contextlib.closing(_Kept(rows)) as kept, contextlib.closing(_rows_of(seconds, work)) as made:
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
        self._bytes, self._since = 0, time.monotonic()
        self.shape = rows.row_shape

    def add(self, key: str, row: Floats) -> None:
        if self.shape is None:
            self.shape = row.shape[1:] if self._rows.output in ("sequence", "waveform") else row.shape
        self._pending[key] = row
        self._bytes += row.nbytes
        is_late = time.monotonic() - self._since > _FLUSH_SECONDS
        if len(self._pending) >= _FLUSH_ROWS or self._bytes >= _FLUSH_BYTES or is_late:
            self.close()

    def close(self) -> None:
        pending, self._pending, self._bytes = self._pending, {}, 0
        self._since = time.monotonic()
        if pending:
            self._rows.add(list(pending), list(pending.values()))


def _wave(clip: Clip, sample_rate: int, augmentation: WaveChange | None, copy: int) -> Floats:
    wave = read_known(clip.path, clip.digest, clip.checksum, sample_rate)
    if augmentation is None:
        return wave
    identity = augmentation.identity
    numbered = (copy,) if copy else ()  # the first is what an only one is
    rng = np.random.default_rng(seeding.derive(0, clip.digest, identity.digest, *numbered))
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


@dataclass(frozen=True)
class _Work:
    """What is to be done with a clip.

    Attributes
    ----------
    load
        Returns the wave of a key: float32 (samples,).
    extract
        Returns a row for each of several waves.
    threads
        How many work at once.
    in_one_thread
        Whether the thread that loads a wave extracts it too.
    batched
        Whether ``extract`` gains from several waves at once.
    """

    load: Callable[[str], Floats]
    extract: Callable[[Sequence[_Wave]], list[Floats]]
    threads: int
    in_one_thread: bool
    batched: bool


def _rows_of(seconds: Mapping[str, float], work: _Work) -> Generator[list[_Row], None, None]:
    """Yield the rows of all clips in batches.

    Parameters
    ----------
    seconds
        From key to about how long its clip is: lengths that are too large only make smaller chunks.

    Raises
    ------
    Exception
        Whatever ``load`` and ``extract`` raise, after the batches before it.
    """
    if not seconds:
        return
    begun = work.threads + _SPARE_CHUNKS
    chunks = _chunks(seconds, _AHEAD_SECONDS / begun)
    extract = _first_alone(work.extract)
    if work.in_one_thread:
        with _one_torch_thread():
            for batches, error in _in_turn(partial(_computed, work, extract), chunks, work.threads, begun):
                yield from batches
                if error is not None:
                    raise error
        return
    for waves, error in _in_turn(partial(_loaded, work), chunks, work.threads, begun):
        for batch in _batches(waves, _BATCH_CLIPS if work.batched else 1):
            yield _rows(batch, extract)
        if error is not None:
            raise error


@contextlib.contextmanager
def _one_torch_thread() -> Iterator[None]:
    """Let torch compute with one thread: its threads wait by spinning, and more of them than cores collapse."""
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def _chunks(seconds: Mapping[str, float], most: float) -> Iterator[list[str]]:
    """Yield keys, the shortest clip alone and then the longest first: one at least, more up to ``most`` seconds."""
    longest_first = sorted(seconds, key=lambda key: (-seconds[key], key))
    yield [longest_first.pop()]
    chunk: list[str] = []
    long = 0.0
    for key in longest_first:
        if chunk and (long + seconds[key] > most or len(chunk) == _BATCH_CLIPS):
            yield chunk
            chunk, long = [], 0.0
        chunk.append(key)
        long += seconds[key]
    if chunk:
        yield chunk


def _in_turn(
    do: Callable[[list[str]], _Done], chunks: Iterator[list[str]], threads: int, begun: int
) -> Generator[_Done, None, None]:
    """Yield what threads made of each chunk, in order; ``begun`` chunks at most are begun and not yet taken."""
    running: deque[Future[_Done]] = deque()
    pool = ThreadPoolExecutor(threads, thread_name_prefix="serbench-features")
    try:
        for chunk in chunks:
            running.append(pool.submit(do, chunk))
            if len(running) == begun:
                yield running.popleft().result()
        while running:
            yield running.popleft().result()
    finally:
        pool.shutdown(cancel_futures=True)


def _loaded(work: _Work, chunk: list[str]) -> tuple[list[_Wave], Exception | None]:
    """Return the waves of a chunk up to the first that cannot be read, and why it cannot."""
    waves: list[_Wave] = []
    for key in chunk:
        try:
            waves.append((key, work.load(key)))
        except Exception as error:  # noqa: BLE001  (raised again in its turn, after what came before is kept)
            return waves, error
    return waves, None


def _computed(
    work: _Work, extract: Callable[[Sequence[_Wave]], list[Floats]], chunk: list[str]
) -> tuple[list[list[_Row]], Exception | None]:
    """Return the rows of a chunk in batches up to the first failure, and the failure."""
    waves, error = _loaded(work, chunk)
    rows: list[list[_Row]] = []
    for batch in _batches(waves, _BATCH_CLIPS):
        try:
            rows.append(_rows(batch, extract))
        except Exception as failure:  # noqa: BLE001  (likewise)
            return rows, failure
    return rows, error


def _rows(batch: list[_Wave], extract: Callable[[Sequence[_Wave]], list[Floats]]) -> list[_Row]:
    return [(key, row) for (key, _), row in zip(batch, extract(batch), strict=True)]


def _batches(waves: list[_Wave], most: int) -> Iterator[list[_Wave]]:
    """Yield batches of at most ``most`` clips and a bounded number of samples, padding included."""
    batch: list[_Wave] = []
    longest = 0
    for wave in waves:
        longest = max(longest, len(wave[1]))
        if batch and (len(batch) == most or longest * (len(batch) + 1) > _BATCH_SAMPLES):
            yield batch
            batch, longest = [], len(wave[1])
        batch.append(wave)
    if batch:
        yield batch


def _first_alone(extract: Callable[[Sequence[_Wave]], list[Floats]]) -> Callable[[Sequence[_Wave]], list[Floats]]:
    """Return ``extract``, whose first call nothing runs beside: what it loads on first use is loaded once."""
    ready, lock = threading.Event(), threading.Lock()

    def guarded(batch: Sequence[_Wave]) -> list[Floats]:
        if ready.is_set():
            return extract(batch)
        with lock:
            rows = extract(batch)
            ready.set()
        return rows

    return guarded


__all__ = ["Clip", "WaveChange", "extract_column"]
