"""What the speakers say of one system: the interval of its UAR, and what comparisons with other systems need.

Conventions
-----------
Counts of a speaker are averaged over seeds first: more seeds make a speaker's figure steadier, not speakers more.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from serbench.results.predictions import TestPredictions
from serbench.scoring.comparison import speaker_shares
from serbench.scoring.metrics import uar_of_counts
from serbench.scoring.seed_variance import SeedVariance, seed_variance_of
from serbench.scoring.statistics import Interval, interval_of_counts, jackknife_values, speaker_counts


@dataclass(frozen=True)
class Speakers:
    """A system's UAR, speaker by speaker.

    Attributes
    ----------
    interval
        Of UAR, over speakers; 95 %.
    values
        From speaker to the jackknife pseudo-value of UAR, for intervals of differences; empty with one speaker.
    shares
        From speaker to the share of UAR, for tests of differences; they add up to UAR.
    seed_variance
        Seed-to-seed variance that speakers of a fold share.
    uars
        From speaker to the UAR of that speaker's clips alone: the mean recall of the classes he or she speaks.
    """

    interval: Interval
    values: Mapping[str, float] = field(default_factory=dict)
    shares: Mapping[str, float] = field(default_factory=dict)
    seed_variance: SeedVariance = field(default_factory=SeedVariance)
    uars: Mapping[str, float] = field(default_factory=dict)


def over_speakers(seeds: Sequence[Mapping[str, TestPredictions]]) -> Speakers:
    """Return what the speakers say of a system.

    Parameters
    ----------
    seeds
        Per seed, from fold to the predictions of its test rows; the same folds and rows under every seed.
    """
    if not seeds:
        return Speakers(Interval.undefined("no cell is done", 0))
    cells = [
        {
            (fold, speaker): counts
            for fold, codes in sorted(folds.items())
            for speaker, counts in speaker_counts(codes.truth, codes.scores, codes.speakers).items()
        }
        for folds in seeds
    ]
    pairs = list(cells[0])  # of fold and speaker
    counts = np.array([[cell[pair] for pair in pairs] for cell in cells], dtype=np.float64)  # (seeds, b, k, k)
    names = sorted({speaker for _, speaker in pairs})
    places = [names.index(speaker) for _, speaker in pairs]
    pooled = np.zeros((len(names), *counts.shape[2:]))
    np.add.at(pooled, places, counts.mean(axis=0))
    variance = seed_variance_of(np.stack([speaker_shares(of_seed) for of_seed in counts]), [fold for fold, _ in pairs])
    values = jackknife_values(pooled).tolist() if len(names) > 1 else []
    return Speakers(
        interval_of_counts(pooled),
        dict(zip(names, values, strict=False)),
        dict(zip(names, speaker_shares(pooled).tolist(), strict=True)),
        variance,
        dict(zip(names, uar_of_counts(pooled).tolist(), strict=True)),
    )


__all__ = ["Speakers", "over_speakers"]
