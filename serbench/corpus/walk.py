"""What lies below a folder: one rule for the recordings of corpora, for their tables, and for what is predicted.

Conventions
-----------
Links to folders are followed, each folder is looked into once, and by its own path where it has one below the root: a
link in a circle ends, and two ways to one folder give its files once. Passed over are names that begin with a dot
(``._a.wav``, which a Mac writes beside ``a.wav``, among them) and folders called ``__MACOSX``. Places are strings
relative to the root with ``/``, since ten thousand paths take their time; a name that is no UTF-8 is kept as Python
reads it (``serbench.names`` makes it legible).
"""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Collection
from pathlib import Path

from serbench.errors import DatasetError, ResourceError

#: What the archive program of a Mac puts beside what was packed, in lower case.
_FORKS = "__macosx"


def is_passed_over(name: str) -> bool:
    """Tell whether a file or folder of that name is passed over wherever it lies."""
    return name.startswith(".") or name.lower() == _FORKS


def files_below(root: Path, passed_over: Collection[str] = ()) -> list[str]:
    """Return where files lie below a folder; none where there is no such folder.

    Parameters
    ----------
    passed_over
        Names of further folders, in lower case, that are not looked into.

    Returns
    -------
    Places in no particular order, but the same ones wherever the same files lie.

    Raises
    ------
    DatasetError
        When a folder cannot be listed.
    ResourceError
        When the system has no open file left.
    """
    found: list[str] = []
    seen: set[tuple[int, int]] = set()
    folders, links = deque([""]), deque[str]()
    while folders or links:
        here = folders.popleft() if folders else links.popleft()
        try:
            status = (root / here).stat()
            if (status.st_dev, status.st_ino) in seen:
                continue
            seen.add((status.st_dev, status.st_ino))
            with os.scandir(root / here) as entries:
                listed = [(entry.name, _kind(entry)) for entry in entries if not is_passed_over(entry.name)]
        except (FileNotFoundError, NotADirectoryError):
            continue
        except OSError as error:
            ResourceError.raise_if_lacking(error)
            raise DatasetError(f"cannot list {root / here}: {error.strerror}; make it readable, run again") from error
        inside = f"{here}/" if here else ""
        found += [inside + name for name, kind in listed if kind == _FILE]
        for name, kind in sorted(entry for entry in listed if entry[1] != _FILE):
            if name.lower() not in passed_over:
                (links if kind == _LINK else folders).append(inside + name)
    return found


_FILE, _FOLDER, _LINK = range(3)


def _kind(entry: os.DirEntry[str]) -> int:
    """Tell a folder, a link to one, and all else: whether that is a sound, its reader says."""
    try:
        is_folder = entry.is_dir()
    except OSError:  # a link to itself
        return _FILE
    if not is_folder:
        return _FILE
    return _LINK if entry.is_symlink() else _FOLDER


__all__ = ["files_below", "is_passed_over"]
