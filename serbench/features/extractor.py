"""The FeatureExtractor contracts: one clip on numpy, or a batch on the device.

Conventions
-----------
A wave is float32, mono, (samples,), in [-1, 1], at the card's sample rate. Nothing but the wave and the
constructor's arguments may enter a feature: no file name, no speaker, no other clip. One clip alone gives
what it gives in a batch.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Literal, get_args

from serbench.errors import PluginError
from serbench.features.table import Floats, Kept, Output
from serbench.part import Card, Part
from serbench.size import Size

if TYPE_CHECKING:
    import torch
    from torch import nn


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
        ours by its name here. The board marks rows that use it, and more so on a corpus among them. What a checkpoint
        saw stands on the checkpoint.
    padding
        What ``extract_batch`` is given of waves of different lengths: ``zeros`` after each wave's end, or ``none``:
        only waves of one length in a batch, for encoders in which padding would reach the clip itself (a group norm
        over time, as in HuBERT-base and wav2vec2-base).
    kept
        The precision of the cache's rows: ``float16`` takes half the room, for what is large and needs no more, like
        an encoder's states. Rows stay float32, rounded to it whether they come from the cache or not; values beyond
        65,504 are refused.
    """

    sample_rate: int
    output: Output
    pretrained_on: tuple[str, ...] = ()
    padding: Literal["zeros", "none"] = "zeros"
    kept: Kept = "float32"

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.kept not in get_args(Kept):
            raise PluginError(f"{self.name}: kept is {self.kept!r}, expected one of {get_args(Kept)}")
        if self.padding not in ("zeros", "none"):
            raise PluginError(f"{self.name}: padding is {self.padding!r}, expected 'zeros' or 'none'")
        if self.sample_rate <= 0:
            raise PluginError(f"{self.name}: sample rate is {self.sample_rate} Hz, expected a positive number")


class FeatureExtractor(Part):
    """A feature of one clip. An author writes the card and ``extract``; of a network inside, also ``network``."""

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

    def network(self) -> nn.Module | None:
        """Return the network inside, so that the harness counts it with the model; None for signal processing.

        Its parameters and buffers are counted, and the multiply-accumulates of ``extract`` on a clip of noise.
        """
        return None

    def size(self, wave: Floats) -> Size | None:  # noqa: ARG002  (for extractors that count operations)
        """Return how large the extractor is, where its network cannot be given; see :meth:`network`.

        Parameters
        ----------
        wave
            float32 (samples,), at ``card.sample_rate``: the multiply-accumulates are those of its features.

        Returns
        -------
        A size without trainable numbers, or None where :meth:`network` says it, or where nothing was learned.
        """
        return None


class BatchedFeatureExtractor(FeatureExtractor):
    """A feature of many clips at once on the device. An author writes the card and ``extract_batch``."""

    def extract_batch(self, waves: torch.Tensor, lengths: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Turn a batch of waves into features.

        Parameters
        ----------
        waves
            float32 (b, samples) on the device, zeros after each wave's end; all of one length where the card says
            ``padding="none"``.
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
