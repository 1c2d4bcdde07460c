"""The FeatureExtractor contracts: one clip on numpy, or a batch on the device.

Conventions
-----------
A wave is float32, mono, (samples,), in [-1, 1], at the card's sample rate. Nothing but the wave and the
constructor's arguments may enter a feature: no file name, no speaker, no other clip. One clip alone gives
what it gives in a batch.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from serbench.errors import PluginError
from serbench.features.table import Floats, Output
from serbench.part import Card, Part

if TYPE_CHECKING:
    import torch


@dataclass(frozen=True, kw_only=True)
class FeatureCard(Card):
    """What a feature extractor says of itself.

    Attributes
    ----------
    sample_rate
        In Hz; the harness resamples to it before it calls.
    output
        ``vector`` (d,), ``sequence`` (t, d), ``image`` (c, h, w) or ``waveform`` (n,).
    pretrained_on
        Names of corpora (or of text about them) that learned weights inside the extractor have seen; a dataset of
        ours by its name here. The board marks rows that use it, and more so on a corpus among them.
    """

    sample_rate: int
    output: Output
    pretrained_on: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.sample_rate <= 0:
            raise PluginError(f"{self.name}: sample rate is {self.sample_rate} Hz, expected a positive number")


class FeatureExtractor(Part):
    """A feature of one clip. An author writes the card and ``extract``."""

    card: ClassVar[FeatureCard]

    def extract(self, wave: Floats) -> Floats:
        """Turn a wave into the card's output.

        Parameters
        ----------
        wave
            float32 (samples,), mono, at ``card.sample_rate``; not to be modified.

        Returns
        -------
        float32 array of the card's output shape, finite; ``d`` does not depend on the wave's length.
        """
        raise NotImplementedError


class BatchedFeatureExtractor(FeatureExtractor):
    """A feature of many clips at once on the device. An author writes the card and ``extract_batch``."""

    def extract_batch(self, waves: torch.Tensor, lengths: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Turn a batch of waves into features.

        Parameters
        ----------
        waves
            float32 (b, samples) on the device, zeros after each wave's end.
        lengths
            int64 (b,), samples per wave.

        Returns
        -------
        values
            float32 (b, d) for a vector, (b, t, d) for a sequence, (b, c, h, w) for an image.
        lengths
            int64 (b,), frames that are valid per row; ignored for a vector and an image.
        """
        raise NotImplementedError

    def extract(self, wave: Floats) -> Floats:
        """Turn one wave into the card's output: a batch of one on the CPU."""
        import torch

        with torch.inference_mode():
            values, lengths = self.extract_batch(torch.from_numpy(wave.copy())[None], torch.tensor([len(wave)]))
        row = values[0] if self.card.output != "sequence" else values[0, : int(lengths[0])]
        result: Floats = row.numpy()
        return result


__all__ = ["BatchedFeatureExtractor", "FeatureCard", "FeatureExtractor"]
