"""What the program asks of the machine: a cache, folders to write to, files to open; and what to name where it refuses.

Conventions
-----------
The cache saves time and nothing else: where it cannot be written, work goes on in a folder that is gone afterwards.
What a person named is tried before any work is done for it.
"""

from __future__ import annotations

import atexit
import contextlib
import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from serbench.cli import console
from serbench.errors import ResourceError, UsageError, system_words

#: A cache with less room than this, in bytes, is full; a run needs so much for its records.
_ROOM, _ROOM_FOR_RECORDS = 32 << 20, 1 << 20
#: How many files may be open at once: fewer do not do, more are asked for.
_FEWEST_FILES, _MANY_FILES = 48, 8192


def allow_many_files() -> None:
    """Raise this process's limit of open files as far as the system lets it.

    Raises
    ------
    ResourceError
        When it is too low to work with.
    """
    if sys.platform == "win32":
        return
    import resource

    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft == resource.RLIM_INFINITY or soft >= _MANY_FILES:
        return
    wanted = _MANY_FILES if hard == resource.RLIM_INFINITY else min(hard, _MANY_FILES)
    with contextlib.suppress(OSError, ValueError):
        resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, wanted), hard))
        soft = max(soft, wanted)
    if soft < _FEWEST_FILES:
        raise ResourceError(
            f"{soft} files may be open at once, expected {_FEWEST_FILES} or more; raise the limit with ulimit -n 1024"
        )


def open_cache() -> None:
    """See that there is a cache that can be written; else say so and work in a folder that is removed at the end.

    What the cache holds already is read there too.

    Raises
    ------
    ResourceError
        When there is no place for temporary files either.
    """
    from serbench.environment import CACHE_VARIABLE, cache_folder
    from serbench.files import sweep

    cache = cache_folder()
    reason = _why_not(cache)
    if reason is None:
        sweep([cache, *cache.glob("*/"), *cache.glob("features/*/")])
        _lend_home(cache)
        return
    try:
        spare = Path(tempfile.mkdtemp(prefix="serbench-cache-"))
    except OSError as error:
        raise ResourceError(
            f"neither the cache {cache} ({reason}) nor a folder for temporary files ({system_words(error)}) can be "
            f"written; name a folder in {CACHE_VARIABLE}"
        ) from error
    atexit.register(shutil.rmtree, spare, ignore_errors=True)
    with contextlib.suppress(OSError):  # it only saves time
        _mirror(cache, spare)
    os.environ[CACHE_VARIABLE] = str(spare)  # further processes look there too
    _lend_home(spare)
    console.notice(
        f"the cache {cache} cannot be written ({reason}): what is computed is kept for this time only; name another "
        f"folder in {CACHE_VARIABLE}"
    )


def _lend_home(folder: Path) -> None:
    """Name a folder for what numba compiles where there is no home to write to: it would refuse to work."""
    home = os.path.expanduser("~")  # noqa: PTH111  (which raises where there is none)
    if not os.access(home, os.W_OK):
        os.environ.setdefault("NUMBA_CACHE_DIR", str(folder / "numba"))


def _why_not(folder: Path) -> str | None:
    """Return why a folder cannot be written, or None."""
    if folder.parts[:1] == ("~",):
        return "there is no home folder"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder) as probe:
            probe.write(b"0")
        free = shutil.disk_usage(folder).free
    except OSError as error:
        return _words(error, folder)
    return None if free >= _ROOM else f"{free >> 20} MiB are free, {_ROOM >> 20} are needed"


def _mirror(cache: Path, spare: Path) -> None:
    """Let what lies in a cache be found below another folder; what is written there stays there."""
    inside = [path for path in cache.glob("*/*") if path.parent.name != "features"]
    files = [path for path in cache.glob("*") if path.is_file()]
    for path in (*files, *inside, *cache.glob("features/*/*")):
        link = spare / path.relative_to(cache)
        link.parent.mkdir(parents=True, exist_ok=True)
        link.symlink_to(path.resolve())


def expect_folder(path: Path, option: str) -> None:
    """Refuse a folder to write to that is none, or lies where nothing can be made.

    Raises
    ------
    UsageError
        When it, or something above it, is a file.
    ResourceError
        When it cannot be written.
    """
    with writing(path, option):
        there = next((place for place in (path, *path.absolute().parents) if place.exists()), Path())
    if not there.is_dir():
        raise UsageError(f"{option} got {str(path)!r}, and {there} is a file, expected a folder")
    if not os.access(there, os.W_OK | os.X_OK):
        why = "read-only file system" if _is_read_only(there) else f"no permission for {there}"
        raise ResourceError(f"{path} cannot be written: {why}; name another folder with {option}")


def _is_read_only(folder: Path) -> bool:
    return sys.platform != "win32" and bool(os.statvfs(folder).f_flag & os.ST_RDONLY)


def expect_writable(folder: Path, option: str) -> None:
    """Make a folder, and see that there is room in it.

    Raises
    ------
    ResourceError
        When that cannot be.
    """
    with writing(folder, option):
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder) as probe:
            probe.write(b"0")
        if shutil.disk_usage(folder).free < _ROOM_FOR_RECORDS:
            raise ResourceError(
                f"{folder} cannot be written: no space left on device; free some, or name another folder with {option}"
            )


@contextlib.contextmanager
def writing(path: Path, option: str) -> Iterator[None]:
    """Within the block: where the system refuses, say what was to be written and which option names another place.

    Raises
    ------
    ResourceError
        In place of an ``OSError``.
    """
    try:
        yield
    except OSError as error:
        why = _words(error, path)
        raise ResourceError(f"{path} cannot be written: {why}; name another place with {option}") from error


def _words(error: OSError, path: Path) -> str:
    """Return why a place cannot be written; a file where a folder should be is named."""
    if isinstance(error, FileExistsError | NotADirectoryError):
        return f"{os.fsdecode(error.filename or path)} is no folder"
    return system_words(error)


__all__ = ["allow_many_files", "expect_folder", "expect_writable", "open_cache", "writing"]
