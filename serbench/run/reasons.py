"""Reasons that stand in records: what went wrong, and nothing of where this machine keeps its files.

Conventions
-----------
Records are published, and a path says who somebody is and how their disk is arranged. A file below a folder that is
named stays findable from there; of any other file the name alone is left.
"""

from __future__ import annotations

import os
import re
import traceback
from collections.abc import Iterable
from pathlib import Path

#: How a path begins at a root of a system, or at somebody's home.
_ROOT = r"(?:file://)?(?:[A-Za-z]:[\\/]|\\\\|/|~[\w.-]*/)"
#: What a name in a path is made of, where it stands in running text without quotes.
_NAME = r"[^\s/\\\"`<>|:;,()\[\]{}]+"
#: An address, which is left; a path between quotes, which may hold blanks; a path.
_PATHS = re.compile(
    rf"(?P<address>\b(?!file:)[a-z][a-z0-9+.-]+://\S+)"
    rf"|(?P<quote>['\"`])(?P<quoted>{_ROOT}[^'\"`\n]*)(?P=quote)"
    rf"|(?<![\w.)\]/\\~])(?P<bare>{_ROOT}{_NAME}(?:[\\/]+{_NAME})*[\\/]?)"
)


def reason_of(error: BaseException, roots: Iterable[Path] = (), *, with_place: bool = False) -> str:
    r"""Return one line: what was raised, and where in the code if that is asked for.

    Parameters
    ----------
    roots
        Folders below which files are named by their relative paths.
    with_place
        Whether to name the function, its file and its line.

    >>> reason_of(ValueError("no sound in\n/home/ann/wav/a.wav"))
    'ValueError: no sound in a.wav'
    """
    frames = traceback.extract_tb(error.__traceback__) if with_place else []
    where = f" (in {Path(frames[-1].filename).name}:{frames[-1].lineno}, {frames[-1].name})" if frames else ""
    return f"{type(error).__name__}: {without_places(' '.join(str(error).split()), roots)}{where}"


def without_places(text: str, roots: Iterable[Path] = ()) -> str:
    """Return text in which no path begins at a root of this machine.

    >>> without_places("/data/EmoDB/wav/03a01Fa.wav is empty", [Path("/data/EmoDB")])
    'wav/03a01Fa.wav is empty'
    >>> without_places("[Errno 2] No such file: '/home/ann/a b.wav', see https://example.org/a/b")
    "[Errno 2] No such file: 'a b.wav', see https://example.org/a/b"
    """
    for folder in sorted({name for root in roots for name in (str(root), os.path.realpath(root))}, key=len)[::-1]:
        if len(folder) > 1:  # a root itself begins every path
            inside = re.escape(folder.rstrip(r"\/")) + r"[\\/]+"
            text = re.sub(rf"(?<![\w.~/\\]){inside}", "", text)
    home = os.path.expanduser("~")  # noqa: PTH111  (which raises where there is none)
    if len(home) > 1:  # its name is somebody's
        text = re.sub(rf"(?<![\w.~/\\]){re.escape(home)}[\\/]?(?![\w.\\/-])", "~", text)
    return _PATHS.sub(_shortened, text)


def _shortened(found: re.Match[str]) -> str:
    if found["address"]:
        return found[0]
    path = found["quoted"] or found["bare"]
    name = re.split(r"[\\/]+", path.rstrip(r"\/"))[-1]
    if not name:
        return found[0]
    quote = found["quote"] or ""
    return f"{quote}{name}{quote}"


__all__ = ["reason_of", "without_places"]
