"""Which of several files with one name is meant: copies byte for byte, or what the corpus prefers, or nobody knows.

Conventions
-----------
A clip may lie in a corpus several times. Where a dataset says in which folder the corpus keeps its clips, those that
lie elsewhere are left aside: a throat microphone, a denoised version. Of the others of one id all are copies byte for
byte, or, in one folder, a lossy encoding beside a lossless one; the one nearest to the root is read. Anything else is
an error that names both, since one of the two would be read in place of the other. Tables are held to the same.
"""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Iterable, Sequence
from pathlib import Path

from serbench.corpus.endings import LOSSY_SUFFIXES
from serbench.corpus.manifest import Utterance
from serbench.errors import DatasetError, ResourceError
from serbench.names import legible

_BLOCK = 1 << 20


def preference(place: str) -> tuple[int, bool, str]:
    """Order copies of a file: the nearest to the root first, lossless before lossy, then by name."""
    return place.count("/"), _is_lossy(place), place


def settle(
    name: str, root: Path, found: Iterable[Utterance], clip_folders: Sequence[str]
) -> tuple[list[Utterance], list[str]]:
    """Keep one file of each clip; say what was left aside.

    Parameters
    ----------
    name
        The dataset's, for messages.
    clip_folders
        Where the corpus keeps its clips, in lower case: the first that holds any holds all.

    Raises
    ------
    DatasetError
        When two files have one id and are no copies of each other.
    """
    inside, outside = _of_folders([_readable(utterance) for utterance in found], clip_folders)
    of_id: dict[str, list[Utterance]] = {}
    copies: list[Utterance] = []
    for utterance in sorted(inside, key=lambda utterance: preference(utterance.path)):
        known = of_id.setdefault(utterance.id, [])
        if known:
            _expect_copy(name, root, known, utterance)
            copies.append(utterance)
        known.append(utterance)
    said = []
    if outside:
        folder = next(folder for folder in inside[0].path.split("/") if folder.casefold() in clip_folders)
        said.append(f"the corpus keeps its clips in {folder}: {len(outside)} elsewhere left aside ({outside[0].path})")
    if copies:
        said.append(
            f"clips that lie there more than once are read once, nearest to the root: {len(copies)} copies left aside "
            f"({copies[0].path})"
        )
    return [known[0] for known in of_id.values()], [legible(sentence) for sentence in said]


def tables_among(places: Iterable[str], root: Path, pattern: str) -> list[Path]:
    """Return the files whose last names match a pattern, one of each name, sorted by it.

    Parameters
    ----------
    places
        Relative to ``root``.
    pattern
        As the shell has it, of as many names as it has itself; compared without case.

    Raises
    ------
    DatasetError
        When two files of one name hold different bytes.
    """
    names = pattern.count("/") + 1
    wanted = re.compile(fnmatch.translate(pattern.casefold()))
    tails = {place: "/".join(place.rsplit("/", names)[-names:]).casefold() for place in places}
    found: dict[str, str] = {}
    for place in sorted((place for place, tail in tails.items() if wanted.match(tail)), key=preference):
        first = found.setdefault(tails[place], place)
        if first != place and not _same_bytes(root / first, root / place):
            raise DatasetError(
                f"{root / first} and {root / place} bear one name and hold different tables, expected one, or "
                f"copies byte for byte; move the one that is not the corpus's out of {root}"
            )
    return [root / found[tail] for tail in sorted(found)]


def _readable(utterance: Utterance) -> Utterance:
    """Return the utterance with words that every file takes: a name that is no UTF-8 may be in any of them."""
    if utterance.path.isascii():
        return utterance
    facts = vars(utterance)
    words = {key: legible(word) for key, word in facts.items() if key != "path" and isinstance(word, str)}
    return Utterance(**{**facts, **words})


def _of_folders(found: list[Utterance], clip_folders: Sequence[str]) -> tuple[list[Utterance], list[Utterance]]:
    """Return what lies in the first of the folders that holds any, and the rest; all where none does."""
    for folder in clip_folders:
        parts: tuple[list[Utterance], list[Utterance]] = [], []
        for utterance in found:
            parts[f"/{folder}/" not in f"/{utterance.path.casefold()}"].append(utterance)
        if parts[0]:
            return parts
    return found, []


def _expect_copy(name: str, root: Path, known: Sequence[Utterance], other: Utterance) -> None:
    first = known[0]
    if (first.speaker, first.label) != (other.speaker, other.label):
        raise DatasetError(
            f"{name}: {first.path} and {other.path} are both {other.id!r} but differ in speaker or label, "
            f"expected an id for each clip"
        )
    beside = any(_folder(one) == _folder(other) and not _is_lossy(one.path) for one in known)
    if beside and _is_lossy(other.path):
        return
    if not any(_same_bytes(root / one.path, root / other.path) for one in known):
        folders = dict.fromkeys(_folder(one) or "." for one in (first, other))
        raise DatasetError(
            f"{name}: {first.path} and {other.path} are both {other.id!r} and hold different bytes, expected one file, "
            f"or copies byte for byte; move what is not the corpus out of {root}: see {' and '.join(folders)}"
        )


def _folder(utterance: Utterance) -> str:
    return utterance.path.rpartition("/")[0]


def _is_lossy(place: str) -> bool:
    return place.lower().endswith(LOSSY_SUFFIXES)


def _same_bytes(one: Path, other: Path) -> bool:
    """Compare two files to the last byte: size and time alone say nothing."""
    try:
        first, second = one.stat(), other.stat()
        if (first.st_dev, first.st_ino) == (second.st_dev, second.st_ino):
            return True
        if first.st_size != second.st_size:
            return False
        with one.open("rb") as left, other.open("rb") as right:
            while block := left.read(_BLOCK):
                if block != right.read(_BLOCK):
                    return False
            return not right.read(1)
    except OSError as error:
        ResourceError.raise_if_lacking(error)
        raise DatasetError(
            f"{one} and {other} bear one name and cannot be compared: {error.strerror or error}"
        ) from error


__all__ = ["preference", "settle", "tables_among"]
