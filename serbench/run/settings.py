"""Arguments that a person gives to parts and protocols: ``--set key=value``.

Conventions
-----------
A value is read as JSON and must be of the kind that the argument's default is of, since ``no`` for a true-or-false
argument would otherwise be a word, and every word counts as true.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import Any

from serbench.errors import UsageError
from serbench.plugin.registry import Registry
from serbench.protocol.protocols import PROTOCOLS


def read_settings(pairs: Iterable[str], registry: Registry, models: Sequence[str]) -> dict[str, dict[str, Any]]:
    """Read ``--set`` pairs: ``part.key=value``, or ``key=value`` for the models that were asked for.

    A value is read as JSON (numbers, ``true``, ``null``), anything else is a word; it must be of the kind that the
    argument's default is of.

    Raises
    ------
    UsageError
        For a pair without ``=``, a bare key that no model asked for takes, or a value of the wrong kind.
    UnknownNameError
        For a part that nobody offers and that is no protocol.
    """
    settings: dict[str, dict[str, Any]] = {}
    for pair in pairs:
        path, equals, text = pair.partition("=")
        if not equals or not path:
            raise UsageError(f"--set got {pair!r}, expected key=value or part.key=value, such as logreg.c=0.5")
        part, _, key = path.rpartition(".")
        for name, default in _takers(registry, part, key, models):
            settings.setdefault(name, {})[key] = _value(pair, text, default)
    return settings


def _takers(registry: Registry, part: str, key: str, models: Sequence[str]) -> list[tuple[str, Any]]:
    """Return the parts that an argument is meant for, each with the argument's default (None for an unknown one)."""
    if part:
        shelves = [shelf for shelf in registry.shelves.values() if part in shelf]
        if not shelves and part in PROTOCOLS:
            return [(part, PROTOCOLS[part].defaults().get(key))]
        if not shelves:
            known = sorted([*PROTOCOLS, *(name for shelf in registry.shelves.values() for name in shelf)])
            raise registry.unknown("part", part, known)
        offered = shelves[0][part].part
        return [(part, offered.defaults().get(key) if hasattr(offered, "defaults") else None)]
    offered_by = {name: registry.get("model", name).defaults() for name in models}
    takers = [(name, defaults[key]) for name, defaults in offered_by.items() if key in defaults]
    if not takers:
        arguments = sorted({argument for defaults in offered_by.values() for argument in defaults})
        raise UsageError(
            f"--set got {key!r}, which none of {list(models)} takes, expected one of {arguments}; "
            f"for a feature or a dataset write its name first: mfcc.n_mfcc=20"
        )
    return takers


def _value(pair: str, text: str, default: Any) -> Any:
    """Return the value that a person wrote, of the default's kind; any value goes where the default is None."""
    try:
        value: Any = json.loads(text)
    except ValueError:
        value = text
    if isinstance(default, str):
        return value if isinstance(value, str) else text
    if isinstance(default, bool):
        if not isinstance(value, bool):
            raise UsageError(f"--set got {pair!r}, expected true or false")
    elif isinstance(default, int | float) and (isinstance(value, bool) or not isinstance(value, int | float)):
        raise UsageError(f"--set got {pair!r}, expected a number")
    return value


__all__ = ["read_settings"]
