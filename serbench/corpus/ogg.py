"""Ogg: every page by its checksum, their order, and where the last one says that the sound ends.

libsndfile passes over a page whose checksum fails, and reads the first of several streams that follow each other, both
without a word. Here a page that fails is an error, and a chain of streams is taken apart, to be decoded one by one.

Conventions
-----------
Pages are those of RFC 3533. Vorbis counts positions in samples; Opus at 48 kHz whatever it decodes to, and the first
of them, as many as its header says, are none of the sound (RFC 7845). FLAC in Ogg is FLAC again when the pages are
taken off.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

from serbench.corpus.content import CONVERT, Content, DamageError, number
from serbench.corpus.flac import examine_flac

MAGIC = b"OggS"
_BEGINS, _ENDS = 0x02, 0x04
_HEAD = 27
#: What a page says on which no packet ends.
_NOWHERE = 2**64 - 1
#: Ogg's checksum is that of zlib with each byte's bits reversed, begun with 0 and not inverted at the end.
_REVERSED = bytes(int(f"{byte:08b}"[::-1], 2) for byte in range(256))
_OPUS_RATE, _OPUS_RATES = 48_000, (8_000, 12_000, 16_000, 24_000, 48_000)
#: How the first packet of a stream begins, and of what stream. Those of FLAC wrap a native header of FLAC.
_VORBIS, _OPUS, _FLAC = b"\x01vorbis", b"OpusHead", b"\x7fFLAC"
_FLAC_WRAP = 9
_OTHERS = {b"Speex   ": "Speex", b"\x80theora": "video", b"fishead\0": "a Skeleton of several streams"}


class _Page(NamedTuple):
    flags: int
    position: int
    serial: int
    number: int
    body: bytes


@dataclass
class _Link:
    """A stream, one of those that follow each other in a chain."""

    start: int
    serial: int
    following: int
    end: int = 0
    position: int = 0
    has_ended: bool = False
    bodies: list[bytes] = field(default_factory=list)


def examine_ogg(data: bytes) -> list[Content]:
    """Return the streams that follow each other in a file.

    Raises
    ------
    DamageError
        When a page is damaged, lacking or out of order, a stream has no end, or it holds something that is not read.
    """
    links: list[_Link] = []
    for start, end, page in _pages(data, links):
        if page.flags & _BEGINS:
            links.append(_begun(links, start, page))
        elif not links or links[-1].serial != page.serial or links[-1].has_ended:
            raise DamageError(f"has a page at byte {start} of an Ogg stream whose beginning is not there")
        _add(links[-1], page, end)
    if not links or not links[-1].has_ended:
        raise DamageError("is truncated: its Ogg stream has no end")
    return [_content(data, link) for link in links]


def _pages(data: bytes, links: list[_Link]) -> Iterator[tuple[int, int, _Page]]:
    """Yield the beginning and the end of every page, and the page; a tag behind the last stream is passed over."""
    reversed_data = data.translate(_REVERSED)
    place = 0
    while place < len(data):
        if data[place : place + 4] != MAGIC[: len(data) - place]:
            if links and links[-1].has_ended and data.find(MAGIC, place) < 0:
                return  # a tag that some program wrote behind the sound
            raise DamageError(f"has something that is no Ogg page at byte {place}")
        sizes = data[place + _HEAD : place + _HEAD + number(data, place + 26, 1)]
        body = place + _HEAD + number(data, place + 26, 1)
        end = body + sum(sizes)
        if end > len(data):
            raise DamageError("is truncated: its last Ogg page is incomplete")
        sequence = number(data, place + 18, 4)
        if _checksum(reversed_data, place, end) != number(reversed_data, place + 22, 4, "big"):
            raise DamageError(f"is damaged: the checksum of Ogg page {sequence} at byte {place} does not hold")
        facts = (data[place + 5], number(data, place + 6, 8), number(data, place + 14, 4), sequence)
        yield place, end, _Page(*facts, data[body:end])
        place = end


def _checksum(reversed_data: bytes, place: int, end: int) -> int:
    """Return a page's checksum, its own field taken for 0, with its bits reversed."""
    view = memoryview(reversed_data)
    state = zlib.crc32(view[place : place + 22], 0xFFFFFFFF)
    return zlib.crc32(view[place + 26 : end], zlib.crc32(bytes(4), state)) ^ 0xFFFFFFFF


def _begun(links: list[_Link], start: int, page: _Page) -> _Link:
    if links and not links[-1].has_ended:
        if len(links[-1].bodies) == 1:
            raise DamageError("holds several Ogg streams side by side, expected one", CONVERT)
        raise DamageError("is truncated: its Ogg stream has no end")
    return _Link(start, page.serial, page.number)


def _add(link: _Link, page: _Page, end: int) -> None:
    if page.number != link.following:
        raise DamageError(f"lacks Ogg page {link.following}")
    if page.position != _NOWHERE:
        if page.position < link.position:
            raise DamageError(f"is damaged: the position of Ogg page {page.number} lies before that of the page before")
        link.position = page.position
    link.following = (page.number + 1) & 0xFFFFFFFF
    link.end, link.has_ended = end, bool(page.flags & _ENDS)
    link.bodies.append(page.body)


def _content(data: bytes, link: _Link) -> Content:
    first = link.bodies[0]
    if first.startswith(_VORBIS):
        return Content(data[link.start : link.end], samples=link.position)
    if first.startswith(_OPUS):
        return Content(data[link.start : link.end], samples=_opus_samples(first, link.position))
    if first.startswith(_FLAC):
        return examine_flac(b"".join(link.bodies)[_FLAC_WRAP:], link.position, "OGG/FLAC")
    what = next((name for magic, name in _OTHERS.items() if first.startswith(magic)), f"something named {first[:8]!r}")
    raise DamageError(f"holds {what} in Ogg, expected Vorbis, Opus or FLAC", CONVERT)


def _opus_samples(head: bytes, position: int) -> int:
    rate = number(head, 12, 4)
    times = _OPUS_RATE // (rate if rate in _OPUS_RATES else _OPUS_RATE)
    return max(0, position - number(head, 10, 2)) // times


__all__ = ["MAGIC", "examine_ogg"]
