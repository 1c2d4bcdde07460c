"""MFCCs over time."""

from __future__ import annotations

from serbench.api import BatchedFeatureExtractor, FeatureCard
from serbench_plugins.features.spectra import MelSettings, mfcc, pad_clips


class Mfcc(BatchedFeatureExtractor):
    """Mel-frequency cepstral coefficients, frame by frame; equal to ``librosa.feature.mfcc``, transposed.

    Parameters
    ----------
    n_mfcc
        Coefficients per frame, the zeroth (level) among them; at most ``n_mels``.
    n_fft, win_length, hop_length
        In samples: 128 ms windows every 32 ms; ``win_length`` None: as long as ``n_fft``.
    n_mels
        Mel bands, Slaney's scale and norm.
    fmin, fmax
        Edges of the lowest and the highest band in Hz; None: half the sample rate.
    top_db
        Levels this many dB below the clip's loudest are cut off; None: none are.
    """

    card = FeatureCard(
        name="mfcc",
        version="1",
        summary="40 MFCCs every 32 ms, librosa's defaults at 16 kHz",
        sample_rate=16_000,
        output="sequence",
    )

    def __init__(
        self,
        *,
        n_mfcc: int = 40,
        n_fft: int = 2048,
        win_length: int | None = None,
        hop_length: int = 512,
        n_mels: int = 128,
        fmin: float = 0.0,
        fmax: float | None = None,
        top_db: float | None = 80.0,
    ) -> None:
        self.n_mfcc = n_mfcc
        self.n_fft = n_fft
        self.win_length = win_length
        self.hop_length = hop_length
        self.n_mels = n_mels
        self.fmin = fmin
        self.fmax = fmax
        self.top_db = top_db

    def packed(self, waves, lengths):
        """Return the coefficients of all clips, (frames of all clips, n_mfcc), and the frames per clip."""
        settings = {name: value for name, value in self.params.items() if name != "n_mfcc"}
        return mfcc(waves, lengths, MelSettings(sample_rate=self.card.sample_rate, **settings), self.n_mfcc)

    def extract_batch(self, waves, lengths):
        return pad_clips(*self.packed(waves, lengths))


__all__ = ["Mfcc"]
