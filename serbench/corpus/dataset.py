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
from pathlib import Path
from typing import Any, ClassVar, Protocol

from serbench.corpus.manifest import LabelMap, Manifest, Utterance
from serbench.errors import DatasetError, DatasetMissingError, UnknownNameError
from serbench.part import Card, Part

#: Endings of files that libsndfile reads, compared in lower case.
AUDIO_SUFFIXES = frozenset({".wav", ".flac", ".ogg", ".opus", ".mp3", ".aiff", ".aif", ".au", ".sph", ".w64", ".rf64"})

#: Of two copies of a clip at one depth, the one without any of these endings is read.
_LOSSY_SUFFIXES = (".ogg", ".opus", ".mp3")


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
    sample_rates
        Of the published recordings, in Hz; rows measured on a copy at another rate are labelled as from a derived
        copy. Empty where nothing is fixed.
    diagnostic
        Why the corpus's score says little ("two speakers"); a corpus with such a reason is shown, never averaged
        into a headline. None where nothing of the kind is to be said.
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
    sample_rates: tuple[int, ...] = ()
    diagnostic: str | None = None
    headline: bool = True


class SplitRule(Protocol):
    """What a dataset declares as its speaker-independent rule; see ``serbench.protocol.splitters``."""

    @property
    def dev_shares_speakers(self) -> bool:
        """True where dev and train have speakers in common."""

    @property
    def shares_speakers(self) -> bool:
        """True where even test has speakers in common with train or dev, as some official partitions do."""

    def folds(self, manifest: Manifest) -> Sequence[Any]:
        """Return the folds of the manifest."""


class Dataset(Part):
    """A corpus. An author writes the card, the split and ``utterances``.

    Attributes
    ----------
    split
        The speaker-independent rule of protocol ``si``.
    label_maps
        The maps on offer, the first is the default. Empty: every word of the card is its own class. One named
        ``shared4``, onto anger, happiness, neutral and sadness, lets the corpus take part in protocol ``cross``.
    other_folders
        Folders of the published corpus that hold sound but none of its clips (whole dialogues, a second encoding),
        in lower case; they are passed over wherever they lie.
    """

    card: ClassVar[DatasetCard]
    split: ClassVar[SplitRule]
    label_maps: ClassVar[tuple[LabelMap, ...]] = ()
    other_folders: ClassVar[frozenset[str]] = frozenset()

    def __init__(self, *, labels: str | None = None) -> None:
        self.labels = labels

    def utterances(self, root: Path) -> Iterable[Utterance]:
        """Yield one utterance per clip found below ``root``, in any order, decoding nothing.

        A clip that lies there twice may be yielded twice: the copy nearest to the root is kept, at one depth
        the one in a lossless format.
        """
        raise NotImplementedError

    def locate(self, data_roots: Sequence[Path], cache: Path) -> Path:  # noqa: ARG002  (for generated corpora)
        """Return the corpus root: the first of the card's folders in the first data root that has one.

        A data root that itself bears one of the names is the corpus root.

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
            there = {path.name.casefold(): path for path in _folders(data_root)}
            for name in wanted:
                if name in there:
                    return there[name]
            if data_root.name.casefold() in wanted and data_root.is_dir():
                return data_root
        looked = ", ".join(str(root) for root in data_roots) or "no data root (name one with --data-root)"
        raise DatasetMissingError(
            f"{self.card.name} was not found: no folder {' or '.join(self.card.folders)} in {looked}; "
            f"{self.card.obtain}"
        )

    @classmethod
    def recordings(cls, root: Path) -> Iterator[Path]:
        """Yield every recording below ``root``, the nearest to the root first; no file is opened.

        Hidden files and folders, and :attr:`other_folders`, are passed over; a link is followed, though never in a
        circle.

        Raises
        ------
        DatasetError
            When a folder cannot be listed.
        """
        for place in cls._places(root):
            yield root / place

    @classmethod
    def _places(cls, root: Path) -> list[str]:
        """Return where the recordings lie below ``root``: strings, for ten thousand paths take their time."""
        found: list[str] = []
        seen = set()
        for folder, folders, names in os.walk(root, followlinks=True, onerror=_unreadable):
            here = Path(folder)
            status = here.stat()
            if (status.st_dev, status.st_ino) in seen:
                folders.clear()
                continue
            seen.add((status.st_dev, status.st_ino))
            folders[:] = sorted(f for f in folders if not f.startswith(".") and f.lower() not in cls.other_folders)
            inside = "" if here == root else here.relative_to(root).as_posix() + "/"
            sounds = (n for n in names if n[n.rfind(".") :].lower() in AUDIO_SUFFIXES and not n.startswith("."))
            found += [inside + name for name in sounds]
        return sorted(found, key=_preference)

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
            replace(utterance, label=label_map.classes[utterance.label])
            for utterance in sorted(kept, key=lambda utterance: utterance.id)
            if utterance.label in label_map.classes
        )
        counts = Counter(utterance.label for utterance in kept)
        dropped = {word: counts[word] for word in self.card.labels if counts[word] and word not in label_map.classes}
        return Manifest(self.card.name, self.card.version, root, label_map, utterances, tuple(deviations), dropped)


def _folders(folder: Path) -> list[Path]:
    return sorted(path for path in folder.iterdir() if path.is_dir()) if folder.is_dir() else []


def _unreadable(error: OSError) -> None:
    if not isinstance(error, FileNotFoundError):
        raise DatasetError(f"cannot list {error.filename}: {error.strerror}; make it readable and run again")


def _preference(place: str) -> tuple[int, bool, str]:
    """Order copies of a clip: the nearest to the root first, lossless before lossy, then by name."""
    return place.count("/"), place.lower().endswith(_LOSSY_SUFFIXES), place


def _settle(dataset: Dataset, root: Path, found: list[Utterance]) -> tuple[list[Utterance], list[str]]:
    """Keep one copy of each clip; say what was left aside."""
    name, first = dataset.card.name, dict[str, Utterance]()
    copies: list[Utterance] = []
    for utterance in sorted(found, key=lambda utterance: _preference(utterance.path)):
        if utterance.label not in dataset.card.labels:
            raise DatasetError(
                f"{name}: {utterance.path} has label {utterance.label!r}, expected one of {list(dataset.card.labels)}"
            )
        kept = first.setdefault(utterance.id, utterance)
        if kept is utterance:
            continue
        if (kept.speaker, kept.label) != (utterance.speaker, utterance.label):
            raise DatasetError(
                f"{name}: {kept.path} and {utterance.path} are both {utterance.id!r} but differ in speaker or label, "
                f"expected an id for each clip"
            )
        copies.append(utterance)
    deviations = []
    if copies:
        deviations.append(
            f"clips that lie there more than once are read once, nearest to the root: {len(copies)} copies left aside "
            f"({copies[0].path})"
        )
    yielded = {utterance.path for utterance in found}
    strangers = [place for place in dataset._places(root) if place not in yielded]  # noqa: SLF001
    if strangers:
        deviations.append(
            f"recordings that are no clips of the corpus are left aside: {len(strangers)} ({strangers[0]})"
        )
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
