"""What the recordings of a corpus really hold: lengths, levels, codecs, and a digest of every sound.

Conventions
-----------
What a file holds is a :class:`~serbench.corpus.recording.Recording`. A file that cannot be read is listed as bad with
the reason, not raised: what becomes of it is the runner's decision.

What was found is kept in the cache, one sealed document per corpus root, under each file's relative path and its
stamp: size, inode, and the times of the last change of its content and of anything about it, the last of which nobody
can set. Files exchanged by renaming, or overwritten under an old time, are looked at again. So is everything where it
was decoded in another way than today. Bad files are not kept: they are tried again each time.
"""

from __future__ import annotations

import os
from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import astuple, dataclass, fields
from functools import cached_property
from pathlib import Path
from typing import Any

from serbench.corpus.audio import decode
from serbench.corpus.kept import if_it_can_be_kept, place_of, read_sealed, write_sealed
from serbench.corpus.manifest import Manifest
from serbench.corpus.recording import Recording
from serbench.digest import digest_value
from serbench.environment import package_version, usable_cores
from serbench.errors import AudioError, FormatError, ResourceError

FORMAT = 3
KIND = "serbench-inventory"
#: Files that are asked for before they are looked into: a future takes 2 KB, and a corpus may have a million files.
_ASKED_AHEAD = 64

#: Packages that decode; and raised when ``audio`` makes other samples of a file than before.
_DECODERS, _READER = ("soundfile", "miniaudio"), 1
#: What is kept of a recording, in this order.
_FIELDS = [field.name for field in fields(Recording)]


@dataclass(frozen=True)
class Inventory:
    """The recordings of a manifest.

    Attributes
    ----------
    recordings
        From utterance id to what its file holds, sorted by id.
    bad
        From utterance id to why its file cannot be read, sorted by id; no id is in both.
    """

    recordings: Mapping[str, Recording]
    bad: Mapping[str, str]

    @cached_property
    def digest(self) -> str:
        """Digest of every readable utterance's id and sound: which copy of the corpus this is."""
        return digest_value(sorted((uid, each.digest) for uid, each in self.recordings.items()))

    @cached_property
    def seconds(self) -> float:
        """Length of all readable recordings together."""
        return sum(each.seconds for each in self.recordings.values())

    @cached_property
    def twins(self) -> tuple[tuple[str, ...], ...]:
        """Ids that have the same sound, a tuple per sound that occurs more than once."""
        ids: dict[str, list[str]] = {}
        for uid, each in self.recordings.items():
            ids.setdefault(each.digest, []).append(uid)
        return tuple(tuple(same) for same in ids.values() if len(same) > 1)

    def variant(self) -> dict[str, Any]:
        """Return which copy was read, for records.

        Returns
        -------
        dict
            ``clips``, ``seconds``; ``codec``, ``sample_rate`` (Hz) and ``channels``, each the one value of all
            recordings, or from value to number of clips where they differ; ``lossy``, True when any recording
            is; ``label`` for people, commonest first: ``FLAC 16 kHz``. The last are None without a recording.
        """
        found = list(self.recordings.values())
        labels = [word for word, _ in sorted(Counter(e.label for e in found).items(), key=lambda item: -item[1])]
        return {
            "clips": len(found),
            "seconds": round(self.seconds, 3),
            "codec": _one_or_counts([recording.codec for recording in found]),
            "sample_rate": _one_or_counts([recording.sample_rate for recording in found]),
            "channels": _one_or_counts([recording.channels for recording in found]),
            "lossy": any(recording.is_lossy for recording in found) if found else None,
            "label": " and ".join([*labels[:2], "others"] if len(labels) > 3 else labels) or None,
        }


def take_inventory(
    manifest: Manifest,
    cache: Path,
    *,
    workers: int | None = None,
    progress: Callable[[int], None] | None = None,
) -> Inventory:
    """Look into every recording of a manifest; those seen before are not opened again.

    Parameters
    ----------
    manifest
        Which files.
    cache
        The cache folder; what was found is kept in its subfolder ``inventory``. A damaged document there is
        made anew. An inventory that is interrupted keeps what it has seen; one that cannot be written is not kept.
    workers
        Threads that decode; None for one per usable core.
    progress
        Called with the number of utterances done so far, in this thread.

    Raises
    ------
    ResourceError
        When the system has no open file left: then no recording is bad.
    """
    document = place_of(cache, "inventory", manifest.root)
    known = _read(document)
    found: dict[str, Recording] = {}
    bad: dict[str, str] = {}
    todo: dict[str, tuple[str, _Stamp | None]] = {}
    for utterance in manifest.utterances:
        stamp = _stamp(f"{manifest.root}/{utterance.path}")
        kept = known.get(utterance.path)
        if kept is not None and kept[0] == stamp:
            found[utterance.id] = kept[1]
        else:
            todo[utterance.id] = (utterance.path, stamp)
    if progress is not None:
        progress(len(found))
    pool = ThreadPoolExecutor(workers or usable_cores(), thread_name_prefix="serbench-inventory")
    try:
        for uid, look in _looks(pool, ((uid, manifest.root / path) for uid, (path, _) in todo.items())):
            try:
                found[uid] = look.result()
                path, stamp = todo[uid]
                if stamp is not None:
                    known[path] = (stamp, found[uid])
            except AudioError as error:
                ResourceError.raise_if_lacking(error.__cause__)  # the file may be as good as any
                bad[uid] = str(error)
            if progress is not None:
                progress(len(found) + len(bad))
    finally:
        pool.shutdown(cancel_futures=True)
        if len(bad) < len(todo):
            with if_it_can_be_kept(document):
                _write(document, known)
    return Inventory(dict(sorted(found.items())), dict(sorted(bad.items())))


def _looks(pool: ThreadPoolExecutor, paths: Iterable[tuple[str, Path]]) -> Iterator[tuple[str, Future[Recording]]]:
    """Yield each id with what its file came to, in order; few files are asked for ahead."""
    running: deque[tuple[str, Future[Recording]]] = deque()
    for uid, path in paths:
        running.append((uid, pool.submit(_look, path)))
        if len(running) == _ASKED_AHEAD:
            yield running.popleft()
    yield from running


#: Size, time of the last change of the content in ns, inode, and time of the last change of all of it in ns.
_Stamp = tuple[int, ...]
_STAMP = 4


def _stamp(path: str) -> _Stamp | None:
    try:
        stat = os.stat(path)  # noqa: PTH116  (ten thousand paths take their time)
    except OSError:
        return None  # decode says what is wrong with it
    return stat.st_size, stat.st_mtime_ns, stat.st_ino, stat.st_ctime_ns


def _look(path: Path) -> Recording:
    return Recording.of(decode(path))


def _read(document: Path) -> dict[str, tuple[_Stamp, Recording]]:
    """Return what is known: from relative path to the file's stamp and the recording."""
    try:
        facts = read_sealed(document, KIND, FORMAT)
        if (facts["readers"], facts["fields"]) != (_readers(), _FIELDS):
            return {}
        return {path: (tuple(found[:_STAMP]), Recording(*found[_STAMP:])) for path, found in facts["files"].items()}
    except (OSError, FormatError, KeyError, TypeError, ValueError, AttributeError):
        return {}  # it only saves time: whatever is wrong with it, look again


def _write(document: Path, known: Mapping[str, tuple[_Stamp, Recording]]) -> None:
    files = {path: [*stamp, *astuple(recording)] for path, (stamp, recording) in known.items()}
    write_sealed(document, KIND, FORMAT, {"readers": _readers(), "fields": _FIELDS, "files": files})


def _readers() -> list[Any]:
    return [_READER, *(package_version(name) for name in _DECODERS)]


def _one_or_counts(values: list[Any]) -> Any:
    counts = Counter(values)
    if len(counts) <= 1:
        return next(iter(counts), None)
    return {str(value): number for value, number in sorted(counts.items())}


__all__ = ["FORMAT", "KIND", "Inventory", "Recording", "take_inventory"]
