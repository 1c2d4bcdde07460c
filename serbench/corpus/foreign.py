"""What a file is that holds no sound that is read, and what to do about it, by how it begins."""

from __future__ import annotations

from serbench.corpus.content import AGAIN, CONVERT, DamageError

_UNPACK = "unpack it"
#: Where a word stands, the word, what has it there, and what helps.
_KINDS: tuple[tuple[int, bytes, str, str], ...] = (
    (4, b"ftyp", "is MPEG-4 (M4A, AAC, MP4), which is not read", CONVERT),
    (0, b"ADIF", "is AAC, which is not read", CONVERT),
    (0, b"\x30\x26\xb2\x75\x8e\x66\xcf\x11", "is Windows Media (WMA), which is not read", CONVERT),
    (0, b"\x1a\x45\xdf\xa3", "is WebM or Matroska, which is not read", CONVERT),
    (0, b"#!AMR", "is AMR, which is not read", CONVERT),
    (0, b"wvpk", "is WavPack, which is not read", CONVERT),
    (0, b"MAC ", "is Monkey's Audio, which is not read", CONVERT),
    (0, b"TTA1", "is True Audio, which is not read", CONVERT),
    (0, b"MPCK", "is Musepack, which is not read", CONVERT),
    (0, b"MP+", "is Musepack, which is not read", CONVERT),
    (0, b"DSD ", "is DSD, which is not read", CONVERT),
    (0, b".RMF", "is RealMedia, which is not read", CONVERT),
    (0, b".ra\xfd", "is RealAudio, which is not read", CONVERT),
    (0, b"FLV\x01", "is Flash video, which is not read", CONVERT),
    (0, b"\x00\x00\x01\xba", "is MPEG video, which is not read", CONVERT),
    (0, b"\x00\x00\x01\xb3", "is MPEG video, which is not read", CONVERT),
    (0, b"\x0b\x77", "is AC-3, which is not read", CONVERT),
    (0, b"ajkg", "is Shorten, which is not read", CONVERT),
    (0, b"MThd", "is MIDI, notes and no sound", AGAIN),
    (0, b"\x00\x05\x16\x07", "is what a Mac keeps beside a file (AppleDouble), no recording", "delete it"),
    (0, b"PK\x03\x04", "is a ZIP archive, no recording", _UNPACK),
    (0, b"\x1f\x8b", "is compressed by gzip, no recording", _UNPACK),
    (0, b"BZh", "is compressed by bzip2, no recording", _UNPACK),
    (0, b"\xfd7zXZ\x00", "is compressed by xz, no recording", _UNPACK),
    (0, b"7z\xbc\xaf\x27\x1c", "is a 7z archive, no recording", _UNPACK),
    (0, b"Rar!", "is a RAR archive, no recording", _UNPACK),
    (257, b"ustar", "is a tar archive, no recording", _UNPACK),
    (0, b"version https://git-lfs", "is a pointer of Git LFS, no recording", "fetch what it stands for: git lfs pull"),
    (0, b"/annex/objects", "is a pointer of git-annex, no recording", "fetch what it stands for: git annex get"),
    (0, b"\x93NUMPY", "is an array of NumPy, no recording", "write it as WAV or FLAC"),
    (0, b"%PDF", "is a PDF, no recording", AGAIN),
    (0, b"\x89PNG", "is a picture, no recording", AGAIN),
    (0, b"\xff\xd8\xff", "is a picture, no recording", AGAIN),
)
_PAGES = (b"<!doctype html", b"<html", b"<head", b"<?xml", b"<error")
#: How much of a file is looked at, and how much of a text is quoted.
_SEEN, _QUOTED = 512, 40


def foreign(data: bytes) -> DamageError:
    """Return what is wrong with a file that is in no container that is read."""
    for place, word, what, remedy in _KINDS:
        if data[place : place + len(word)] == word:
            return DamageError(what, remedy)
    if len(data) > 1 and data[0] == 0xFF and data[1] & 0xF6 == 0xF0:
        return DamageError("is AAC, which is not read", CONVERT)
    begin = data[:_SEEN].lstrip(b"\xef\xbb\xbf \t\r\n")
    if begin.lower().startswith(_PAGES):
        return DamageError("is a web page, no recording: a download that was refused?", AGAIN)
    if not data.strip(b"\0"):
        return DamageError(f"holds {len(data)} bytes of zeros and nothing else", AGAIN)
    text = _text(data)
    if text is not None:
        return DamageError(f"is text, no recording (it begins {text!r})", AGAIN)
    return DamageError(f"is damaged or no sound: it begins as nothing that is read ({data[:8].hex(' ')})", AGAIN)


def _text(data: bytes) -> str | None:
    """Return how a text begins, or None for what is none."""
    try:
        text = data[:_SEEN].decode()
    except UnicodeDecodeError as error:
        if error.start < min(len(data), _SEEN) - 4:  # the last letter may have been cut
            return None
        text = data[: error.start].decode()
    is_text = all(letter.isprintable() or letter in "\r\n\t\f" for letter in text)
    return " ".join(text.split())[:_QUOTED] if is_text else None


__all__ = ["foreign"]
