"""Every error that serbench raises on purpose, and the exit code each ends the program with.

Conventions
-----------
A message is one line, starts lowercase and says what came, what was expected and what to do next.
Two places catch: ``run/job.py`` turns a plugin's failure into a ``failed`` record, ``cli/app.py`` turns
a :class:`SerbenchError` into one line on standard error and the exit code of its class, and what the system refuses
(an ``OSError``, no memory) into a :class:`ResourceError`.

The tree::

    SerbenchError            1
    ├── UsageError           2   the command or a call is off
    │   └── UnknownNameError 2   no such plugin, protocol, argument; near matches are named
    ├── DatasetError         3   what lies on disk is not the corpus it should be
    │   ├── DatasetMissingError 3   nothing was found where the corpus should be
    │   └── AudioError       3   a recording cannot be read whole
    ├── CheckpointError      3   pretrained weights on disk are not those of the card
    │   └── CheckpointMissingError 3   none were found where weights are looked for
    ├── ProtocolError        4   this protocol cannot be applied to this corpus
    │   └── LeakError        4   a test row, speaker or recording is also outside the test set
    ├── PluginError          5   a plugin breaks its contract
    │   ├── DuplicateNameError 5   two plugins offer one name
    │   └── NotFittedError   5   predict was called before fit
    ├── FormatError          6   a file on disk has an unknown or damaged format
    ├── CellsFailedError     7   the run ended, but some cells failed
    ├── BoardError           8   a leaderboard does not hold: a stale view, a figure that cannot be recomputed
    └── ResourceError        9   the system refuses: no permission, no room on a disk, no open file or memory left

Interrupted by the keyboard: 130.
"""

from __future__ import annotations

import difflib
import errno
import os
from collections.abc import Iterable
from typing import ClassVar, Self

from serbench.names import legible

#: How many names an error lists before it cuts the list short.
_NAMED = 24


class SerbenchError(Exception):
    """Root of all errors that are somebody's to fix, not a bug of ours.

    A message may name any file, and goes into records and onto terminals: what is no UTF-8 in it is made legible.
    """

    exit_code: ClassVar[int] = 1

    def __init__(self, message: str = "") -> None:
        super().__init__(legible(message))


class UsageError(SerbenchError):
    """A command or a call that cannot be understood."""

    exit_code = 2


class UnknownNameError(UsageError):
    """A name that nobody offers.

    Parameters
    ----------
    kind
        What was looked for, in the singular: ``"model"``.
    name
        The name that came.
    known
        The names that would have been found.
    """

    def __init__(self, kind: str, name: str, known: Iterable[str]) -> None:
        self.kind, self.name, self.known = kind, name, sorted(known)
        few = self.known if len(self.known) <= _NAMED else [*self.known[:3], f"and {len(self.known) - 3} more"]
        super().__init__(f"unknown {kind} {name!r}, expected one of {few}{suggestion(name, self.known)}")


class DatasetError(SerbenchError):
    """What lies on disk is not the corpus it should be."""

    exit_code = 3


class DatasetMissingError(DatasetError):
    """Nothing was found where the corpus should be; the message says how to obtain it."""


class AudioError(DatasetError):
    """A recording that cannot be read whole; the message names the file."""


class CheckpointError(SerbenchError):
    """Pretrained weights that are not those of the card, by their digest."""

    exit_code = 3


class CheckpointMissingError(CheckpointError):
    """Pretrained weights that were not found; the message says how to obtain them."""


class ProtocolError(SerbenchError):
    """A protocol that cannot be applied to a corpus."""

    exit_code = 4


class LeakError(ProtocolError):
    """Something of the test set is also outside the test set."""


class PluginError(SerbenchError):
    """A plugin that breaks its contract."""

    exit_code = 5


class DuplicateNameError(PluginError):
    """Two plugins that offer one name; both are named."""


class NotFittedError(PluginError):
    """``predict`` was called before ``fit``."""


class FormatError(SerbenchError):
    """A file on disk whose format is unknown or damaged."""

    exit_code = 6


class CellsFailedError(SerbenchError):
    """A run that ended with failed cells; their records hold the reasons."""

    exit_code = 7


class BoardError(SerbenchError):
    """A leaderboard that does not hold what it says; the message names the first thing that does not."""

    exit_code = 8


#: What is to be done where the system refuses.
_ADVICE = {
    errno.ENOSPC: "free some, or name another place",
    errno.EDQUOT: "free some, or name another place",
    errno.EACCES: "allow it, or name another place",
    errno.EPERM: "allow it, or name another place",
    errno.EROFS: "name another place",
    errno.ENOTDIR: "name another place",
    errno.EISDIR: "name another place",
    errno.EEXIST: "name another place",
    errno.ENAMETOOLONG: "name another place",
    errno.EMFILE: "raise the limit with ulimit -n",
    errno.ENFILE: "close some, or raise the system's limit",
    errno.EFBIG: "raise the limit with ulimit -f, or name another place",
    errno.EAGAIN: "close what else runs, or raise the limit with ulimit -u",
    errno.ENOMEM: "close what else runs, or do less at once",
}


#: What a system says that has no open file or no memory left: whatever was to be opened is not to blame.
_LACKING = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOMEM})


class ResourceError(SerbenchError):
    """Something of the machine is not to be had: a place to write to, room on a disk, an open file, memory."""

    exit_code = 9

    @classmethod
    def raise_if_lacking(cls, error: BaseException | None) -> None:
        """Raise where the system had no open file or no memory left, in place of saying that a file is damaged."""
        if isinstance(error, OSError) and error.errno in _LACKING:
            raise cls.of(error) from error

    @classmethod
    def of(cls, error: OSError | MemoryError, what: str = "", advice: str = "") -> Self:
        """Return what the system said, in one line.

        Parameters
        ----------
        what
            What was to be read or written; empty: the file that the system names.
        advice
            What to do; empty: what is usual.

        >>> str(ResourceError.of(OSError(errno.ENOSPC, "No space left on device", "runs/a.json")))
        'runs/a.json: no space left on device; free some, or name another place'
        """
        if isinstance(error, MemoryError):
            return cls(f"{what or 'this'} takes more memory than there is; {advice or _ADVICE[errno.ENOMEM]}")
        named = "" if error.filename is None else os.fsdecode(error.filename)
        hint = advice or _ADVICE.get(error.errno or 0, "")
        said = ": ".join(part for part in (what or named, system_words(error)) if part)
        return cls(said + (f"; {hint}" if hint else ""))


def system_words(error: OSError) -> str:
    """Return why the system refuses, without the name of the file.

    >>> system_words(PermissionError(errno.EACCES, "Permission denied", "runs"))
    'permission denied'
    """
    if error.strerror:
        return f"{error.strerror[:1].lower()}{error.strerror[1:]}"
    return " ".join(" ".join(map(str, error.args)).split()) or type(error).__name__


def check_names(kind: str, names: Iterable[str], known: Iterable[str]) -> None:
    """Raise for the first name that is not known.

    Raises
    ------
    UnknownNameError
        Of that kind.
    """
    known = set(known)
    for name in names:
        if name not in known:
            raise UnknownNameError(kind, name, known)


def suggestion(name: str, known: Iterable[str]) -> str:
    """Return ``"; did you mean 'x'?"`` for the nearest known name, or an empty string.

    >>> suggestion("logrg", ["logreg", "majority"])
    "; did you mean 'logreg'?"
    >>> suggestion("zzz", ["logreg"])
    ''
    """
    known = list(known)
    folded = {candidate.casefold().replace("-", "").replace("_", ""): candidate for candidate in known}
    near = difflib.get_close_matches(name.casefold().replace("-", "").replace("_", ""), folded, n=1, cutoff=0.6)
    return f"; did you mean {folded[near[0]]!r}?" if near else ""


__all__ = [
    "AudioError",
    "BoardError",
    "CellsFailedError",
    "CheckpointError",
    "CheckpointMissingError",
    "DatasetError",
    "DatasetMissingError",
    "DuplicateNameError",
    "FormatError",
    "LeakError",
    "NotFittedError",
    "PluginError",
    "ProtocolError",
    "ResourceError",
    "SerbenchError",
    "UnknownNameError",
    "UsageError",
    "check_names",
    "suggestion",
    "system_words",
]
