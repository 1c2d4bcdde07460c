"""Endings of recordings: one list for all that look for them.

An ending says where to look, never what a file is: that is told by its first bytes.
"""

from __future__ import annotations

#: What gives back the samples that went in, as a rule; compared in lower case.
LOSSLESS_SUFFIXES = (
    *(".wav", ".wave", ".w64", ".rf64", ".flac", ".aiff", ".aif", ".aifc", ".caf"),
    *(".au", ".snd", ".sph", ".nist", ".voc"),
)
#: What does not. Of two copies of a clip the one without any of these endings is read.
LOSSY_SUFFIXES = (".ogg", ".oga", ".opus", ".mp3")
#: Files that are looked at.
AUDIO_SUFFIXES = frozenset(LOSSLESS_SUFFIXES + LOSSY_SUFFIXES)

__all__ = ["AUDIO_SUFFIXES", "LOSSLESS_SUFFIXES", "LOSSY_SUFFIXES"]
