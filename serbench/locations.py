"""Where things lie: the one value that says so."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Self

from serbench.environment import cache_folder, data_roots
from serbench.weights import WeightFolders


@dataclass(frozen=True)
class Locations:
    """Where things lie.

    Attributes
    ----------
    data_roots
        Folders that corpora are looked for in, the first that has one first.
    cache
        Where features, what is known of recordings and generated corpora are kept.
    weights
        Where pretrained weights are looked for.
    """

    data_roots: tuple[Path, ...]
    cache: Path
    weights: WeightFolders = field(default_factory=WeightFolders)

    @classmethod
    def of_user(cls, named: Sequence[Path] = (), weights: Sequence[Path] = ()) -> Self:
        """Return the data roots that were named, else those of ``SERBENCH_DATA``, and the user's cache folder.

        Parameters
        ----------
        named
            Data roots.
        weights
            Folders that pretrained weights are looked for in; none for those of ``SERBENCH_WEIGHTS``.

        Raises
        ------
        UsageError
            When a folder that was named does not exist.
        """
        return cls(data_roots(named), cache_folder(), WeightFolders.of_user(weights))

    def anchored(self) -> Self:
        """Return the same with places from the root on: they hold wherever a plugin takes the process."""
        roots = tuple(root.absolute() for root in self.data_roots)
        return replace(self, data_roots=roots, cache=self.cache.absolute(), weights=self.weights.anchored())


__all__ = ["Locations"]
