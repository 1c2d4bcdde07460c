"""One row of the board: what a system came to on one task, with all that a reader needs to judge it.

Conventions
-----------
Scores and intervals are fractions. A *task* is a corpus copy (manifest, label map, audio digest) under a split;
rows of different tasks are never compared. A *system* is a model with its arguments, features and
augmentations. A row is *complete* when every fold of every seed is done; else ``problems`` says what is missing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from functools import cached_property
from typing import Any, Literal

from serbench.digest import digest_value
from serbench.protocol.protocol import REPLICA
from serbench.results.facts import AudioCopy, DatasetFacts, Json, PartFacts, ProtocolFacts, Standing
from serbench.scoring.figure import Figure
from serbench.scoring.metric import MetricCard
from serbench.scoring.seed_variance import SeedVariance
from serbench.scoring.statistics import Interval

#: ``verified``: every figure is computed from predictions that lie beside the record. ``self-reported``: there are no
#: predictions, the figures are the word of whoever handed them in. ``replica``: the protocol repeats another's
#: evaluation with its leaks, to show where its figures come from.
Evidence = Literal["verified", "self-reported", "replica"]


@dataclass(frozen=True)
class Score:
    """A metric of the pooled out-of-fold predictions over seeds.

    Attributes
    ----------
    mean
        Over seeds.
    spread
        The standard deviation (n - 1) over seeds; undefined for one seed.
    """

    mean: Figure
    spread: Figure

    def facts(self) -> dict[str, Any]:
        """Return the JSON form."""
        return {"mean": self.mean.facts(), "spread": self.spread.facts()}


@dataclass(frozen=True, kw_only=True)
class Row:
    """A system on a task.

    Attributes
    ----------
    dataset, protocol, model, features, augmentations
        Facts of the cells' keys.
    label
        The system's name for people.
    classes
        The task's classes, in the order of ``confusion``.
    standing
        The strictest of the records'.
    seeds
        Those that the scores come from: the complete ones; where there is none, the one with most folds.
    folds
        How many folds the split has.
    cells
        How many cells are ``done``, ``failed``, ``skipped``; and ``expected``, folds times seeds begun.
    problems
        What is missing and why, a sentence each; empty exactly when the row is complete.
    utterances, speakers
        How many were tested, under each seed.
    scores
        From metric name to score.
    adjusted_uar
        ``(UAR - 1/K) / (1 - 1/K)`` with the K classes present in truth: 0 is chance, 1 is perfect. scikit-learn's
        ``balanced_accuracy_score(adjusted=True)``.
    recalls
        From class to its recall, mean over seeds.
    confusion
        (k, k) counts summed over seeds, rows truth, columns prediction.
    interval
        Of UAR, over speakers; 95 %.
    speaker_values
        From speaker to the jackknife pseudo-value of UAR, for intervals of differences; empty with one speaker.
    speaker_shares
        From speaker to the share of UAR, for tests of differences; they add up to UAR.
    speaker_uars
        From speaker to the UAR of that speaker's clips alone, in the order of their names.
    seed_variance
        The variance of UAR over training runs that speakers of a fold share; not known for one seed.
    cost
        From figure name to the median over the cells measured on ``machine``.
    machine
        The machine card of most cells: times hold for it alone.
    calibration
        Seconds of the calibration kernel beside the row's latencies (as its run began, in records of before that): how
        fast the machine was then.
    disturbed
        What disturbed the timing of the row's latencies, in words: they may be too long. None where nothing was seen.
    versions
        From package to the version, or versions, that the cells ran with.
    audio
        What kind of copy was read.
    metrics
        From metric name to the card of the definition by which ``scores`` were computed.
    notes
        Sentences a reader should know.
    untrained
        A sentence on cells whose networks may have learned nothing, or None.
    has_predictions
        False where the cells were handed in without them: figures are of their confusion counts, as claimed.
    """

    dataset: DatasetFacts
    protocol: ProtocolFacts
    model: PartFacts
    features: tuple[PartFacts, ...]
    augmentations: tuple[PartFacts, ...]
    label: str
    classes: tuple[str, ...]
    standing: Standing
    seeds: tuple[int, ...]
    folds: int
    cells: Mapping[str, int]
    problems: tuple[str, ...]
    utterances: int
    speakers: int
    scores: Mapping[str, Score]
    adjusted_uar: Figure
    recalls: Mapping[str, Figure]
    confusion: tuple[tuple[int, ...], ...]
    interval: Interval
    speaker_values: Mapping[str, float] = field(default_factory=dict)
    speaker_shares: Mapping[str, float] = field(default_factory=dict)
    speaker_uars: Mapping[str, float] = field(default_factory=dict)
    seed_variance: SeedVariance = field(default_factory=SeedVariance)
    cost: Mapping[str, Figure] = field(default_factory=dict)
    machine: Mapping[str, Json] = field(default_factory=dict)
    calibration: Figure = field(default_factory=lambda: Figure.undefined("not measured"))
    disturbed: str | None = None
    versions: Mapping[str, str] = field(default_factory=dict)
    audio: AudioCopy = field(default_factory=AudioCopy)
    metrics: Mapping[str, MetricCard] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    untrained: str | None = None
    has_predictions: bool = True

    @property
    def evidence(self) -> Evidence:
        """What the row's figures rest on; told from what is there, whatever a file says of itself."""
        if self.protocol.name.startswith(REPLICA):
            return "replica"
        return "verified" if self.has_predictions else "self-reported"

    @property
    def is_complete(self) -> bool:
        """True when every fold of every seed is done."""
        return not self.problems

    @property
    def uar(self) -> Figure:
        """UAR, mean over seeds."""
        return self.scores["uar"].mean

    @cached_property
    def task(self) -> str:
        """Digest of the corpus copy and the split: rows of one task were asked the same questions."""
        return digest_value({"dataset": self.dataset.facts(), "protocol": self.protocol.facts()})

    @cached_property
    def system(self) -> str:
        """Digest of model, arguments, features and augmentations."""
        return digest_value(self._system_facts())

    def _system_facts(self) -> dict[str, Any]:
        return {
            "model": self.model.facts(),
            "features": [part.facts() for part in self.features],
            "augmentations": [part.facts() for part in self.augmentations],
        }

    def score(self, metric: str) -> Score:
        """Return a metric's score, undefined where it was not computed."""
        none = Figure.undefined("not computed")
        return self.scores.get(metric, Score(none, none))

    def cost_of(self, name: str) -> Figure:
        """Return a cost figure, undefined where no cell names it."""
        return self.cost.get(name, Figure.undefined("not measured"))

    def facts(self) -> dict[str, Any]:
        """Return the JSON form, every number in full."""
        nested = ("dataset", "protocol", "model", "features", "augmentations", "standing", "audio", "metrics")
        figures = ("scores", "adjusted_uar", "recalls", "interval", "seed_variance", "cost", "calibration")
        plain = [fact.name for fact in fields(self) if fact.name not in (*nested, *figures, "disturbed")]
        return {
            **{name: getattr(self, name) for name in plain},
            **self._system_facts(),
            "dataset": self.dataset.facts(),
            "protocol": self.protocol.facts(),
            "standing": self.standing.facts(),
            "audio": self.audio.facts(),
            "metrics": {name: card.version for name, card in self.metrics.items()},
            "scores": {name: score.facts() for name, score in self.scores.items()},
            "adjusted_uar": self.adjusted_uar.facts(),
            "recalls": {name: figure.facts() for name, figure in self.recalls.items()},
            "interval": self.interval.facts(),
            "seed_variance": self.seed_variance.facts(),
            "cost": {name: figure.facts() for name, figure in self.cost.items()},
            "calibration": self.calibration.facts(),
            **({"disturbed": self.disturbed} if self.disturbed else {}),
        }


__all__ = ["Evidence", "Row", "Score"]
