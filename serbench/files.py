"""How a file of ours comes to be: whole or not at all, with a format number, readable by who knows it.

Conventions
-----------
A *document* is a JSON object with the keys ``kind`` (a word), ``format`` (an integer) and the facts, keys
sorted, indented by one blank, ending in a newline. A file is written under a temporary name in its own
folder, flushed to the disk (but for what can be made again) and renamed, so a reader sees the old file or the new one
and nothing between. What a writer that was killed left under such a name is swept away by the next one: the system
knows whether somebody still holds it.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import stat
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import IO, Any
from urllib.parse import quote

from serbench.errors import FormatError

if sys.platform != "win32":
    import fcntl

#: How the name of a file ends while it is written.
_UNFINISHED = ".part"
#: The largest document that is read: a row of thousands of cells takes a tenth of it.
MOST_BYTES = 256 << 20


def read_bytes(path: Path, most: int) -> bytes:
    """Return the bytes of a file that may be anybody's.

    Parameters
    ----------
    most
        How many bytes it may have.

    Raises
    ------
    FormatError
        When it is a link, a pipe or anything else than a regular file, or is larger.
    FileNotFoundError
        When there is none.
    """
    flags = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
    if path.is_symlink():
        raise FormatError(f"{path} is a link, expected a file; put the file itself there")
    handle = os.open(path, flags)
    with os.fdopen(handle, "rb") as stream:
        found = os.fstat(handle)
        if not stat.S_ISREG(found.st_mode):
            raise FormatError(f"{path} is no regular file; remove it")
        if found.st_size > most:
            raise FormatError(f"{path} has {found.st_size} bytes, expected at most {most}; remove it")
        return stream.read(most + 1)


@contextlib.contextmanager
def atomic_write(path: Path, *, durable: bool = True) -> Iterator[IO[bytes]]:
    """Open a binary stream whose content appears at ``path`` when the block ends without an error.

    Missing parent folders are made. On an error the temporary file is removed and ``path`` is as before; where the
    system refuses, its ``OSError`` names ``path``.

    Parameters
    ----------
    durable
        Whether to wait until the disk has it. What a digest guards and anybody can make again need not wait: should
        the power fail at that moment, the file may be there without its content.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with _held_file(path) as (handle, temporary):
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
    except OSError as error:
        # a full disk names no file, and ours has a name that nobody knows
        if error.filename is None or os.fsdecode(error.filename).endswith(_UNFINISHED):
            error.filename = os.fspath(path)
        raise


@contextlib.contextmanager
def _held_file(path: Path) -> Iterator[tuple[int, Path]]:
    """Open a file beside another one under a temporary name; until the block ends nobody sweeps it away."""
    while True:
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=_UNFINISHED)
        if sys.platform == "win32":  # which removes no file that is open
            yield handle, Path(name)
            return
        held = os.dup(handle)
        try:
            with contextlib.suppress(OSError):  # a file system without locks, where nothing is swept away
                fcntl.flock(held, fcntl.LOCK_EX)
            if os.fstat(held).st_nlink:  # else it was swept away before it was held
                yield handle, Path(name)
                return
            os.close(handle)
        finally:
            os.close(held)


@contextlib.contextmanager
def atomic_folder(path: Path) -> Iterator[Path]:
    """Give an empty folder that becomes ``path`` when the block ends without an error.

    Should another process have made ``path`` meanwhile, that one stays: both make the same. Missing parent folders are
    made, what killed writers left beside ``path`` is removed, and where the system refuses, its ``OSError`` names
    ``path``.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        sweep([path.parent])
        with _held_folder(path) as temporary:
            try:
                yield temporary
                temporary.chmod(0o755)
                temporary.rename(path)
            except OSError:
                if not path.is_dir():
                    raise
            finally:
                shutil.rmtree(temporary, ignore_errors=True)
    except OSError as error:
        if error.filename is None or _UNFINISHED in os.fsdecode(error.filename):
            error.filename = os.fspath(path)
        raise


@contextlib.contextmanager
def _held_folder(path: Path) -> Iterator[Path]:
    """Make a folder beside another one under a temporary name; until the block ends nobody sweeps it away."""
    while True:
        temporary = Path(tempfile.mkdtemp(dir=path.parent, prefix=f".{path.name}.", suffix=_UNFINISHED))
        if sys.platform == "win32":  # where a folder cannot be held, and sweep leaves it alone
            yield temporary
            return
        with contextlib.suppress(FileNotFoundError):  # swept away before it was held
            held = os.open(temporary, os.O_RDONLY)
            try:
                with contextlib.suppress(OSError):
                    fcntl.flock(held, fcntl.LOCK_EX)
                if temporary.is_dir():
                    yield temporary
                    return
            finally:
                os.close(held)


def sweep(folders: Iterable[Path]) -> None:
    """Remove what writers left in folders when they were killed; what somebody writes just now is left alone."""
    for folder in folders:
        for path in folder.glob(f".*{_UNFINISHED}"):
            with contextlib.suppress(OSError):
                if sys.platform == "win32":
                    path.unlink()
                    continue
                # some network file systems lock a file only for those that may write it
                held = os.open(path, os.O_RDONLY if path.is_dir() else os.O_RDWR)
                try:
                    fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    if path.is_dir():
                        shutil.rmtree(path)
                    else:
                        path.unlink()
                finally:
                    os.close(held)


def write_text(path: Path, text: str, *, durable: bool = True) -> None:
    """Write UTF-8 text atomically, line ends as given; ``durable`` as in :func:`atomic_write`.

    Half of a surrogate pair, as in a file name that is no UTF-8, is written as its escape, which JSON reads back.
    """
    with atomic_write(path, durable=durable) as stream:
        stream.write(text.encode(errors="backslashreplace"))


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
    FileNotFoundError
        When there is none.
    """
    try:
        body = json.loads(read_bytes(path, MOST_BYTES).decode(), parse_constant=_no_number)
    except (ValueError, RecursionError) as error:
        raise FormatError(f"{path} is damaged: {error}; remove it and run again") from error
    if not isinstance(body, dict) or body.get("kind") != kind:
        raise FormatError(f"{path} is not a {kind!r} document; remove it or name another folder")
    found = body.pop("format", None)
    body.pop("kind")
    if found == version:
        return body
    if upgrade and found in upgrade:
        return upgrade[found](body)
    raise FormatError(
        f"{path} has format {found!r}, this serbench reads {version}; make it again, or use the serbench that wrote it"
    )


#: Of a name that becomes part of a path: file systems take 255 bytes.
_LONGEST_NAME = 120


def name_in_path(name: str) -> str:
    """Return a name that anybody may have given as one that stays where it is put, and is not hidden there.

    >>> name_in_path("logreg[c=0.1]"), name_in_path("a/b"), name_in_path(".."), name_in_path("")
    ('logreg[c=0.1]', 'a%2Fb', '%2E.', '%')
    """
    quoted = quote(name, safe="[]=,", errors="surrogatepass")[:_LONGEST_NAME]
    return f"%2E{quoted[1:]}" if quoted.startswith(".") else quoted or "%"


def _no_number(word: str) -> None:
    raise ValueError(f"{word} is no number")


__all__ = [
    "MOST_BYTES",
    "atomic_folder",
    "atomic_write",
    "name_in_path",
    "read_bytes",
    "read_document",
    "sweep",
    "write_document",
    "write_text",
]
