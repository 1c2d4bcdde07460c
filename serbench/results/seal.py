"""The seal of facts: the digest of all else that they say, so that what was altered or damaged is not believed.

Conventions
-----------
A seal is no signature: whoever can write facts can seal them. It tells accidents, and changes by hand.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from serbench.digest import digest_value
from serbench.errors import FormatError

_SEAL = "seal"


def sealed(facts: Mapping[str, Any]) -> dict[str, Any]:
    """Return facts with their seal.

    >>> sealed({"a": 1})
    {'a': 1, 'seal': '015abd7f5cc57a2dd94b7590f04ad808'}
    """
    return {**facts, _SEAL: digest_value(facts)}


def unsealed(facts: Mapping[str, Any]) -> tuple[dict[str, Any], bool]:
    """Return facts without their seal, and whether it fits.

    Raises
    ------
    FormatError
        When they hold what JSON has no word for: half of a character, a number that is none.
    """
    found = dict(facts)
    seal = found.pop(_SEAL, None)
    try:
        return found, seal == digest_value(found)
    except ValueError as error:
        raise FormatError(f"it holds what JSON has no word for: {error}; remove it") from error


__all__ = ["sealed", "unsealed"]
