"""Arguments that a person gives to parts and protocols: ``--set key=value``.

Conventions
-----------
A value is read as JSON and must be of the kind that the argument's default is of, since ``no`` for a true-or-false
argument would otherwise be a word, and every word counts as true. Nothing that was given is left aside: a key that is
given twice is refused, and so is an argument of what has no part in the run.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from serbench.errors import UnknownNameError, UsageError
from serbench.plugin.registry import Registry
from serbench.protocol.protocols import PROTOCOLS, get_protocol
from serbench.run.contender import make_contenders
from serbench.run.request import Request
from serbench.use import unnumbered

#: Whole numbers below are read; no argument needs more, and libraries stumble over them.
_TOO_LARGE = 2**63
#: The argument of a dataset that names its label map: crossed corpora are read by one of their own.
_LABELS = "labels"


def read_settings(pairs: Iterable[str], registry: Registry, models: Sequence[str]) -> dict[str, dict[str, Any]]:
    """Read ``--set`` pairs: ``part.key=value``, or ``key=value`` for the models that were asked for.

    A value is read as JSON (numbers, ``true``, ``null``), anything else is a word; it must be of the kind that the
    argument's default is of.

    Raises
    ------
    UsageError
        For a pair without ``=``, a bare key that no model asked for takes, a value of the wrong kind, or a key that is
        given twice.
    UnknownNameError
        For a part that nobody offers and that is no protocol.
    """
    settings: dict[str, dict[str, Any]] = {}
    given: dict[tuple[str, str], str] = {}
    later: list[tuple[str, str, str, str]] = []
    for pair in pairs:
        path, equals, text = pair.partition("=")
        if not equals or not path:
            raise UsageError(f"--set got {pair!r}, expected key=value or part.key=value, such as logreg.c=0.5")
        part, _, key = path.rpartition(".")
        if part and not _is_part(part, registry):
            later.append((pair, part, key, text))  # a name that a model gives a part, which its own arguments decide
            continue
        for name, default in _takers(registry, part, key, models):
            _take(settings, given, (name, key), pair, _value(pair, text, default))
    for pair, part, key, text in later:
        default = _default_of_use(registry, part, key, models, settings)
        _take(settings, given, (part, key), pair, _value(pair, text, default))
    return settings


def _take(
    settings: dict[str, dict[str, Any]], given: dict[tuple[str, str], str], at: tuple[str, str], pair: str, value: Any
) -> None:
    name, key = at
    before = given.setdefault(at, pair)
    if key in settings.get(name, {}):
        raise UsageError(f"--set got {name}.{key} twice, by {before!r} and {pair!r}, expected it once")
    settings.setdefault(name, {})[key] = value


def check_settings(settings: Mapping[str, Mapping[str, Any]], request: Request, registry: Registry) -> None:
    """Refuse arguments of what has no part in a run.

    Parameters
    ----------
    settings
        What a person wrote, by part.

    Raises
    ------
    UnknownNameError
        For a part that is not in the run; its parts are named.
    UsageError
        For a label map of a corpus that is crossed only.
    """
    parts = parts_of(request, registry)
    for name, arguments in settings.items():
        if name not in parts:
            raise UnknownNameError("part of this run for --set", name, parts)
        crossed = [protocol for protocol in request.protocols if PROTOCOLS[protocol].crosses_corpora]
        if _LABELS in arguments and name in registry.datasets and crossed == list(request.protocols):
            raise UsageError(
                f"--set got {name}.{_LABELS}, and protocol {crossed[0]} reads every corpus by the label map that all "
                f"share; leave it out"
            )


def parts_of(request: Request, registry: Registry) -> set[str]:
    """Return the names of all that has a part in a run: models, their features and augmentations, datasets, protocols.

    Raises
    ------
    UnknownNameError
        For a model or a protocol that there is not.
    """
    protocols = [get_protocol(name, request.settings) for name in request.protocols]
    parts = {*request.protocols, *(registry.datasets if request.all_datasets else request.datasets)}
    for protocol in protocols:
        parts.update(protocol.augmentations)
    for contender in make_contenders(request, registry):
        parts |= {contender.model.card.name, *contender.extractors}
        if any(not protocol.augmentations for protocol in protocols):  # else those of the protocol are in their place
            parts.update(map(unnumbered, contender.augmentations))
    return parts


def _is_part(name: str, registry: Registry) -> bool:
    """Tell whether a plugin or a protocol has the name."""
    return name in PROTOCOLS or any(name in shelf for shelf in registry.shelves.values())


def _default_of_use(
    registry: Registry, name: str, key: str, models: Sequence[str], settings: Mapping[str, Mapping[str, Any]]
) -> Any:
    """Return the default of an argument of a part that one of the models calls by a name of its own."""
    known = [*PROTOCOLS, *(offered for shelf in registry.shelves.values() for offered in shelf)]
    for asked in models:
        model = registry.get("model", asked).create(**settings.get(asked, {}))
        for use in model.uses("features"):
            if use.name == name:
                return registry.get("feature", use.part).defaults().get(key)
            known.append(use.name)
        for use in model.uses("augmentations"):
            if use.name == name:
                return registry.get("augmentation", use.part).defaults().get(key)
            known.append(use.name)
    raise registry.unknown("part", name, sorted(set(known)))


def _takers(registry: Registry, part: str, key: str, models: Sequence[str]) -> list[tuple[str, Any]]:
    """Return the parts that an argument is meant for, each with the argument's default (None for an unknown one)."""
    if part:
        shelves = [shelf for shelf in registry.shelves.values() if part in shelf]
        if not shelves:
            return [(part, PROTOCOLS[part].defaults().get(key))]
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
    value = _read(pair, text)
    if isinstance(default, str):
        return value if isinstance(value, str) else text
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    expected = None
    if isinstance(default, bool):
        expected = None if isinstance(value, bool) else "true or false"
    elif isinstance(default, int):
        if isinstance(value, float) and value.is_integer():
            value = int(value)
        expected = _wrong_count(value, default)
    elif isinstance(default, float):
        expected = None if is_number else "a number"
    elif isinstance(default, list | tuple):
        expected = None if isinstance(value, list) else "a list such as [1, 2]"
    elif isinstance(default, Mapping):
        expected = None if isinstance(value, dict) else 'an object such as {"a": 1}'
    if expected is None and is_number and abs(value) >= _TOO_LARGE:
        expected = "a number of a size that means something"
    if expected is not None:
        raise UsageError(f"--set got {pair!r}, expected {expected}")
    # 1 where the default is 1.0 is no other argument
    return default if type(default) in (int, float) and is_number and value == default else value


def _wrong_count(value: Any, default: int) -> str | None:
    """Return what is expected in place of a value where the default is a whole number, or None."""
    if isinstance(value, bool) or not isinstance(value, int):
        return "a whole number"
    return f"0 or more, for it counts (default {default})" if value < 0 < default else None


def _read(pair: str, text: str) -> Any:
    """Return text as JSON, or as the word that it is."""
    try:
        return json.loads(text, parse_constant=_no_number, object_pairs_hook=_keys_once)
    except (ValueError, RecursionError) as error:
        if isinstance(error, _TwiceError | RecursionError):
            raise UsageError(f"--set got {pair[:60]!r}: {error}, expected plain JSON or a word") from error
        return text


class _TwiceError(ValueError):
    """A key of an object is there twice."""


def _keys_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise _TwiceError(f"of the keys {[key for key, _ in pairs]} one is there twice")
    return found


def _no_number(word: str) -> float:
    """Refuse NaN and Infinity, which JSON does not have: they are words."""
    raise ValueError(word)


__all__ = ["check_settings", "parts_of", "read_settings"]
