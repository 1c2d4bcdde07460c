"""Where things lie: the one value that says so."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from serbench.environment import cache_folder, data_roots


@dataclass(frozen=True)
class Locations:
    """Where things lie.

    Attributes
    ----------
    data_roots
        Folders that corpora are looked for in, the first that has one first.
    cache
        Where features, what is known of recordings and generated corpora are kept.
    """

    data_roots: tuple[Path, ...]
    cache: Path

    @classmethod
    def of_user(cls, named: Sequence[Path] = ()) -> Self:
        """Return the data roots that were named, else those of ``SERBENCH_DATA``, and the user's cache folder.

        Raises
        ------
        UsageError
            When a data root that was named does not exist.
        """
        return cls(data_roots(named), cache_folder())


__all__ = ["Locations"]
