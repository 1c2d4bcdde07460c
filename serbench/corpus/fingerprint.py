"""What a recording sounds like, in few numbers: the same after another gain, rate or codec, or without its silence.

Conventions
-----------
A recording is mixed to one channel and resampled to 8 kHz. Its power is summed in 16 bands of equal width in log
frequency from 150 to 3500 Hz, every 8 ms; the square root of that is averaged around 24 moments that lie 64 ms apart.
The middle of them is the moment about which the sound's energy is balanced: silence weighs nothing, so that it may be
cut off or added. Scaled to length 1, the 24 times 16 numbers do not know the gain. Only some 1.5 s of a clip are seen.

Fingerprints are kept in the cache, a file per corpus root, under the digest of each recording; a file that no longer
holds what it is said to hold gives none.
"""

from __future__ import annotations

import zipfile
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
import numpy.typing as npt

from serbench.corpus.audio import resample
from serbench.corpus.inventory import Inventory
from serbench.corpus.kept import if_it_can_be_kept, place_of
from serbench.corpus.manifest import Manifest
from serbench.corpus.recording import Recording, decode_known
from serbench.environment import usable_cores
from serbench.files import atomic_write

#: Raised when a fingerprint changes: those of other versions are made anew.
VERSION = 1
#: In Hz; what telephone speech keeps.
RATE, LOWEST, HIGHEST = 8_000, 150.0, 3_500.0
#: Shorter recordings, in seconds, have no fingerprint: there is too little in them to tell them apart.
SHORTEST = 0.1
_WINDOW, _HOP, _BANDS, _MOMENTS, _STEP = 256, 64, 16, 24, 0.064
#: In seconds: how much of a recording's beginning and end is compared with its loudest such piece.
_EDGE = 0.02

Floats = npt.NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Fingerprint:
    """What is kept of a recording.

    Attributes
    ----------
    shape
        float32 (384,) of length 1; all zeros for a recording too short or without sound in the bands.
    held
        Which part of the samples lies within 1 % of the largest: speech touches its peak for a moment, a clipped
        recording stays there.
    first, last
        Level of the first and the last 20 ms against the loudest 20 ms, in dB, at most 0; -200 for silence.
    """

    shape: Floats
    held: float
    first: float
    last: float

    @property
    def is_blank(self) -> bool:
        """True where there is nothing to compare."""
        return not self.shape.any()


def fingerprint(samples: Floats, sample_rate: int) -> Fingerprint:
    """Return the fingerprint of a sound.

    Parameters
    ----------
    samples
        float32 (samples,), one channel, full scale 1.
    sample_rate
        In Hz.
    """
    wave = resample(samples, sample_rate, RATE)
    return Fingerprint(_shape(wave), _held(samples), *_edges(samples, sample_rate))


def take_fingerprints(
    manifest: Manifest,
    inventory: Inventory,
    folder: Path,
    *,
    workers: int | None = None,
    progress: Callable[[int], None] | None = None,
) -> dict[str, Fingerprint]:
    """Return a fingerprint for every sound of the inventory; those known from before are not computed again.

    Parameters
    ----------
    manifest
        Says where the recordings lie.
    inventory
        Which of them can be read, and their digests; equal sounds are looked at once.
    folder
        The cache folder; fingerprints are kept in its subfolder ``fingerprints``. A damaged file there is made
        anew. An interruption loses nothing that was computed.
    workers
        Threads that decode; None for one per usable core.
    progress
        Called with the number of sounds done so far, in this thread.

    Returns
    -------
    dict
        From the recording's digest to its fingerprint.

    Raises
    ------
    AudioError
        When a recording can no longer be read, or holds another sound.
    """
    where = {
        found.digest: (manifest.path(uid), found)
        for uid, found in inventory.recordings.items()
        if uid in manifest.by_id
    }
    store = place_of(folder, "fingerprints", manifest.root, ".npz")
    known = _read(store)
    found = {digest: known[digest] for digest in where if digest in known}
    todo = [digest for digest in where if digest not in known]
    pool = ThreadPoolExecutor(workers or usable_cores(), thread_name_prefix="serbench-fingerprint")
    try:
        futures = {pool.submit(_look, *where[digest]): digest for digest in todo}
        for future in as_completed(futures):
            found[futures[future]] = future.result()
            if progress is not None:
                progress(len(found))
    finally:
        pool.shutdown(cancel_futures=True)
        if todo:
            with if_it_can_be_kept(store):
                _write(store, known | found)
    return found


def _look(path: Path, recording: Recording) -> Fingerprint:
    sound = decode_known(path, recording.digest, recording.checksum)
    return fingerprint(sound.mono(), sound.sample_rate)


@cache
def _band_edges() -> npt.NDArray[np.int64]:
    """Return the first bin of each band and the one past the last: (17,), each band has one bin at least."""
    edges = np.round(np.geomspace(LOWEST, HIGHEST, _BANDS + 1) * _WINDOW / RATE).astype(np.int64)
    for place in range(1, len(edges)):
        edges[place] = max(edges[place], edges[place - 1] + 1)
    return edges


def _shape(wave: Floats) -> Floats:
    nothing = np.zeros(_MOMENTS * _BANDS, np.float32)
    if len(wave) < SHORTEST * RATE:
        return nothing
    padded = np.pad(wave, (_WINDOW // 2, _WINDOW))
    frames = np.lib.stride_tricks.sliding_window_view(padded, _WINDOW)[::_HOP]
    power = np.abs(np.fft.rfft(frames * np.hanning(_WINDOW).astype(np.float32))) ** 2  # (t, 129)
    bands = np.add.reduceat(power, _band_edges(), axis=1)[:, :_BANDS]  # (t, 16)
    energy = bands.sum(axis=1)
    if not energy.sum() > 0:
        return nothing
    times = np.arange(len(energy)) * (_HOP / RATE)
    middle = times @ energy / energy.sum()
    moments = middle + (np.arange(_MOMENTS) - (_MOMENTS - 1) / 2) * _STEP
    weights = np.maximum(0, 1 - np.abs(times - moments[:, None]) / _STEP)  # (24, t), a triangle around each
    shape = (weights @ np.sqrt(bands)).reshape(-1)
    length = np.linalg.norm(shape)
    return (shape / length).astype(np.float32) if length > 0 else nothing


def _held(samples: Floats) -> float:
    level = np.abs(samples)
    peak = float(level.max(initial=0.0))
    return float(np.mean(level >= 0.99 * peak)) if peak > 0 else 0.0


def _edges(samples: Floats, sample_rate: int) -> tuple[float, float]:
    piece = max(1, round(_EDGE * sample_rate))
    whole = samples[: len(samples) // piece * piece].reshape(-1, piece) if len(samples) >= piece else samples[None]
    levels = np.sqrt(np.mean(whole.astype(np.float64) ** 2, axis=1))
    last = float(np.sqrt(np.mean(samples[-piece:].astype(np.float64) ** 2)))
    loudest = max(float(levels.max()), last)
    if not loudest > 0:
        return -200.0, -200.0
    first_db, last_db = 20 * np.log10(np.maximum(np.array([levels[0], last]) / loudest, 1e-10))
    return float(first_db), float(last_db)


def _read(store: Path) -> dict[str, Fingerprint]:
    try:
        with store.open("rb") as stream, np.load(stream, allow_pickle=False) as kept:
            if int(kept["version"]) != VERSION:
                return {}
            shapes = kept["shapes"].astype(np.float32)
            rows = zip(kept["digests"].tolist(), shapes, kept["facts"].tolist(), strict=True)
            return {digest: Fingerprint(shape, *facts) for digest, shape, facts in rows}
    except (OSError, ValueError, KeyError, EOFError, TypeError, zipfile.BadZipFile):
        return {}  # it only saves time: whatever is wrong with it, look again


def _write(store: Path, known: Mapping[str, Fingerprint]) -> None:
    kept = [(digest, known[digest]) for digest in sorted(known)]
    with atomic_write(store) as stream:
        np.savez(
            stream,
            version=np.array(VERSION),
            digests=np.array([digest for digest, _ in kept]),
            shapes=np.array([each.shape for _, each in kept], np.float32),
            facts=np.array([(each.held, each.first, each.last) for _, each in kept], np.float64),
        )


__all__ = ["RATE", "SHORTEST", "VERSION", "Fingerprint", "fingerprint", "take_fingerprints"]
