"""Whose voice it is: the speaker embedding of a pretrained GE2E encoder."""

from __future__ import annotations

import math

import numpy as np

from serbench.api import Checkpoint, FeatureCard, FeatureExtractor

RATE, HOP = 16_000, 160
#: Frames of a partial utterance; how many begin in a second; what share of the last one has to be sound.
FRAMES, PER_SECOND, COVERED = 160, 1.3, 0.75
#: Level that quieter clips are raised to, in dB re full scale.
LEVEL = -30.0

GE2E = Checkpoint(
    "ge2e",
    "a5d4776b403b69593e4a10212aeacf7d35b56e9d0a2022058c6d4f888202e069",
    trained_on=("librispeech-other", "voxceleb1", "voxceleb2"),
    licence="Apache-2.0",
    obtain="save lstm.* and linear.* of pretrained.pt of the package Resemblyzer 0.1.4 as safetensors",
)


class Ge2e(FeatureExtractor):
    """A speaker embedding: float32 (256,), of unit length, no value below 0 (arXiv 1710.10467; Resemblyzer 0.1.4).

    As that package computes it: the clip raised to -30 dB where it is quieter, mel powers (not their logarithm) of
    25 ms every 10 ms, partial utterances of 1.6 s, 1.3 of them a second, each embedded, and their mean brought to
    unit length. Its cutting of long silences, by the voice activity detector of WebRTC, is left out. What it was
    trained on the package does not say; the card has what the project that it comes from trains on.
    """

    card = FeatureCard(
        name="ge2e",
        version="1",
        summary="speaker embedding of a GE2E encoder, 256 numbers",
        sample_rate=RATE,
        output="vector",
        checkpoints=(GE2E,),
    )

    def network(self):
        import torch
        from safetensors.torch import load_file

        from serbench_plugins.networks.ge2e import Ge2eEncoder

        if not hasattr(self, "network_"):
            with torch.random.fork_rng():
                network = Ge2eEncoder()
            network.load_state_dict(load_file(self.weights() / GE2E.file))
            self.network_ = network.eval()
        return self.network_

    def extract(self, wave):
        import librosa
        import torch

        from serbench_plugins.networks.ge2e import unit_length

        starts = partial_starts(len(wave))
        wave = raised(wave)
        wave = np.pad(wave, (0, max(0, (starts[-1] + FRAMES) * HOP - len(wave))))
        mel = librosa.feature.melspectrogram(y=wave, sr=RATE, n_fft=400, hop_length=HOP, n_mels=40).T  # (t, 40)
        parts = np.stack([mel[start : start + FRAMES] for start in starts]).astype(np.float32)  # (p, 160, 40)
        with torch.inference_mode():
            return unit_length(self.network()(torch.from_numpy(parts)).mean(0)).numpy()


def raised(wave: np.ndarray) -> np.ndarray:
    """Return a wave at -30 dB where it is quieter; silence, and what is louder, as it is."""
    power = float(np.mean(wave.astype(np.float64) ** 2))
    if power == 0.0:
        return wave
    gain = LEVEL - 10 * math.log10(power)  # dB
    return wave if gain < 0 else (wave * 10 ** (gain / 20)).astype(np.float32)


def partial_starts(samples: int) -> list[int]:
    """Return the first frame of each partial utterance; the last may reach a quarter beyond the sound, one alone more.

    >>> partial_starts(16_000), partial_starts(49_600)
    ([0], [0, 77, 154])
    """
    step = round(RATE / PER_SECOND / HOP)  # 77 frames
    frames = math.ceil((samples + 1) / HOP)
    starts = list(range(0, max(1, frames - FRAMES + step + 1), step))
    if len(starts) > 1 and (samples - starts[-1] * HOP) / (FRAMES * HOP) < COVERED:
        starts.pop()
    return starts


__all__ = ["Ge2e", "partial_starts", "raised"]
