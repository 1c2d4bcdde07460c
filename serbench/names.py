"""File names that are no UTF-8, for people and for files of ours.

Python keeps a byte of a name that is no UTF-8 as half of a surrogate pair, which no file and no terminal takes.
"""

from __future__ import annotations

import re

_HALVES = re.compile("[\ud800-\udfff]")


def legible(text: str) -> str:
    r"""Return text whose bytes that are no UTF-8 are read as Windows-1252, of which Latin-1 is the larger part.

    Whatever stands for no byte becomes the replacement character. All other text is returned as it is.

    >>> legible("Aufnahmen \udcfcber"), legible("für")
    ('Aufnahmen über', 'für')
    """
    return text if text.isascii() else _HALVES.sub(_read, text)


def _read(half: re.Match[str]) -> str:
    byte = ord(half[0]) - 0xDC00
    return bytes([byte]).decode("cp1252", errors="replace") if 0x80 <= byte <= 0xFF else "\ufffd"


__all__ = ["legible"]
