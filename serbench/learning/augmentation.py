"""The Augmentation contract: a changed copy of a training clip.

Conventions
-----------
Only the runner calls an augmentation, and only for training rows. A child row carries its parent's id. The
change is drawn from a generator seeded by the parent's sound and the augmentation's identity, so that a
child is the same in every run and can be kept in the cache; which child is used when is the model's seed's
business.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from serbench.part import Card, Part

if TYPE_CHECKING:
    import numpy as np

    from serbench.features.table import Floats


@dataclass(frozen=True, kw_only=True)
class AugmentationCard(Card):
    """What an augmentation says of itself."""


class Augmentation(Part):
    """A change of a wave that keeps its label. An author writes the card and ``apply``."""

    card: ClassVar[AugmentationCard]

    def apply(self, wave: Floats, sample_rate: int, rng: np.random.Generator) -> Floats:
        """Return a changed copy of the wave.

        Parameters
        ----------
        wave
            float32 (samples,), mono, in [-1, 1]; not to be modified.
        sample_rate
            In Hz.
        rng
            The only source of randomness.

        Returns
        -------
        float32 (samples',), finite.
        """
        raise NotImplementedError


__all__ = ["Augmentation", "AugmentationCard"]
