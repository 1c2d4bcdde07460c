"""What a plugin leaves in the process that it ran in: it is not to reach the cells of others.

Conventions
-----------
What can be put back is put back after each cell: the working folder, variables that were changed or removed, standard
output and error, the mask for new files, the locale. Variables that came are left, for libraries note things there.
Functions that were replaced cannot be told from those that should be: such a process is done with.
"""

from __future__ import annotations

import contextlib
import importlib
import locale
import os
import sys
from typing import Any

#: Modules whose functions stand for all that a later cell relies on.
_MODULES = ("builtins", "math", "numpy", "numpy.linalg", "numpy.random", "os", "random", "time")


class Footprints:
    """A process as it is when this is made, to be made so again."""

    def __init__(self) -> None:
        self._folder = os.path.abspath(".")  # noqa: PTH100  (a folder that is gone has no other)
        self._variables = dict(os.environ)
        self._locale = locale.setlocale(locale.LC_ALL)
        self._mask = os.umask(0o077)
        os.umask(self._mask)
        self._error_stream = os.dup(2)
        self._functions = _functions()

    def wipe(self) -> bool:
        """Put back what can be put back; return whether the process is as it was."""
        try:
            for number in (1, 2):
                os.dup2(self._error_stream, number)
            with contextlib.suppress(OSError):
                os.chdir(self._folder)
            os.environ.update(self._variables)
            os.umask(self._mask)
            locale.setlocale(locale.LC_ALL, self._locale)
        except (OSError, locale.Error):
            return False
        for name, number in (("stdout", 1), ("stderr", 2)):
            stream: Any = getattr(sys, f"__{name}__")
            if stream is None or stream.closed:
                stream = open(number, "w", encoding="utf-8", errors="replace", closefd=False)  # noqa: SIM115
            setattr(sys, name, stream)
        now = _functions()
        return all(now.get(name) is function for name, function in self._functions.items())


def _functions() -> dict[tuple[str, str], Any]:
    found = ((module, vars(importlib.import_module(module))) for module in _MODULES)
    return {(module, name): value for module, names in found for name, value in names.items() if callable(value)}


__all__ = ["Footprints"]
