"""Random numbers that are the same tomorrow, and that leave everybody else's alone.

Conventions
-----------
A seed is an integer in ``[0, 2**32)``. Children are derived by name, never by counting, so adding a
consumer changes no other consumer's numbers. Nothing here touches the global state of ``random``,
``numpy.random`` or ``torch``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from serbench.digest import digest_value

if TYPE_CHECKING:
    import numpy as np


def derive(seed: int, *names: str | int) -> int:
    """Return the child seed of ``seed`` for a path of names.

    >>> derive(0, "split") == derive(0, "split"), derive(0, "split") == derive(1, "split")
    (True, False)
    """
    return int(digest_value([seed, *names])[:8], 16)


def generator(seed: int, *names: str | int) -> np.random.Generator:
    """Return a numpy generator for the child seed."""
    import numpy as np

    return np.random.default_rng(derive(seed, *names))


__all__ = ["derive", "generator"]
