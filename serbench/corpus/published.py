"""How many clips and speakers a corpus has as it was published, and how far what lies there may be from that.

Conventions
-----------
What deviates at all is said in sentences. A corpus that is off by more than its tolerance is a *part* of the published
one: its scores are marked wherever they are shown, and enter no average. Held to the published numbers is what takes
part: the clips of each class under the label map in use, and all speakers.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from serbench.corpus.manifest import Manifest, Utterance

#: The share of the published number by which clips of a class, or speakers, may be off.
TOLERANCE = 0.02


@dataclass(frozen=True, kw_only=True)
class Release:
    """A corpus as it was published once.

    Attributes
    ----------
    name
        As its publisher calls it: ``2.0``; empty for the one that a card's own counts are of.
    clips
        Published number of clips per label, or of all clips where no more is known; None where nothing is fixed.
    speakers
        Published number of speakers; None where it is not fixed.
    tolerance
        The share of a published number by which the clips of a class (one clip in any case) or the speakers may be
        off before what lies there counts as a part of the corpus.
    """

    name: str
    clips: Mapping[str, int] | int | None
    speakers: int | None = None
    tolerance: float = TOLERANCE

    @property
    def total(self) -> int | None:
        """Published number of all clips."""
        return sum(self.clips.values()) if isinstance(self.clips, Mapping) else self.clips

    def deviations(self, found: Sequence[Utterance]) -> list[str]:
        """Return a sentence for all that differs from the published numbers; ``found`` has the corpus's own words."""
        said = []
        if self.total is not None and len(found) != self.total:
            said.append(f"{len(found)} clips, expected {self.total}: an unpack that broke off, or another release?")
        if isinstance(self.clips, Mapping):
            counts = Counter(utterance.label for utterance in found)
            wrong = [f"{word} {counts[word]} of {n}" for word, n in self.clips.items() if counts[word] != n]
            if wrong:
                said.append(f"clips per label deviate: {', '.join(wrong)}")
        speakers = len({utterance.speaker for utterance in found})
        if self.speakers is not None and speakers != self.speakers:
            said.append(f"{speakers} speakers, expected {self.speakers}")
        return said

    def is_off(self, found: int, published: int, *, least: int = 0) -> bool:
        """Tell whether a number is further from the published one than is tolerated, or than ``least``."""
        return abs(found - published) > max(least, self.tolerance * published)


def nearest_release(releases: Iterable[Release], clips: int) -> Release:
    """Return the release whose number of clips is the nearest; the first of those that are equally near."""
    return min(releases, key=lambda release: abs((clips if release.total is None else release.total) - clips))


def part_of(manifest: Manifest) -> str | None:
    """Return in which numbers a manifest is off by more than is tolerated; None where it is not.

    >>> from pathlib import Path
    >>> from serbench.corpus.manifest import LabelMap, Manifest
    >>> release = Release(name="", clips={"calm": 100, "angry": 100})
    >>> part_of(Manifest("toy", "1", Path(), LabelMap.of("toy-1", ("calm",)), (), release=release))
    'part of the corpus: calm 0 of 100 clips (2 % are tolerated)'
    """
    release = manifest.release
    if release is None:
        return None
    wrong = []
    if isinstance(release.clips, Mapping):
        published: Counter[str] = Counter()
        for word, label in manifest.label_map.classes.items():
            published[label] += release.clips.get(word, 0)
        found = manifest.label_counts
        off = [label for label in manifest.labels if release.is_off(found[label], published[label], least=1)]
        wrong += [f"{label} {found[label]} of {published[label]} clips" for label in off]
    elif release.clips is not None:
        clips = len(manifest) + sum(manifest.dropped.values())
        wrong += [f"{clips} of {release.clips} clips"] if release.is_off(clips, release.clips, least=1) else []
    speakers = len({*manifest.speakers, *manifest.dropped_speakers})
    if release.speakers is not None and release.is_off(speakers, release.speakers):
        wrong.append(f"{speakers} of {release.speakers} speakers")
    return f"part of the corpus: {', '.join(wrong)} ({100 * release.tolerance:g} % are tolerated)" if wrong else None


__all__ = ["TOLERANCE", "Release", "nearest_release", "part_of"]
