"""Where pretrained weights lie on this machine, and whether they are those of the card.

Conventions
-----------
Looked in, in this order: the folders that were named (``--weights``, else ``SERBENCH_WEIGHTS``), the cache of the
Hugging Face hub (``HF_HUB_CACHE``, else ``HF_HOME/hub``), and that of torch's (``TORCH_HOME/hub/checkpoints``). Nothing
is ever downloaded. Of several copies the first with the digest of the card is taken; one with another digest is never
used, and named where there is no better.

A file is hashed when it is first used and its digest is kept, in this process and in the cache, under the file's path
and stamp: size, inode, and the times of the last change of its content and of anything about it, the last of which
nobody can set. A file that was changed is hashed again, and so is one whose kept digest would be refused.
"""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from serbench.checkpoint import Checkpoint
from serbench.digest import digest_bytes, sha256_file
from serbench.environment import WEIGHTS_VARIABLE, cache_folder, weight_roots
from serbench.errors import CheckpointError, CheckpointMissingError, FormatError
from serbench.files import read_document, write_document

KIND, FORMAT = "serbench-weights", 1

#: Size, time of the last change of the content in ns, inode, and time of the last change of all of it in ns.
_Stamp = tuple[int, ...]
#: A file that was changed less than so many ns ago may be changed again under the same stamp: clocks tick coarsely.
_SETTLED = 100_000_000
#: Digests that this process knows, by path and stamp.
_known: dict[tuple[str, _Stamp], str] = {}


@dataclass(frozen=True)
class WeightFolders:
    """Where weights are looked for.

    Attributes
    ----------
    roots
        Folders that were named, the first that has the weights first.
    cache
        The cache folder, where digests are kept; None: in this process alone.
    """

    roots: tuple[Path, ...] = ()
    cache: Path | None = None

    @classmethod
    def of_user(cls, named: Sequence[Path] = ()) -> Self:
        """Return the folders that were named, else those of ``SERBENCH_WEIGHTS``, with the user's cache folder.

        Raises
        ------
        UsageError
            When one of them does not exist.
        """
        return cls(weight_roots(named), cache_folder())

    def anchored(self) -> WeightFolders:
        """Return the same with places from the root on: they hold wherever a plugin takes the process."""
        return WeightFolders(tuple(root.absolute() for root in self.roots), self.cache and self.cache.absolute())

    def find(self, checkpoint: Checkpoint) -> Path:
        """Return the folder of a checkpoint, or its file where its name is that of a file; verified.

        Raises
        ------
        CheckpointMissingError
            When it is nowhere; the message says how to obtain it.
        CheckpointError
            When what is there has another digest, or cannot be read; the message names both digests.
        """
        wrong = None
        for place in self.candidates(checkpoint):
            try:
                self._verify(checkpoint, place)
            except CheckpointError as error:
                wrong = wrong or error
            else:
                return place
        if wrong is not None:
            raise wrong
        raise CheckpointMissingError(
            f"checkpoint {checkpoint.name} was not found; {checkpoint.obtain}; it is looked for in the caches of the "
            f"Hugging Face hub and of torch's, and below what --weights or {WEIGHTS_VARIABLE} names"
        )

    def candidates(self, checkpoint: Checkpoint) -> list[Path]:
        """Return the folders, or files, that may be the checkpoint by their names, each once."""
        last = checkpoint.name.rpartition("/")[2]
        found: list[Path] = []
        for root in self.roots:
            found += [root / checkpoint.name, root / last, *([root] if root.name == last else [])]
            found += _snapshots(root, checkpoint.name)
        found += [place for hub in _hubs() for place in _snapshots(hub, checkpoint.name)]
        found.append(_torch_hub() / last)
        return [place for place in dict.fromkeys(found) if place.is_file() or (place / checkpoint.file).is_file()]

    def _verify(self, checkpoint: Checkpoint, place: Path) -> None:
        """Hold every file of a checkpoint against its digest."""
        if place.is_file():
            expected = {place: checkpoint.sha256}
        else:
            expected = {place / checkpoint.file: checkpoint.sha256}
            expected |= {place / name: digest for name, digest in checkpoint.others.items()}
        for path, digest in expected.items():
            try:
                came = _sha256(path, self.cache, digest)
            except OSError as error:
                raise CheckpointError(
                    f"{path} of checkpoint {checkpoint.name} cannot be read ({error.strerror or error}); "
                    f"{checkpoint.obtain}"
                ) from error
            if came != digest:
                raise CheckpointError(
                    f"{path} has sha256 {came}, expected {digest} of checkpoint {checkpoint.name}: these are other "
                    f"weights or a damaged copy; {checkpoint.obtain}"
                )


def _snapshots(hub: Path, name: str) -> Iterator[Path]:
    """Yield the snapshots of a repository in a cache of the Hugging Face hub; of any owner where none is named."""
    owner, _, repository = name.rpartition("/")
    pattern = f"models--{owner.replace('/', '--')}--{repository}" if owner else f"models--*{repository}"
    for folder in sorted(hub.glob(pattern)):
        if folder.name.split("--")[-1] == repository:
            yield from sorted(folder.glob("snapshots/*"))


def _hubs() -> list[Path]:
    """Return the caches of the Hugging Face hub, as its own library finds them."""
    named = os.environ.get("HF_HUB_CACHE") or os.environ.get("HUGGINGFACE_HUB_CACHE")
    home = _expanded(os.environ.get("HF_HOME") or _user_cache() / "huggingface")
    return [_expanded(named) if named else home / "hub"]


def _torch_hub() -> Path:
    """Return where torch.hub keeps files of weights."""
    return _expanded(os.environ.get("TORCH_HOME") or _user_cache() / "torch") / "hub" / "checkpoints"


def _user_cache() -> Path:
    return _expanded(os.environ.get("XDG_CACHE_HOME") or "~/.cache")


def _expanded(folder: str | Path) -> Path:
    return Path(os.path.expanduser(folder))  # noqa: PTH111  (which raises where there is no home)


def _stamp(path: Path) -> _Stamp:
    found = path.stat()
    return found.st_size, found.st_mtime_ns, found.st_ino, found.st_ctime_ns


def _sha256(path: Path, cache: Path | None, expected: str) -> str:
    """Return a file's SHA-256: a kept one where its stamp is that of the file and it is the expected one."""
    where, stamp = os.path.realpath(path), _stamp(path)
    kept = cache and cache / "weights" / f"{digest_bytes(os.fsencode(where))}.json"
    known = _known.get((where, stamp)) or (_read(kept, stamp) if kept else None)
    if known == expected:
        return known
    came = sha256_file(path)
    if _stamp(path) == stamp and time.time_ns() - stamp[-1] > _SETTLED:
        _known[where, stamp] = came
        if kept:
            with contextlib.suppress(OSError):  # it only saves time
                write_document(kept, KIND, FORMAT, {"stamp": list(stamp), "sha256": came}, durable=False)
    return came


def _read(kept: Path, stamp: _Stamp) -> str | None:
    try:
        facts = read_document(kept, KIND, FORMAT)
    except (OSError, FormatError):
        return None
    return str(facts.get("sha256")) if facts.get("stamp") == list(stamp) else None


__all__ = ["FORMAT", "KIND", "WeightFolders"]
