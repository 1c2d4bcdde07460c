"""What was found out about a corpus, kept in the cache under its root, and sealed.

Conventions
-----------
A sealed document is a JSON object on one line whose first key, ``digest``, is the digest of all of it with that digest
as zeros. What was damaged or edited is never trusted: it is as if it were not there. What cannot be written is found
out again the next time.
"""

from __future__ import annotations

import contextlib
import functools
import json
import logging
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from serbench.digest import DIGITS, canonical_json, digest_bytes
from serbench.errors import FormatError, system_words
from serbench.files import atomic_write

_HEAD = b'{"digest":"'
_ZEROS = b"0" * DIGITS
_SEAL = slice(len(_HEAD), len(_HEAD) + DIGITS)

_log = logging.getLogger(__name__)


def place_of(cache: Path, room: str, root: Path, ending: str = ".json") -> Path:
    """Return where something is kept about the corpus at ``root``: in a folder of the cache, whatever leads there."""
    return cache / room / f"{digest_bytes(os.fsencode(os.path.realpath(root)))}{ending}"


@contextlib.contextmanager
def if_it_can_be_kept(path: Path) -> Iterator[None]:
    """Within the block a file of the cache is written; where the system refuses, say so once and go on."""
    try:
        yield
    except OSError as error:
        _warn(path.parent, system_words(error))


@functools.cache
def _warn(folder: Path, reason: str) -> None:
    _log.warning("%s cannot be written (%s): what was found of recordings is not kept", folder, reason)


def write_sealed(path: Path, kind: str, version: int, facts: Mapping[str, Any]) -> None:
    """Write facts as a sealed document; their keys sort after ``digest``."""
    body = {"digest": _ZEROS.decode(), "kind": kind, "format": version, **facts}
    data = canonical_json(body).encode(errors="backslashreplace")
    with atomic_write(path) as stream:
        stream.write(_HEAD + digest_bytes(data).encode() + data[_SEAL.stop :])


def read_sealed(path: Path, kind: str, version: int) -> dict[str, Any]:
    """Return the facts of a sealed document.

    Raises
    ------
    FormatError
        When it is not as it was written, or of another kind or format.
    OSError
        When it cannot be read.
    """
    data = path.read_bytes()
    if not data.startswith(_HEAD) or digest_bytes(_HEAD + _ZEROS + data[_SEAL.stop :]).encode() != data[_SEAL]:
        raise FormatError(f"{path} is not as it was written; it is made anew")
    body: dict[str, Any] = json.loads(data)
    if (body.pop("kind", None), body.pop("format", None)) != (kind, version):
        raise FormatError(f"{path} is no {kind!r} document of format {version}; it is made anew")
    body.pop("digest")
    return body


__all__ = ["if_it_can_be_kept", "place_of", "read_sealed", "write_sealed"]
