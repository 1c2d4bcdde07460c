"""Checks that hold for every kind of plugin: its card, and its constructor."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from typing import Any

from serbench.errors import PluginError, SerbenchError, suggestion
from serbench.part import Part
from serbench.testing.check import Subject
from serbench.testing.watch import random_state_untouched

_LONGEST_SUMMARY = 120


def check_card(subject: Subject) -> None:
    """The card is complete, and exempts with reasons."""
    card = subject.card
    if not card.summary or "\n" in card.summary or len(card.summary) > _LONGEST_SUMMARY:
        raise PluginError(f"the summary is {card.summary!r}, expected one line of at most {_LONGEST_SUMMARY} letters")
    for name, reason in card.exempt.items():
        if name not in subject.checks:
            near = suggestion(name, subject.checks)
            raise PluginError(f"the card exempts from {name!r}, expected one of {list(subject.checks)}{near}")
        if not reason.strip():
            raise PluginError(f"the card exempts from {name!r} without a reason, expected a sentence")


def check_constructor_stores(subject: Subject) -> None:
    """The constructor stores, and does nothing else."""
    cls: type[Part] = subject.part
    with random_state_untouched("the constructor"):
        cls()
    for given in ({}, subject.own, *({name: value} for name, value in other_values(cls.defaults()).items())):
        made = _made(cls, given)
        if made is None:
            continue
        made.params  # noqa: B018  (raises unless every argument is stored under its own name)
        further = sorted(vars(made).keys() - _arguments(cls))
        if further:
            raise PluginError(
                f"the constructor sets {', '.join(further)}, expected its arguments {sorted(cls.defaults())} and "
                f"nothing else; compute where work starts"
            )
        for name, value in {**cls.defaults(), **given}.items():
            if getattr(made, name) is not value and getattr(made, name) != value:
                raise PluginError(
                    f"the constructor was given {name}={value!r} and stores {getattr(made, name)!r}, expected the "
                    f"value as it came; compute where work starts"
                )


def check_arguments_are_identity(subject: Subject) -> None:
    """Equal arguments, equal identity; else another."""
    cls: type[Part] = subject.part
    if cls().identity.digest != cls().identity.digest:
        raise PluginError("two plain ones have different identities, expected equal ones")
    for name, value in other_values(cls.defaults()).items():
        made = _made(cls, {name: value})
        if made is not None and made.identity.digest == cls().identity.digest:
            raise PluginError(f"{name}={value!r} has the identity of the default, expected one of its own")


def other_values(defaults: Mapping[str, Any]) -> dict[str, Any]:
    """Return for each argument whose kind leaves no doubt a value that is not its default.

    >>> other_values({"deep": True, "n": 3, "c": 0.5, "mode": "plain"})
    {'deep': False, 'n': 4, 'c': 1.5}
    """
    found: dict[str, Any] = {}
    for name, default in defaults.items():
        if isinstance(default, bool):
            found[name] = not default
        elif isinstance(default, int | float):
            found[name] = default + 1
    return found


def _made(cls: type[Part], given: Mapping[str, Any]) -> Part | None:
    """Return one with an argument that is not its default, or None when the constructor refuses it, as it may."""
    try:
        return cls(**given)
    except (TypeError, ValueError, SerbenchError):
        if not given:
            raise
        return None


def _arguments(cls: type[Part]) -> set[str]:
    """Return the names of the constructor's arguments, and of those of the constructors it builds on."""
    return {
        name
        for base in cls.__mro__
        if "__init__" in vars(base) and base is not object
        for name in inspect.signature(base).parameters
    }


__all__ = ["check_arguments_are_identity", "check_card", "check_constructor_stores", "other_values"]
