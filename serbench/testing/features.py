"""What every feature extractor is held to."""

from __future__ import annotations

from functools import cached_property

import numpy as np

from serbench.cost.whole import extractor_size
from serbench.errors import PluginError
from serbench.features.batch import extract_waves
from serbench.features.extractor import BatchedFeatureExtractor, FeatureCard, FeatureExtractor
from serbench.features.table import Floats
from serbench.features.text import TextExtractor
from serbench.testing import parts
from serbench.testing.check import ExemptError, Subject
from serbench.testing.device import accelerator
from serbench.testing.toys import ODD_TEXTS, odd_waves
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
        """Waves by name, at the card's rate; none for a feature of text."""
        return {} if self.reads_text else odd_waves(self.card.sample_rate)

    @property
    def reads_text(self) -> bool:
        """Whether it reads texts and hears no waves."""
        return issubclass(self.part, TextExtractor)

    @property
    def names(self) -> tuple[str, ...]:
        """What it is tried on."""
        return tuple(ODD_TEXTS if self.reads_text else self.waves)

    def make(self, extractor: FeatureExtractor, name: str) -> Floats:
        """Return what an extractor makes of the wave or the text of a name."""
        if isinstance(extractor, TextExtractor):
            return extractor.extract_text(ODD_TEXTS[name])
        return extractor.extract(self.waves[name].copy())

    @cached_property
    def rows(self) -> dict[str, Floats]:
        """What a fresh extractor makes of each wave or text."""
        extractor: FeatureExtractor = self.made()
        return {name: self.make(extractor, name) for name in self.names}


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
            f"{'texts' if subject.reads_text else 'waves'} of different lengths give {sorted(shapes)}, expected one "
            f"shape for all (but for time)"
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
    if subject.reads_text:
        raise ExemptError("it reads text, which nobody can change")
    extractor: FeatureExtractor = subject.made()
    for name, wave in subject.waves.items():
        given = wave.copy()
        extractor.extract(given)
        if not np.array_equal(given, wave):
            raise PluginError(f"the wave ({name}) was changed in place, expected it as it came; work on a copy")


def check_forgets(subject: FeatureSubject) -> None:
    """The same wave gives the same bytes every time."""
    extractor: FeatureExtractor = subject.made()
    for name in reversed(subject.names):  # in another order than the rows were made in
        if subject.make(extractor, name).tobytes() != subject.rows[name].tobytes():
            raise PluginError(
                f"{name} gives other values after other {'texts' if subject.reads_text else 'waves'}, expected the "
                f"same; keep nothing, draw nothing"
            )


def check_global_random_state(subject: FeatureSubject) -> None:
    """No global random generator is touched."""
    extractor: FeatureExtractor = subject.made()
    name = subject.names[1]
    subject.make(extractor, name)  # libraries that are loaded only now may draw
    with random_state_untouched("extract"):
        subject.make(extractor, name)


def check_one_clip_alone(subject: FeatureSubject) -> None:
    """A clip alone gives what it gives in a batch."""
    extractor = _batched(subject)
    waves, advice = list(subject.waves.values()), "; where it bears no padding, the card says padding='none'"
    if subject.card.padding == "none":
        waves += [wave[::-1].copy() for wave in waves]  # so that each is in a batch with another of its length
        advice = ""
    for name, row in zip(subject.waves, extract_waves(extractor, waves, "cpu"), strict=False):
        _compare(f"{name} in a batch", row, subject.rows[name], _CLOSE, advice)


def check_devices_agree(subject: FeatureSubject) -> None:
    """The accelerator and the CPU give the same values."""
    extractor, device = _batched(subject), accelerator()
    for name, row in zip(subject.waves, extract_waves(extractor, list(subject.waves.values()), device), strict=True):
        _compare(f"{name} on {device}", row, subject.rows[name], _CLOSE_ACROSS_DEVICES)


def check_size(subject: FeatureSubject) -> None:
    """What it has learned is counted."""
    extractor: FeatureExtractor = subject.made()
    wave = np.zeros(subject.card.sample_rate, np.float32) if subject.reads_text else subject.waves["1 s of voice"]
    subject.make(extractor, subject.names[1])  # a network may be loaded only now
    network: object = extractor.network()
    size = extractor_size(extractor, wave.copy())
    if size is None:
        raise PluginError(
            "it has learned numbers and gives neither network() nor size(), expected one of them; without it no row "
            "that uses it has a cost"
        )
    if network is None and extractor.size(wave.copy()) is None:
        what = "it counts signs or words" if subject.reads_text else "it is signal processing"
        raise ExemptError(f"{what}: it has learned nothing, and counts as 0")
    numbers = [size.total, size.bytes, *([] if size.macs is None else [size.macs])]
    if min(numbers) < 0 or size.trainable or not size.total or (size.macs is None) == (size.macs_reason is None):
        raise PluginError(f"its size is {size}, expected nothing trainable, numbers, and macs or a reason")


def _batched(subject: FeatureSubject) -> BatchedFeatureExtractor:
    extractor: FeatureExtractor = subject.made()
    if not isinstance(extractor, BatchedFeatureExtractor):
        raise ExemptError("it reads text" if subject.reads_text else "it works on numpy, one clip at a time")
    return extractor


def _compare(what: str, found: Floats, expected: Floats, close: float, advice: str = "") -> None:
    if found.shape != expected.shape:
        raise PluginError(f"{what} gives {found.shape}, alone {expected.shape}, expected the same")
    gap, largest = float(np.abs(found - expected).max()), float(np.abs(expected).max())
    if gap > close * max(largest, 1e-3):
        raise PluginError(f"{what} gives values {gap:.2g} from those alone, expected the same{advice}")


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
    check_size,
)

__all__ = ["FEATURE_CHECKS", "FeatureSubject"]
