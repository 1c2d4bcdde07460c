"""Is a sound file whole? What its container promises, against the bytes that lie there.

libsndfile reads a WAV that a broken download cut short, and a Vorbis stream without its end, without a word,
and a missing half second moves a score. So the containers whose headers promise a length are asked first. No
sound is decoded here.

Conventions
-----------
Each check returns None for a whole file and otherwise what is wrong, as the rest of a sentence that starts
with the file's name. A header that a program wrote to a pipe, and could not go back to, promises 0 or the
largest number: accepted.
"""

from __future__ import annotations

import os
import struct
from collections.abc import Callable
from typing import BinaryIO

#: What a program writes that cannot know a length yet: 0, or the largest number less what its header takes.
_UNKNOWN = (range(1), range(0x7FFFFF00, 0x80000000), range(0xFFFFFF00, 0x100000000), range(2**64 - 256, 2**64))
_OGG_ENDS = 0x04
_W64_DATA = b"data\xf3\xac\xd3\x11\x8c\xd1\x00\xc0\x4f\x8e\xdb\x8a"


def damage(stream: BinaryIO) -> str | None:
    """Return what is missing of an open file, or None when it is whole or of a container that promises nothing.

    Raises
    ------
    OSError
        When the file cannot be read.
    """
    size = os.fstat(stream.fileno()).st_size
    if not size:
        return "is empty"
    stream.seek(0)
    check = _CHECKS.get(stream.read(4))
    stream.seek(0)
    return check(stream, size) if check else None


def _riff(stream: BinaryIO, size: int) -> str | None:
    """RIFF, RIFX (big-endian), RF64 and BW64 (64-bit lengths in a chunk of their own)."""
    magic = stream.read(12)[:4]
    order = ">" if magic == b"RIFX" else "<"
    long_data = None
    while len(head := stream.read(8)) == 8:
        name, length = head[:4], struct.unpack(f"{order}I", head[4:])[0]
        if name == b"ds64" and len(longs := stream.read(16)) == 16:
            long_data = struct.unpack("<Q", longs[8:])[0]
            length -= 16
        if name == b"data":
            if length == 0xFFFFFFFF and long_data is not None:
                length = long_data
            return _short(length, size - stream.tell())
        stream.seek(length + length % 2, os.SEEK_CUR)
    return "has no data chunk"


def _aiff(stream: BinaryIO, size: int) -> str | None:
    stream.seek(12)
    while len(head := stream.read(8)) == 8:
        name, length = head[:4], struct.unpack(">I", head[4:])[0]
        if name == b"SSND":
            return _short(length, size - stream.tell())
        stream.seek(length + length % 2, os.SEEK_CUR)
    return "has no sound chunk"


def _au(stream: BinaryIO, size: int) -> str | None:
    head = stream.read(12)
    if len(head) < 12:
        return "has a broken header"
    start, length = struct.unpack(">II", head[4:])
    return _short(length, size - start)


def _w64(stream: BinaryIO, size: int) -> str | None:
    stream.seek(40)  # 16 bytes of identifier, 8 of length, 16 of the word "wave"
    while len(head := stream.read(24)) == 24:
        length = struct.unpack("<Q", head[16:])[0] - 24
        if length < 0:
            return "has a broken header"
        if head[:16] == _W64_DATA:
            return _short(length, size - stream.tell())
        stream.seek(length + -length % 8, os.SEEK_CUR)
    return "has no data chunk"


def _ogg(stream: BinaryIO, size: int) -> str | None:
    """Walk over the pages: each must be whole, none may be missing, and every stream must say that it ends."""
    ended: dict[int, bool] = {}
    following: dict[int, int] = {}
    while stream.tell() < size:
        head = stream.read(27)
        if head[:4] != b"OggS"[: len(head)]:
            if ended and all(ended.values()):
                return None  # a tag that some program wrote behind the sound
            return f"has something that is no Ogg page at byte {stream.tell() - len(head)}"
        if len(head) < 27:
            return "is truncated: its last Ogg page is incomplete"
        flags, serial, number, segments = head[5], *struct.unpack("<II", head[14:22]), head[26]
        body = sum(stream.read(segments))
        stream.seek(body, os.SEEK_CUR)
        if stream.tell() > size:
            return "is truncated: its last Ogg page is incomplete"
        if number != following.get(serial, number):
            return f"lacks Ogg page {following[serial]}"
        following[serial] = (number + 1) & 0xFFFFFFFF
        ended[serial] = bool(flags & _OGG_ENDS)
    return None if ended and all(ended.values()) else "is truncated: its Ogg stream has no end"


def _short(declared: int, there: int) -> str | None:
    if declared <= there or any(declared in lengths for lengths in _UNKNOWN):
        return None
    return f"is truncated: its header declares {declared} bytes of sound, {max(there, 0)} are there"


_CHECKS: dict[bytes, Callable[[BinaryIO, int], str | None]] = {
    b"RIFF": _riff,
    b"RIFX": _riff,
    b"RF64": _riff,
    b"BW64": _riff,
    b"FORM": _aiff,
    b".snd": _au,
    b"riff": _w64,
    b"OggS": _ogg,
}


__all__ = ["damage"]
