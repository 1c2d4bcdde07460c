"""The facts of a corpus, clip by clip, without any sound.

Conventions
-----------
An utterance's ``label`` is the corpus's own word (or the word its file name stands for); which class it
counts as is decided by a :class:`LabelMap`, which is data. ``None`` means "not known", never "none".
Ids are unique in a corpus and sorted in a manifest. Paths are relative to the corpus root, with ``/``.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from serbench.corpus.published import Release, part_of
from serbench.digest import digest_value
from serbench.errors import DatasetError


@dataclass(frozen=True, kw_only=True)
class Utterance:
    """One clip.

    Attributes
    ----------
    id
        Unique in the corpus, the same in every copy of it: usually the file name without its extension.
    path
        Relative to the corpus root, POSIX separators.
    speaker
        Who speaks; never empty.
    label
        The corpus's own word for the emotion, or the class once a label map was applied.
    session
        The recording session, where the corpus has sessions.
    sentence
        Which prompt is spoken, where the corpus has prompts.
    partition
        ``train``, ``dev`` or ``test`` where the corpus brings an official split, else None.
    sex
        ``f`` or ``m`` of the speaker where the corpus says so, else None.
    transcript
        The words spoken, where the corpus has them.
    valence, arousal, dominance
        Ratings on the corpus's own scale, where it has them.
    remark
        What is odd about the clip's name or its entry in a table, and how it was read; for people, no part of the
        manifest's digest. None for nearly all.
    """

    id: str
    path: str
    speaker: str
    label: str
    session: str | None = None
    sentence: str | None = None
    partition: str | None = None
    sex: str | None = None
    transcript: str | None = None
    valence: float | None = None
    arousal: float | None = None
    dominance: float | None = None
    remark: str | None = None

    def __post_init__(self) -> None:
        for name in ("id", "path", "speaker", "label"):
            if not getattr(self, name):
                raise DatasetError(f"utterance {self.id or self.path!r} has an empty {name}, expected a word")


@dataclass(frozen=True)
class LabelMap:
    """Which of the corpus's words counts as which class; data with a name and a version.

    Attributes
    ----------
    name
        ``ravdess-8``: by custom the corpus and the number of classes.
    version
        Raised whenever the mapping changes.
    classes
        From the corpus's word to the class. A word that is missing here is left out of the manifest.
    """

    name: str
    version: str
    classes: Mapping[str, str]

    @property
    def labels(self) -> tuple[str, ...]:
        """The classes, each once, in the order in which the map names them: the order of all scores."""
        return tuple(dict.fromkeys(self.classes.values()))

    def facts(self) -> dict[str, Any]:
        """Return what is hashed and written into records."""
        return {"name": self.name, "version": self.version, "classes": dict(self.classes)}

    @classmethod
    def of(cls, name: str, labels: tuple[str, ...]) -> LabelMap:
        """Return the map that leaves every word as it is."""
        return cls(name, "1", {label: label for label in labels})


@dataclass(frozen=True)
class Manifest:
    """All utterances of one corpus under one label map, sorted by id.

    Attributes
    ----------
    dataset
        The dataset's name.
    version
        The dataset card's version, with the name of the release where it is not the one of the card's own counts.
    root
        Where the corpus lies; no part of the digest.
    label_map
        Which word counts as which class.
    utterances
        Sorted by id; ``label`` is the class.
    deviations
        What differs from the published corpus, a sentence each; empty when nothing does.
    dropped
        Clips per word that the label map leaves out; no part of the digest.
    dropped_speakers
        Speakers all of whose clips the label map leaves out; no part of the digest.
    release
        The published corpus that it is held to; None where nobody published numbers. No part of the digest.
    """

    dataset: str
    version: str
    root: Path
    label_map: LabelMap
    utterances: tuple[Utterance, ...]
    deviations: tuple[str, ...] = field(default=())
    dropped: Mapping[str, int] = field(default_factory=dict)
    dropped_speakers: tuple[str, ...] = ()
    release: Release | None = None

    def __post_init__(self) -> None:
        ids = [utterance.id for utterance in self.utterances]
        if ids != sorted(set(ids)):
            raise DatasetError(f"{self.dataset}: ids are not unique and sorted, expected each id once in order")

    def __len__(self) -> int:
        return len(self.utterances)

    @property
    def labels(self) -> tuple[str, ...]:
        """The classes, in the label map's order; some may have no clip."""
        return self.label_map.labels

    @cached_property
    def by_id(self) -> Mapping[str, Utterance]:
        """From id to utterance."""
        return {utterance.id: utterance for utterance in self.utterances}

    @cached_property
    def speakers(self) -> tuple[str, ...]:
        """All speakers, sorted."""
        return tuple(sorted({utterance.speaker for utterance in self.utterances}))

    @cached_property
    def label_counts(self) -> Mapping[str, int]:
        """Clips per class, in the order of :attr:`labels`, zeros included."""
        counts = Counter(utterance.label for utterance in self.utterances)
        return {label: counts[label] for label in self.labels}

    @cached_property
    def digest(self) -> str:
        """Digest of all facts of all utterances but their paths and remarks, and of the label map."""
        apart = ("path", "remark")
        facts = [{k: v for k, v in vars(u).items() if k not in apart and v is not None} for u in self.utterances]
        return digest_value({"dataset": self.dataset, "label_map": self.label_map.facts(), "utterances": facts})

    @cached_property
    def part(self) -> str | None:
        """In which numbers it is a part of the published corpus, beyond what is tolerated; None where it is not."""
        return part_of(self)

    def path(self, utterance_id: str) -> Path:
        """Return where an utterance's sound lies."""
        return self.root / self.by_id[utterance_id].path


__all__ = ["LabelMap", "Manifest", "Utterance"]
