"""How loud a recording is to a model, which hears the mean of its channels, and how much of the channels is lost there.

Conventions
-----------
Levels are of the mono mix, full scale 1. A constant offset is no sound: the root mean square is taken about the mean,
so that a recording of nothing but an offset is silent.

Channels of opposite phase cancel: in every 100 ms their mean power is held against that of the mix. Channels with
nothing in common leave the n-th part of it, for n channels; where 6 dB less are left, sound was lost.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

#: In seconds, and the part of the power that channels with nothing in common would leave.
PIECE, LEFT = 0.1, 0.25
#: Samples that are summed in float32 before they are summed in float64.
_SUMMED = 256

Floats = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Levels:
    """What is measured of a recording.

    Attributes
    ----------
    peak
        Largest absolute sample of the mix.
    rms
        Root of the mean square of the mix about its mean.
    cancelled
        Which part of the channels' energy lies where they cancel each other in the mix, 0 to 1.
    """

    peak: float
    rms: float
    cancelled: float


def measure(samples: Floats, mix: Floats, sample_rate: int) -> Levels:
    """Return the levels of a recording.

    Parameters
    ----------
    samples, mix
        float32 (samples, channels) and their mean (samples,), full scale 1, one sample at least.
    sample_rate
        In Hz.
    """
    centred = mix - _mean(mix)
    power = float(_energies(centred, _SUMMED).sum(dtype=np.float64)) / len(mix)
    return Levels(
        peak=float(max(mix.max(), -mix.min())),
        rms=float(np.sqrt(power)),
        cancelled=0.0 if samples.shape[1] == 1 else _cancelled(samples, centred, sample_rate),
    )


def _cancelled(samples: Floats, centred: Floats, sample_rate: int) -> float:
    piece, channels = max(1, round(PIECE * sample_rate)), samples.shape[1]
    theirs = sum(_energies(channel - _mean(channel), piece) for channel in samples.T)
    lost = _energies(centred, piece) * channels < LEFT * theirs / channels
    total = float(np.sum(theirs))
    return float(np.sum(theirs * lost)) / total if total > 0 else 0.0


def _mean(wave: Floats) -> np.float32:
    """Return the mean of a wave."""
    whole = len(wave) // _SUMMED * _SUMMED
    pieces = wave[:whole].reshape(-1, _SUMMED) @ np.ones(_SUMMED, np.float32)
    return np.float32((pieces.sum(dtype=np.float64) + wave[whole:].sum(dtype=np.float64)) / len(wave))


def _energies(wave: Floats, piece: int) -> npt.NDArray[np.float64]:
    """Return the sum of the squares of every so many samples, float64; the last piece may be shorter."""
    whole = len(wave) // piece * piece
    pieces = wave[:whole].reshape(-1, piece)
    rest = wave[whole:]
    return np.append(np.einsum("ij,ij->i", pieces, pieces).astype(np.float64), np.dot(rest, rest))


__all__ = ["LEFT", "PIECE", "Levels", "measure"]
