"""openSMILE's sets of functionals: a clip's low-level descriptors, each summed up by statistics.

openSMILE is audEERING's, and free for private use, research and teaching; a product needs a licence from them.
"""

from __future__ import annotations

import functools
from typing import Any

import numpy as np

#: The longest frame of a descriptor, at 16 kHz: 60 ms. openSMILE says nothing of what is shorter.
SHORTEST = 960


def functionals(wave, sample_rate: int, feature_set: str):
    """Return the functionals of a wave, float32 (d,).

    A wave shorter than 60 ms is followed by silence up to there, and a functional that is undefined is 0.

    Parameters
    ----------
    wave
        float32 (samples,), mono.
    sample_rate
        In Hz: openSMILE resamples nothing.
    feature_set
        As openSMILE's ``FeatureSet`` names it: ``eGeMAPSv02``.
    """
    filled = np.pad(wave, (0, max(0, SHORTEST - len(wave))))
    values = _smile(feature_set)(filled, sample_rate).reshape(-1).astype(np.float32)
    return np.nan_to_num(values, nan=0.0, posinf=0.0, neginf=0.0)


@functools.cache
def _smile(feature_set: str) -> Any:
    """Return a caller of openSMILE; it keeps a configuration, and nothing of what it has heard."""
    import opensmile

    return opensmile.Smile(
        feature_set=opensmile.FeatureSet[feature_set], feature_level=opensmile.FeatureLevel.Functionals
    )


__all__ = ["SHORTEST", "functionals"]
