"""Decode and compute side by side, on all cores, within a bounded stretch of memory.

Conventions
-----------
Clips go through in chunks of like length: the shortest clip alone, on which libraries get ready, then from the longest
chunk to the shortest, so that all threads end at about the same time. On the CPU a thread decodes a chunk and computes
its features too, each with one thread of torch: nothing waits for anything, and there are as many busy threads as
cores. Elsewhere threads decode, and the caller's thread alone calls the extractor, which has the device to itself;
likewise for an extractor that takes one clip at a time. Batches come out in the order of the chunks, whatever the
number of threads, and what is in a batch depends on no clock.
"""

from __future__ import annotations

import contextlib
import threading
from collections import deque
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import TypeVar

from serbench.features.table import Floats

#: Clips in a batch: enough to keep a device busy, few enough for a core's share of the cache.
_BATCH_CLIPS = 32
#: Samples in a batch, padding included: 16 MiB of waves.
_BATCH_SAMPLES = 1 << 22
#: Seconds of sound that are in memory at once, so that an hour-long clip does not bring its neighbours along.
_AHEAD_SECONDS = 900.0
#: Chunks that are begun before they are asked for, beyond one for each thread.
_SPARE_CHUNKS = 2

Wave = tuple[str, Floats]
#: A clip's key with its row.
Row = tuple[str, Floats]
Done = TypeVar("Done")


@dataclass(frozen=True)
class Work:
    """What is to be done with a clip.

    Attributes
    ----------
    load
        Returns the wave of a key: float32 (samples,).
    extract
        Returns a row for each of several waves.
    threads
        How many work at once.
    together
        Whether the thread that loads a wave extracts it too.
    batched
        Whether ``extract`` gains from several waves at once.
    """

    load: Callable[[str], Floats]
    extract: Callable[[Sequence[Wave]], list[Floats]]
    threads: int
    together: bool
    batched: bool


def rows_of(seconds: Mapping[str, float], work: Work) -> Generator[list[Row], None, None]:
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
    if work.together:
        with one_torch_thread():
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
def one_torch_thread() -> Iterator[None]:
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
    do: Callable[[list[str]], Done], chunks: Iterator[list[str]], threads: int, begun: int
) -> Generator[Done, None, None]:
    """Yield what threads made of each chunk, in order; ``begun`` chunks at most are begun and not yet taken."""
    running: deque[Future[Done]] = deque()
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


def _loaded(work: Work, chunk: list[str]) -> tuple[list[Wave], Exception | None]:
    """Return the waves of a chunk up to the first that cannot be read, and why it cannot."""
    waves: list[Wave] = []
    for key in chunk:
        try:
            waves.append((key, work.load(key)))
        except Exception as error:  # noqa: BLE001  (raised again in its turn, after what came before is kept)
            return waves, error
    return waves, None


def _computed(
    work: Work, extract: Callable[[Sequence[Wave]], list[Floats]], chunk: list[str]
) -> tuple[list[list[Row]], Exception | None]:
    """Return the rows of a chunk in batches up to the first failure, and the failure."""
    waves, error = _loaded(work, chunk)
    rows: list[list[Row]] = []
    for batch in _batches(waves, _BATCH_CLIPS):
        try:
            rows.append(_rows(batch, extract))
        except Exception as failure:  # noqa: BLE001  (likewise)
            return rows, failure
    return rows, error


def _rows(batch: list[Wave], extract: Callable[[Sequence[Wave]], list[Floats]]) -> list[Row]:
    return [(key, row) for (key, _), row in zip(batch, extract(batch), strict=True)]


def _batches(waves: list[Wave], most: int) -> Iterator[list[Wave]]:
    """Yield batches of at most ``most`` clips and a bounded number of samples, padding included."""
    batch: list[Wave] = []
    longest = 0
    for wave in waves:
        longest = max(longest, len(wave[1]))
        if batch and (len(batch) == most or longest * (len(batch) + 1) > _BATCH_SAMPLES):
            yield batch
            batch, longest = [], len(wave[1])
        batch.append(wave)
    if batch:
        yield batch


def _first_alone(extract: Callable[[Sequence[Wave]], list[Floats]]) -> Callable[[Sequence[Wave]], list[Floats]]:
    """Return ``extract``, whose first call nothing runs beside: what it loads on first use is loaded once."""
    ready, lock = threading.Event(), threading.Lock()

    def guarded(batch: Sequence[Wave]) -> list[Floats]:
        if ready.is_set():
            return extract(batch)
        with lock:
            rows = extract(batch)
            ready.set()
        return rows

    return guarded


__all__ = ["Row", "Wave", "Work", "one_torch_thread", "rows_of"]
