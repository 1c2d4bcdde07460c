"""The minimalistic set of the field: 88 functionals."""

from __future__ import annotations

from serbench.api import FeatureCard, FeatureExtractor
from serbench_plugins.features.functionals import functionals


class Egemaps(FeatureExtractor):
    """eGeMAPSv02 (Eyben et al., IEEE TAC 2016), 88 functionals, in openSMILE's order and units.

    Pitch, jitter, formants, shimmer, loudness, spectral slopes, four MFCCs and segment lengths. As published; of a
    clip shorter than 60 ms, of which openSMILE says nothing, it describes the clip and silence up to there.
    """

    card = FeatureCard(
        name="egemaps",
        version="1",
        summary="88 functionals of eGeMAPSv02, by openSMILE",
        sample_rate=16_000,
        output="vector",
        requires=("opensmile",),
    )

    def extract(self, wave):
        return functionals(wave, self.card.sample_rate, "eGeMAPSv02")


__all__ = ["Egemaps"]
