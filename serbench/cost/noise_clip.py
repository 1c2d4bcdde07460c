"""Noise of a known length, as features of a model under test: what every measurement of cost is taken on.

Conventions
-----------
A clip is 3 s of quiet noise, the same on every machine; to a feature of text it is nine words. Noise is drawn before
anything is timed, and kept. Features of it are made anew whenever they are asked for, as timing wants, unless they are
to be shared: where many systems are counted, an encoder hears each clip once.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from serbench.features.batch import extract_waves
from serbench.features.extractor import FeatureExtractor
from serbench.features.table import Column, FeatureTable, Floats
from serbench.features.text import TextExtractor, text_row
from serbench.seeding import generator

CLIP_SECONDS = 3.0
#: The recording on which operations per second of audio are counted: long beside any segment.
LONG_SECONDS = 30.0
#: What people say in 3 s, for features of text.
_WORDS = "I did not think that you would really come."


def words_of(seconds: float) -> str:
    """Return what people say in so many seconds, in steps of a clip's."""
    return " ".join([_WORDS] * max(1, round(seconds / CLIP_SECONDS)))


@dataclass(frozen=True)
class NoiseClips:
    """Clips of noise, and how each feature turns them into rows.

    Attributes
    ----------
    extractors
        By feature name, the extractors of the model under test.
    labels
        The task's classes.
    shared
        What was made of the noise already, for systems that have features in common; None keeps nothing.
    """

    extractors: dict[str, FeatureExtractor]
    labels: tuple[str, ...]
    shared: dict[Hashable, Any] | None = field(default=None, repr=False)
    _waves: dict[tuple[int, float, int], Floats] = field(default_factory=dict, repr=False)

    def wave(self, sample_rate: int, *, seconds: float = CLIP_SECONDS, clip: int = 0) -> Floats:
        """Return quiet noise, float32 (samples,), the same at every call; another clip is other noise."""
        key = (sample_rate, seconds, clip)
        if key not in self._waves:
            rng = generator(0, "probe", clip) if clip else generator(0, "probe")
            self._waves[key] = rng.normal(0, 0.05, int(seconds * sample_rate)).astype(np.float32)
        return self._waves[key]

    def once(self, what: tuple[Hashable, ...], extractor: FeatureExtractor, make: Callable[[], Any]) -> Any:
        """Return what ``make`` makes of an extractor; where that is shared, what it made before of an equal one."""
        if self.shared is None:
            return make()
        key = (*what, extractor.identity.digest)
        if key not in self.shared:
            self.shared[key] = make()
        return self.shared[key]

    def table(self, clips: int = 1, *, seconds: float = CLIP_SECONDS, device: str = "cpu") -> FeatureTable:
        """Extract the features of so many clips, at once, and return them as a table without labels.

        Parameters
        ----------
        clips
            Rows of the table.
        seconds
            Length of each clip.
        device
            Where batched extractors work.
        """
        columns = {}
        for name, extractor in self.extractors.items():
            if isinstance(extractor, TextExtractor):
                rows = [text_row(extractor, words_of(seconds)) for _ in range(clips)]
                columns[name] = Column.stack(extractor.card.output, rows)
                continue
            columns[name] = Column.stack(extractor.card.output, self._rows(extractor, clips, seconds, device))
        ids = ("probe",) if clips == 1 else tuple(f"probe-{clip}" for clip in range(clips))
        return FeatureTable(ids, columns, self.labels)

    def _rows(self, extractor: FeatureExtractor, clips: int, seconds: float, device: str) -> list[Floats]:
        """Return the rows of the first clips; those that are not shared yet are extracted together."""

        def extracted(numbers: Iterable[int]) -> list[Floats]:
            waves = [self.wave(extractor.card.sample_rate, seconds=seconds, clip=clip) for clip in numbers]
            return extract_waves(extractor, waves, device)

        if self.shared is None:  # nothing else happens here: this is what timing times
            return extracted(range(clips))
        feature = extractor.identity.digest
        keys = [(feature, seconds, device, clip) for clip in range(clips)]
        lacking = [clip for clip in range(clips) if keys[clip] not in self.shared]
        if lacking:
            self.shared.update(zip((keys[clip] for clip in lacking), extracted(lacking), strict=True))
        return [self.shared[key] for key in keys]


__all__ = ["CLIP_SECONDS", "LONG_SECONDS", "NoiseClips", "words_of"]
