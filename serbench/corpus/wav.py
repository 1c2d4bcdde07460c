"""WAV in its five forms: RIFF, RIFX (big-endian), RF64 and BW64 (long lengths), and Sony's Wave64.

Conventions
-----------
A header that its writer could not go back to, because it wrote to a pipe or was killed, promises 0 bytes of sound or
the largest number: the sound is read to the end of the file, and the header finished before it is decoded. Any other
promise must be met, and what stands behind the sound must be chunks: a length that shrank leaves sound there.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from serbench.corpus.content import CONVERT, Content, DamageError, Order, held, number, patched
from serbench.corpus.mpeg import examine_mpeg

#: Lengths that stand for one that is not known: 0, or the largest number less what the header takes.
_UNKNOWN = (range(1), range(0x7FFFFF00, 0x80000000), range(0xFFFFFF00, 0x100000000))
_LONG, _VERY_LONG = 0xFFFFFFFF, 1 << 62
#: Codings of a fixed number of bytes for a sample, by the number that stands for them, and how many bytes they allow.
_PLAIN = {1: (1, 2, 3, 4), 3: (4, 8), 6: (1,), 7: (1,)}
#: Codings in blocks whose header says how many samples one holds: Microsoft's and IMA's ADPCM, GSM.
_BLOCKS, _ROUNDED = (0x02, 0x11, 0x31), 0.02
_EXTENSIBLE, _MP3 = 0xFFFE, 0x55
#: What follows the first four bytes of a chunk's name in Wave64.
_W64_NAME = b"\xf3\xac\xd3\x11\x8c\xd1\x00\xc0\x4f\x8e\xdb\x8a"
_W64_HEAD, _W64_START = 24, 40


class _Chunk(NamedTuple):
    """A chunk's name, and where what is inside begins and ends; the end may lie behind that of the file."""

    name: bytes
    start: int
    end: int


class _Format(NamedTuple):
    """What a header says of the samples."""

    coding: int
    channels: int
    rate: int
    per_second: int
    block: int
    bits: int


class _Wave:
    """A file, and how its form writes chunks."""

    head, align, first = 8, 2, 12

    def __init__(self, data: bytes, order: Order = "little") -> None:
        self.data, self.order = data, order
        self.found: dict[bytes, bytes] = {}

    def chunk(self, place: int) -> _Chunk:
        """Return the chunk at a place."""
        start = place + 8
        return _Chunk(self.data[place : place + 4], start, start + number(self.data, place + 4, 4, self.order))

    def chunks(self, place: int) -> Iterator[_Chunk]:
        """Yield every chunk from a place on, as far as its head is there."""
        while place + self.head <= len(self.data):
            chunk = self.chunk(place)
            yield chunk
            place = chunk.end + -chunk.end % self.align

    def sound(self) -> _Chunk:
        """Return the chunk of sound; those before it are kept.

        Raises
        ------
        DamageError
            When there is none.
        """
        for chunk in self.chunks(self.first):
            if chunk.name == b"data":
                return chunk
            self.found[chunk.name] = self.data[chunk.start : chunk.end]
        raise DamageError("has no data chunk")

    @property
    def end(self) -> int:
        """Where the form ends by its own word, or the file where it has none."""
        return _known(number(self.data, 4, 4, self.order) + 8, len(self.data))

    def finished(self, chunk: _Chunk) -> bytes:
        """Return the file with a header that says how long it is."""
        if len(self.data) > _LONG:
            raise DamageError("does not say how long it is, and is too long for its header to be finished", CONVERT)
        there, whole = len(self.data) - chunk.start, len(self.data) - 8
        magic = b"RIFX" if self.order == "big" else b"RIFF"  # of long lengths that are not known none is needed
        sizes = {4: whole.to_bytes(4, self.order), chunk.start - 4: there.to_bytes(4, self.order)}
        return patched(self.data, {0: magic} | sizes)

    def are_chunks(self, place: int, end: int) -> bool:
        """Whether there is nothing but chunks from a place to an end, none of them sound."""
        while place + self.head <= end:
            chunk = self.chunk(place)
            if not _is_name(chunk.name) or chunk.name == b"data" or chunk.end > end:
                return False
            place = chunk.end + -chunk.end % self.align
        return place >= end


class _Wave64(_Wave):
    """The same with names of 16 bytes and lengths of 8, which count both."""

    head, align, first = _W64_HEAD, 8, _W64_START

    def chunk(self, place: int) -> _Chunk:
        length = number(self.data, place + 16, 8)
        if length < _W64_HEAD:
            raise DamageError("has a broken header")
        name = self.data[place : place + 4] if self.data[place + 4 : place + 16] == _W64_NAME else b""
        return _Chunk(name, place + _W64_HEAD, place + length)

    @property
    def end(self) -> int:
        return _known(number(self.data, 16, 8), len(self.data))

    def finished(self, chunk: _Chunk) -> bytes:
        there = len(self.data) - chunk.start + _W64_HEAD
        return patched(
            self.data, {chunk.start - 8: there.to_bytes(8, "little"), 16: len(self.data).to_bytes(8, "little")}
        )


def examine_riff(data: bytes) -> Content:
    """Return what to decode of a RIFF, RIFX, RF64 or BW64.

    Raises
    ------
    DamageError
        When it holds no sound, less or more than it promises, or contradicts itself.
    """
    if data[8:12] != b"WAVE":
        raise DamageError(f"is a RIFF of {data[8:12]!r}, expected one of WAVE", CONVERT)
    wave = _Wave(data, "big" if data.startswith(b"RIFX") else "little")
    chunk = wave.sound()
    long = number(wave.found.get(b"ds64", b""), 8, 8)
    return _examined(wave, chunk._replace(end=chunk.start + long) if long and _length(chunk) == _LONG else chunk)


def examine_w64(data: bytes) -> Content:
    """Return what to decode of a Wave64.

    Raises
    ------
    DamageError
        As :func:`examine_riff`.
    """
    wave = _Wave64(data)
    return _examined(wave, wave.sound())


def _examined(wave: _Wave, chunk: _Chunk) -> Content:
    size = len(wave.data)
    if _is_unknown(chunk, size) and not (_length(chunk) == 0 and wave.are_chunks(chunk.start, size)):
        return _content(wave, wave.finished(chunk), chunk._replace(end=size))
    held(_length(chunk), size - chunk.start)
    _check_behind(wave, chunk.end)
    return _content(wave, wave.data, chunk)


def _check_behind(wave: _Wave, end: int) -> None:
    """Raise where sound may stand behind the sound: the form has chunks there, the file zeros or a tag behind it."""
    data, form = wave.data, max(end, min(wave.end, len(wave.data)))
    filled = min(form, end + -end % wave.align)
    # an odd length without the byte that fills it up is a common slip
    inside = wave.are_chunks(end, form) or (not any(data[end:filled]) and wave.are_chunks(filled, form))
    outside = data[form:].lstrip(b"\0")
    if not inside or (outside and not outside.startswith(b"TAG") and not wave.are_chunks(form + form % 2, len(data))):
        raise DamageError(f"is damaged: by its header the sound ends at byte {end}, and more follows that is no chunk")


def _content(wave: _Wave, data: bytes, chunk: _Chunk) -> Content:
    """Return what to decode of a file whose sound is there, by what its header says of the samples."""
    said = _format(wave)
    if said.coding == _MP3:
        return examine_mpeg(data[chunk.start : chunk.end], "WAV/MPEG_LAYER_III")
    if said.coding not in _PLAIN:
        _check_blocks(wave, said)
        fact = wave.found.get(b"fact", b"")
        is_promised = data is wave.data and len(fact) == 4  # Wave64's has eight, and is written wrongly
        # libsndfile counts blocks up to the end of the file, whatever follows the sound
        return Content(data[: chunk.end], least=number(fact, 0, 4, wave.order) if is_promised else 0)
    width = (said.bits + 7) // 8
    if width not in _PLAIN[said.coding] or not 0 < said.block == said.channels * width:
        raise DamageError(
            f"contradicts itself: its header declares {said.channels} channels of {said.bits} bits in blocks of "
            f"{said.block} bytes"
        )
    if said.per_second not in (0, said.rate * said.block):
        raise DamageError(
            f"contradicts itself: its header declares {said.rate} Hz, which makes {said.rate * said.block} bytes in a "
            f"second, and says that they are {said.per_second}"
        )
    return Content(data, samples=_length(chunk) // said.block)


def _check_blocks(wave: _Wave, said: _Format) -> None:
    """Raise where the rate of a coding in blocks is not that of its bytes; some writers round either."""
    samples = number(wave.found[b"fmt "], 18, 2, wave.order) if said.coding in _BLOCKS else 0
    wanted = said.rate * said.block / samples if samples else said.per_second
    if said.per_second and abs(wanted - said.per_second) > _ROUNDED * wanted:
        raise DamageError(
            f"contradicts itself: its header declares {said.rate} Hz, which makes {wanted:.0f} bytes in a second, and "
            f"says that they are {said.per_second}"
        )


def _format(wave: _Wave) -> _Format:
    body = wave.found.get(b"fmt ", b"")
    if len(body) < 16:
        raise DamageError("has no format chunk before its sound")
    sizes = ((0, 2), (2, 2), (4, 4), (8, 4), (12, 2), (14, 2))
    said = _Format(*(number(body, place, size, wave.order) for place, size in sizes))
    return said._replace(coding=number(body, 24, 2, wave.order)) if said.coding == _EXTENSIBLE else said


def _length(chunk: _Chunk) -> int:
    return chunk.end - chunk.start


def _is_unknown(chunk: _Chunk, size: int) -> bool:
    length = _length(chunk)
    short = (length == 0 or chunk.end > size) and any(length in lengths for lengths in _UNKNOWN)
    return short or length > _VERY_LONG


def _known(end: int, size: int) -> int:
    return end if 24 < end < _VERY_LONG and end - 8 not in _UNKNOWN[2] else size


def _is_name(name: bytes) -> bool:
    return bool(name) and all(0x20 <= letter < 0x7F for letter in name)


__all__ = ["examine_riff", "examine_w64"]
