"""FLAC: decoded by dr_flac where that gives all that the file promises, and held against the checksum of its samples.

dr_flac (through miniaudio) needs 0.6 of libsndfile's time for the same samples of 16 bits, and decoding is the largest
part of what extracting features from FLAC costs. It checks each frame's checksum and leaves out those that fail. So a
file counts only when every promised sample is there; any other is left to libsndfile, whose words then say what is
wrong. So is every file where there is no wheel of miniaudio (Linux on ARM): slower, and the same samples.

A stream that was written to a pipe does not say how long it is: that is told from the number that its last frame bears.

The MD5 of all samples that an encoder left in the header is the last word on either. It takes a third of the time of
decoding, so that readers who hold the samples against another digest may go without.
"""

from __future__ import annotations

import functools
from types import ModuleType
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from serbench.corpus.content import Content, DamageError, number
from serbench.digest import md5_bytes

MAGIC = b"fLaC"
#: Where the facts of the first metadata block lie: rate (20 bits), channels - 1 (3), bits - 1 (5), samples (36); and
#: behind them the MD5 of the samples.
_FACTS, _MD5 = 18, 26
_HEAD = 42
_MOST = (1 << 36) - 1
#: No frame holds more samples for a byte of it: 65,535 equal ones take 14 bytes.
_DENSEST = 8_192
#: What the header of a frame says in codes; what is not listed it leaves to the first metadata block.
_RATES = (0, 88_200, 176_400, 192_000, 8_000, 16_000, 22_050, 24_000, 32_000, 44_100, 48_000, 96_000)
_BLOCKS = (0, 192, 576, 1152, 2304, 4608, 0, 0, *(256 << power for power in range(8)))
_BITS = {1: 8, 2: 12, 4: 16, 5: 20, 6: 24, 7: 32}
#: A last frame is looked for in so many bytes, at so many places that look like the beginning of one.
_LONGEST, _SHORTEST, _TRIED = 1 << 18, 9, 16


def _table() -> tuple[int, ...]:
    """Return the checksum of every byte."""
    found = []
    for byte in range(256):
        state = byte << 8
        for _ in range(8):
            state = (state << 1 ^ (0x8005 if state & 0x8000 else 0)) & 0xFFFF
        found.append(state)
    return tuple(found)


_CRC = _table()


class _Promise(NamedTuple):
    """What a FLAC says of itself."""

    sample_rate: int
    channels: int
    bits: int
    samples: int


def examine_flac(data: bytes, samples: int | None = None, codec: str | None = None) -> Content:
    """Return what a FLAC promises.

    Parameters
    ----------
    data
        A native stream.
    samples
        How many samples per channel a container around it promises.
    codec
        Its name in that container.

    Raises
    ------
    DamageError
        When it breaks off, does not say how long it is, or contradicts itself.
    """
    promise = _promise(data)
    if not promise.samples and samples:
        if samples > _MOST:
            raise DamageError(f"is damaged: it declares {samples} samples, more than a FLAC can hold")
        facts = number(data, _FACTS, 8, "big") & ~_MOST | samples
        data = data[:_FACTS] + facts.to_bytes(8, "big") + data[_MD5:]
        promise = promise._replace(samples=samples)
    if not promise.samples:
        return examine_flac(data, _counted(data), codec)
    if samples is not None and samples != promise.samples:
        raise DamageError(f"is damaged: its header declares {promise.samples} samples, its last page {samples}")
    if promise.samples > len(data) * _DENSEST:
        raise DamageError(f"is truncated: its header declares {promise.samples} samples, more than its bytes can hold")
    _check_first_frame(data, promise)
    md5 = data[_MD5:_HEAD]
    # float32 holds integers of 24 bits; an encoder that computes none leaves zeros
    seal = functools.partial(_hold_against, md5, promise.bits) if any(md5) and promise.bits <= 24 else None
    return Content(data, promise.samples, codec=codec, seal=seal)


def read_flac(data: bytes) -> tuple[npt.NDArray[np.int16], int] | None:
    """Return the samples of a FLAC of 16 bits, or None where libsndfile is to be asked.

    Parameters
    ----------
    data
        Of any file, looked through.

    Returns
    -------
    samples
        int16 (samples, channels), as they went into the encoder.
    sample_rate
        In Hz.
    """
    if not data.startswith(MAGIC):
        return None
    promise, miniaudio = _promise(data), _miniaudio()
    if promise.bits != 16 or miniaudio is None:
        return None
    try:
        sound = miniaudio.flac_read_s16(data)
    except (miniaudio.MiniaudioError, MemoryError):
        return None
    values = np.frombuffer(sound.samples, np.int16)
    there = (sound.sample_rate, sound.nchannels, len(values))
    if there != (promise.sample_rate, promise.channels, promise.samples * promise.channels):
        return None
    return values.reshape(-1, promise.channels), promise.sample_rate


@functools.cache
def _miniaudio() -> ModuleType | None:
    """Return the library, or None where it is not; asked once, since a missing module is looked for each time."""
    try:
        import miniaudio
    except ImportError:
        return None
    return miniaudio  # type: ignore[no-any-return]


def _promise(data: bytes) -> _Promise:
    if len(data) < _HEAD or data[4] & 0x7F or number(data, 5, 3, "big") != _HEAD - 8:
        raise DamageError("is damaged or truncated: it has no header of FLAC")
    facts = number(data, _FACTS, 8, "big")
    return _Promise(facts >> 44, (facts >> 41 & 0x7) + 1, (facts >> 36 & 0x1F) + 1, facts & _MOST)


def _first_frame(data: bytes) -> int:
    """Return where the first frame begins."""
    place, is_last = 4, False
    while not is_last and place < len(data):
        is_last = data[place] >= 0x80
        place += 4 + number(data, place + 1, 3, "big")
    if place + 4 > len(data):
        raise DamageError("is truncated: it ends before its first frame")
    if number(data, place, 2, "big") & 0xFFFE != 0xFFF8:
        raise DamageError(f"is damaged: at byte {place} its first frame is expected, and is not there")
    return place


def _check_first_frame(data: bytes, promise: _Promise) -> None:
    """Raise where the first frame contradicts the header: no checksum covers what the header says of rate and size."""
    place = _first_frame(data)
    rate, layout, size = data[place + 2] & 0xF, data[place + 3] >> 4, data[place + 3] >> 1 & 0x7
    channels = layout + 1 if layout < 8 else 2
    said = ((_RATES[rate] if rate < len(_RATES) else 0) or promise.sample_rate, channels, _BITS.get(size, promise.bits))
    if said != promise[:3]:
        hertz, several, bits = promise[:3]
        raise DamageError(
            f"is damaged: its header declares {hertz} Hz, {several} channels, {bits} bits, its first frame "
            f"{said[0]} Hz, {said[1]} channels, {said[2]} bits"
        )


def _counted(data: bytes) -> int:
    """Return how many samples there are up to the end of the last frame, which must be that of the file.

    Raises
    ------
    DamageError
        When the file does not end with a whole frame.
    """
    sync = data[(start := _first_frame(data)) : start + 2]
    place = len(data) - _SHORTEST
    for _ in range(_TRIED):
        place = data.rfind(sync, max(start, len(data) - _LONGEST), place + 1)
        if place < 0:
            break
        if not _checksum(data[place:]):  # over a frame and its checksum it is 0
            block = _BLOCKS[data[place + 2] >> 4]
            first, size = _coded(data, place + 4)
            if not block:
                block = number(data, place + 4 + size, (data[place + 2] >> 4) - 5, "big") + 1
            # the lowest bit tells whether frames are numbered by their first sample
            return first + block if sync[1] & 1 else first * number(data, 8, 2, "big") + block
    raise DamageError("is truncated: it does not say how long it is, and does not end with a whole frame")


def _coded(data: bytes, place: int) -> tuple[int, int]:
    """Return the number of a frame, written as UTF-8 writes letters, and how many bytes it takes."""
    size = max(1, 8 - (data[place] ^ 0xFF).bit_length())
    value = data[place] & (0x7F >> size if size > 1 else 0x7F)
    for byte in data[place + 1 : place + size]:
        value = value << 6 | byte & 0x3F
    return value, size


def _checksum(frame: bytes) -> int:
    """Return FLAC's checksum of 16 bits: polynomial 0x8005, begun with 0."""
    state = 0
    for byte in frame:
        state = state << 8 & 0xFFFF ^ _CRC[state >> 8 ^ byte]
    return state


def _hold_against(md5: bytes, bits: int, samples: npt.NDArray[np.float32] | npt.NDArray[np.int16]) -> None:
    """Raise DamageError where the samples are not those that went into the encoder."""
    size = (bits + 7) // 8
    if samples.dtype.kind == "f":
        samples = samples * np.float32(1 << bits - 1)  # exact: float32 has 24 bits of its own
    numbers = samples.astype({1: "<i1", 2: "<i2"}.get(size, "<i4"), copy=False)
    packed = numbers if size != 3 else numbers.view(np.uint8).reshape(-1, 4)[:, :3]
    if md5_bytes(np.ascontiguousarray(packed).data) != md5:
        raise DamageError("is damaged: its samples are not those whose MD5 its encoder wrote down")


__all__ = ["MAGIC", "examine_flac", "read_flac"]
