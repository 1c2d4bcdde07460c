"""What every feature extractor is held to."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property

import numpy as np

from serbench.errors import PluginError
from serbench.features.extractor import BatchedFeatureExtractor, FeatureCard, FeatureExtractor
from serbench.features.table import Floats
from serbench.testing import parts
from serbench.testing.check import ExemptError, Subject
from serbench.testing.device import accelerator
from serbench.testing.toys import odd_waves
from serbench.testing.watch import random_state_untouched

_NDIM = {"vector": 1, "sequence": 2, "image": 3, "waveform": 1}
#: How far values may differ where sums are taken in another order, as a share of the largest value of a row.
_CLOSE, _CLOSE_ACROSS_DEVICES = 1e-3, 1e-2


class FeatureSubject(Subject):
    """A feature extractor under test."""

    @property
    def card(self) -> FeatureCard:
        """What the extractor says of itself."""
        card: FeatureCard = self.part.card
        return card

    @cached_property
    def waves(self) -> dict[str, Floats]:
        """Waves by name, at the card's rate."""
        return odd_waves(self.card.sample_rate)

    @cached_property
    def rows(self) -> dict[str, Floats]:
        """What a fresh extractor makes of each wave."""
        extractor: FeatureExtractor = self.part()
        return {name: extractor.extract(wave.copy()) for name, wave in self.waves.items()}


def check_output_as_declared(subject: FeatureSubject) -> None:
    """Rows are float32, in shape, at any length."""
    output = subject.card.output
    shapes = set()
    for name, row in subject.rows.items():
        if not isinstance(row, np.ndarray) or row.dtype != np.float32 or row.ndim != _NDIM[output] or not row.size:
            came = f"{row.dtype} {row.shape}" if isinstance(row, np.ndarray) else type(row).__name__
            raise PluginError(f"{name} gives {came}, expected a float32 {output}, not empty")
        shapes.add(row.shape[1:] if output in ("sequence", "waveform") else row.shape)
    if len(shapes) > 1:
        raise PluginError(
            f"waves of different lengths give {sorted(shapes)}, expected one shape for all (but for time)"
        )


def check_finite(subject: FeatureSubject) -> None:
    """Values are finite, even of silence."""
    for name, row in subject.rows.items():
        if not np.isfinite(row).all():
            raise PluginError(
                f"{name} gives {int((~np.isfinite(row)).sum())} values that are not finite, expected none"
            )


def check_input_left_alone(subject: FeatureSubject) -> None:
    """The wave is not changed in place."""
    extractor: FeatureExtractor = subject.part()
    for name, wave in subject.waves.items():
        given = wave.copy()
        extractor.extract(given)
        if not np.array_equal(given, wave):
            raise PluginError(f"the wave ({name}) was changed in place, expected it as it came; work on a copy")


def check_forgets(subject: FeatureSubject) -> None:
    """The same wave gives the same bytes every time."""
    extractor: FeatureExtractor = subject.part()
    for name in reversed(subject.waves):  # in another order than the rows were made in
        if extractor.extract(subject.waves[name].copy()).tobytes() != subject.rows[name].tobytes():
            raise PluginError(
                f"{name} gives other values after other waves, expected the same; keep nothing, draw nothing"
            )


def check_global_random_state(subject: FeatureSubject) -> None:
    """No global random generator is touched."""
    extractor: FeatureExtractor = subject.part()
    wave = subject.waves["1 s of voice"]
    extractor.extract(wave.copy())  # libraries that are loaded only now may draw
    with random_state_untouched("extract"):
        extractor.extract(wave.copy())


def check_one_clip_alone(subject: FeatureSubject) -> None:
    """A clip alone gives what it gives in a batch."""
    extractor = _batched(subject)
    for name, row in zip(subject.waves, _in_a_batch(extractor, list(subject.waves.values()), "cpu"), strict=True):
        _compare(f"{name} in a batch", row, subject.rows[name], _CLOSE)


def check_devices_agree(subject: FeatureSubject) -> None:
    """The accelerator and the CPU give the same values."""
    extractor, device = _batched(subject), accelerator()
    for name, row in zip(subject.waves, _in_a_batch(extractor, list(subject.waves.values()), device), strict=True):
        _compare(f"{name} on {device}", row, subject.rows[name], _CLOSE_ACROSS_DEVICES)


def _batched(subject: FeatureSubject) -> BatchedFeatureExtractor:
    extractor: FeatureExtractor = subject.part()
    if not isinstance(extractor, BatchedFeatureExtractor):
        raise ExemptError("it works on numpy, one clip at a time")
    return extractor


def _in_a_batch(extractor: BatchedFeatureExtractor, waves: Sequence[Floats], device: str) -> list[Floats]:
    """Return the rows of all waves from one call."""
    import torch

    padded = torch.zeros(len(waves), max(len(wave) for wave in waves))
    for row, wave in zip(padded, waves, strict=True):
        row[: len(wave)] = torch.from_numpy(wave)
    lengths = torch.tensor([len(wave) for wave in waves])
    with torch.inference_mode():
        values, counts = extractor.extract_batch(padded.to(device), lengths.to(device))
    rows = values.cpu().numpy()
    if extractor.card.output in ("vector", "image"):
        return list(rows)
    return [row[:count] for row, count in zip(rows, counts.tolist(), strict=True)]


def _compare(what: str, found: Floats, expected: Floats, close: float) -> None:
    if found.shape != expected.shape:
        raise PluginError(f"{what} gives {found.shape}, alone {expected.shape}, expected the same")
    gap, largest = float(np.abs(found - expected).max()), float(np.abs(expected).max())
    if gap > close * max(largest, 1e-3):
        raise PluginError(f"{what} gives values {gap:.2g} from those alone, expected the same")


FEATURE_CHECKS = (
    parts.check_card,
    parts.check_constructor_stores,
    parts.check_arguments_are_identity,
    check_output_as_declared,
    check_finite,
    check_input_left_alone,
    check_forgets,
    check_global_random_state,
    check_one_clip_alone,
    check_devices_agree,
)

__all__ = ["FEATURE_CHECKS", "FeatureSubject"]
