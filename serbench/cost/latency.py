"""Latency of fitted models at batch 1, on one CPU thread, on all, on the accelerator.

Conventions
-----------
A time runs from wave to scores, features included; features and model are also timed apart. Several models are timed in
rounds that take turns (``serbench.cost.timing``). A model that fails while it is measured loses its figures; the
others go on.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np

from serbench.cost.noise_clip import CLIP_SECONDS, NoiseClips
from serbench.cost.timing import interleaved, threads, timed, waiter
from serbench.environment import usable_cores
from serbench.learning.model import Model
from serbench.scoring.figure import Figure

RUNS, WARM_UP = 200, 10
#: A slow system is called less often: as many timed calls as so many seconds hold, yet never fewer than these.
MOST_SECONDS, FEWEST = 10.0, 20
#: With fewer timed calls the 99th percentile is a guess at the slowest.
ENOUGH_FOR_P99 = 100

#: The one figure that is named for one CPU thread by no word of its own.
FEATURE_SHARE = "feature_seconds_per_audio_second"


@dataclass(frozen=True)
class Specimen:
    """A fitted model to measure, by a name of its own among those measured together."""

    name: str
    model: Model
    noise: NoiseClips


@dataclass(frozen=True)
class Place:
    """Where a model is timed.

    Attributes
    ----------
    suffix
        What the figures' names say of it.
    device
        Of features and model.
    threads
        CPU threads.
    words
        The place in words.
    """

    suffix: str
    device: str
    threads: int
    words: str

    @property
    def missing(self) -> str | None:
        """Why nothing can be timed here, or None."""
        if self.device == "cpu":
            return None
        import torch

        return None if torch.cuda.is_available() else "no CUDA device on this machine"


ONE_THREAD = Place("", "cpu", 1, "one CPU thread")
ALL_THREADS = Place("_all_threads", "cpu", usable_cores(), "all CPU threads")
GPU = Place("_gpu", "cuda", usable_cores(), "the accelerator")


def latency_figures(
    specimens: Sequence[Specimen], place: Place, *, runs: int = RUNS, warm_up: int = WARM_UP
) -> dict[str, dict[str, Figure]]:
    """Return latency percentiles at batch 1 of each specimen, and medians of its features and its model alone.

    Parameters
    ----------
    specimens
        Timed in turns.
    place
        Where; the models' devices are afterwards as before.
    runs, warm_up
        Timed and untimed calls of each.

    Returns
    -------
    By specimen and figure: ``latency<place>_p50_ms``, ``_p90_ms``, ``_p99_ms``, ``feature_latency<place>_p50_ms``,
    ``model_latency<place>_p50_ms``; on one thread also ``feature_seconds_per_audio_second``.
    """
    found: dict[str, dict[str, Figure]] = {specimen.name: {} for specimen in specimens}
    if place.missing:
        none = Figure.undefined(place.missing)
        return {name: dict.fromkeys(_latency_names(place), none) for name in found}
    wait = waiter(place.device)
    with threads(place.threads), moved(specimens, place.device):
        for part, calls in _calls(specimens, place).items():
            working, failed = _tried(calls)
            for name, seconds in interleaved(working, runs, warm_up, wait).items():
                found[name] |= _percentiles(part, place, seconds)
            for name, reason in failed.items():
                found[name] |= dict.fromkeys(_names_of(part, place), Figure.undefined(reason))
    for specimen in specimens:
        if not specimen.noise.extractors:
            none = Figure.undefined(f"{specimen.model.card.name} takes no features")
            found[specimen.name] |= dict.fromkeys(_names_of("feature_", place), none)
    return found


def affordable_runs(specimen: Specimen, place: Place) -> int:
    """Return how many timed calls are made of a system whose calls may be slow; :data:`RUNS` where it cannot be called.

    The second of two calls is looked at: the first one may load a pretrained network.
    """
    wait = waiter(place.device)
    with threads(place.threads), moved([specimen], place.device):
        call = _calls([specimen], place)[""][specimen.name]
        try:
            seconds = min(timed(call, wait) for _ in range(2))
        except Exception:  # noqa: BLE001  (a plugin may raise anything; what it raises is said where it is measured)
            return RUNS
    return max(FEWEST, min(RUNS, int(MOST_SECONDS / max(seconds, 1e-9))))


def _calls(specimens: Sequence[Specimen], place: Place) -> dict[str, dict[str, Callable[[], Any]]]:
    """Return what is timed, by part and specimen; the features alone only where there are some."""

    def features(each: Specimen) -> Callable[[], Any]:
        return lambda: each.noise.table(device=place.device)

    def whole(each: Specimen) -> Callable[[], Any]:
        return lambda: each.model.predict(each.noise.table(device=place.device))

    def model(each: Specimen) -> Callable[[], Any]:
        table = cache(features(each))  # made by the first call, which is not timed
        return lambda: each.model.predict(table())

    return {
        "": {specimen.name: whole(specimen) for specimen in specimens},
        "feature_": {specimen.name: features(specimen) for specimen in specimens if specimen.noise.extractors},
        "model_": {specimen.name: model(specimen) for specimen in specimens},
    }


def _tried(calls: dict[str, Callable[[], Any]]) -> tuple[dict[str, Callable[[], Any]], dict[str, str]]:
    """Call each once, untimed; return those that work, and why the others do not."""
    working, failed = {}, {}
    for name, call in calls.items():
        try:
            call()
            working[name] = call
        except Exception as error:  # noqa: BLE001  (a plugin may raise anything)
            failed[name] = failure(error)
    return working, failed


def failure(error: BaseException) -> str:
    """Return why a figure is missing: what the plugin raised, in one line."""
    return f"measuring failed: {type(error).__name__}: {' '.join(str(error).split())}"


def _names_of(part: str, place: Place) -> list[str]:
    marks = ("p50", "p90", "p99") if part == "" else ("p50",)
    names = [f"{part}latency{place.suffix}_{mark}_ms" for mark in marks]
    return [*names, FEATURE_SHARE] if part == "feature_" and place == ONE_THREAD else names


def _latency_names(place: Place) -> list[str]:
    return [name for part in ("", "feature_", "model_") for name in _names_of(part, place)]


def _percentiles(part: str, place: Place, seconds: Sequence[float]) -> dict[str, Figure]:
    middle = float(np.median(seconds))
    values = [1e3 * float(value) for value in np.percentile(seconds, [50, 90, 99])]
    values = values if part == "" else [1e3 * middle, middle / CLIP_SECONDS]
    figures = {name: Figure(value) for name, value in zip(_names_of(part, place), values, strict=False)}
    if part == "" and len(seconds) < ENOUGH_FOR_P99:
        reason = f"{len(seconds)} timed calls, expected {ENOUGH_FOR_P99} for a 99th percentile"
        figures[f"latency{place.suffix}_p99_ms"] = Figure.undefined(reason)
    return figures


@contextlib.contextmanager
def moved(specimens: Sequence[Specimen], device: str) -> Iterator[None]:
    """Let the models predict on a device inside the block."""
    before = [each.model.device for each in specimens]
    for each in specimens:
        each.model.device = device
    try:
        yield
    finally:
        for each, was in zip(specimens, before, strict=True):
            each.model.device = was


__all__ = [
    "ALL_THREADS",
    "FEATURE_SHARE",
    "GPU",
    "ONE_THREAD",
    "RUNS",
    "WARM_UP",
    "Place",
    "Specimen",
    "affordable_runs",
    "failure",
    "latency_figures",
    "moved",
]
