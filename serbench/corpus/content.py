"""What the check of a container hands to the decoder, and what it says of a file that is not whole."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

#: What helps where the file itself is broken.
AGAIN = "get the file again"
#: What helps where the file is whole but of a kind that is not read.
CONVERT = "convert it, as by: ffmpeg -i OLD NEW.flac"

Order = Literal["little", "big"]


class DamageError(Exception):
    """What is wrong with a recording, as the rest of a sentence that begins with the file's name.

    Parameters
    ----------
    reason
        What came, and what was expected.
    remedy
        What a person can do.
    """

    def __init__(self, reason: str, remedy: str = AGAIN) -> None:
        super().__init__(f"{reason}; {remedy}")


@dataclass(frozen=True)
class Content:
    """A stream that is whole as far as its container tells, for a decoder.

    Attributes
    ----------
    data
        The bytes to decode: those of the file, or with a header that was finished for its writer.
    samples
        How many per channel must come of them; more are the padding of a last block, and cut off. None where the
        decoder's own count has to do.
    least
        How many per channel must come of them at least.
    codec
        The container and the coding where the decoder does not see them: ``OGG/FLAC``, ``VOC/PCM_16``.
    seal
        Holds the samples (samples, channels), float32 or the integers of 16 bits that they were, against a checksum
        of them, or raises :class:`DamageError`; None where the container has none.
    """

    data: bytes
    samples: int | None = None
    least: int = 0
    codec: str | None = None
    seal: Callable[[npt.NDArray[np.float32] | npt.NDArray[np.int16]], None] | None = None


def number(data: bytes, place: int, size: int, order: Order = "little") -> int:
    """Return the unsigned number of so many bytes at a place; of what lies behind the end, 0."""
    return int.from_bytes(data[place : place + size], order)


def patched(data: bytes, changes: dict[int, bytes]) -> bytes:
    """Return a copy with other bytes at some places."""
    copy = bytearray(data)
    for place, change in changes.items():
        copy[place : place + len(change)] = change
    return bytes(copy)


def held(declared: int, there: int) -> None:
    """Raise DamageError where a header declares more bytes of sound than are there."""
    if declared > there:
        raise DamageError(f"is truncated: its header declares {declared} bytes of sound, {max(there, 0)} are there")


__all__ = ["AGAIN", "CONVERT", "Content", "DamageError", "Order", "held", "number", "patched"]
