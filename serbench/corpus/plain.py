"""Containers of a short header and plain samples: AU, NIST SPHERE, Creative's VOC.

libsndfile reads the heads of a VOC's later blocks as if they were sound; so its blocks are put together here.
"""

from __future__ import annotations

from serbench.corpus.content import CONVERT, Content, DamageError, Order, held, number, patched

VOC = b"Creative Voice File\x1a"
#: Bytes of a sample of AU by the number of its coding; the others have no fixed number.
_AU_WIDTHS = {1: 1, 2: 1, 3: 2, 4: 3, 5: 4, 6: 4, 7: 8, 27: 1}
_UNKNOWN = 0xFFFFFFFF
#: Blocks of a VOC: the end; sound; more of it; silence; a repeat's beginning and end; sound of a later kind.
_END, _SOUND, _MORE, _SILENCE, _REPEAT, _REPEATED, _NEW_SOUND = 0, 1, 2, 3, 6, 7, 9
_STEREO = 8
#: Codings of a VOC: the number that stands for the same in WAV, the bits of a sample, and libsndfile's words.
_VOC_CODINGS = {0: (1, 8, "PCM_U8"), 4: (1, 16, "PCM_16"), 6: (6, 8, "ALAW"), 7: (7, 8, "ULAW")}


def examine_au(data: bytes) -> Content:
    """Return what to decode of an AU, big-endian or little.

    Raises
    ------
    DamageError
        When its header is broken, or it holds less or more than it promises.
    """
    order: Order = "big" if data.startswith(b".snd") else "little"
    start, length, coding, _, channels = (number(data, place, 4, order) for place in range(4, 24, 4))
    if len(data) < 24 or start < 24 or not channels:
        raise DamageError("has a broken header")
    there = len(data) - start
    is_promised = length not in (0, _UNKNOWN)
    if not is_promised:
        length = max(0, there)
        data = patched(data, {8: length.to_bytes(4, order)})
    held(length, there)
    _nothing_behind(data, start + length)
    block = _AU_WIDTHS.get(coding, 0) * channels
    if block and is_promised and length % block:
        raise DamageError(f"contradicts itself: it declares {length} bytes of sound in blocks of {block}")
    return Content(data, samples=length // block if block else None)


def examine_nist(data: bytes) -> Content:
    """Return what to decode of a NIST SPHERE.

    Raises
    ------
    DamageError
        As :func:`examine_au`, and when it is compressed.
    """
    lines = data[:1024].split(b"\n")
    facts = {words[0]: words[2] for words in (line.split(None, 2) for line in lines[2:]) if len(words) == 3}
    coding = facts.get(b"sample_coding", b"pcm")
    if b"embedded" in coding:
        raise DamageError(f"is a NIST SPHERE that is compressed ({coding.decode('latin-1')!r})", CONVERT)
    try:
        start = int(lines[1])
        samples, channels, width = (
            int(facts.get(name, default))
            for name, default in ((b"sample_count", b""), (b"channel_count", b"1"), (b"sample_n_bytes", b""))
        )
    except (IndexError, ValueError):
        raise DamageError("has a broken header") from None
    if min(start, samples, channels, width) < 0:
        raise DamageError("has a broken header")
    length = samples * channels * width
    held(length, len(data) - start)
    _nothing_behind(data, start + length)
    return Content(data, samples=samples)


def examine_voc(data: bytes) -> Content:
    """Return the sound of a VOC's blocks, as a WAV.

    Raises
    ------
    DamageError
        When a block is incomplete, or its sound is not of one kind in one piece.
    """
    kind: tuple[int, int, int] | None = None
    sound: list[bytes] = []
    for block, body in _voc_blocks(data):
        if block in (_SOUND, _NEW_SOUND):
            found, samples = _voc_kind(block, body)
            if kind not in (None, found):
                raise DamageError(f"changes its format in the middle, from {kind} to {found}", CONVERT)
            kind = found
            sound.append(samples)
        elif block == _MORE:
            sound.append(body)
        elif block in (_SILENCE, _REPEAT, _REPEATED, _STEREO):
            raise DamageError(f"is a VOC with blocks of kind {block} (silence, repeats, two channels of old)", CONVERT)
    if kind is None:
        raise DamageError("has no block of sound")
    rate, channels, coding = kind
    number_in_wav, bits, words = _VOC_CODINGS[coding]
    samples = b"".join(sound)
    head = _wav_head(number_in_wav, channels, rate, bits, len(samples))
    return Content(head + samples, samples=len(samples) // (channels * bits // 8), codec=f"VOC/{words}")


def _voc_blocks(data: bytes) -> list[tuple[int, bytes]]:
    place = number(data, 20, 2)
    blocks = []
    while place < len(data) and data[place] != _END:
        start = place + 4
        length = number(data, place + 1, 3)
        held(length, len(data) - start)
        blocks.append((data[place], data[start : start + length]))
        place = start + length
    if place >= len(data):
        if not _swallowed_end(blocks):
            raise DamageError("is truncated: it has no block that ends it")
        blocks[0] = (blocks[0][0], blocks[0][1][:-1])
    if data[place:].strip(b"\0"):
        raise DamageError(f"is damaged: it ends at byte {place}, and more follows")
    return blocks


def _swallowed_end(blocks: list[tuple[int, bytes]]) -> bool:
    """Whether the end is counted into the one block of sound, as libsndfile does in A-law and µ-law."""
    return (
        len(blocks) == 1
        and blocks[0][0] == _NEW_SOUND
        and number(blocks[0][1], 6, 2) in (6, 7)
        and not blocks[0][1][-1]
    )


def _voc_kind(block: int, body: bytes) -> tuple[tuple[int, int, int], bytes]:
    """Return rate, channels and coding of a block of sound, and its samples."""
    if block == _SOUND:
        kind, samples, bits = (round(1_000_000 / (256 - number(body, 0, 1))), 1, number(body, 1, 1)), body[2:], 8
    else:
        kind, samples = (number(body, 0, 4), number(body, 5, 1), number(body, 6, 2)), body[12:]
        bits = number(body, 4, 1)
    if kind[2] not in _VOC_CODINGS or _VOC_CODINGS[kind[2]][1] != bits or not kind[1]:
        raise DamageError(f"is a VOC of coding {kind[2]} with {bits} bits, expected plain samples", CONVERT)
    return kind, samples


def _wav_head(coding: int, channels: int, rate: int, bits: int, length: int) -> bytes:
    block = channels * bits // 8
    numbers = ((16, 4), (coding, 2), (channels, 2), (rate, 4), (rate * block, 4), (block, 2), (bits, 2))
    about = b"".join((value & (1 << 8 * size) - 1).to_bytes(size, "little") for value, size in numbers)
    return b"RIFF" + (36 + length).to_bytes(4, "little") + b"WAVEfmt " + about + b"data" + length.to_bytes(4, "little")


def _nothing_behind(data: bytes, end: int) -> None:
    if data[end:] not in (b"", b"\0"):  # a length that shrank leaves sound there; a byte may fill up an odd one
        raise DamageError(f"is damaged: by its header the sound ends at byte {end}, and more follows")


__all__ = ["VOC", "examine_au", "examine_nist", "examine_voc"]
