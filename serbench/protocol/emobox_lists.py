"""Reads the folds of EmoBox (Ma et al., Interspeech 2024) from a copy of its data folder; nothing is downloaded.

Conventions
-----------
The folder holds one folder per corpus, by EmoBox's name of it, which is ours too. In it lie ``label_map.json`` (from
the corpus's word to EmoBox's; not for every corpus, and not always in the case of the lists) and
``fold_<n>/<corpus>_<part>_fold_<n>.jsonl`` with the parts ``train``, ``test`` and, for few corpora, ``valid``. A line
names a recording (``wav``) and its emotion (``emo``).

A recording is one of ours when its file name without the ending is our id, or the stem of our path; where stems repeat,
the folder above has to agree too. Labels are never taken from EmoBox: its words are only compared with ours, each
of them standing for that class of ours with which it goes most often, so that no table of spellings is needed.
"""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from serbench.corpus.manifest import Manifest
from serbench.errors import DatasetMissingError, FormatError, ProtocolError, ResourceError, UnknownNameError

#: EmoBox's word for each part of ours.
_PARTS = {"train": "train", "dev": "valid", "test": "test"}


@dataclass(frozen=True)
class Listed:
    """A line of a list.

    Attributes
    ----------
    wav
        Where EmoBox expects the recording: ``downloads/emodb/wav/03a01Fa.wav``.
    label
        EmoBox's word for the emotion; the corpus's own where there is no map of labels or it lacks the word.
    """

    wav: str
    label: str

    @property
    def names(self) -> tuple[str, str]:
        """The file name without its ending, and the same after its folder's name."""
        path = PurePosixPath(self.wav)
        return path.stem, f"{path.parent.name}/{path.stem}"


@dataclass(frozen=True)
class ListedFold:
    """The lists of one fold; ``dev`` is empty where EmoBox has no list for it."""

    name: str
    train: tuple[Listed, ...]
    dev: tuple[Listed, ...]
    test: tuple[Listed, ...]


@dataclass(frozen=True)
class StatedFold:
    """A fold as EmoBox states it, with our utterance ids, sorted; ``dev`` is empty where it has no list for it."""

    name: str
    train: tuple[str, ...]
    dev: tuple[str, ...]
    test: tuple[str, ...]


@dataclass(frozen=True)
class Stated:
    """All folds of a corpus as EmoBox states them, and how its lists differ from the corpus.

    Attributes
    ----------
    folds
        In the order of their numbers.
    unknown
        What EmoBox lists and the corpus does not have: file names without endings, sorted.
    unlisted
        Ids that the corpus has and EmoBox lists nowhere, sorted.
    disagreeing
        From utterance id to EmoBox's word, where it differs from what that word stands for elsewhere.
    """

    folds: tuple[StatedFold, ...]
    unknown: tuple[str, ...]
    unlisted: tuple[str, ...]
    disagreeing: Mapping[str, str]

    @property
    def notes(self) -> tuple[str, ...]:
        """How the lists differ from the corpus, a sentence each; empty when they do not."""
        return (
            *_note("in EmoBox's lists, not in the corpus, and left out: {}", self.unknown),
            *_note("in the corpus, not in EmoBox's lists, and left out: {}", self.unlisted),
            *_note("labelled otherwise by EmoBox, where the corpus's label is taken: {}", sorted(self.disagreeing)),
        )


def emobox_corpora(folder: Path) -> tuple[str, ...]:
    """Return the names of the corpora that have folds in a copy of EmoBox's data folder, sorted.

    Parameters
    ----------
    folder
        The data folder, or the one above it.

    Raises
    ------
    DatasetMissingError
        When no corpus has folds there.
    """
    names = sorted({path.parent.name for path in _data(folder).glob("*/fold_*")})
    if not names:
        raise DatasetMissingError(
            f"{folder} holds no folds of EmoBox, expected <corpus>/fold_1/<corpus>_train_fold_1.jsonl; name a copy of "
            f"the folder 'data' of the repository emo-box/EmoBox"
        )
    return tuple(names)


def read_emobox(folder: Path, name: str) -> tuple[ListedFold, ...]:
    """Read the lists of one corpus.

    Parameters
    ----------
    folder
        The data folder, or the one above it.
    name
        EmoBox's name of the corpus.

    Raises
    ------
    DatasetMissingError
        When the folder holds no folds at all.
    UnknownNameError
        When it holds none of this corpus.
    FormatError
        When a list is missing or damaged.
    """
    known = emobox_corpora(folder)
    if name not in known:
        raise UnknownNameError("corpus of EmoBox", name, known)
    place = _data(folder) / name
    words = _read_json(place / "label_map.json") if (place / "label_map.json").is_file() else {}
    folds = sorted(place.glob("fold_*"), key=lambda path: (len(path.name), path.name))
    return tuple(_read_fold(fold, name, words) for fold in folds)


def match_emobox(folds: Iterable[ListedFold], manifest: Manifest) -> Stated:
    """Return the folds with the ids of our utterances.

    Raises
    ------
    ProtocolError
        When a list names no clip of the corpus at all, or the corpus has two clips of a name that is listed.
    """
    known = _ids_by_name(manifest)
    stated: list[StatedFold] = []
    unknown: set[str] = set()
    words: dict[str, str] = {}
    for fold in folds:
        parts: dict[str, tuple[str, ...]] = {}
        for part in _PARTS:
            listed: tuple[Listed, ...] = getattr(fold, part)
            ids = {known.get(line.names[0]) or known.get(line.names[1]): line for line in listed}
            unknown.update(line.names[0] for line in listed if not known.keys() & line.names)
            words |= {uid: line.label for uid, line in ids.items() if uid is not None}
            parts[part] = tuple(sorted(uid for uid in ids if uid is not None))
            if listed and not parts[part]:
                raise ProtocolError(
                    f"{manifest.dataset}: no clip of EmoBox's {part} list of {fold.name} is in the corpus "
                    f"({listed[0].names[0]!r} ...), expected file names of the published corpus"
                )
        stated.append(StatedFold(fold.name, **parts))
    unlisted = tuple(uid for uid in manifest.by_id if uid not in words)
    return Stated(tuple(stated), tuple(sorted(unknown)), unlisted, _disagreeing(words, manifest))


def _note(text: str, names: Sequence[str]) -> list[str]:
    return [text.format(f"{len(names)} clip{'s' * (len(names) > 1)} ({names[0]})")] if names else []


def _data(folder: Path) -> Path:
    return folder / "data" if (folder / "data").is_dir() else folder


def _read_fold(fold: Path, name: str, words: Mapping[str, str]) -> ListedFold:
    parts: dict[str, tuple[Listed, ...]] = {}
    for part, theirs in _PARTS.items():
        path = fold / f"{name}_{theirs}_{fold.name}.jsonl"
        if not path.is_file() and part == "dev":
            parts[part] = ()
            continue
        parts[part] = tuple(_read_list(path, words))
    return ListedFold(fold.name, **parts)


def _read_list(path: Path, words: Mapping[str, str]) -> Iterable[Listed]:
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        ResourceError.raise_if_lacking(error)
        raise FormatError(f"{path} cannot be read: {error}; copy it from EmoBox again") from error
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            facts = json.loads(line)
            wav, emotion = str(facts["wav"]), str(facts["emo"])
        except (ValueError, KeyError, TypeError) as error:
            raise FormatError(
                f"{path}:{number} is {line[:40]!r}, expected a JSON object with wav and emo; copy it from EmoBox again"
            ) from error
        yield Listed(wav, words.get(emotion.casefold(), emotion))


def _read_json(path: Path) -> dict[str, str]:
    try:
        found: Any = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise FormatError(f"{path} is damaged: {error}; copy it from EmoBox again") from error
    if not isinstance(found, dict):
        raise FormatError(f"{path} holds no object, expected words and what they stand for; copy it from EmoBox again")
    return {str(word).casefold(): str(meaning) for word, meaning in found.items()}


def _ids_by_name(manifest: Manifest) -> dict[str, str]:
    """Return the id by every name that means one utterance alone; its id goes before names taken from paths."""
    found: dict[str, set[str]] = defaultdict(set)
    for each in manifest.utterances:
        path = PurePosixPath(each.path)
        for name in (path.stem, f"{path.parent.name}/{path.stem}"):
            found[name].add(each.id)
    return {name: min(ids) for name, ids in found.items() if len(ids) == 1} | {uid: uid for uid in manifest.by_id}


def _disagreeing(words: Mapping[str, str], manifest: Manifest) -> dict[str, str]:
    """Return the clips whose class is not the one with which EmoBox's word for them goes most often."""
    pairs = Counter((word, manifest.by_id[uid].label) for uid, word in words.items())
    meaning = {word: label for (word, label), _ in sorted(pairs.items(), key=lambda item: (item[1], item[0]))}
    return {uid: word for uid, word in sorted(words.items()) if meaning[word] != manifest.by_id[uid].label}


__all__ = ["Listed", "ListedFold", "Stated", "StatedFold", "emobox_corpora", "match_emobox", "read_emobox"]
