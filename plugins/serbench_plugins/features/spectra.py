"""Mel spectra of many clips at once, in torch, equal to librosa's.

Conventions
-----------
Letters: ``b`` clips, ``f`` frames of all clips end to end, ``d`` bands or coefficients. Frames are centred: half
a window of zeros lies before and behind each clip, so a clip of n samples has 1 + n // hop frames (for an even
``n_fft``), however short it is; an empty clip has none.

Frames lie packed, clip behind clip, and nothing is computed for the padding of a batch. They go through the
transform in blocks whose size is a multiple of ``_STEP``: matrix products of such sizes give a row the same bits
wherever it stands, so that a clip's feature does not depend on its neighbours, nor a resumed extraction on where
it broke off.

A mel filter is nearly empty: a bin belongs to two bands. So some neighbouring bands at a time are multiplied with the
bins that they cover, which is a quarter of the work of the whole product.
"""

from __future__ import annotations

import functools
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import torch

_STEP = 16
#: Frames per block: small enough for a core's cache, or large enough to keep an accelerator busy.
_BLOCK = {"cpu": 256}
_BLOCK_ELSEWHERE = 8192
#: Bands that are computed together: few cover few bins, but the fewer they are the more calls it takes.
_BANDS = {"cpu": 32}
#: Power below which dB are cut off: librosa's ``amin``.
_FLOOR = 1e-10


@dataclass(frozen=True, kw_only=True)
class MelSettings:
    """What a mel spectrum depends on; the defaults are librosa's.

    Attributes
    ----------
    sample_rate
        In Hz.
    n_fft, win_length, hop_length
        In samples. A window shorter than ``n_fft`` is centred in it; None: as long as ``n_fft``.
    n_mels
        Bands, Slaney's scale and norm.
    fmin, fmax
        Edges of the lowest and the highest band in Hz; None: half the sample rate.
    top_db
        Cut off what lies this many dB below the loudest value of the same clip; None: nothing.
    """

    sample_rate: int
    n_fft: int = 2048
    win_length: int | None = None
    hop_length: int = 512
    n_mels: int = 128
    fmin: float = 0.0
    fmax: float | None = None
    top_db: float | None = 80.0


def log_mel(waves: torch.Tensor, lengths: torch.Tensor, settings: MelSettings) -> tuple[torch.Tensor, list[int]]:
    """Return log-mel power spectra.

    Parameters
    ----------
    waves
        float32 (b, samples), zeros after each wave's end.
    lengths
        int64 (b,), samples per wave.

    Returns
    -------
    frames
        float32 (f, n_mels), in dB re full scale squared, clip behind clip.
    counts
        Frames per clip.
    """
    import torch

    half = settings.n_fft // 2
    spare = 2 * half - settings.n_fft
    sizes = lengths.tolist()
    per_clip = [1 + (size + spare) // settings.hop_length if size > 0 else 0 for size in sizes]
    total = sum(per_clip)
    decibels = waves.new_empty((total + -total % _STEP, settings.n_mels))
    constants = _constants(settings, str(waves.device))
    block = _BLOCK.get(waves.device.type, _BLOCK_ELSEWHERE)
    framed = waves.new_zeros((min(block, len(decibels)), settings.n_fft))
    padded = waves.new_zeros(waves.shape[1] + 2 * half)
    start = filled = 0
    for wave, size, count in zip(waves, sizes, per_clip, strict=True):
        if not count:
            continue
        padded[half : half + size] = wave[:size]
        padded[half + size : size + 2 * half] = 0
        frames, taken = padded.unfold(0, settings.n_fft, settings.hop_length), 0
        while taken < count:
            here = min(len(framed) - filled, count - taken)
            torch.mul(frames[taken : taken + here], constants.window, out=framed[filled : filled + here])
            taken, filled = taken + here, filled + here
            if filled == len(framed):
                _transform(framed, constants, decibels[start : start + filled])
                start, filled = start + filled, 0
    if filled:  # what lies behind it, of the block before or nothing, comes out behind the last clip
        _transform(framed[: len(decibels) - start], constants, decibels[start:])
    frames = decibels[:total]
    if settings.top_db is not None:
        for rows in torch.split(frames, per_clip):
            if len(rows):
                rows.clamp_(min=rows.amax() - settings.top_db)
    return frames, per_clip


def _transform(frames: torch.Tensor, constants: _Constants, decibels: torch.Tensor) -> None:
    """Write the bands of windowed frames (f, n_fft) to (f, n_mels), in dB."""
    import torch

    squares = torch.view_as_real(torch.fft.rfft(frames)).square_()
    power = squares[..., 0] + squares[..., 1]
    for low, high, band, weights in constants.bands:
        torch.mm(power[:, low:high], weights, out=decibels[:, band : band + weights.shape[1]])
    decibels.clamp_(min=_FLOOR).log10_().mul_(10.0)


def mfcc(
    waves: torch.Tensor, lengths: torch.Tensor, settings: MelSettings, n_mfcc: int
) -> tuple[torch.Tensor, list[int]]:
    """Return mel-frequency cepstral coefficients: float32 (f, n_mfcc), clip behind clip, and frames per clip."""
    import torch

    frames, counts = log_mel(waves, lengths, settings)
    transform = _cosines(settings.n_mels, n_mfcc, str(waves.device))
    fill = -len(frames) % _STEP
    filled = torch.nn.functional.pad(frames, (0, 0, 0, fill))
    # 128 bands of -100 dB add up to -1,131: in float32 that sum is 1e-3 off
    return (filled.to(transform.dtype) @ transform)[: len(frames)].float(), counts


def pad_clips(frames: torch.Tensor, counts: list[int]) -> tuple[torch.Tensor, torch.Tensor]:
    """Return packed frames (f, d) as (b, most frames, d), zeros behind each clip, and int64 (b,) frames per clip."""
    import torch

    rows = torch.nn.utils.rnn.pad_sequence(list(torch.split(frames, counts)), batch_first=True)
    return rows, torch.tensor(counts, device=frames.device)


@dataclass(frozen=True)
class _Constants:
    """The window (n_fft,), and per group of bands its first bin and one past the last, its first band, its weights."""

    window: torch.Tensor
    bands: list[tuple[int, int, int, torch.Tensor]]


@functools.lru_cache(maxsize=16)
def _constants(settings: MelSettings, device: str) -> _Constants:
    """Return what does not depend on the clips, on a device; made once."""
    import torch

    length = settings.win_length or settings.n_fft
    before = (settings.n_fft - length) // 2
    groups = []
    with torch.inference_mode(False):  # a constant born in inference mode could never be used outside it
        hann = torch.hann_window(length, dtype=torch.float64)
        window = torch.nn.functional.pad(hann, (before, settings.n_fft - length - before))
        weights = _mel_filter(settings)
        size = _BANDS.get(torch.device(device).type, settings.n_mels)
        for band in range(0, settings.n_mels, size):
            group = weights[:, band : band + size]
            bins = group.any(1).nonzero().flatten().tolist() or [0]  # a band between two bins has none
            low, high = bins[0], bins[-1] + 1
            groups.append((low, high, band, group[low:high].float().contiguous().to(device)))
        return _Constants(window.float().to(device), groups)


def _mel_filter(settings: MelSettings) -> torch.Tensor:
    """Return float64 (n_fft // 2 + 1, n_mels): triangles on Slaney's scale, each of unit area over Hz.

    In float64, unlike torchaudio's: its rounding alone moves an MFCC by 1e-3.
    """
    import torch

    top = settings.sample_rate / 2 if settings.fmax is None else settings.fmax
    mels = torch.linspace(_mel(settings.fmin), _mel(top), settings.n_mels + 2, dtype=torch.float64)
    edges = torch.where(  # Hz (n_mels + 2,)
        mels < _KNEE_MEL, mels * (_KNEE_HZ / _KNEE_MEL), _KNEE_HZ * torch.exp((mels - _KNEE_MEL) * _LOG_STEP)
    )
    bins = torch.linspace(0, settings.sample_rate / 2, settings.n_fft // 2 + 1, dtype=torch.float64)[:, None]
    low, middle, high = edges[:-2], edges[1:-1], edges[2:]
    rising, falling = (bins - low) / (middle - low), (high - bins) / (high - middle)
    return torch.minimum(rising, falling).clamp(min=0) * (2 / (high - low))


#: Slaney's scale: 15 mel for the first 1000 Hz, linear; above, 27 mel for each factor of 6.4.
_KNEE_HZ, _KNEE_MEL, _LOG_STEP = 1000.0, 15.0, math.log(6.4) / 27


def _mel(hz: float) -> float:
    return hz * (_KNEE_MEL / _KNEE_HZ) if hz < _KNEE_HZ else _KNEE_MEL + math.log(hz / _KNEE_HZ) / _LOG_STEP


@functools.lru_cache(maxsize=16)
def _cosines(n_mels: int, n_mfcc: int, device: str) -> torch.Tensor:
    """Return the orthonormal discrete cosine transform (n_mels, n_mfcc) on a device, made once."""
    import torch

    with torch.inference_mode(False):
        band = torch.arange(n_mels, dtype=torch.float64)[:, None] + 0.5
        order = torch.arange(n_mfcc, dtype=torch.float64)
        basis = torch.cos(math.pi / n_mels * band * order) * math.sqrt(2 / n_mels)
        basis[:, 0] /= math.sqrt(2)
        return basis.to(device) if torch.device(device).type != "mps" else basis.float().to(device)


__all__ = ["MelSettings", "log_mel", "mfcc", "pad_clips"]
