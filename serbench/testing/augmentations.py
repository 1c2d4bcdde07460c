"""What every augmentation is held to."""

from __future__ import annotations

import numpy as np

from serbench.errors import PluginError
from serbench.features.table import Floats
from serbench.learning.augmentation import Augmentation
from serbench.testing import parts
from serbench.testing.check import Subject
from serbench.testing.toys import odd_waves
from serbench.testing.watch import random_state_untouched

_RATE = 16_000
#: A child that is so many times longer or shorter than its parent is no voice any more.
_STRETCH = 4


def _apply(augmentation: Augmentation, wave: Floats, seed: int = 0) -> Floats:
    return augmentation.apply(wave, _RATE, np.random.default_rng(seed))


def check_output_is_a_wave(subject: Subject) -> None:
    """A child is a finite wave of a like length."""
    augmentation = subject.made()
    for name, wave in odd_waves(_RATE).items():
        child = _apply(augmentation, wave.copy())
        if not isinstance(child, np.ndarray) or child.dtype != np.float32 or child.ndim != 1:
            came = f"{child.dtype} {child.shape}" if isinstance(child, np.ndarray) else type(child).__name__
            raise PluginError(f"{name} becomes {came}, expected float32 (samples,)")
        if not len(wave) / _STRETCH <= len(child) <= len(wave) * _STRETCH:
            raise PluginError(f"{name} of {len(wave)} samples becomes {len(child)}, expected a like number")
        if not np.isfinite(child).all():
            raise PluginError(f"{name} becomes samples that are not finite, expected none")


def check_input_left_alone(subject: Subject) -> None:
    """The wave is not changed in place."""
    augmentation = subject.made()
    for name, wave in odd_waves(_RATE).items():
        given = wave.copy()
        _apply(augmentation, given)
        if not np.array_equal(given, wave):
            raise PluginError(f"the wave ({name}) was changed in place, expected it as it came; work on a copy")


def check_random_by_rng_alone(subject: Subject) -> None:
    """Equal rngs give equal children every time."""
    augmentation, waves = subject.made(), odd_waves(_RATE)
    wave, other = waves["1 s of voice"], waves["5 s of voice"]
    first = _apply(augmentation, wave.copy())
    _apply(augmentation, other.copy(), seed=1)
    for maker in (augmentation, subject.made()):
        if _apply(maker, wave.copy()).tobytes() != first.tobytes():
            raise PluginError("the same wave and rng give another child later, expected the same; draw from rng alone")


def check_global_random_state(subject: Subject) -> None:
    """No global random generator is touched."""
    augmentation, wave = subject.made(), odd_waves(_RATE)["1 s of voice"]
    _apply(augmentation, wave.copy())  # libraries that are loaded only now may draw
    with random_state_untouched("apply"):
        _apply(augmentation, wave.copy())


AUGMENTATION_CHECKS = (
    parts.check_card,
    parts.check_constructor_stores,
    parts.check_arguments_are_identity,
    check_output_is_a_wave,
    check_input_left_alone,
    check_random_by_rng_alone,
    check_global_random_state,
)

__all__ = ["AUGMENTATION_CHECKS"]
