"""What a dataset says of itself."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from serbench.corpus.published import TOLERANCE, Release, nearest_release
from serbench.part import Card


@dataclass(frozen=True, kw_only=True)
class DatasetCard(Card):
    """What a dataset says of itself.

    Attributes
    ----------
    labels
        The corpus's own words for its emotions, as ``utterances`` yields them.
    language
        ISO 639-3: ``deu``.
    licence
        As published.
    cite
        A DOI or a reference.
    obtain
        How to get the corpus, in one or two sentences; shown when it is missing.
    folders
        Names of the folder under a data root, compared without case; the first that exists is taken.
        Empty for a generated corpus.
    clips
        Published number of clips per label; None where it is not fixed.
    speakers
        Published number of speakers; None where it is not fixed.
    releases
        Others than the one that ``clips`` is of: from the publisher's name (``2.0``) to the number of clips per label,
        or of all clips. What lies there is held to the one whose number of clips is the nearest, and records name it.
    tolerance
        The share by which the clips of a class (one clip in any case) or the speakers may be off the published number.
        Beyond that what lies there counts as a part of the corpus: marked in every view, excluded from averages.
    sample_rates
        Of the published recordings, in Hz; rows measured on a copy at another rate are labelled as from a derived
        copy. Empty where nothing is fixed.
    diagnostic
        Why the corpus's score says little ("two speakers"); a corpus with such a reason is shown, never averaged
        into a headline. None where nothing of the kind is to be said.
    prompts
        Where actors say sentences that they are told to: from the sentence of an utterance to its words, as far as they
        are known. None where people say what they say. Features of text read prompts only where that is asked for.
    headline
        False for a corpus that is no recording of people (synthetic): never averaged into a headline.
    """

    labels: tuple[str, ...]
    language: str
    licence: str
    cite: str
    obtain: str
    folders: tuple[str, ...] = ()
    clips: Mapping[str, int] | None = None
    speakers: int | None = None
    releases: Mapping[str, Mapping[str, int] | int] = field(default_factory=dict)
    tolerance: float = TOLERANCE
    sample_rates: tuple[int, ...] = ()
    diagnostic: str | None = None
    headline: bool = True
    prompts: Mapping[str, str] | None = None

    def release_of(self, clips: int) -> Release | None:
        """Return the release that a corpus of so many clips is held to; None where nobody published numbers."""
        if not self.releases and self.clips is None and self.speakers is None:
            return None
        counts = {"": self.clips, **self.releases}
        known = [
            Release(name=name, clips=published, speakers=self.speakers, tolerance=self.tolerance)
            for name, published in counts.items()
        ]
        return nearest_release(known, clips)


__all__ = ["DatasetCard"]
