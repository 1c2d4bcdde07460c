"""MP3, and the older layers: every frame counted, whether or not the file says how many there are.

libsndfile takes the length of a stream that does not state it from its first frame's bitrate, and reads no further:
where the bitrate varies, a half is lost. Here the frames are counted; a file that states their number, in a frame of
Xing's or Fraunhofer's kind, must have as many, and one that does not is given such a frame before it is decoded.

Conventions
-----------
Only frames are handed on: tags before and behind them (ID3, APE, Lyrics3) are taken off. What is neither is an error.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from serbench.corpus.content import Content, DamageError, number, patched

#: In kbit/s by layer; the first row of each is MPEG 1, the other MPEG 2 and 2.5. Index 0 is the free format.
_KBITS = {
    (1, 1): (0, 32, 64, 96, 128, 160, 192, 224, 256, 288, 320, 352, 384, 416, 448),
    (2, 1): (0, 32, 48, 56, 64, 80, 96, 112, 128, 144, 160, 176, 192, 224, 256),
    (1, 2): (0, 32, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384),
    (2, 2): (0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
    (1, 3): (0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320),
    (2, 3): (0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
}
#: By the two bits of the version: MPEG 2.5, none, 2, 1; and how often their rates go into those of MPEG 1.
_GENERATION, _TIMES = (2, 0, 2, 1), (4, 0, 2, 1)
_RATES = (44_100, 48_000, 32_000)
#: Bytes between a frame's head and its sound, by generation and whether it has one channel.
_SIDE = {(1, False): 32, (1, True): 17, (2, False): 17, (2, True): 9}
#: What all frames of a stream have in common: sync, version, layer, rate.
_SAME = 0xFFFE0C00
_MONO = 3
_HEAD = struct.Struct(">I")
#: How a frame that states the number of frames is marked, and so many bytes later signed.
_STATEMENTS, _WRITERS, _SIGNATURE = (b"Xing", b"Info"), (b"LAME", b"Lavf", b"Lavc"), 120
#: Numbers of frames and bytes, a table, a quality: whoever signs a statement writes them all.
_ALL_FIELDS = 0xF
#: Half the values of a granule: they come in pairs.
_MOST_VALUES = 288
#: What may stand behind the last frame, beside zeros.
_TAGS = (b"TAG", b"APETAGEX", b"LYRICSBEGIN", b"ID3", b"3DI")
#: How much of that is looked through for more frames.
_LOOKED_THROUGH = 1 << 20
#: Samples by which every decoder of layer III lags, and which the programs that know an encoder's delay cut off.
_LAG = 529


_Counts = npt.NDArray[np.int64]


class _Frame(NamedTuple):
    """What the head of a frame says: its bytes, samples, and of what kind it is."""

    head: int
    size: int
    samples: int
    generation: int
    layer: int
    is_mono: bool

    @property
    def tag_place(self) -> int:
        """Where in a frame that states a length the statement begins."""
        return 4 + _SIDE[self.generation, self.is_mono]


class _Statement(NamedTuple):
    """How many frames a file states beside the one that states it, 0 where that was never filled in."""

    frames: int
    is_xing: bool

    @property
    def allowed(self) -> tuple[int, ...]:
        """What may be there: some writers of Fraunhofer's kind count their statement too."""
        return (self.frames,) if self.is_xing else (self.frames, self.frames - 1)


def is_mpeg(data: bytes) -> bool:
    """Whether a file begins with two frames that follow each other, or is one."""
    first = _frame(number(data, 0, 4, "big"))
    if first is None:
        return False
    after = _frame(number(data, first.size, 4, "big"))
    return len(data) <= first.size + 4 or (after is not None and _goes_with(first, after))


def examine_mpeg(data: bytes, codec: str | None = None) -> Content:
    """Return what to decode of a file that begins with a frame.

    Parameters
    ----------
    data
        From its first frame.
    codec
        Its name in a container around it.

    Raises
    ------
    DamageError
        When something between two frames is none, the last is incomplete, or there are fewer than the file states.
    """
    first = _frame(number(data, 0, 4, "big"))
    if first is None:
        raise DamageError("is damaged: it does not begin with a frame")
    places = _walk(data, first)
    end, there = places.pop(), len(places)
    if first.layer != 3:
        return Content(data[:end], samples=first.samples * there, codec=codec)
    statement = _statement(data, first)
    _check_sound(data, first, places if statement is None else places[1:], end)
    if statement is None:
        return Content(_prelude(first, there) + data[:end], samples=first.samples * there, codec=codec)
    there -= 1
    if statement.frames and there not in statement.allowed:
        what = "is truncated" if statement.frames > there else "is damaged"
        raise DamageError(f"{what}: it declares {statement.frames} frames, {there} are there")
    if statement.frames and statement.is_xing:
        return Content(_sized(data[:end], first), codec=codec)
    return Content(_prelude(first, there) + data[first.size : end], samples=first.samples * there, codec=codec)


def _walk(data: bytes, first: _Frame) -> list[int]:
    """Return where every frame begins, and where the last ends."""
    sizes: dict[int, int] = {}
    places: list[int] = []
    place, last = 0, len(data) - 4
    while place <= last:
        (head,) = _HEAD.unpack_from(data, place)
        size = sizes.get(head)
        if size is None:
            frame = _frame(head)
            if frame is None or not _goes_with(first, frame):
                break
            size = sizes[head] = frame.size
        places.append(place)
        place += size
    if place > len(data):
        raise DamageError(f"is truncated: its last frame lacks {place - len(data)} bytes")
    rest = data[place:].lstrip(b"\0")
    is_filled_up = len(data) - place - len(rest) < min(sizes.values())  # so many zeros may be a frame that a disk lost
    if not is_filled_up or (rest and not rest.startswith(_TAGS)) or _follow(rest[:_LOOKED_THROUGH], first):
        raise DamageError(f"is damaged: at byte {place} a frame is expected, and something else is there")
    return [*places, place]


def _frame(head: int) -> _Frame | None:
    version, layer = head >> 19 & 3, 4 - (head >> 17 & 3)
    bits, rate, padding = head >> 12 & 15, head >> 10 & 3, head >> 9 & 1
    if head >> 21 != 0x7FF or version == 1 or layer == 4 or bits in (0, 15) or rate == 3:
        return None
    generation, hertz = _GENERATION[version], _RATES[rate] // _TIMES[version]
    per_second = _KBITS[generation, layer][bits] * 1000
    is_mono = head >> 6 & 3 == _MONO
    if layer == 1:
        return _Frame(head, (12 * per_second // hertz + padding) * 4, 384, generation, layer, is_mono)
    samples = 576 if (layer, generation) == (3, 2) else 1152
    return _Frame(head, samples // 8 * per_second // hertz + padding, samples, generation, layer, is_mono)


def _goes_with(first: _Frame, frame: _Frame) -> bool:
    return first.head & _SAME == frame.head & _SAME and first.is_mono == frame.is_mono


def _statement(data: bytes, first: _Frame) -> _Statement | None:
    """Return what the first frame states of the others, or None where it is one of sound."""
    place = first.tag_place
    is_blank = not any(data[4:place])
    is_marked = data[place : place + 4] in _STATEMENTS and first.size >= place + 12
    fields = number(data, place + 4, 4, "big") & _ALL_FIELDS
    is_signed = data[place + _SIGNATURE : place + _SIGNATURE + 4] in _WRITERS
    if is_blank and is_signed and not (is_marked and fields == _ALL_FIELDS):
        raise DamageError("is damaged: its first frame states a length that cannot be read")
    if is_marked:
        if not is_blank:
            raise DamageError("is damaged: its first frame states a length, and holds sound too")
        return _Statement(number(data, place + 8, 4, "big") if fields & 1 else 0, is_xing=True)
    if data[36:40] == b"VBRI":
        return _Statement(number(data, 50, 4, "big"), is_xing=False)
    return None


def _sized(data: bytes, first: _Frame) -> bytes:
    """Return a file whose statement of its bytes is true: cut off tags leave it wrong, and mpg123 complains aloud."""
    place = first.tag_place + 4
    flags = number(data, place, 4, "big")
    return patched(data, {place + 8: len(data).to_bytes(4, "big")}) if flags & 3 == 3 else data


def _check_sound(data: bytes, first: _Frame, places: Sequence[int], end: int) -> None:
    """Raise where the sound of a frame is not where the frame says, or not of the size.

    The bytes of a frame's sound may begin in the frames before, and must end in its own: so a frame that is lacking, or
    one whose head of sound is damaged, shows in the next. Decoders fall silent for such a frame, without a word.
    """
    if not places:
        return
    side = _SIDE[first.generation, first.is_mono]
    numbers, begin = np.frombuffer(data, np.uint8), np.array(places)
    heads = np.where(numbers[begin + 1] & 1, 4, 6)  # a checksum may follow the head
    if end - places[-1] < heads[-1] + side:
        raise DamageError("is truncated: its last frame is too small for its sound")
    bits = np.unpackbits(numbers[(begin + heads)[:, None] + np.arange(side)], axis=1)  # (frames, 8 side)
    back, used, values = _said_of_sound(bits, first)
    own = np.diff(begin, append=end) - heads - side
    there = np.cumsum(own)
    starts = there - own - back
    stops = starts + (used + 7) // 8
    wrong = (starts < np.append(0, stops[:-1])) | (stops > there) | (values > _MOST_VALUES)
    if wrong.any():
        raise DamageError(f"is damaged: the sound of frame {int(wrong.argmax())} is not there, or not of its size")


def _said_of_sound(bits: npt.NDArray[np.uint8], first: _Frame) -> tuple[_Counts, _Counts, _Counts]:
    """Return how many bytes before its own each frame's sound begins, its size in bits, its most pairs."""
    if first.generation == 1:
        width, place, parts, part = 9, 18 if first.is_mono else 20, 2 if first.is_mono else 4, 59
    else:
        width, place, parts, part = 8, 9 if first.is_mono else 10, 1 if first.is_mono else 2, 63
    starts = [place + part * index for index in range(parts)]
    sizes = sum(_field(bits, start, 12) for start in starts)
    values = np.max([_field(bits, start + 12, 9) for start in starts], axis=0)
    return _field(bits, 0, width), np.asarray(sizes), values


def _field(bits: npt.NDArray[np.uint8], start: int, width: int) -> _Counts:
    field: _Counts = bits[:, start : start + width] @ (1 << np.arange(width)[::-1])
    return field


def _follow(data: bytes, first: _Frame) -> bool:
    """Whether two frames of a stream stand anywhere in what is behind its end."""
    place = data.find(b"\xff")
    while place >= 0:
        frame = _frame(number(data, place, 4, "big"))
        if frame is not None and _goes_with(first, frame):
            after = _frame(number(data, place + frame.size, 4, "big"))
            if after is not None and _goes_with(first, after):
                return True
        place = data.find(b"\xff", place + 1)
    return False


def _prelude(first: _Frame, frames: int) -> bytes:
    """Return a frame that states the number of frames, and one of silence, to stand before so many frames.

    The first states a delay too, which with the decoder's own lag is exactly the silent frame. Without that a decoder
    cuts its lag off, of all that the file has.
    """
    needed = first.tag_place + 48
    heads = (first.head & ~0xF200 | bits << 12 | 1 << 16 for bits in range(1, 15))  # no padding, no checksum
    head = next(frame for frame in map(_frame, heads) if frame is not None and frame.size >= needed)
    word = head.head.to_bytes(4, "big")
    delay = (first.samples - _LAG) << 12
    tag = b"Xing" + struct.pack(">II", 1, frames + 1) + b"LAME3.100" + bytes(12) + delay.to_bytes(3, "big")
    stating = word + bytes(first.tag_place - 4) + tag
    return stating.ljust(head.size, b"\0") + word.ljust(head.size, b"\0")


__all__ = ["examine_mpeg", "is_mpeg"]
