"""How a network is trained, as data.

Conventions
-----------
An epoch shows every training clip once: as itself, or as one of its augmented children drawn anew each
epoch. Frames are the feature's own (for a waveform: samples). A *part* of a network is named by the beginning of its
parameters' names: ``encoder`` is the part of ``encoder.layers.0.weight``.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any, Literal, get_args, get_type_hints

from serbench.errors import UsageError
from serbench.learning.batch.augmentation import BatchAugmentation


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """A training recipe; every field takes part in the model's identity.

    Attributes
    ----------
    optimizer
        ``adam``, ``adamw`` or ``sgd`` (momentum 0.9).
    learning_rate, weight_decay
        As the optimizer takes them.
    betas
        Of Adam: the decays of its two running means.
    learning_rates
        From a part of the network to a learning rate of its own, as of an encoder that is fine-tuned.
    freeze, freeze_epochs
        Parts of the network that are not trained in the first epochs, and in how many.
    schedule
        ``constant``; ``cosine``: from the learning rate down to zero over ``epochs``; ``exponential``: times ``decay``
        after each epoch.
    decay
        Of the exponential schedule.
    warmup
        Epochs, or a part of one, in which the rate rises from zero, step by step; the schedule counts from the start.
    epochs
        At most this many.
    batch_size
        Clips per batch.
    accumulate
        Batches per step of the optimizer: more clips in a step than memory holds at once.
    keep
        ``best``: the weights of the epoch that was best on dev. ``last``: the weights of the last epoch;
        dev is then not looked at.
    patience
        With ``best``: stop after so many epochs without a better one, yet not in the first quarter of ``epochs``; None
        never stops early.
    monitor
        What is best on dev: the highest ``uar`` (the lower loss among equals) or the lowest ``loss``.
    smooth
        Epochs that are judged together: an epoch stands for the mean of so many, itself the last of them. One speaker's
        dev score moves from epoch to epoch by chance, and the best single epoch is often one of the first.
    average
        ``none``; ``ema``: what is judged, kept and predicts is the exponential moving average of the weights, taken at
        every step; ``swa``: the mean of the weights after each epoch of the last quarter (arXiv 1803.05407), to
        be had with ``keep="last"`` alone. Statistics of batch norm are averaged likewise.
    ema_decay
        How much of the moving average a step leaves.
    loss
        ``cross-entropy``, or ``focal`` with gamma 2 (Lin et al., arXiv 1708.02002).
    class_weights
        ``none``, or ``balanced``: each class counts n / (k * its rows).
    label_smoothing
        In [0, 1).
    augment
        What is done to batches on the device, in order: ``serbench.learning.batch.augmentation``.
    clip_gradient
        Largest norm of the gradient; None: unlimited.
    precision
        ``fp32``, or ``bf16``: autocast in forward passes.
    recompute
        Compute activations again in the backward pass in place of keeping them, in every part of the network that
        offers ``gradient_checkpointing_enable``: a third more time for a fraction of the memory.
    segment
        Frames per segment of a sequence or a waveform; a mapping from feature name where a model takes
        several. Training draws a segment of each clip anew every epoch; prediction averages the
        posteriors of segments that overlap by half or more. Shorter clips are filled up as ``fill`` says.
        Without a segment whole clips are passed, in batches of like length.
    fill
        ``zero``: with zeros, after standardising. ``wrap``: by repeating the clip. ``none``: not at all, for
        networks that must not see padding: a batch holds clips of one length, often a single one.
    standardise
        Subtract the mean and divide by the standard deviation of each coefficient (channel of an image),
        taken over the training rows. Waveforms are left as they are.
    """

    optimizer: Literal["adam", "adamw", "sgd"] = "adam"
    learning_rate: float = 1e-3
    weight_decay: float = 0.0
    betas: tuple[float, float] = (0.9, 0.999)
    learning_rates: Mapping[str, float] = field(default_factory=dict)
    freeze: tuple[str, ...] = ()
    freeze_epochs: int = 0
    schedule: Literal["constant", "cosine", "exponential"] = "constant"
    decay: float = 0.95
    warmup: float = 0.0
    epochs: int = 50
    batch_size: int = 32
    accumulate: int = 1
    keep: Literal["best", "last"] = "best"
    patience: int | None = 10
    monitor: Literal["uar", "loss"] = "uar"
    smooth: int = 5
    average: Literal["none", "ema", "swa"] = "none"
    ema_decay: float = 0.99
    loss: Literal["cross-entropy", "focal"] = "cross-entropy"
    class_weights: Literal["none", "balanced"] = "none"
    label_smoothing: float = 0.0
    augment: tuple[BatchAugmentation, ...] = ()
    clip_gradient: float | None = None
    precision: Literal["fp32", "bf16"] = "fp32"
    recompute: bool = False
    segment: int | Mapping[str, int] | None = None
    fill: Literal["zero", "wrap", "none"] = "zero"
    standardise: bool = True

    def __post_init__(self) -> None:
        hints = get_type_hints(type(self))
        for name, hint in hints.items():
            allowed = [word for word in get_args(hint) if isinstance(word, str)]
            if allowed and getattr(self, name) not in allowed:
                raise UsageError(f"recipe: {name} is {getattr(self, name)!r}, expected one of {allowed}")
        for name in ("learning_rate", "epochs", "batch_size", "accumulate", "smooth"):
            if getattr(self, name) <= 0:
                raise UsageError(f"recipe: {name} is {getattr(self, name)}, expected more than 0")
        if self.average == "swa" and self.keep == "best":
            raise UsageError("recipe: average is 'swa' and keep is 'best', expected keep='last': its mean ends with it")
        if bool(self.freeze) != bool(self.freeze_epochs):
            raise UsageError(f"recipe: freeze is {self.freeze!r} and freeze_epochs {self.freeze_epochs}, expected both")
        if sum(change.mixes_labels for change in self.augment) > 1:
            raise UsageError("recipe: augment has two that mix labels, expected one at most")
        if self.fill == "none" and self.segment is not None:
            raise UsageError(
                "recipe: fill is 'none' and segment is given, expected one of them: a segment may be filled"
            )

    def facts(self) -> dict[str, Any]:
        """Return what is hashed and written into records: the fields that differ from their defaults.

        >>> Recipe(epochs=20, patience=10).facts()
        {'epochs': 20}
        """
        usual = type(self)()
        found = {each.name: getattr(self, each.name) for each in fields(self)}
        changed = {name: value for name, value in found.items() if value != getattr(usual, name)}
        if self.augment:
            changed["augment"] = [each.facts() for each in self.augment]
        return changed

    def segment_of(self, feature: str) -> int | None:
        """Return the frames per segment of a feature, or None."""
        return self.segment.get(feature) if isinstance(self.segment, Mapping) else self.segment

    @property
    def unseen(self) -> tuple[str, ...]:
        """The features that stand in for another one in training and that the network is not given itself."""
        return tuple(name for each in self.augment for name in each.unseen)

    def rate_factor(self, epoch: int, progress: float) -> float:
        """Return what the learning rate is multiplied by.

        Parameters
        ----------
        epoch
            From 1 on.
        progress
            In (0, 1]: how much of the epoch is done once the coming step is.
        """
        factor = 1.0
        if self.schedule == "cosine":
            factor = (1 + math.cos(math.pi * (epoch - 1) / self.epochs)) / 2
        elif self.schedule == "exponential":
            factor = self.decay ** (epoch - 1)
        return factor * min(1.0, (epoch - 1 + progress) / self.warmup) if self.warmup else factor


__all__ = ["Recipe"]
