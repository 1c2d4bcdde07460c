"""A frozen encoder's states, averaged over a clip and over its layers."""

from __future__ import annotations

from serbench.api import FeatureCard
from serbench_plugins.features.encoder_frames import EncoderFrames
from serbench_plugins.features.encoders import CHECKPOINTS
from serbench_plugins.features.frozen_encoder import RATE


class EncoderVector(EncoderFrames):
    """The mean over the clip of the states of all layers, or of one: a vector (d,), for models that take no more.

    Parameters
    ----------
    encoder, layer, pad, sha256
        Those of :class:`~serbench_plugins.features.encoder_frames.EncoderFrames`; the layer is ``mean`` by default.
    """

    card = FeatureCard(
        name="encoder-vector",
        version="1",
        summary="mean over the clip and over the layers of a frozen speech encoder",
        sample_rate=RATE,
        output="vector",
        padding="none",
        kept="float16",
        requires=("transformers",),
        checkpoints=CHECKPOINTS,
    )

    def __init__(
        self, *, encoder: str = "whisper-tiny.en", layer: str | int = "mean", pad: str = "30s", sha256: str = ""
    ) -> None:
        super().__init__(encoder=encoder, layer=layer, pad=pad, sha256=sha256)

    def extract_batch(self, waves, lengths):
        frames, _ = super().extract_batch(waves, lengths)
        return frames.mean(1), lengths


__all__ = ["EncoderVector"]
