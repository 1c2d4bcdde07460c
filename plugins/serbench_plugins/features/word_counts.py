"""How often words are said, without a vocabulary."""

from __future__ import annotations

import re
import zlib

from serbench.api import TextCard, TextExtractor

_WORD = re.compile(r"[\w']+")


class WordCounts(TextExtractor):
    """Words and runs of words of a transcript, each counted in the place of its hash: float32 (places,).

    A place is the CRC-32 of the words in UTF-8, joined by blanks, modulo ``places``: no vocabulary is learned, so no
    test row has a part in the feature. Case is folded; a word is letters, digits and apostrophes. Without words all are
    0.

    Parameters
    ----------
    places
        How many there are; of different words some share one.
    longest
        Words in the longest run.
    """

    card = TextCard(name="word-counts", version="1", summary="words and pairs, hashed to 4,096 counts", output="vector")

    def __init__(self, *, places: int = 4096, longest: int = 2) -> None:
        self.places = places
        self.longest = longest

    def extract_text(self, text):
        import numpy as np

        words, counts = _WORD.findall(text.casefold()), np.zeros(self.places, np.float32)
        for size in range(1, self.longest + 1):
            for first in range(len(words) - size + 1):
                counts[zlib.crc32(" ".join(words[first : first + size]).encode()) % self.places] += 1
        return counts


__all__ = ["WordCounts"]
