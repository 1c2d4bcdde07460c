"""Whether there is an accelerator to compare with the CPU."""

from __future__ import annotations

from serbench.environment import resolve_device
from serbench.testing.check import ExemptError


def accelerator() -> str:
    """Return the device that is not the CPU.

    Raises
    ------
    ExemptError
        When there is none.
    """
    device = resolve_device("auto")
    if device == "cpu":
        raise ExemptError("there is no accelerator here to compare with")
    return device


__all__ = ["accelerator"]
