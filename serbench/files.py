"""How a file of ours comes to be: whole or not at all, with a format number, readable by who knows it.

Conventions
-----------
A *document* is a JSON object with the keys ``kind`` (a word), ``format`` (an integer) and the facts, keys
sorted, indented by one blank, ending in a newline. A file is written under a temporary name in its own
folder, flushed to the disk (but for what can be made again) and renamed, so a reader sees the old file or the new one
and nothing between.
"""

from __future__ import annotations

import contextlib
import json
import os
import tempfile
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import IO, Any

from serbench.errors import FormatError


@contextlib.contextmanager
def atomic_write(path: Path, *, durable: bool = True) -> Iterator[IO[bytes]]:
    """Open a binary stream whose content appears at ``path`` when the block ends without an error.

    Missing parent folders are made. On an error the temporary file is removed and ``path`` is as before.

    Parameters
    ----------
    durable
        Whether to wait until the disk has it. What a digest guards and anybody can make again need not wait: should
        the power fail at that moment, the file may be there without its content.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=".part")
    temporary = Path(name)
    try:
        with os.fdopen(handle, "wb") as stream:
            yield stream
            if durable:
                stream.flush()
                os.fsync(stream.fileno())
        temporary.chmod(0o644)
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def write_text(path: Path, text: str, *, durable: bool = True) -> None:
    """Write UTF-8 text atomically, line ends as given; ``durable`` as in :func:`atomic_write`."""
    with atomic_write(path, durable=durable) as stream:
        stream.write(text.encode())


def write_document(path: Path, kind: str, version: int, facts: Mapping[str, Any], *, durable: bool = True) -> None:
    """Write ``facts`` as a document of the given kind and format number; ``durable`` as in :func:`atomic_write`.

    Raises
    ------
    ValueError
        For ``nan`` or ``inf`` in the facts: undefined is ``None`` with a reason.
    """
    body = {"kind": kind, "format": version, **facts}
    text = json.dumps(body, sort_keys=True, indent=1, ensure_ascii=False, allow_nan=False) + "\n"
    write_text(path, text, durable=durable)


def read_document(
    path: Path, kind: str, version: int, upgrade: Mapping[int, Callable[[dict[str, Any]], dict[str, Any]]] | None = None
) -> dict[str, Any]:
    """Read a document's facts, without ``kind`` and ``format``.

    Parameters
    ----------
    upgrade
        For an older format number: the function that turns its facts into today's.

    Raises
    ------
    FormatError
        When the file is no JSON object, of another kind, or of a format this program does not know.
    """
    try:
        body = json.loads(path.read_text(encoding="utf-8"), parse_constant=_no_number)
    except (ValueError, UnicodeDecodeError) as error:
        raise FormatError(f"{path} is damaged: {error}; remove it and run again") from error
    if not isinstance(body, dict) or body.get("kind") != kind:
        raise FormatError(f"{path} is not a {kind!r} document; remove it or name another folder")
    found = body.pop("format", None)
    body.pop("kind")
    if found == version:
        return body
    if upgrade and found in upgrade:
        return upgrade[found](body)
    raise FormatError(f"{path} has format {found!r}, this serbench reads {version}; use the serbench that wrote it")


def _no_number(word: str) -> None:
    raise ValueError(f"{word} is no number")


__all__ = ["atomic_write", "read_document", "write_document", "write_text"]
