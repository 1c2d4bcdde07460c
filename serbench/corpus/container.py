"""Is a sound file whole? What its container promises, against the bytes that lie there.

libsndfile reads a WAV that a broken download cut short, an Ogg with a page that fails its checksum, and a half of an
MP3, without a word, and a missing half second moves a score. So every container that is read is looked through first,
by a module that knows it, and one of which nobody could tell whether it is whole is not read. No sound is decoded here.
"""

from __future__ import annotations

from collections.abc import Callable

from serbench.corpus import apple, flac, ogg, plain, wav
from serbench.corpus.content import Content, DamageError, number
from serbench.corpus.foreign import foreign
from serbench.corpus.mpeg import examine_mpeg, is_mpeg


def examine(data: bytes) -> list[Content]:
    """Return what to decode of a file, one after the other.

    Raises
    ------
    DamageError
        When it is not whole, not what it promises, or in no container that is read.
    """
    if not data:
        raise DamageError("is empty")
    data = _without_id3(data)
    if data.startswith(ogg.MAGIC):
        return ogg.examine_ogg(data)
    for magic, check in _CHECKS.items():
        if data.startswith(magic):
            return [check(data)]
    frames = data.lstrip(b"\0")
    if is_mpeg(frames):
        return [examine_mpeg(frames)]
    raise foreign(data)


def _without_id3(data: bytes) -> bytes:
    """Return a file without the tags that stand before its sound."""
    while data.startswith(b"ID3") and len(data) > 10:
        digits = data[6:10]
        if max(digits) >= 0x80:
            raise DamageError("has a broken ID3 tag before its sound")
        size = sum(digit << 7 * place for place, digit in enumerate(reversed(digits)))
        has_footer = number(data, 5, 1) & 0x10
        data = data[10 + size + (10 if has_footer else 0) :]
        if not data:
            raise DamageError("is truncated: it ends within the tag before its sound")
    return data


_CHECKS: dict[bytes, Callable[[bytes], Content]] = {
    flac.MAGIC: flac.examine_flac,
    b"RIFF": wav.examine_riff,
    b"RIFX": wav.examine_riff,
    b"RF64": wav.examine_riff,
    b"BW64": wav.examine_riff,
    b"riff": wav.examine_w64,
    b"FORM": apple.examine_aiff,
    b"caff": apple.examine_caf,
    b".snd": plain.examine_au,
    b"dns.": plain.examine_au,
    b"NIST_1A": plain.examine_nist,
    plain.VOC: plain.examine_voc,
}


__all__ = ["examine"]
