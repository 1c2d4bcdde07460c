"""A frozen encoder's states, position by position."""

from __future__ import annotations

from serbench.api import FeatureCard
from serbench_plugins.features.encoders import CHECKPOINTS
from serbench_plugins.features.frozen_encoder import RATE, FrozenEncoder


class EncoderFrames(FrozenEncoder):
    """The states of one layer, or their mean over all layers, every 20 ms: a sequence (t, d) of the clip's own.

    A second of speech takes 38 kB of Whisper tiny.en, 102 kB of WavLM large: float16.

    Parameters
    ----------
    encoder, pad, sha256
        Those of :class:`~serbench_plugins.features.frozen_encoder.FrozenEncoder`.
    layer
        ``last``, ``mean`` over all, or a number: 0 is what the first layer is given.
    """

    card = FeatureCard(
        name="encoder-frames",
        version="1",
        summary="states of a frozen speech encoder every 20 ms",
        sample_rate=RATE,
        output="sequence",
        padding="none",
        kept="float16",
        requires=("transformers",),
        checkpoints=CHECKPOINTS,
    )

    def __init__(
        self, *, encoder: str = "whisper-tiny.en", layer: str | int = "last", pad: str = "30s", sha256: str = ""
    ) -> None:
        super().__init__(encoder=encoder, pad=pad, sha256=sha256)
        if layer not in ("last", "mean") and not (type(layer) is int and layer >= 0):
            raise ValueError(f"layer is {layer!r}, expected 'last', 'mean' or a number from 0 up")
        self.layer = layer

    def extract_batch(self, waves, lengths):
        import torch

        states = self.states(waves)
        if self.layer == "mean":
            total, count = next(states), 1
            for state in states:
                total, count = total + state, count + 1
            frames = total / count
        else:
            found = list(states)
            if self.layer != "last" and self.layer >= len(found):
                raise ValueError(f"layer is {self.layer}, expected 0 to {len(found) - 1} of {self.encoder}")
            frames = found[-1 if self.layer == "last" else self.layer]
        return frames, torch.full_like(lengths, frames.shape[1])


__all__ = ["EncoderFrames"]
