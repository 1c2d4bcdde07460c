"""The pitch of a voice over time, by pYIN (Mauch and Dixon, ICASSP 2014) as librosa has it."""

from __future__ import annotations

#: 64 ms at 16 kHz: three periods of a voice of 50 Hz.
_WINDOW = 1024


def pitch_contour(wave, sample_rate: int, *, fmin: float, fmax: float, hop_length: int, resolution: float):
    """Return the fundamental frequency in Hz, float64 (t,), t = 1 + samples // hop_length; 0 where nothing is voiced.

    Parameters
    ----------
    wave
        float32 (samples,).
    sample_rate
        In Hz.
    fmin, fmax
        The lowest and the highest pitch that is found, in Hz.
    hop_length
        In samples; frame j is centred on sample j hop_length.
    resolution
        Of the pitch, in semitones. librosa's own 0.1 takes three to nine times as long as 0.2.
    """
    import librosa

    pitch, _, _ = librosa.pyin(
        wave,
        sr=sample_rate,
        fmin=fmin,
        fmax=fmax,
        frame_length=_WINDOW,
        hop_length=hop_length,
        resolution=resolution,
        fill_na=0.0,
    )
    return pitch


__all__ = ["pitch_contour"]
