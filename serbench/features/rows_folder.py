"""The folder that holds the rows of one extractor: whose it is, and how it is called.

Conventions
-----------
``<name>-<12 digits>``: the extractor's name, and digits of its identity's digest. ``identity.json`` has all of it.
"""

from __future__ import annotations

import contextlib
import functools
import logging
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from serbench.digest import digest_value
from serbench.errors import FormatError
from serbench.features.shard import FORMAT
from serbench.files import read_document, write_document

IDENTITY_KIND = "serbench-features"
#: Digits of an identity's digest in a folder's name.
DIGITS = 12

_log = logging.getLogger("serbench.features.cache")


def identity_of(folder: Path) -> dict[str, Any]:
    """Return what a folder says of whose it is; raise FormatError where that is damaged, or not what its name says."""
    document = folder / "identity.json"
    facts = read_document(document, IDENTITY_KIND, FORMAT)
    if not folder.name.endswith(f"-{digest_value(facts)[:DIGITS]}"):
        raise FormatError(f"{document} is not what the folder's name says; it is made again")
    return facts


def claim(folder: Path, facts: Mapping[str, Any]) -> OSError | None:
    """Write down whose folder it is, unless that is to be read there; return why it cannot be written, or None."""
    document = folder / "identity.json"
    try:
        found = digest_value(identity_of(folder))
    except (FileNotFoundError, NotADirectoryError, FormatError):
        found = None  # the folder's name says whose it is, and every shard is held to its own digest
    if found is None:
        try:
            write_document(document, IDENTITY_KIND, FORMAT, facts)
        except OSError as error:
            with contextlib.suppress(OSError):
                folder.rmdir()  # an empty folder is nobody's
            return error
    elif found != digest_value(facts):
        raise FormatError(f"{document} is of another extractor; remove {folder} and run again")
    return None


@functools.cache
def warn(folder: Path, reason: str) -> None:
    """Say once that a folder refuses."""
    _log.warning("%s cannot be written (%s): its rows are kept in memory", folder, reason)


def name_of(folder: Path) -> str:
    """Return the name of the extractor whose rows a folder holds."""
    return folder.name.rpartition("-")[0]


def bytes_below(folder: Path) -> int:
    """Return how many bytes the files of a folder have."""
    return sum(path.stat().st_size for path in folder.iterdir() if path.is_file())


__all__ = ["DIGITS", "IDENTITY_KIND", "bytes_below", "claim", "identity_of", "name_of", "warn"]
