"""The large set of the field: 6,373 functionals."""

from __future__ import annotations

from serbench.api import FeatureCard, FeatureExtractor
from serbench_plugins.features.functionals import functionals


class Compare(FeatureExtractor):
    """ComParE_2016 (Schuller et al., Interspeech 2016), 6,373 functionals, in openSMILE's order and units.

    As published; of a clip shorter than 60 ms, of which openSMILE says nothing, it describes the clip and silence
    up to there. Values range up to 1e12: a model standardises them.
    """

    card = FeatureCard(
        name="compare",
        version="1",
        summary="6,373 functionals of ComParE 2016, by openSMILE",
        sample_rate=16_000,
        output="vector",
        requires=("opensmile",),
    )

    def extract(self, wave):
        return functionals(wave, self.card.sample_rate, "ComParE_2016")


__all__ = ["Compare"]
