"""The same voice over a telephone, or out of a compressed file."""

from __future__ import annotations

import io

import numpy as np

from serbench.api import Augmentation, AugmentationCard

KINDS = ("telephone", "mp3", "vorbis")
#: Of a telephone's band, in Hz, and of its samples.
_BAND, _TELEPHONE_RATE = (300.0, 3400.0), 8000
#: The rate at which files are coded: every coder has it.
_FILE_RATE = 16_000
_FORMATS = {"mp3": ("MP3", "MPEG_LAYER_III"), "vorbis": ("OGG", "VORBIS")}


class Codec(Augmentation):
    """Coded and decoded by a codec that is drawn once per clip.

    ``telephone``: 300 to 3400 Hz at 8 kHz, each sample in eight bits of mu-law (ITU-T G.711). ``mp3``, ``vorbis``: a
    file of low quality at 16 kHz, made and read in memory.

    Parameters
    ----------
    kinds
        Which to draw from, each as often as the other.
    compression
        How small files are made: from 0, the best quality, to 1, the fewest bits.
    """

    card = AugmentationCard(name="codec", version="1", summary="telephone band and mu-law, MP3 or Vorbis")

    def __init__(self, *, kinds: tuple[str, ...] = KINDS, compression: float = 0.9) -> None:
        if not kinds or not set(kinds) <= set(KINDS):
            raise ValueError(f"kinds are {kinds!r}, expected some of {KINDS}")
        if not 0 <= compression <= 1:
            raise ValueError(f"compression is {compression}, expected 0 to 1")
        self.kinds = kinds
        self.compression = compression

    def apply(self, wave, sample_rate, rng):
        import librosa

        kind = self.kinds[int(rng.integers(len(self.kinds)))]
        rate = _TELEPHONE_RATE if kind == "telephone" else _FILE_RATE
        coded = librosa.resample(wave, orig_sr=sample_rate, target_sr=rate)
        coded = _telephone(coded) if kind == "telephone" else _file(coded, *_FORMATS[kind], self.compression)
        back = librosa.resample(coded.astype(np.float32), orig_sr=rate, target_sr=sample_rate)
        return librosa.util.fix_length(back, size=len(wave))


def _telephone(wave):
    import librosa
    from scipy.signal import butter, sosfilt

    within = sosfilt(butter(4, _BAND, "bandpass", fs=_TELEPHONE_RATE, output="sos"), wave)
    codes = librosa.mu_compress(np.clip(within, -1, 1), mu=255, quantize=True)
    return librosa.mu_expand(codes, mu=255, quantize=True)


def _file(wave, container, coder, compression):
    import soundfile

    stream = io.BytesIO()
    level = np.clip(wave, -1, 1)
    soundfile.write(stream, level, _FILE_RATE, format=container, subtype=coder, compression_level=compression)
    stream.seek(0)
    return soundfile.read(stream, dtype="float32")[0]


__all__ = ["Codec"]
