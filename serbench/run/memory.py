"""What a model class remembers between cells: nothing, or the cell fails.

The training rows of one fold are the test rows of another. A model is made anew for every cell, so what it learned is
gone with it, unless it was left on the class: then the next fold's model may know the labels of its test rows. Names of
a module and files are not watched; the digest of a model's source stands in every record for those who want to look.
"""

from __future__ import annotations

from collections.abc import Mapping, Sized
from typing import Any

from serbench.errors import PluginError

Memory = Mapping[tuple[str, str], tuple[Any, int | None]]


def class_memory(cls: type) -> Memory:
    """Return what a class and its bases hold: each attribute's value, and its size where it has one."""
    return {
        (each.__name__, name): (value, _size(value))
        for each in cls.__mro__[:-1]
        for name, value in vars(each).items()
        if not name.startswith("__")
    }


def _size(value: object) -> int | None:
    try:
        return len(value) if isinstance(value, Sized) and not isinstance(value, type) else None
    except TypeError:  # an array of no dimension has a length by its type alone
        return None


def expect_forgotten(name: str, before: Memory, after: Memory) -> None:
    """Raise when a class holds something else than before.

    Raises
    ------
    PluginError
        When an attribute came, went, was replaced or grew; the message names it.
    """
    for where in sorted(before.keys() | after.keys()):
        old, new = before.get(where), after.get(where)
        if old is None or new is None or old[0] is not new[0] or old[1] != new[1]:
            raise PluginError(
                f"{name} keeps something on its class ({'.'.join(where)}), expected on self alone: one fold's training "
                f"rows are another's test rows"
            )


__all__ = ["Memory", "class_memory", "expect_forgotten"]
