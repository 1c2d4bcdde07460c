"""What one file holds, and whether it still holds it.

Conventions
-----------
A recording's digest is taken over its decoded samples and their rate, so a WAV and its bit-exact FLAC have one
digest, and two file names with the same sound are found out. Seconds are of the file's own rate; levels are of the
mono mix, which is what models hear (``levels``).

Files change: names are exchanged, a disk fails, a copy is overwritten in place. So whoever decodes a file under a
digest that was taken before holds what comes out against it, every time, before anything is made of it.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from serbench.corpus.audio import Sound, decode, resample
from serbench.corpus.levels import measure
from serbench.digest import checksum_array, digest_array
from serbench.errors import AudioError

#: libsndfile's words for codings that give back what went in.
_LOSSLESS = ("PCM_", "FLOAT", "DOUBLE", "ALAC_", "DPCM_")
_WORDS = {
    "OGG/OPUS": "Ogg Opus",
    "OGG/VORBIS": "Ogg Vorbis",
    "OGG/FLAC": "Ogg FLAC",
    "WAVEX": "WAV",
    "RF64": "WAV",
    "MP3": "MP3",
}


@dataclass(frozen=True, slots=True)
class Recording:
    """What one file holds.

    Attributes
    ----------
    digest
        Of the decoded samples and their rate.
    seconds
        Its length.
    sample_rate
        In Hz.
    channels
        How many; read as their mean.
    codec
        libsndfile's words: ``FLAC/PCM_16``, ``OGG/OPUS``.
    peak, rms, cancelled
        Of its mono mix, as :class:`~serbench.corpus.levels.Levels` has them.
    checksum
        Of the same samples and rate as the digest, quick to take again on this machine; empty where it is not known.
    """

    digest: str
    seconds: float
    sample_rate: int
    channels: int
    codec: str
    peak: float
    rms: float
    cancelled: float = 0.0
    checksum: str = ""

    @classmethod
    def of(cls, sound: Sound) -> Recording:
        """Return what a sound comes to."""
        levels = measure(sound.samples, sound.mono(), sound.sample_rate)
        return cls(
            digest=_digest(sound),
            seconds=len(sound.samples) / sound.sample_rate,
            sample_rate=sound.sample_rate,
            channels=sound.samples.shape[1],
            codec=sound.codec,
            **asdict(levels),
            checksum=_checksum(sound),
        )

    @property
    def is_lossy(self) -> bool:
        """Whether the coding threw something away."""
        coding = self.codec.partition("/")[2]
        return not (coding.startswith(_LOSSLESS) or self.codec == "OGG/FLAC")

    @property
    def label(self) -> str:
        """For people: ``FLAC 16 kHz``, ``Ogg Opus 12 kHz``, ``WAV 44.1 kHz``."""
        container = self.codec.partition("/")[0]
        return f"{_WORDS.get(self.codec) or _WORDS.get(container, container)} {self.sample_rate / 1000:g} kHz"


def decode_known(path: Path, digest: str, checksum: str = "") -> Sound:
    """Decode a file of which it is known what it holds.

    Parameters
    ----------
    digest, checksum
        Of the :class:`Recording`. A checksum, where there is one, is held against in place of the digest.

    Raises
    ------
    AudioError
        When the file cannot be read, or holds another sound.
    """
    sound = decode(path, seals=False)  # what it holds is held against what is known of it just below
    if (checksum != _checksum(sound)) if checksum else (digest != _digest(sound)):
        raise AudioError(
            f"{path} holds another sound than when the corpus was looked over; get the file again or, if it is right "
            f"as it is, `touch` it, and run again"
        )
    return sound


def read_known(path: Path, digest: str, checksum: str, sample_rate: int) -> npt.NDArray[np.float32]:
    """Return such a file as one channel at a rate in Hz: float32 (samples,), full scale 1.

    Raises
    ------
    AudioError
        As :func:`decode_known`; also when resampling leaves no sample.
    """
    sound = decode_known(path, digest, checksum)
    wave = resample(sound.mono(), sound.sample_rate, sample_rate)
    if not len(wave):
        raise AudioError(
            f"{path} has {len(sound.samples)} samples, too few for any at {sample_rate} Hz; get the file again"
        )
    return wave


def _digest(sound: Sound) -> str:
    return digest_array(sound.samples, {"sample_rate": sound.sample_rate})


def _checksum(sound: Sound) -> str:
    return f"{checksum_array(sound.samples)}-{sound.sample_rate}"


__all__ = ["Recording", "decode_known", "read_known"]
