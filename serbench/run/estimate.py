"""How long a run takes: this machine's own times, or the model cards' word until there are some.

Conventions
-----------
What is learned is kept in one document of the cache folder: of a fit, seconds per training row and seconds beside the
fit, by model, device and corpus, since how long a network trains differs from corpus to corpus; of a timed cell, the
seconds of its timing; of features, seconds per second of sound; of a worker, the seconds until it is ready. A card's
``seconds_per_row`` is of a processor that the calibration kernel takes :data:`REFERENCE` seconds of, and is scaled to
this one. It is an estimate for people and enters no result; a damaged document is begun anew.

The time of a run is that of its parts: workers that start, features that the cache lacks, cells handed to workers in
the order of :func:`in_order` as they become idle, and one timing after another.
"""

from __future__ import annotations

import contextlib
import heapq
import math
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from serbench.environment import usable_cores
from serbench.errors import FormatError
from serbench.features.cache import FeatureCache, clip_key
from serbench.files import read_document, write_document
from serbench.results.record import Record
from serbench.run.plan import Cell
from serbench.run.tables import extractions

#: Less work than this, in seconds, is done before further processes have started.
WORTH_STARTING = 20.0
#: Processor seconds of the calibration kernel where the cards were written.
REFERENCE = 0.013
_KIND, _FORMAT = "serbench-times", 2
#: Where nothing is known: of a cell beside its fit, of a timing, of features per second of sound, of a worker's start.
_REST, _TIMING, _FEATURES, _START = 0.1, 3.0, 0.001, 5.0
#: Seconds of sound from which on an extraction says how fast it is.
_ENOUGH_SOUND = 20.0
#: How many values a mean remembers.
_MEMORY = 100


@dataclass(frozen=True)
class Estimate:
    """How long a run is expected to take, in seconds of the clock, and what for.

    Attributes
    ----------
    jobs
        Cells at once.
    start, features, training, timing
        Until workers are ready; of features that the cache lacks; of the cells side by side; of what is timed
        afterwards.
    """

    jobs: int
    start: float
    features: float
    training: float
    timing: float

    @property
    def seconds(self) -> float:
        """All of it."""
        return self.start + self.features + self.training + self.timing


class Times:
    """What this machine knows of how long things take.

    Parameters
    ----------
    cache
        The cache folder.
    device
        Where models are trained.
    """

    def __init__(self, cache: Path, device: str) -> None:
        self.path, self.device = cache / "times.json", device
        self._cache = FeatureCache(cache)
        try:
            self._means = _read(read_document(self.path, _KIND, _FORMAT)["means"])
        except (FormatError, OSError, KeyError, TypeError, ValueError, AttributeError, OverflowError):
            self._means = {}  # it only helps to plan

    def estimate(
        self, cells: Sequence[Cell], jobs: int, *, drafts: Collection[str] = (), in_workers: bool = False
    ) -> Estimate:
        """Return how long cells take, ``jobs`` at once.

        Parameters
        ----------
        drafts
            Digests of cells that are trained already.
        in_workers
            Whether a single job runs in a process of its own, too.
        """
        to_train = [cell for cell in cells if cell.key.digest not in drafts]
        return Estimate(
            jobs=jobs,
            start=self._mean("start", _START) if cells and (jobs > 1 or in_workers) else 0.0,
            features=self.features_seconds(to_train),
            training=makespan([self.cell_seconds(cell) for cell in in_order(to_train, self.cell_seconds)], jobs),
            timing=sum(self.timing_seconds(cell) for cell in cells),
        )

    def seconds(self, cells: Iterable[Cell]) -> float:
        """Return the seconds that the cells will take one after another, their timing included, features at hand."""
        return sum(self.cell_seconds(cell) + self.timing_seconds(cell) for cell in cells)

    def cell_seconds(self, cell: Cell) -> float:
        """Return the seconds of a cell without its timing, features at hand."""
        return self._of_model("rest", cell, _REST) + self._rate(cell) * len(cell.training)

    def timing_seconds(self, cell: Cell) -> float:
        """Return the seconds in which a cell is timed; 0 for one that is not."""
        return self._of_model("timing", cell, _TIMING) if cell.is_timed else 0.0

    def features_seconds(self, cells: Iterable[Cell]) -> float:
        """Return the seconds of extracting what the cache lacks for the cells."""
        sound = self.missing_sound(cells)
        return sum(seconds * self._mean(f"features/{name}", _FEATURES) for name, seconds in sound.items())

    def missing_sound(self, cells: Iterable[Cell]) -> dict[str, float]:
        """Return by extractor and device the seconds of sound whose features the cache lacks."""
        known: dict[str, set[str]] = {}
        seen: set[tuple[str, str]] = set()
        found: dict[str, float] = {}
        for cell in cells:
            for extractor, change, copy in extractions(cell):
                name = f"{extractor.identity.digest[:16]}/{self.device}"
                work = (cell.corpus.manifest.digest, f"{name}{change.identity.digest if change else ''}{copy}")
                if work in seen or cell.corpus.unreadable:
                    continue
                seen.add(work)
                keys = known.setdefault(name, self._cache.keys(extractor))
                identity = change.identity if change else None
                lacking = [clip for clip in cell.corpus.clips() if clip_key(clip.digest, identity, copy) not in keys]
                found[name] = found.get(name, 0.0) + sum(clip.planned_seconds() for clip in lacking)
        return found

    def is_known(self, cell: Cell) -> bool:
        """Tell whether this machine has fitted the cell's model before."""
        return self._of_model("rate", cell, -1.0) >= 0

    @property
    def pace(self) -> float | None:
        """Processor seconds of the calibration kernel as last measured here, or None."""
        return self._means["pace"][0] if "pace" in self._means else None

    @pace.setter
    def pace(self, seconds: float) -> None:
        self._means["pace"] = (seconds, 1)

    def learn(self, cell: Cell, record: Record, seconds: float) -> None:
        """Remember how long a cell took, in seconds from its begin to its record."""
        fit = record.cost["train_seconds"].value or 0.0
        self._learn(_key("rate", cell, self.device), fit / max(1, len(cell.training)))
        if cell.is_timed:
            predict = record.cost["predict_seconds"].value or 0.0
            beside = max(0.0, seconds - fit - predict - self._of_model("rest", cell, _REST))
            self._learn(_key("timing", cell, self.device), beside)
        else:
            self._learn(_key("rest", cell, self.device), max(0.0, seconds - fit))

    def learn_features(self, sound: Mapping[str, float], seconds: float) -> None:
        """Remember how long it took to extract so many seconds of sound, by extractor."""
        total = sum(sound.values())
        for name in sound if total > _ENOUGH_SOUND else ():
            self._learn(f"features/{name}", seconds / total)

    def learn_start(self, seconds: float | None) -> None:
        """Remember how long a worker took to be ready; None where there was none."""
        if seconds is not None:
            self._learn("start", seconds)

    def save(self) -> None:
        """Write what was learned; where that cannot be, it is learned again."""
        with contextlib.suppress(OSError):
            write_document(self.path, _KIND, _FORMAT, {"means": self._means})

    def _rate(self, cell: Cell) -> float:
        scale = 1.0 if self.pace is None else self.pace / REFERENCE
        return self._of_model("rate", cell, cell.contender.model.card.seconds_per_row * scale)

    def _of_model(self, what: str, cell: Cell, unknown: float) -> float:
        """Return what is known of a model on the cell's corpus, else of it on others, else ``unknown``."""
        key = _key(what, cell, self.device)
        if key in self._means:
            return self._means[key][0]
        elsewhere = f"{key.rpartition('/')[0]}/"
        others = [mean for name, (mean, _) in self._means.items() if name.startswith(elsewhere)]
        return sum(others) / len(others) if others else unknown

    def _mean(self, key: str, unknown: float) -> float:
        return self._means[key][0] if key in self._means else unknown

    def _learn(self, key: str, value: float) -> None:
        mean, number = self._means.get(key, (0.0, 0))
        number = min(number + 1, _MEMORY)
        self._means[key] = (mean + (value - mean) / number, number)


def _key(what: str, cell: Cell, device: str) -> str:
    return f"{what}/{cell.contender.model.identity.digest[:16]}/{device}/{cell.corpus.manifest.digest[:16]}"


def _read(known: Mapping[str, Any]) -> dict[str, tuple[float, int]]:
    means = {name: (float(mean), int(number)) for name, (mean, number) in known.items()}
    return {name: (mean, number) for name, (mean, number) in means.items() if 0 <= mean < math.inf and number > 0}


def in_order(cells: Sequence[Cell], seconds: Callable[[Cell], float]) -> list[Cell]:
    """Return cells in the order in which workers are given them, so that all end at about the same time.

    The longest come first: what is left when the first worker finds nothing more to do is then short. Cells of one
    model on one corpus stay together, in the place of their longest, since a worker keeps the features of a corpus
    until it is given another.
    """
    groups: dict[tuple[str, str], list[Cell]] = {}
    for cell in cells:
        groups.setdefault((cell.key.task, cell.key.system), []).append(cell)
    sorted_groups = [sorted(group, key=seconds, reverse=True) for group in groups.values()]
    sorted_groups.sort(key=lambda group: seconds(group[0]), reverse=True)
    return [cell for group in sorted_groups for cell in group]


def makespan(seconds: Iterable[float], jobs: int) -> float:
    """Return when the last of some pieces of work ends, each taken in its turn by the first of ``jobs`` that is idle.

    >>> makespan([3.0, 2.0, 2.0], 2), makespan([2.0, 2.0, 3.0], 2), makespan([], 2)
    (4.0, 5.0, 0.0)
    """
    idle_from = [0.0] * max(1, jobs)
    for each in seconds:
        heapq.heapreplace(idle_from, idle_from[0] + each)
    return max(idle_from)


def choose_jobs(asked: int | None, cells: int, seconds: float, device: str) -> int:
    """Return how many cells to run at once.

    Parameters
    ----------
    asked
        What a person wants; None: as many as there are cores, where that pays.
    cells, seconds
        How many are open, and how long they are expected to take one after another, timing aside.
    device
        Cells side by side are for the CPU; an accelerator is kept busy by one.
    """
    if device != "cpu" or cells < 2:
        return 1
    if asked is not None:
        return min(asked, cells)
    return min(usable_cores(), cells) if seconds > WORTH_STARTING else 1


__all__ = ["REFERENCE", "WORTH_STARTING", "Estimate", "Times", "choose_jobs", "in_order", "makespan"]
