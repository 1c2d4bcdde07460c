"""The TextExtractor contract: a feature of what is said, not of how; and the rows of a corpus's texts.

Conventions
-----------
A text is a transcript as the corpus has it, with its case and punctuation; empty where nothing was written down of a
clip. Nothing but the text and the constructor's arguments may enter a feature. A row depends on its text and the
extractor's identity: it is kept under the digest of the text, and no table holds the text itself.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np

from serbench.digest import digest_value
from serbench.errors import PluginError, SerbenchError
from serbench.features.batch import rounded
from serbench.features.cache import FeatureCache
from serbench.features.extractor import FeatureCard, FeatureExtractor
from serbench.features.table import Floats, MappedColumn

#: Texts that are made before they are kept.
_FLUSH = 512


@dataclass(frozen=True, kw_only=True)
class TextCard(FeatureCard):
    """What a text extractor says of itself; ``output`` is ``vector`` (d,) or ``sequence`` (t, d).

    Attributes
    ----------
    sample_rate
        Of no meaning: no sound is heard.
    """

    sample_rate: int = field(default=16_000, init=False)

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.output not in ("vector", "sequence"):
            raise PluginError(f"{self.name}: output is {self.output!r}, expected 'vector' or 'sequence' of a text")


class TextExtractor(FeatureExtractor):
    """A feature of one transcript. An author writes the card and ``extract_text``."""

    card: ClassVar[TextCard]

    def extract_text(self, text: str) -> Floats:
        """Turn a text into the card's output.

        Parameters
        ----------
        text
            As the corpus has it; may be empty.

        Returns
        -------
        float32 array (d,) or (t, d), finite, not empty; ``d`` does not depend on the text.
        """
        raise NotImplementedError

    def extract(self, wave: Floats) -> Floats:  # noqa: ARG002  (no sound is heard)
        """Refuse a wave.

        Raises
        ------
        PluginError
            Always.
        """
        raise PluginError(f"{self.card.name} reads transcripts and hears nothing; use extract_text")


def text_column(
    extractor: TextExtractor,
    texts: Sequence[str],
    cache: FeatureCache,
    progress: Callable[[int], None] | None = None,
) -> MappedColumn:
    """Return an extractor's rows of texts, computing only those that the cache lacks.

    Raises
    ------
    PluginError
        When the extractor raises, or returns something other than its contract says; the message quotes no text.
    """
    keys = [digest_value({"text": text}) for text in texts]
    rows = cache.rows(extractor)
    todo = {key: text for key, text in zip(keys, texts, strict=True) if key not in rows}
    shape = rows.row_shape
    waiting = list(todo)
    for start in range(0, len(waiting), _FLUSH):
        part = waiting[start : start + _FLUSH]
        made = [text_row(extractor, todo[key]) for key in part]
        for row in made:
            width = row.shape if extractor.card.output == "vector" else row.shape[1:]
            shape = width if shape is None else shape
            if width != tuple(shape):
                raise PluginError(f"{extractor.identity.label} made shape {row.shape}, expected {shape} as before")
        rows.add(part, made)
    if progress is not None:
        progress(len(texts))
    return rows.column(keys)


def text_row(extractor: TextExtractor, text: str) -> Floats:
    """Return the row of one text.

    Raises
    ------
    PluginError
        See :func:`text_column`.
    """
    label, output = extractor.identity.label, extractor.card.output
    try:
        row = rounded(extractor.extract_text(text), extractor.card.kept)
    except SerbenchError:
        raise
    except Exception as error:
        raise PluginError(f"{label} failed on a text of {len(text)} characters: {type(error).__name__}") from error
    ndim = 1 if output == "vector" else 2
    if not isinstance(row, np.ndarray) or row.dtype != np.float32 or row.ndim != ndim or not row.size:
        said = f"{row.dtype} {row.shape}" if isinstance(row, np.ndarray) else type(row).__name__
        raise PluginError(f"{label} made {said} of a text, expected a float32 {output}, not empty")
    if not np.isfinite(row).all():
        raise PluginError(f"{label} made values of a text that are not finite, expected all finite")
    return row


__all__ = ["TextCard", "TextExtractor", "text_column", "text_row"]
