"""A number, or the reason why there is none.

Conventions
-----------
Undefined is ``None`` with a reason, never ``nan`` and never a sentinel.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Self


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
    def read(cls, facts: dict[str, Any]) -> Self:
        """Return the figure of a JSON form."""
        return cls(facts["value"], facts.get("reason"))


__all__ = ["Figure"]
