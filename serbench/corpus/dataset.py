"""The Dataset contract, and how a folder becomes a manifest.

Conventions
-----------
A dataset plugin reads file names and tables, never sound. It yields what it recognises; the core finds
the corpus under the data roots, applies the label map, settles copies of a clip, compares the counts with
the published ones and says in sentences what deviates.
"""

from __future__ import annotations

import traceback
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, ClassVar, Protocol

from serbench.corpus.copies import preference, settle, tables_among
from serbench.corpus.dataset_card import DatasetCard
from serbench.corpus.endings import AUDIO_SUFFIXES
from serbench.corpus.manifest import LabelMap, Manifest, Utterance
from serbench.corpus.walk import files_below
from serbench.errors import DatasetError, DatasetMissingError, PluginError, SerbenchError, UnknownNameError
from serbench.names import legible
from serbench.part import Part


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
        ``shared4``, onto anger, happiness, neutral and sadness, lets the corpus take part in ``cross`` and ``adapt``.
    other_folders
        Folders of the published corpus that hold sound but none of its clips (whole dialogues, a second encoding,
        a throat microphone), in lower case; they are passed over wherever they lie.
    clip_folders
        Folders that the corpus keeps its clips in, in lower case. The first that holds any clip holds all: what lies
        elsewhere under a clip's name (a denoised version) is left aside. Empty where they may lie anywhere.
    """

    card: ClassVar[DatasetCard]
    split: ClassVar[SplitRule]
    label_maps: ClassVar[tuple[LabelMap, ...]] = ()
    other_folders: ClassVar[frozenset[str]] = frozenset()
    clip_folders: ClassVar[tuple[str, ...]] = ()

    def __init__(self, *, labels: str | None = None) -> None:
        self.labels = labels

    def utterances(self, root: Path) -> Iterable[Utterance]:
        """Yield one utterance per clip found below ``root``, in any order, decoding nothing.

        A clip that lies there twice may be yielded twice: of copies byte for byte the one nearest to the root is kept,
        and of a lossless and a lossy encoding in one folder the lossless one. Two files of one id that are neither are
        an error, unless :attr:`clip_folders` says which is meant.
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
        DatasetError
            When two folders bear the name, written differently.
        """
        wanted = [name.casefold() for name in self.card.folders]
        for data_root in data_roots:
            there = _folders(data_root)
            for name in wanted:
                bearing = [path for path in there if path.name.casefold() == name]
                for other in bearing[1:]:
                    if not other.samefile(bearing[0]):
                        raise DatasetError(
                            f"{bearing[0]} and {other} may both be {self.card.name}, expected one folder"
                        )
                if bearing:
                    return bearing[0]
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

        Hidden files and folders, ``__MACOSX`` and :attr:`other_folders` are passed over; a link is followed, though
        never in a circle.

        Raises
        ------
        DatasetError
            When a folder cannot be listed.
        """
        for place in cls._places(root):
            yield root / place

    @classmethod
    def tables(cls, root: Path, pattern: str) -> list[Path]:
        """Return the files below ``root`` whose last names match a pattern, each name once, sorted by it.

        They are found as recordings are, in :attr:`other_folders` too. Read them by ``serbench.api.read_table``.

        Parameters
        ----------
        pattern
            ``VideoDemographics.csv``, ``dialog/EmoEvaluation/*.txt``; compared without case.

        Raises
        ------
        DatasetError
            When a folder cannot be listed, or two files of one name hold different bytes.
        """
        return tables_among(files_below(root), root, pattern)

    @classmethod
    def _places(cls, root: Path) -> list[str]:
        """Return where the recordings lie below ``root``, the nearest to it first."""
        places = files_below(root, cls.other_folders)
        return sorted((p for p in places if p[p.rfind(".") :].lower() in AUDIO_SUFFIXES), key=preference)

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
        card, label_map = self.card, self.label_map()
        found = self._found(root)
        kept, deviations = settle(card.name, root, found, self.clip_folders)
        deviations += self._strangers(root, found)
        if not kept:
            raise DatasetMissingError(f"{card.name}: no clip of it below {root}; {card.obtain}")
        release = card.release_of(len(kept))
        deviations += release.deviations(kept) if release else []
        utterances = tuple(
            replace(utterance, label=label_map.classes[utterance.label])
            for utterance in sorted(kept, key=lambda utterance: utterance.id)
            if utterance.label in label_map.classes
        )
        counts = Counter(utterance.label for utterance in kept)
        speakers = {utterance.speaker for utterance in utterances}
        return Manifest(
            card.name,
            f"{card.version} (release {release.name})" if release and release.name else card.version,
            root,
            label_map,
            utterances,
            tuple(deviations),
            dropped={word: counts[word] for word in card.labels if counts[word] and word not in label_map.classes},
            dropped_speakers=tuple(sorted({utterance.speaker for utterance in kept} - speakers)),
            release=release,
        )

    def _found(self, root: Path) -> list[Utterance]:
        """Return what the plugin yields; what it raises, and a label that it does not declare, is ours to name."""
        try:
            found = list(self.utterances(root))
        except SerbenchError:
            raise
        except (Exception, SystemExit) as error:
            last = traceback.extract_tb(error.__traceback__)[-1]
            raise PluginError(
                f"{self.card.name} cannot read {root}: {type(error).__name__}: {error} (in {Path(last.filename).name}:"
                f"{last.lineno}, {last.name})"
            ) from error
        for utterance in found:
            if not isinstance(utterance, Utterance):
                raise PluginError(f"{self.card.name} yields {utterance!r}, expected an Utterance per clip")
            if utterance.path.startswith("/") or ".." in utterance.path.split("/"):
                raise PluginError(
                    f"{self.card.name} yields path {utterance.path!r}, expected a file below the corpus root, relative "
                    "to it"
                )
            if utterance.label not in self.card.labels:
                raise DatasetError(
                    f"{self.card.name}: {utterance.path} has label {utterance.label!r}, expected one of "
                    f"{list(self.card.labels)}"
                )
        return found

    def _strangers(self, root: Path, found: Sequence[Utterance]) -> list[str]:
        """Return a sentence for recordings that the plugin did not recognise."""
        yielded = {utterance.path for utterance in found}
        strangers = [place for place in self._places(root) if place not in yielded]
        if not strangers:
            return []
        named = legible(strangers[0])
        return [f"recordings that are no clips of the corpus are left aside: {len(strangers)} ({named})"]


def _folders(folder: Path) -> list[Path]:
    return sorted(path for path in folder.iterdir() if path.is_dir()) if folder.is_dir() else []


__all__ = ["Dataset", "DatasetCard", "SplitRule"]
