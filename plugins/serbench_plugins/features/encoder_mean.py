"""A frozen encoder's states, averaged over a clip: a row for every layer."""

from __future__ import annotations

from serbench.api import FeatureCard
from serbench_plugins.features.encoders import CHECKPOINTS
from serbench_plugins.features.frozen_encoder import RATE, FrozenEncoder


class EncoderMean(FrozenEncoder):
    """The mean over the clip's own positions of the states of every layer, in one pass: an image (1, layers + 1, d).

    The parameters are those of :class:`~serbench_plugins.features.frozen_encoder.FrozenEncoder`. Row 0 is what the
    first layer is given. Of Whisper tiny.en a clip takes 3.8 kB, of WavLM large 51 kB: float16.
    """

    card = FeatureCard(
        name="encoder-mean",
        version="1",
        summary="mean over the clip of every layer of a frozen speech encoder",
        sample_rate=RATE,
        output="image",
        padding="none",
        kept="float16",
        requires=("transformers",),
        checkpoints=CHECKPOINTS,
    )

    def extract_batch(self, waves, lengths):
        import torch

        means = [state.mean(1) for state in self.states(waves)]  # each (b, d)
        return torch.stack(means, 1)[:, None], lengths


__all__ = ["EncoderMean"]
