"""A pretrained speech encoder with a linear classifier on the mean of its states, trained together.

Conventions
-----------
``b`` rows, ``t`` positions of 20 ms, ``d`` width of the encoder, ``k`` classes.
"""

from __future__ import annotations

import warnings
from typing import Any

import torch  # noqa: TID253
from torch import Tensor, nn  # noqa: TID253

from serbench_plugins.features.encoders import shortest_wave
from serbench_plugins.networks.own_frames import own_mask, own_mean


class FineTunedEncoder(nn.Module):
    """An encoder of transformers, of which the last layers and the closing norm are trained.

    Parameters
    ----------
    config
        Of transformers: Whisper's, wav2vec 2.0's, HuBERT's, WavLM's or data2vec's.
    layers
        How many Transformer layers, from the last one back, are trained; None: all. What comes before them never is.
    """

    def __init__(self, config: Any, n_classes: int, layers: int | None) -> None:
        super().__init__()
        self.encoder = _fresh(config)
        stack = self.encoder if config.model_type == "whisper" else self.encoder.encoder
        self.encoder.requires_grad_(False)
        for part in (*stack.layers[0 if layers is None else max(0, len(stack.layers) - layers) :], stack.layer_norm):
            part.requires_grad_(layers != 0)
        self.last = nn.Linear(config.hidden_size, n_classes)

    def forward(self, x: Tensor, lengths: Tensor) -> Tensor:
        """Return (b, k) logits of Whisper's frames (b, 2 t, bands), or of waves (b, samples), and their own lengths."""
        hears = _whisper_states if self.encoder.config.model_type == "whisper" else _wave_states
        states, own = hears(self.encoder, x, lengths)  # (b, t, d), (b,)
        return self.last(own_mean(states, own_mask(own, states.shape[1])))


def _fresh(config: Any) -> nn.Module:
    """Return the encoder of a configuration, its weights drawn."""
    if config.model_type == "whisper":
        from transformers.models.whisper.modeling_whisper import WhisperEncoder

        return WhisperEncoder(config)
    from transformers import AutoModel

    config.apply_spec_augment = False  # its masks are longer than short clips
    return AutoModel.from_config(config)


def _whisper_states(encoder: Any, mel: Tensor, lengths: Tensor) -> tuple[Tensor, Tensor]:
    """Return the states of clips without the padding to 30 s, and how many positions are a clip's own."""
    x = mel.transpose(1, 2)  # (b, bands, 2 t); behind a clip's own frames lie zeros, as the convolutions pad
    for convolution in (encoder.conv1, encoder.conv2):
        x = nn.functional.gelu(convolution(x))
    x = x.transpose(1, 2)  # (b, t, d)
    own = lengths // 2
    hidden = ~own_mask(own, x.shape[1])[:, None, None]  # (b, 1, 1, t)
    mask = torch.zeros(hidden.shape, device=x.device, dtype=x.dtype).masked_fill(hidden, torch.finfo(x.dtype).min)
    x = x + encoder.embed_positions.weight[: x.shape[1]]
    for layer in encoder.layers:
        x = layer(x, mask)
    return encoder.layer_norm(x), own


def _wave_states(encoder: Any, waves: Tensor, lengths: Tensor) -> tuple[Tensor, Tensor]:
    """Return the last states of waves, and how many positions are a wave's own."""
    config = encoder.config
    shortest = shortest_wave(config.conv_kernel, config.conv_stride)
    waves = nn.functional.pad(waves, (0, max(0, shortest - waves.shape[1])))
    lengths = lengths.clamp(min=shortest)
    # with a group norm over time padding reaches the clip itself, and these encoders were trained without a mask
    is_masked = getattr(config, "feat_extract_norm", "layer") == "layer"  # data2vec has no other
    mask = own_mask(lengths, waves.shape[1]) if is_masked else None
    with warnings.catch_warnings():  # WavLM hands torch a mask of words and a bias of numbers
        warnings.filterwarnings("ignore", "Support for mismatched", UserWarning)
        states = encoder(waves, attention_mask=mask).last_hidden_state
    for kernel, stride in zip(config.conv_kernel, config.conv_stride, strict=True):
        lengths = (lengths - kernel) // stride + 1
    return states, lengths


__all__ = ["FineTunedEncoder"]
