"""The only file that reads sound.

Conventions
-----------
Samples are float32 with full scale 1, as libsndfile gives them. A lossy codec or the resampler may overshoot
full scale by a little, as every decoder does; nothing is clipped and no level is changed. A mono mix is the mean
of the channels. A recording is read whole or not at all: whatever is missing, broken, not a number or beyond reason is
an :class:`~serbench.errors.AudioError` that names the file.

The bytes are read once and looked through (``container``), and those very bytes are decoded.
"""

from __future__ import annotations

import io
import os
import stat
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from serbench.corpus.container import examine
from serbench.corpus.content import AGAIN, CONVERT, Content, DamageError
from serbench.corpus.flac import read_flac
from serbench.errors import AudioError

#: In Hz. What a header says below or above is no rate of speech but a slip.
SLOWEST, FASTEST = 1_000, 768_000
#: Times full scale: what samples that are no integers may reach, 40 dB above.
LOUDEST = 100.0
#: Codings whose decoders make integers, within full scale whatever the bytes are.
_BOUNDED = ("PCM_", "ULAW", "ALAW", "ALAC_", "IMA_ADPCM", "MS_ADPCM", "GSM610", "G721_", "G723_", "NMS_ADPCM_")
#: What an integer of 16 bits counts, full scale 1: as libsndfile has it, bit for bit.
_STEP = np.float32(1 / 32768)
#: What libsndfile says of a file that it could not tell the length of.
_UNKNOWN = np.iinfo(np.int64).max
_KINDS = (
    (stat.S_ISDIR, "folder"),
    (stat.S_ISFIFO, "FIFO"),
    (stat.S_ISSOCK, "socket"),
    (stat.S_ISCHR, "device"),
    (stat.S_ISBLK, "device"),
)

Samples = npt.NDArray[np.float32]


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

    samples: Samples
    sample_rate: int
    codec: str

    def mono(self) -> Samples:
        """Return the mean of the channels: float32 (samples,)."""
        if self.samples.shape[1] == 1:
            return self.samples[:, 0]
        if self.samples.shape[1] == 2:  # the same numbers as the general way gives, in a tenth of its time
            return (self.samples[:, 0] + self.samples[:, 1]) / np.float32(2)
        mix: Samples = self.samples.mean(axis=1, dtype=np.float32)
        return mix


def decode(path: Path, *, seals: bool = True) -> Sound:
    """Read a recording as it lies there: its own rate, all its channels.

    Parameters
    ----------
    path
        A regular file; its ending says nothing.
    seals
        Whether samples are held against the checksum of them that a FLAC has, which takes a third of the time of
        decoding it. False where they were when the inventory was taken; all other checks are made in any case.

    Raises
    ------
    AudioError
        When the file is missing, empty, no regular file, damaged, shorter or longer than its header says, of a rate
        beyond reason, or holds samples that are no finite numbers or beyond reason.
    """
    try:
        parts = [_decoded(content, seals=seals) for content in examine(_bytes(path))]
        return parts[0] if len(parts) == 1 else _joined(parts)
    except DamageError as error:
        raise AudioError(f"{path} {error}") from None
    except FileNotFoundError:
        raise AudioError(
            f"{path} is missing, expected a recording; check the corpus for an unpack that broke off"
        ) from None
    except OSError as error:
        raise AudioError(f"{path} cannot be read: {error.strerror or error}") from error
    except MemoryError:
        raise AudioError(f"{path} does not fit into memory; cut it, or {CONVERT}") from None


def read_audio(
    path: Path, sample_rate: int | None = None, *, seals: bool = True
) -> tuple[npt.NDArray[np.float32], int]:
    """Read a recording as one channel.

    Parameters
    ----------
    path
        A regular file; its ending says nothing.
    sample_rate
        The rate to resample to (soxr, high quality), in Hz; None leaves the file's own.
    seals
        As :func:`decode` has it.

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
    sound = decode(path, seals=seals)
    wave = sound.mono()
    if sample_rate is None or sample_rate == sound.sample_rate:
        return wave, sound.sample_rate
    resampled = resample(wave, sound.sample_rate, sample_rate)
    if not len(resampled):
        raise AudioError(f"{path} has {len(wave)} samples, too few for any at {sample_rate} Hz; get the file again")
    return resampled, sample_rate


def resample(wave: Samples, sample_rate: int, wanted: int) -> Samples:
    """Return a float32 (samples,) wave at another rate, both in Hz: soxr, high quality."""
    if wanted == sample_rate:
        return wave
    import soxr

    resampled: Samples = soxr.resample(wave, sample_rate, wanted, quality="HQ")
    return resampled


def _bytes(path: Path) -> bytes:
    """Return what is in a regular file; nothing else is opened, for a FIFO would wait for its writer."""
    kind = path.stat().st_mode
    if not stat.S_ISREG(kind):
        what = next((word for is_kind, word in _KINDS if is_kind(kind)), "special file")
        raise DamageError(f"is a {what}, expected a recording in a regular file", "put the recording in its place")
    with open(path, "rb", buffering=0, opener=_open) as stream:
        return stream.readall()


def _open(path: str, flags: int) -> int:
    """Open without waiting, should the file have been exchanged for a FIFO since it was looked at."""
    return os.open(path, flags | getattr(os, "O_NONBLOCK", 0))


def _decoded(content: Content, *, seals: bool) -> Sound:
    """Return what a stream holds, once it holds what it should."""
    whole = read_flac(content.data)
    if whole is None:
        sound = _by_libsndfile(content)
        numbers: Samples | npt.NDArray[np.int16] = sound.samples
    else:
        numbers, rate = whole
        sound = Sound(numbers * _STEP, rate, content.codec or "FLAC/PCM_16")
    if not SLOWEST <= sound.sample_rate <= FASTEST:
        raise DamageError(f"declares a rate of {sound.sample_rate} Hz, expected {SLOWEST} to {FASTEST}")
    if not len(sound.samples):
        raise DamageError("has no samples")
    if not sound.codec.partition("/")[2].startswith(_BOUNDED):
        _check_peak(sound.samples)
    if seals and content.seal is not None:
        content.seal(numbers)
    return sound


def _check_peak(samples: Samples) -> None:
    with np.errstate(invalid="ignore"):
        peak = max(float(samples.max()), -float(samples.min()))
    if peak <= LOUDEST:
        return
    if not np.isfinite(samples).all():
        raise DamageError("holds samples that are no finite numbers")
    raise DamageError(
        f"reaches {peak:.3g} times full scale, expected at most {LOUDEST:g}: samples of another scale, or damaged"
    )


def _by_libsndfile(content: Content) -> Sound:
    import soundfile

    try:
        with soundfile.SoundFile(_Bytes(content.data)) as file:
            frames, rate, codec = file.frames, file.samplerate, content.codec or f"{file.format}/{file.subtype}"
            if frames == _UNKNOWN:
                raise DamageError("does not say how long it is", "encode it again into a file, not a pipe")
            samples = file.read(frames, dtype="float32", always_2d=True)
    except (soundfile.SoundFileError, ValueError) as error:
        code = getattr(error, "code", None)
        words = getattr(error, "error_string", "") or (f"libsndfile error {code}" if code else str(error))
        remedy = CONVERT if "unsupported" in words or "unimplemented" in words else AGAIN
        raise DamageError(f"is damaged or no sound: {words.rstrip('.')}", remedy) from error
    wanted = frames if content.samples is None else content.samples
    if len(samples) < max(wanted, content.least):
        raise DamageError(
            f"is truncated: it declares {max(wanted, content.least)} samples, {len(samples)} of them can be decoded"
        )
    return Sound(samples[:wanted], rate, codec)


class _Bytes(io.BytesIO):
    """A file in memory for libsndfile, which may seek to places before the beginning of a damaged one."""

    def seek(self, offset: int, whence: int = 0, /) -> int:
        try:
            return super().seek(offset, whence)
        except (ValueError, OverflowError):
            return -1


def _joined(parts: Sequence[Sound]) -> Sound:
    """Return streams that follow each other as one."""
    kinds = sorted({(part.sample_rate, part.samples.shape[1], part.codec) for part in parts})
    if len(kinds) > 1:
        said = " and ".join(f"{codec} at {rate} Hz with {channels} channels" for rate, channels, codec in kinds)
        raise DamageError(f"is a chain of streams of several formats ({said}), expected one", CONVERT)
    return Sound(np.concatenate([part.samples for part in parts]), parts[0].sample_rate, parts[0].codec)


__all__ = ["FASTEST", "LOUDEST", "SLOWEST", "Samples", "Sound", "decode", "read_audio", "resample"]
