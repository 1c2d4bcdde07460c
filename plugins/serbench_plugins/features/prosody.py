"""Pitch, energy and durations of a clip in 103 numbers.

Conventions
-----------
A frame is 20 ms long and centred on a multiple of 10 ms. A segment is a run of voiced frames, or of unvoiced ones: a
pause where it is longer than a limit, else an unvoiced segment. *Six* statistics are mean, standard deviation
(population), maximum, minimum, skewness and excess kurtosis; *four* are those without maximum and minimum. Tilt is the
slope of the straight line through a segment of two frames or more, per second; MSE is what that line leaves. What is
undefined is 0: statistics of nothing, skewness of what does not vary, ratios to nothing.
"""

from __future__ import annotations

import numpy as np

from serbench.api import FeatureCard, FeatureExtractor
from serbench_plugins.features.contour import pitch_contour

#: In samples at 16 kHz, and in seconds.
_STEP, _FRAME = 160, 320
_SECONDS = 0.01
#: Mean squares below this are silence: -100 dB.
_FLOOR = 1e-10


class Prosody(FeatureExtractor):
    """The static prosody vector of DisVoice, (103,), which arXiv 2501.10408 fuses with other features.

    ====== ===================================================================================== ==========
    1-30   pitch in Hz: contour, tilt, MSE, first voiced segment, last voiced segment            5 x six
    31-42  energy in dB of voiced segments: contour, tilt, MSE                                   3 x four
    43-54  energy of the first and the last voiced segment                                       2 x six
    55-78  energy of unvoiced segments, likewise                                                 24
    79     voiced segments per second
    80-97  durations in s of voiced segments, unvoiced segments, pauses                          3 x six
    98-103 of mean durations P, V, U: P/(V+U), P/U, U/(V+U), V/(V+U), V/P, U/P
    ====== ===================================================================================== ==========

    The order is that of DisVoice's table. As there, the clip's mean is taken off, its peak becomes 1, and of a contour
    of energy each segment's statistics are averaged. Choices of ours: pYIN in place of RAPT, frames of energy that lie
    as those of pitch do (DisVoice cuts them inside of segments), and one segment is enough where DisVoice asks for two.

    Parameters
    ----------
    fmin, fmax
        The lowest and the highest pitch in Hz; 60 and 350 as published.
    resolution
        Of the pitch, in semitones.
    pause
        Longer unvoiced runs are pauses, in seconds; 0.14 as published.
    """

    card = FeatureCard(
        name="prosody",
        version="1",
        summary="103 statistics of pitch, energy and durations, as DisVoice lays them out",
        sample_rate=16_000,
        output="vector",
    )

    def __init__(
        self, *, fmin: float = 60.0, fmax: float = 350.0, resolution: float = 0.2, pause: float = 0.14
    ) -> None:
        self.fmin = fmin
        self.fmax = fmax
        self.resolution = resolution
        self.pause = pause

    def extract(self, wave):
        centred = wave - wave.mean(dtype=np.float64)
        peak = np.abs(centred).max()
        if peak > 0:
            centred /= peak
        search = {"fmin": self.fmin, "fmax": self.fmax, "resolution": self.resolution}
        pitch = pitch_contour(centred.astype(np.float32), self.card.sample_rate, hop_length=_STEP, **search)
        return describe(pitch, energy_contour(centred, len(pitch)), self.pause)


def energy_contour(wave, count: int):
    """Return the energy of frames of 20 ms every 10 ms, (count,), in dB; frame j is centred on sample 160 j."""
    half = _FRAME // 2
    padded = np.pad(wave.astype(np.float64), (half, half + _STEP))
    frames = np.lib.stride_tricks.sliding_window_view(padded, _FRAME)[::_STEP][:count]  # (count, 320)
    return 10 * np.log10(np.maximum((frames**2).mean(axis=1), _FLOOR))


def describe(pitch, energy, pause: float):
    """Return the vector, float32 (103,), of contours (t,) of pitch in Hz, 0 where unvoiced, and of energy in dB."""
    runs = _runs(pitch > 0)
    longest = round(pause / _SECONDS)  # frames
    voiced = [run for run in runs if pitch[run[0]] > 0]
    unvoiced = [run for run in runs if pitch[run[0]] <= 0 and len(run) <= longest]
    pauses = [run for run in runs if pitch[run[0]] <= 0 and len(run) > longest]

    contours = [pitch[run] for run in voiced]
    vector = [*_six(pitch[pitch > 0]), *_lines(contours, _six), *_ends(contours)]  # 30
    for segments in ([energy[run] for run in voiced], [energy[run] for run in unvoiced]):
        each = np.array([_four(segment) for segment in segments if len(segment) > 1]).reshape(-1, 4)
        vector += [*(each.mean(axis=0) if len(each) else np.zeros(4)), *_lines(segments, _four), *_ends(segments)]  # 24
    durations = [np.array([len(run) * _SECONDS for run in kind]) for kind in (voiced, unvoiced, pauses)]
    vector += [len(voiced) / (len(pitch) * _SECONDS)]
    vector += [number for each in durations for number in _six(each)]  # 18
    v, u, p = (each.mean() if len(each) else 0.0 for each in durations)
    vector += [_ratio(*pair) for pair in ((p, v + u), (p, u), (u, v + u), (v, v + u), (v, p), (u, p))]
    return np.array(vector, np.float32)


def _runs(is_voiced):
    """Return the places of each run of equal values, in order."""
    return np.split(np.arange(len(is_voiced)), np.flatnonzero(np.diff(is_voiced)) + 1)


def _six(values) -> list[float]:
    if not len(values):
        return [0.0] * 6
    mean, deviation, skewness, kurtosis = _four(values)
    return [mean, deviation, values.max(), values.min(), skewness, kurtosis]


def _four(values) -> list[float]:
    if not len(values):
        return [0.0] * 4
    mean, deviation = values.mean(), values.std()
    if deviation <= 1e-6 * max(1.0, abs(mean)):  # rounding has no shape
        return [mean, deviation, 0.0, 0.0]
    standard = (values - mean) / deviation
    return [mean, deviation, (standard**3).mean(), (standard**4).mean() - 3]


def _lines(segments, statistics) -> list[float]:
    """Return statistics of the tilts of all segments, then of their MSEs."""
    tilts, errors = [], []
    for segment in segments:
        if len(segment) > 1:
            times = (np.arange(len(segment)) - (len(segment) - 1) / 2) * _SECONDS
            above = segment - segment.mean()
            tilts.append((times * above).sum() / (times**2).sum())
            errors.append(((above - tilts[-1] * times) ** 2).mean())
    return [*statistics(np.array(tilts)), *statistics(np.array(errors))]


def _ends(segments) -> list[float]:
    return [*_six(segments[0]), *_six(segments[-1])] if segments else [0.0] * 12


def _ratio(above: float, below: float) -> float:
    return above / below if below > 0 else 0.0


__all__ = ["Prosody", "describe", "energy_contour"]
