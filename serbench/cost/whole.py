"""How large a system is: its features and its model together, and the model alone.

Conventions
-----------
An extractor says its size (``size``), or gives its network (``network``) and is counted. One that does neither and
names nothing that it was trained on is signal processing: it has no numbers of its own, and its operations count as 0.
One that was trained and says nothing, or keeps a network that it does not give, makes the system's figures undefined.

Each figure fails by itself: what a plugin raises while one is counted is the reason for that one.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np

from serbench.cost.noise_clip import CLIP_SECONDS, NoiseClips, words_of
from serbench.features.extractor import FeatureExtractor
from serbench.features.table import Floats
from serbench.features.text import TextExtractor
from serbench.learning.model import Model
from serbench.scoring.figure import Figure
from serbench.size import Size, network_size

#: Says why a figure is missing, of what a plugin raised.
Reason = Callable[[BaseException], str]

_NOTHING = Size(trainable=0, total=0, bytes=0, macs=0, macs_reason=None)


@dataclass(frozen=True)
class Share:
    """The size of a model, of features, or of both.

    Attributes
    ----------
    trainable, total, bytes, macs
        As in :class:`~serbench.size.Size`, each a figure.
    """

    trainable: Figure
    total: Figure
    bytes: Figure
    macs: Figure

    @classmethod
    def undefined(cls, reason: str) -> Share:
        """Return the share of which nothing is known."""
        return cls(*[Figure.undefined(reason)] * 4)

    def __add__(self, other: Share) -> Share:
        return Share(
            _sum(self.trainable, other.trainable),
            _sum(self.total, other.total),
            _sum(self.bytes, other.bytes),
            _sum(self.macs, other.macs),
        )


def model_share(model: Model, noise: NoiseClips, why: Reason, *, seconds: float = CLIP_SECONDS) -> Share:
    """Return the size of a fitted model, its operations those of one clip of noise of so many seconds."""
    try:
        size = model.size(noise.table(seconds=seconds))
    except (Exception, SystemExit) as error:  # noqa: BLE001  (a plugin may raise anything)
        return Share.undefined(why(error))
    return Share.undefined(f"{model.card.name} does not say how large it is") if size is None else _figures(size, why)


def features_share(noise: NoiseClips, why: Reason, *, seconds: float = CLIP_SECONDS) -> Share:
    """Return the size of all extractors together, their operations those of one clip; 0 where there are none."""
    total = _figures(_NOTHING, why)
    for name, extractor in noise.extractors.items():
        try:
            wave = noise.wave(extractor.card.sample_rate, seconds=seconds)
            size = noise.once(("size", seconds), extractor, partial(extractor_size, extractor, wave))
            share = Share.undefined(f"{name} {_silence(extractor)}") if size is None else _figures(size, why)
        except (Exception, SystemExit) as error:  # noqa: BLE001  (a plugin may raise anything)
            share = Share.undefined(f"{name}: {why(error)}")
        total += replace(share, trainable=Figure(0))  # a fit sets none of an extractor's numbers
    return total


def extractor_size(extractor: FeatureExtractor, wave: Floats) -> Size | None:
    """Return how large an extractor is; nothing at all for signal processing.

    Parameters
    ----------
    wave
        float32 (samples,), at the card's rate: the operations are those of its features.

    Returns
    -------
    What the extractor says, or what is counted of the network that it gives; None where it has learned numbers and does
    neither.
    """
    said = extractor.size(wave)
    if said is not None:
        return said
    network = extractor.network()
    if network is not None:
        return replace(network_size(network, lambda: _extracted(extractor, wave)), trainable=0)
    return _NOTHING if is_signal_processing(extractor) else None


def _extracted(extractor: FeatureExtractor, wave: Floats) -> Floats:
    """Return the features of a wave; of a text, those of as many words as are said meanwhile."""
    if isinstance(extractor, TextExtractor):
        return extractor.extract_text(words_of(len(wave) / extractor.card.sample_rate))
    return extractor.extract(wave)


def is_signal_processing(extractor: FeatureExtractor) -> bool:
    """Tell whether an extractor has learned no numbers, as far as its card and itself tell."""
    learned = extractor.pretrained_on or extractor.checkpoint is not None
    return not learned and not _keeps_a_network(extractor)


def _keeps_a_network(extractor: FeatureExtractor) -> bool:
    """Tell whether an attribute is a network with parameters; only once it was loaded, which extraction does."""
    return any(hasattr(value, "parameters") and any(True for _ in _parameters(value)) for value in _kept(extractor))


def _kept(extractor: FeatureExtractor) -> Iterable[Any]:
    return vars(extractor).values()


def _parameters(value: Any) -> Iterable[Any]:
    from torch import nn

    return value.parameters() if isinstance(value, nn.Module) else ()


def _silence(extractor: FeatureExtractor) -> str:
    learned = "keeps a network" if _keeps_a_network(extractor) else "is pretrained"
    return f"{learned}, and says no size: its author gives network() or size()"


def _figures(size: Size, why: Reason) -> Share:
    macs = Figure.undefined(size.macs_reason or "not counted") if size.macs is None else _figure(size.macs, why)
    return Share(_figure(size.trainable, why), _figure(size.total, why), _figure(size.bytes, why), macs)


def _figure(value: Any, why: Reason) -> Figure:
    """Return a count as a figure; what is none, with the reason."""
    is_number = isinstance(value, int | float | np.integer | np.floating) and not isinstance(value, bool)
    if is_number and math.isfinite(value) and value >= 0:
        return Figure(value.item() if isinstance(value, np.generic) else value)
    return Figure.undefined(why(ValueError(f"a size of {value!r}, expected a number from 0 up")))


def _sum(first: Figure, second: Figure) -> Figure:
    if first.value is not None and second.value is not None:
        return Figure(first.value + second.value)
    return Figure.undefined("; ".join(dict.fromkeys(reason for each in (first, second) if (reason := each.reason))))


__all__ = [
    "Reason",
    "Share",
    "extractor_size",
    "features_share",
    "is_signal_processing",
    "model_share",
]
