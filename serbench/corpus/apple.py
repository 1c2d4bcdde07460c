"""Apple's containers: AIFF, AIFC, and the Core Audio Format.

Conventions
-----------
As for WAV: a length that its writer could not fill in is read to the end of the file, any other must be met, and
what stands before and behind the sound is nothing but chunks.
"""

from __future__ import annotations

from serbench.corpus.content import CONVERT, Content, DamageError, held, number, patched

#: Codings of AIFC with a fixed number of bytes for a sample; 0 where it is that of the declared bits.
_AIFC_WIDTHS = dict.fromkeys((b"NONE", b"twos", b"sowt", b"raw ", b"in24", b"in32", b"42ni", b"23ni"), 0) | {
    **dict.fromkeys((b"ulaw", b"ULAW", b"alaw", b"ALAW"), 1),
    **dict.fromkeys((b"fl32", b"FL32"), 4),
    **dict.fromkeys((b"fl64", b"FL64"), 8),
}
#: Codings in blocks: the bytes of one, and its samples.
_AIFC_BLOCKS = {b"ima4": (34, 64), b"GSM ": (33, 160)}
_CAF_PLAIN, _ALAC = (b"lpcm", b"ulaw", b"alaw"), b"alac"
#: What stands before the samples in a chunk of sound.
_SSND_HEAD, _CAF_DATA_HEAD = 8, 4
_UNKNOWN, _UNKNOWN_LONG = 0x7FFFFF00, 1 << 63


def examine_aiff(data: bytes) -> Content:
    """Return what to decode of an AIFF or AIFC.

    Raises
    ------
    DamageError
        When it holds no sound, less or more than it promises, or contradicts itself.
    """
    if data[8:12] not in (b"AIFF", b"AIFC"):
        raise DamageError(f"is a FORM of {data[8:12]!r}, expected one of AIFF or AIFC", CONVERT)
    spans = _spans(data, 12, 4, b"SSND")
    if b"SSND" not in spans:
        raise DamageError("has no sound chunk")
    if b"COMM" not in spans:
        raise DamageError("has no chunk that describes its sound")
    (start, end), (about, _) = spans[b"SSND"], spans[b"COMM"]
    frames = number(data, about + 2, 4, "big")
    coding = data[about + 18 : about + 22] if data[8:12] == b"AIFC" else b"NONE"
    channels, first = number(data, about, 2, "big"), start + _SSND_HEAD + number(data, start, 4, "big")
    if coding in _AIFC_BLOCKS:
        held(end - start, len(data) - start)
        return Content(data, samples=_blocks_of(coding, channels, end - first, frames))
    if coding not in _AIFC_WIDTHS:
        raise DamageError(f"holds {coding!r} in AIFC, which is not read", CONVERT)
    block = channels * (_AIFC_WIDTHS[coding] or (number(data, about + 6, 2, "big") + 7) // 8)
    if end - start <= _SSND_HEAD and not frames and block:
        frames = max(0, len(data) - first) // block
        return Content(_finished_aiff(data, start, about, frames), samples=frames)
    held(max(end - first, frames * block), min(len(data), end) - first)
    if end - first - frames * block not in (0, 1):
        raise DamageError(f"contradicts itself: it declares {frames} samples, and {end - first} bytes of them")
    return Content(data, samples=frames)


def _blocks_of(coding: bytes, channels: int, length: int, frames: int) -> int:
    """Return how many samples so many bytes of blocks hold.

    Writers do not agree on whether samples are counted or blocks, or those of all channels.
    """
    size, samples = _AIFC_BLOCKS[coding]
    blocks, rest = divmod(length, size * max(1, channels))
    if rest > 1:
        raise DamageError(f"contradicts itself: it declares {length} bytes of sound in {channels} channels")
    if blocks * samples - samples < frames <= blocks * samples:
        return frames if coding == b"GSM " else blocks * samples
    if frames not in (blocks, blocks // max(1, channels)):
        raise DamageError(f"contradicts itself: it declares {frames} samples, and blocks of {blocks * samples}")
    return blocks * samples


def _finished_aiff(data: bytes, start: int, about: int, frames: int) -> bytes:
    """Return an AIFF that was written to a pipe with a header that says how long it is."""
    sizes = {4: len(data) - 8, start - 4: len(data) - start, about + 2: frames}
    return patched(data, {place: size.to_bytes(4, "big") for place, size in sizes.items()})


def examine_caf(data: bytes) -> Content:
    """Return what to decode of a file in the Core Audio Format.

    Raises
    ------
    DamageError
        As :func:`examine_aiff`.
    """
    spans = _spans(data, 8, 8, b"data")
    if b"desc" not in spans or b"data" not in spans:
        raise DamageError("has no data chunk" if b"desc" in spans else "has no chunk that describes its sound")
    (start, end), about = spans[b"data"], spans[b"desc"][0]
    coding = data[about + 8 : about + 12]
    if end - start >= _UNKNOWN_LONG:
        end = len(data)
        data = patched(data, {start - 8: (end - start).to_bytes(8, "big")})
    held(end - start, len(data) - start)
    if coding == _ALAC:
        return Content(data, samples=_alac_samples(data, about, spans))
    if coding not in _CAF_PLAIN:
        raise DamageError(f"holds {coding!r}, expected plain samples or ALAC", CONVERT)
    block, channels, bits = (number(data, about + place, 4, "big") for place in (16, 24, 28))
    if not block or block != channels * ((bits + 7) // 8):
        raise DamageError(
            f"contradicts itself: its header declares {channels} channels of {bits} bits in packets of {block} bytes"
        )
    return Content(data, samples=(end - start - _CAF_DATA_HEAD) // block)


def _alac_samples(data: bytes, about: int, spans: dict[bytes, tuple[int, int]]) -> int:
    """Return how many samples the packets of an ALAC hold."""
    if b"pakt" not in spans:
        raise DamageError("is truncated: the table of its packets is not there")
    table, size = spans[b"pakt"][0], number(data, about + 20, 4, "big")
    packets, samples = number(data, table, 8, "big"), number(data, table + 8, 8, "big")
    before, behind = number(data, table + 16, 4, "big"), number(data, table + 20, 4, "big")
    if not (packets - 1) * size < samples + before <= packets * size or (samples + before + behind) % size:
        raise DamageError(
            f"contradicts itself: it declares {samples} samples ({before} before them, {behind} behind) in {packets} "
            f"packets of {size}"
        )
    return samples


def _spans(data: bytes, place: int, size: int, sound: bytes) -> dict[bytes, tuple[int, int]]:
    """Return where what is inside each chunk begins and ends; the end may lie behind that of the file.

    Parameters
    ----------
    data, place
        The file, and where its first chunk begins.
    size
        Of a length, in bytes; chunks of AIFF, whose lengths have four, begin at even places.
    sound
        The name of the chunk of sound, behind which nothing can be told apart where its length is not known.
    """
    spans: dict[bytes, tuple[int, int]] = {}
    while place + 4 + size <= len(data):
        name, start = data[place : place + 4], place + 4 + size
        end = start + number(data, place + 4, size, "big")
        if not all(0x20 <= letter < 0x7F for letter in name) or (name == sound and name in spans):
            break
        spans.setdefault(name, (start, end))
        place = end + end % 2 if size == 4 else end
        if name == sound and (end > len(data) or (size == 4 and end - start <= _SSND_HEAD)):
            return spans
    if data[place:].strip(b"\0") and not data[place:].startswith(b"TAG"):
        raise DamageError(f"is damaged: at byte {place} a chunk is expected, and something else is there")
    return spans


__all__ = ["examine_aiff", "examine_caf"]
