"""How a network is trained, as data.

Conventions
-----------
An epoch shows every training clip once: as itself, or as one of its augmented children drawn anew each
epoch. Frames are the feature's own (for a waveform: samples).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, Literal, get_args, get_type_hints

from serbench.errors import UsageError


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """A training recipe; every field takes part in the model's identity.

    Attributes
    ----------
    optimizer
        ``adam``, ``adamw`` or ``sgd`` (momentum 0.9).
    learning_rate, weight_decay
        As the optimizer takes them.
    schedule
        ``constant``, or ``cosine``: from the learning rate down to zero over ``epochs``.
    epochs
        At most this many.
    batch_size
        Clips per step.
    keep
        ``best``: the weights of the epoch that was best on dev. ``last``: the weights of the last epoch;
        dev is then not looked at.
    patience
        With ``best``: stop after so many epochs without a better one; None never stops early.
    monitor
        What is best on dev: the highest ``uar`` (the lower loss among equals) or the lowest ``loss``.
    loss
        ``cross-entropy``, or ``focal`` with gamma 2 (Lin et al., arXiv 1708.02002).
    class_weights
        ``none``, or ``balanced``: each class counts n / (k * its rows).
    label_smoothing
        In [0, 1).
    mixup
        Alpha of the Beta distribution that mixes pairs of rows (arXiv 1710.09412); 0: no mixing.
    clip_gradient
        Largest norm of the gradient; None: unlimited.
    precision
        ``fp32``, or ``bf16``: autocast in forward passes.
    segment
        Frames per segment of a sequence or a waveform; a mapping from feature name where a model takes
        several. Training draws a segment of each clip anew every epoch; prediction averages the
        posteriors of segments that overlap by half or more. Shorter clips are filled up as ``fill`` says.
    fill
        ``zero``: with zeros, after standardising. ``wrap``: by repeating the clip.
    standardise
        Subtract the mean and divide by the standard deviation of each coefficient (channel of an image),
        taken over the training rows. Waveforms are left as they are.
    """

    optimizer: Literal["adam", "adamw", "sgd"] = "adam"
    learning_rate: float = 1e-3
    weight_decay: float = 0.0
    schedule: Literal["constant", "cosine"] = "constant"
    epochs: int = 50
    batch_size: int = 32
    keep: Literal["best", "last"] = "best"
    patience: int | None = 10
    monitor: Literal["uar", "loss"] = "uar"
    loss: Literal["cross-entropy", "focal"] = "cross-entropy"
    class_weights: Literal["none", "balanced"] = "none"
    label_smoothing: float = 0.0
    mixup: float = 0.0
    clip_gradient: float | None = None
    precision: Literal["fp32", "bf16"] = "fp32"
    segment: int | Mapping[str, int] | None = None
    fill: Literal["zero", "wrap"] = "zero"
    standardise: bool = True

    def __post_init__(self) -> None:
        hints = get_type_hints(type(self))
        for each in fields(self):
            allowed = [word for word in get_args(hints[each.name]) if isinstance(word, str)]
            if allowed and getattr(self, each.name) not in allowed:
                raise UsageError(f"recipe: {each.name} is {getattr(self, each.name)!r}, expected one of {allowed}")
        for name in ("learning_rate", "epochs", "batch_size"):
            if getattr(self, name) <= 0:
                raise UsageError(f"recipe: {name} is {getattr(self, name)}, expected more than 0")

    def facts(self) -> dict[str, Any]:
        """Return what is hashed and written into records: the fields that differ from their defaults.

        >>> Recipe(epochs=20, patience=10).facts()
        {'epochs': 20}
        """
        return {field.name: value for field in fields(self) if (value := getattr(self, field.name)) != field.default}

    def segment_of(self, feature: str) -> int | None:
        """Return the frames per segment of a feature, or None."""
        return self.segment.get(feature) if isinstance(self.segment, Mapping) else self.segment


__all__ = ["Recipe"]
