"""A number, or the reason why there is none.

Conventions
-----------
Undefined is ``None`` with a reason, never ``nan`` and never a sentinel.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

#: Keys of the JSON form, and types of its value; named here, since a board reads tens of thousands of figures.
_REQUIRED, _KNOWN = {"value"}, {"value", "reason"}
_NUMBER = (int, float, type(None))


@dataclass(frozen=True)
class Figure:
    """A finite number, or None with the reason.

    Attributes
    ----------
    value
        The number.
    reason
        Why there is none; None exactly when there is a value.
    """

    value: float | None
    reason: str | None = None

    def __post_init__(self) -> None:
        if (self.value is None) == (self.reason is None):
            raise ValueError("a figure has either a value or a reason")
        if self.value is not None and not math.isfinite(self.value):
            raise ValueError(f"a figure is finite, got {self.value}")

    @classmethod
    def undefined(cls, reason: str) -> Self:
        """Return the figure that has no value."""
        return cls(None, reason)

    def facts(self) -> dict[str, Any]:
        """Return the JSON form: ``{"value": ...}`` or ``{"value": null, "reason": ...}``."""
        return {"value": self.value} if self.reason is None else {"value": None, "reason": self.reason}

    @classmethod
    def read(cls, facts: Mapping[str, Any]) -> Self:
        """Return the figure of a JSON form.

        Raises
        ------
        ValueError
            When it is none: no value and no reason, or a value that is no finite number.
        """
        if not isinstance(facts, Mapping) or not _REQUIRED <= facts.keys() <= _KNOWN:
            raise ValueError(f"{facts!r} is no figure, expected a value, and a reason where that is null")
        value = facts["value"]
        if isinstance(value, bool) or not isinstance(value, _NUMBER):
            raise ValueError(f"the value {value!r} is no number")  # noqa: TRY004  (of a file, not of a caller)
        return cls(value, facts.get("reason"))


__all__ = ["Figure"]
