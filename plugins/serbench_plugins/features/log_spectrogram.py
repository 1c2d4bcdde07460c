"""Linear spectra over time."""

from __future__ import annotations

from serbench.api import BatchedFeatureExtractor, FeatureCard

#: Amplitude below which dB are cut off: librosa's ``amin``.
_FLOOR = 1e-5


class LogSpectrogram(BatchedFeatureExtractor):
    """Lowest bins of a linear amplitude spectrum, in dB below the clip's loudest one: float32 (t, bins), t every 10 ms.

    The spectrum of MFHCA (arXiv 2404.13509): pre-emphasis, Hamming windows of 40 ms every 10 ms, of whose bins of 20 Hz
    the lowest 200 are kept, up to 4 kHz. Frames are centred, half a window of zeros before and behind a clip; equal to
    librosa's ``amplitude_to_db(abs(stft(...))[:bins], ref=numpy.max)``, transposed. A silent clip is 0 throughout.

    Parameters
    ----------
    bins
        How many are kept, from 0 Hz up.
    pre_emphasis
        Share of the sample before that is subtracted from each sample (a choice: the usual 0.97).
    n_fft, win_length, hop_length
        In samples.
    top_db
        Levels this many dB below the loudest are cut off (a choice).
    """

    card = FeatureCard(
        name="log-spectrogram",
        version="1",
        summary="linear spectrum up to 4 kHz in dB every 10 ms",
        sample_rate=16_000,
        output="sequence",
    )

    def __init__(
        self,
        *,
        bins: int = 200,
        pre_emphasis: float = 0.97,
        n_fft: int = 800,
        win_length: int = 640,
        hop_length: int = 160,
        top_db: float = 80.0,
    ) -> None:
        self.bins = bins
        self.pre_emphasis = pre_emphasis
        self.n_fft = n_fft
        self.win_length = win_length
        self.hop_length = hop_length
        self.top_db = top_db

    def extract_batch(self, waves, lengths):
        import torch

        window = torch.hamming_window(self.win_length, device=waves.device)
        rows = []
        for wave, size in zip(waves, lengths.tolist(), strict=True):
            plain = wave[:size]
            sharp = torch.cat([plain[:1], plain[1:] - self.pre_emphasis * plain[:-1]])
            spectrum = torch.stft(
                sharp,
                self.n_fft,
                self.hop_length,
                self.win_length,
                window,
                pad_mode="constant",
                return_complex=True,
            )
            levels = 20 * spectrum[: self.bins].abs().clamp(min=_FLOOR).log10().T  # (t, bins)
            rows.append((levels - levels.max()).clamp(min=-self.top_db))
        counts = torch.tensor([len(row) for row in rows], device=waves.device)
        return torch.nn.utils.rnn.pad_sequence(rows, batch_first=True), counts


__all__ = ["LogSpectrogram"]
