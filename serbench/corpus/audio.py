"""The only file that reads sound.

Conventions
-----------
Samples are float32 with full scale 1, as libsndfile gives them. A lossy codec or the resampler may overshoot
full scale by a little, as every decoder does; nothing is clipped and no level is changed. A mono mix is the mean
of the channels. A recording is read whole or not at all: whatever is missing, broken or not a number is an
:class:`~serbench.errors.AudioError` that names the file.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from serbench.corpus.container import damage
from serbench.corpus.flac import read_flac
from serbench.errors import AudioError


@dataclass(frozen=True)
class Sound:
    """A decoded recording.

    Attributes
    ----------
    samples
        float32 (samples, channels).
    sample_rate
        In Hz.
    codec
        libsndfile's words for the container and the coding inside: ``FLAC/PCM_16``, ``OGG/OPUS``.
    """

    samples: npt.NDArray[np.float32]
    sample_rate: int
    codec: str

    def mono(self) -> npt.NDArray[np.float32]:
        """Return the mean of the channels: float32 (samples,)."""
        if self.samples.shape[1] == 1:
            return self.samples[:, 0]
        mix: npt.NDArray[np.float32] = self.samples.mean(axis=1, dtype=np.float32)
        return mix


def decode(path: Path) -> Sound:
    """Read a recording as it lies there: its own rate, all its channels.

    Raises
    ------
    AudioError
        When the file is missing, empty, damaged, shorter than its header says, or holds samples that are no
        finite numbers.
    """
    try:
        with path.open("rb") as stream:
            whole = read_flac(stream)
            broken = damage(stream) if whole is None else None
        if whole is not None:
            return Sound(*whole, "FLAC/PCM_16")
        if broken:
            raise AudioError(f"{path} {broken}; get the file again")
        samples, declared, rate, codec = _samples(path)
    except (FileNotFoundError, IsADirectoryError):
        raise AudioError(
            f"{path} is missing, expected a recording; check the corpus for an unpack that broke off"
        ) from None
    except OSError as error:
        raise AudioError(f"{path} cannot be read: {error.strerror or error}") from error
    if len(samples) < declared:
        raise AudioError(
            f"{path} is truncated: its header declares {declared} samples, {len(samples)} are there; get the file again"
        )
    if not len(samples):
        raise AudioError(f"{path} has no samples; get the file again")
    if not np.isfinite(samples).all():
        raise AudioError(f"{path} holds samples that are no finite numbers; get the file again")
    return Sound(samples, rate, codec)


def read_audio(path: Path, sample_rate: int | None = None) -> tuple[npt.NDArray[np.float32], int]:
    """Read a recording as one channel.

    Parameters
    ----------
    path
        Any file that libsndfile reads; its ending says nothing.
    sample_rate
        The rate to resample to (soxr, high quality), in Hz; None leaves the file's own.

    Returns
    -------
    wave
        float32 (samples,), full scale 1.
    sample_rate
        In Hz.

    Raises
    ------
    AudioError
        As :func:`decode`; also when resampling leaves no sample.
    """
    sound = decode(path)
    wave = sound.mono()
    if sample_rate is None or sample_rate == sound.sample_rate:
        return wave, sound.sample_rate
    resampled = resample(wave, sound.sample_rate, sample_rate)
    if not len(resampled):
        raise AudioError(f"{path} has {len(wave)} samples, too few for any at {sample_rate} Hz; get the file again")
    return resampled, sample_rate


def resample(wave: npt.NDArray[np.float32], sample_rate: int, wanted: int) -> npt.NDArray[np.float32]:
    """Return a float32 (samples,) wave at another rate, both in Hz: soxr, high quality."""
    if wanted == sample_rate:
        return wave
    import soxr

    resampled: npt.NDArray[np.float32] = soxr.resample(wave, sample_rate, wanted, quality="HQ")
    return resampled


def _samples(path: Path) -> tuple[npt.NDArray[np.float32], int, int, str]:
    """Return samples (samples, channels), how many the header declares, the rate and the codec."""
    import soundfile

    try:
        with soundfile.SoundFile(str(path)) as file:
            if file.frames == np.iinfo(np.int64).max:  # what libsndfile makes of a FLAC written to a pipe
                raise AudioError(f"{path} does not say how long it is; encode it again into a file, not a pipe")
            samples = file.read(dtype="float32", always_2d=True)
            return samples, file.frames, file.samplerate, f"{file.format}/{file.subtype}"
    except (soundfile.SoundFileError, MemoryError, ValueError) as error:
        code = getattr(error, "code", None)
        words = getattr(error, "error_string", "") or (f"libsndfile error {code}" if code else str(error))
        raise AudioError(f"{path} is damaged or no sound: {words.rstrip('.')}; get the file again") from error


__all__ = ["Sound", "decode", "read_audio", "resample"]
