"""What all features of a frozen pretrained encoder share: its network, and the states of all its layers in one pass.

Conventions
-----------
Letters: ``b`` clips of one length, ``t`` positions of 20 ms, ``d`` width. The states of an encoder are what its first
layer is given, then what each layer gives; the last is the encoder's output, after its closing norm where it has one.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from serbench.api import BatchedFeatureExtractor
from serbench_plugins.features.encoders import ENCODERS, expect_known, load_encoder, shortest_wave

if TYPE_CHECKING:
    import torch

RATE = 16_000
#: Samples of a frame of Whisper's mel spectrum, and of a position: it halves the frames.
_HOP, _STEP = 160, 320
PAD = ("30s", "clip")


class FrozenEncoder(BatchedFeatureExtractor):
    """An encoder of transformers; a subclass has the card and ``extract_batch``.

    Each clip is computed without padding, in a batch with clips of its very length alone (``padding="none"``): so it
    comes out as it would alone, whatever norms an encoder has. In Whisper a clip of n samples owns the first n // 320
    positions (at least one), and of a clip over 30 s the first 30 s are heard.

    Parameters
    ----------
    encoder
        One of ``encoders.ENCODERS``.
    pad
        Of Whisper: ``30s``, as it was trained, with zeros behind the clip; or ``clip``: mel frames and positions are
        cut to the clip's own, for a tenth of the cost and other numbers. Others know no padding.
    sha256
        Digest of the file of weights, where the table has none, or for another copy than the table's.
    """

    def __init__(self, *, encoder: str = "whisper-tiny.en", pad: str = "30s", sha256: str = "") -> None:
        expect_known(encoder, sha256)
        if pad not in PAD:
            raise ValueError(f"pad is {pad!r}, expected one of {PAD}")
        if pad != "30s" and not encoder.startswith("whisper"):
            raise ValueError(f"pad is {pad!r} and encoder {encoder!r}, expected a Whisper: no other one is padded")
        self.encoder = encoder
        self.pad = pad
        self.sha256 = sha256

    @property
    def checkpoint(self):
        return ENCODERS[self.encoder].checkpoint(self.sha256)

    def settings(self):
        heard_as_it_is = not ENCODERS[self.encoder].normalise and not self.encoder.startswith("whisper")
        return {"normalise": False} if heard_as_it_is else {}

    def network(self):
        import torch

        if not hasattr(self, "network_"):
            with torch.random.fork_rng():  # what is loaded is drawn first
                self.network_ = load_encoder(self.weights(), self.checkpoint.file)
        return self.network_

    def states(self, waves: torch.Tensor) -> Iterator[torch.Tensor]:
        """Yield (b, t, d) of every layer, of float32 (b, samples) whose rows have one length."""
        network = self.network().to(waves.device)
        if network.config.model_type == "whisper":
            return _whisper_states(network, waves, cut=self.pad == "clip")
        return _wave_states(network, waves, normalise=ENCODERS[self.encoder].normalise)


def _wave_states(network, waves, *, normalise):
    """Yield the states of an encoder that hears the wave: wav2vec 2.0, HuBERT, WavLM, data2vec."""
    import torch

    if normalise:
        centred = waves - waves.mean(1, keepdim=True)
        waves = centred / (centred.square().mean(1, keepdim=True) + 1e-7).sqrt()
    shortest = shortest_wave(network.config.conv_kernel, network.config.conv_stride)
    heard = torch.nn.functional.pad(waves, (0, max(0, shortest - waves.shape[1])))  # a position at least
    out = network(heard, output_hidden_states=True)
    yield from out.hidden_states[:-1]
    yield out.last_hidden_state


def _whisper_states(network, waves, *, cut):
    """Yield the states of Whisper's encoder, at the clip's own positions."""
    import torch
    from transformers import WhisperFeatureExtractor

    positions = network.config.max_source_positions
    own = min(max(waves.shape[1] // _STEP, 1), positions)
    front = WhisperFeatureExtractor(
        feature_size=network.config.num_mel_bins, chunk_length=positions * _STEP // RATE, hop_length=_HOP
    )
    mel = front([wave.cpu().numpy() for wave in waves], sampling_rate=RATE, return_tensors="pt").input_features
    heard = own if cut else positions
    x = mel[:, :, : heard * _STEP // _HOP].to(waves.device)  # (b, bands, 2 t)
    for convolution in (network.conv1, network.conv2):
        x = torch.nn.functional.gelu(convolution(x))
    x = x.transpose(1, 2) + network.embed_positions.weight[:heard]  # (b, t, d)
    for layer in network.layers:
        yield x[:, :own]
        x = layer(x, None)
    yield network.layer_norm(x)[:, :own]


__all__ = ["PAD", "RATE", "FrozenEncoder"]
