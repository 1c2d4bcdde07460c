"""Operations per second of audio, over clips as long as those of a corpus.

Conventions
-----------
The figure is all operations over all seconds: the mean over the corpus's clips, each weighted by its length. A model
that scores a clip as one costs the same whatever the clip's length, so a long recording would make it seem cheap: 30 s
at once cost a perceptron a tenth of what ten clips of 3 s do.

Clips are not counted one by one. Their lengths are sorted and cut into groups of equal number; each group is counted
once, on noise of its mean length, so that the seconds of all groups together are those of the corpus. That is exact
where operations do not depend on a clip's length or grow with it; where clips are cut into segments of 3 s, the figure
was within 3 % of a count clip by clip on six corpora.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from serbench.cost.noise_clip import NoiseClips
from serbench.cost.whole import Reason, features_share, model_share
from serbench.learning.model import Model
from serbench.scoring.figure import Figure

#: Groups into which the lengths of a corpus are cut.
GROUPS = 20


@dataclass(frozen=True)
class Length:
    """Clips of about one length.

    Attributes
    ----------
    seconds
        Their mean.
    clips
        How many.
    """

    seconds: float
    clips: int


def lengths_of(seconds: Sequence[float], groups: int = GROUPS) -> tuple[Length, ...]:
    """Return the lengths of clips in a few groups, the shortest first.

    >>> lengths_of([3.0, 1.0, 2.0, 2.0], 2)
    (Length(seconds=1.5, clips=2), Length(seconds=2.5, clips=2))
    """
    found: dict[float, int] = {}
    for group in np.array_split(np.sort(np.asarray(seconds, float)), max(1, min(groups, len(seconds)))):
        if not len(group):
            continue
        mean = round(float(group.mean()), 6)
        found[mean] = found.get(mean, 0) + len(group)
    return tuple(Length(mean, clips) for mean, clips in found.items())


def macs_per_audio_second(model: Model, noise: NoiseClips, lengths: Sequence[Length], why: Reason) -> Figure:
    """Return the multiply-accumulates of features and model per second of a corpus.

    Parameters
    ----------
    model
        Fitted.
    noise
        What is heard in place of the corpus.
    lengths
        Of the corpus's clips.
    why
        Says why it is undefined, of what a plugin raises.
    """
    total = 0.0
    for length in lengths:
        share = model_share(model, noise, why, seconds=length.seconds) + features_share(
            noise, why, seconds=length.seconds
        )
        if share.macs.value is None:
            return share.macs
        total += share.macs.value * length.clips
    heard = sum(length.seconds * length.clips for length in lengths)
    return Figure(total / heard) if heard else Figure.undefined("there is no recording to be read")


__all__ = ["GROUPS", "Length", "lengths_of", "macs_per_audio_second"]
