"""The Dataset contract, and how a folder becomes a manifest.

Conventions
-----------
A dataset plugin reads file names and tables, never sound. It yields what it recognises; the core finds
the corpus under the data roots, applies the label map, settles copies of a clip, compares the counts with
the published ones and says in sentences what deviates.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path, PurePath
from typing import Any, ClassVar, Protocol

from serbench.corpus.manifest import LabelMap, Manifest, Utterance
from serbench.errors import DatasetError, DatasetMissingError, UnknownNameError
from serbench.part import Card, Part

#: Endings of files that libsndfile reads, compared in lower case.
AUDIO_SUFFIXES = frozenset({".wav", ".flac", ".ogg", ".opus", ".mp3", ".aiff", ".aif", ".au", ".sph", ".w64", ".rf64"})


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
    diagnostic
        True for a corpus whose score says little (two speakers): shown, never averaged into a headline.
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
    diagnostic: bool = False
    headline: bool = True


class SplitRule(Protocol):
    """What a dataset declares as its speaker-independent rule; see ``serbench.protocol.splitters``."""

    def folds(self, manifest: Manifest) -> Sequence[Any]:
        """Return the folds of the manifest."""


class Dataset(Part):
    """A corpus. An author writes the card, the split and ``utterances``.

    Attributes
    ----------
    split
        The speaker-independent rule of protocol ``si``.
    label_maps
        The maps on offer, the first is the default. Empty: every word of the card is its own class.
    """

    card: ClassVar[DatasetCard]
    split: ClassVar[SplitRule]
    label_maps: ClassVar[tuple[LabelMap, ...]] = ()

    def __init__(self, *, labels: str | None = None) -> None:
        self.labels = labels

    def utterances(self, root: Path) -> Iterable[Utterance]:
        """Yield one utterance per clip found below ``root``, in any order, decoding nothing.

        A clip that lies there twice may be yielded twice: the copy nearest to the root is kept.
        """
        raise NotImplementedError

    def locate(self, data_roots: Sequence[Path], cache: Path) -> Path:  # noqa: ARG002  (for generated corpora)
        """Return the corpus root: the first of the card's folders below the first data root that has one.

        Parameters
        ----------
        data_roots
            Where the user keeps corpora.
        cache
            Where a generated corpus may be kept.

        Raises
        ------
        DatasetMissingError
            When no folder is there; the message says how to obtain the corpus.
        """
        wanted = [name.casefold() for name in self.card.folders]
        for data_root in data_roots:
            there = {path.name.casefold(): path for path in sorted(_listing(data_root)) if path.is_dir()}
            for name in wanted:
                if name in there:
                    return there[name]
        looked = ", ".join(str(root) for root in data_roots) or "no data root (name one with --data-root)"
        raise DatasetMissingError(
            f"{self.card.name} was not found: no folder {' or '.join(self.card.folders)} in {looked}; {self.card.obtain}"
        )

    @staticmethod
    def recordings(root: Path) -> Iterator[Path]:
        """Yield every recording below ``root``, the nearest to the root first; no file is opened."""
        found = [
            Path(folder, name)
            for folder, _, names in os.walk(root, followlinks=True)
            for name in names
            if not name.startswith(".") and PurePath(name).suffix.lower() in AUDIO_SUFFIXES
        ]
        yield from sorted(found, key=lambda path: (len(path.parts), path.as_posix()))

    def label_map(self) -> LabelMap:
        """Return the map chosen by the argument ``labels``, or the default.

        Raises
        ------
        UnknownNameError
            When the dataset has no map of that name.
        """
        maps = self.label_maps or (LabelMap.of(f"{self.card.name}-{len(self.card.labels)}", self.card.labels),)
        if self.labels is None:
            return maps[0]
        for candidate in maps:
            if candidate.name == self.labels:
                return candidate
        raise UnknownNameError(f"label map of {self.card.name}", self.labels, [each.name for each in maps])

    def manifest(self, root: Path) -> Manifest:
        """Read the corpus at ``root`` and judge it against the card.

        Raises
        ------
        DatasetMissingError
            When ``root`` holds no clip of the corpus.
        DatasetError
            When an utterance has a label that the card does not name.
        """
        label_map = self.label_map()
        kept, deviations = _settle(self, root, list(self.utterances(root)))
        if not kept:
            raise DatasetMissingError(f"{self.card.name}: no clip of it below {root}; {self.card.obtain}")
        deviations += _count_deviations(self.card, kept)
        utterances = tuple(
            replace(each, label=label_map.classes[each.label])
            for each in sorted(kept, key=lambda each: each.id)
            if each.label in label_map.classes
        )
        return Manifest(self.card.name, self.card.version, root, label_map, utterances, tuple(deviations))


def _listing(folder: Path) -> list[Path]:
    return list(folder.iterdir()) if folder.is_dir() else []


def _settle(dataset: Dataset, root: Path, found: list[Utterance]) -> tuple[list[Utterance], list[str]]:
    """Keep one copy of each clip, the nearest to the root; say what was left aside."""
    first: dict[str, Utterance] = {}
    copies: list[Utterance] = []
    for each in sorted(found, key=lambda each: (each.path.count("/"), each.path)):
        if each.label not in dataset.card.labels:
            raise DatasetError(
                f"{dataset.card.name}: {each.path} has label {each.label!r}, expected one of {list(dataset.card.labels)}"
            )
        if first.setdefault(each.id, each) is not each:
            copies.append(each)
    deviations = []
    if copies:
        deviations.append(
            f"{len(copies)} clips lie there twice, the copy nearest to the root is read (left aside: {copies[0].path})"
        )
    yielded = {each.path for each in found}
    strangers = [
        path for path in (f.relative_to(root).as_posix() for f in dataset.recordings(root)) if path not in yielded
    ]
    if strangers:
        deviations.append(f"{len(strangers)} recordings are no clips of the corpus and are left aside ({strangers[0]})")
    return list(first.values()), deviations


def _count_deviations(card: DatasetCard, kept: list[Utterance]) -> list[str]:
    deviations = []
    if card.clips is not None:
        total, expected = len(kept), sum(card.clips.values())
        if total != expected:
            deviations.append(f"{total} clips, expected {expected}: an unpack that broke off, or another release?")
        counts = Counter(each.label for each in kept)
        wrong = [f"{word} {counts[word]} of {n}" for word, n in card.clips.items() if counts[word] != n]
        if wrong:
            deviations.append(f"clips per label deviate: {', '.join(wrong)}")
    speakers = {each.speaker for each in kept}
    if card.speakers is not None and len(speakers) != card.speakers:
        deviations.append(f"{len(speakers)} speakers, expected {card.speakers}")
    return deviations


__all__ = ["AUDIO_SUFFIXES", "Dataset", "DatasetCard", "SplitRule"]
