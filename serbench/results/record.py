"""One cell of work and the immutable record of what came of it.

Conventions
-----------
A cell is dataset × protocol × fold × seed × model. Its key holds everything that may change its result, so
two cells of one digest are the same work, and a record found under a digest need not be made again. Times
are seconds, sizes bytes, latencies milliseconds.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Literal, Self, get_args

from serbench.digest import digest_value
from serbench.errors import FormatError
from serbench.files import name_in_path
from serbench.results.facts import (
    AudioCopy,
    DatasetFacts,
    Environment,
    Json,
    PartFacts,
    ProtocolFacts,
    Standing,
    each_is,
    expect,
    words,
)
from serbench.scoring.figure import Figure

FORMAT = 2
KIND = "serbench-record"

#: ``done`` has predictions; ``failed`` and ``skipped`` have a reason. Part of the file format.
Status = Literal["done", "failed", "skipped"]


@dataclass(frozen=True, kw_only=True)
class CellKey:
    """What identifies a cell.

    Attributes
    ----------
    dataset
        The corpus copy and its label map.
    protocol
        The rule and its split.
    fold
        The fold's name.
    seed
        The run seed.
    model
        With its arguments and settings.
    features, augmentations
        Likewise of each, in the model's order.
    answer
        What is asked of a model. There are ``classes`` alone yet; what is written down of them, ``task``, is left out.
    """

    dataset: DatasetFacts
    protocol: ProtocolFacts
    fold: str
    seed: int
    model: PartFacts
    features: tuple[PartFacts, ...] = ()
    augmentations: tuple[PartFacts, ...] = ()
    answer: Literal["classes"] = "classes"

    @classmethod
    def read(cls, facts: object) -> Self:
        """Read the object ``key`` of a record.

        Raises
        ------
        FormatError
            When a fact is missing, unknown or of another type.
        """
        types = {"dataset": dict, "protocol": dict, "fold": str, "seed": int, "model": dict, "task": str}
        found = expect("key", facts, {**types, "features": list, "augmentations": list}, ("task",))
        if "task" in found:
            raise FormatError(f"key: the task is {found['task']!r}, this serbench knows classes alone; use a newer one")
        if found["seed"] < 0:
            raise FormatError(f"key: seed is {found['seed']}, expected 0 or more")
        return cls(
            dataset=DatasetFacts.read(found["dataset"]),
            protocol=ProtocolFacts.read(found["protocol"]),
            fold=found["fold"],
            seed=found["seed"],
            model=PartFacts.read(found["model"]),
            features=tuple(map(PartFacts.read, found["features"])),
            augmentations=tuple(map(PartFacts.read, found["augmentations"])),
        )

    def facts(self) -> dict[str, Json]:
        """Return the JSON form."""
        return {
            "dataset": self.dataset.facts(),
            "protocol": self.protocol.facts(),
            "fold": self.fold,
            "seed": self.seed,
            **self.system_facts(),
        }

    def system_facts(self) -> dict[str, Json]:
        """Return the JSON form of what :attr:`system` is the digest of."""
        return {
            "model": self.model.facts(),
            "features": [part.facts() for part in self.features],
            "augmentations": [part.facts() for part in self.augmentations],
        }

    @cached_property
    def digest(self) -> str:
        """Digest of all of the above."""
        return digest_value(self.facts())

    @cached_property
    def task(self) -> str:
        """Digest of the corpus copy and the split: rows of one task were asked the same questions."""
        return digest_value({"dataset": self.dataset.facts(), "protocol": self.protocol.facts()})

    @cached_property
    def system(self) -> str:
        """Digest of model, arguments, features and augmentations."""
        return digest_value(self.system_facts())


@dataclass(frozen=True, kw_only=True)
class Record:
    """What came of a cell. Never edited; a new result is a new file.

    Attributes
    ----------
    key
        Which cell.
    label
        The model's row label: its name, and the arguments that differ from their defaults.
    status, reason
        ``done``, or ``failed`` or ``skipped`` with the reason.
    rows
        Utterances in ``train``, ``dev``, ``test``, and ``augmented`` child rows.
    classes
        The task's classes in the order of scores.
    scores
        From metric name to figure, on this fold's test rows alone.
    confusion
        (k, k) counts, rows truth, columns prediction.
    cost
        From figure name to figure; see ``serbench.cost.efficiency``.
    metrics
        From metric name to the version of its definition.
    environment
        Versions, device, machine card.
    code
        From the name of the dataset, the model and each feature and augmentation to the digest of its source (see
        ``serbench.source``); None where there is no source file.
    audio
        What kind of copy was read: codec, rates, whether it is derived.
    left_out
        Recordings that could not be read and were left out on request, with the reason each.
    history
        A row per step of training.
    notes
        Sentences a reader of the row should know.
    standing
        What the board may do with it.
    predictions
        Digest of the predictions file, None without one.
    """

    key: CellKey
    label: str
    status: Status
    reason: str | None = None
    rows: Mapping[str, int] = field(default_factory=dict)
    classes: tuple[str, ...] = ()
    scores: Mapping[str, Figure] = field(default_factory=dict)
    confusion: tuple[tuple[int, ...], ...] = ()
    cost: Mapping[str, Figure] = field(default_factory=dict)
    metrics: Mapping[str, str] = field(default_factory=dict)
    environment: Environment = field(default_factory=Environment)
    code: Mapping[str, str | None] = field(default_factory=dict)
    audio: AudioCopy = field(default_factory=AudioCopy)
    left_out: Mapping[str, str] = field(default_factory=dict)
    history: tuple[Mapping[str, Any], ...] = ()
    notes: tuple[str, ...] = ()
    standing: Standing = field(default_factory=Standing)
    predictions: str | None = None

    @cached_property
    def stem(self) -> str:
        """Where it lies in a store, without the ending: readable, unique by the key's digest."""
        fold = name_in_path(self.key.fold)
        return f"{self._folder}/{name_in_path(self.label)}/{fold}.seed{self.key.seed}.{self.key.digest[:12]}"

    @cached_property
    def row_stem(self) -> str:
        """Where its row lies in a leaderboard: readable, unique by the digests of task and system."""
        row = digest_value([self.key.task, self.key.system])
        return f"{self._folder}/{name_in_path(self.label)}.{row[:12]}"

    @property
    def _folder(self) -> str:
        return f"{name_in_path(self.key.dataset.name)}/{name_in_path(self.key.protocol.name)}"

    def facts(self) -> dict[str, Any]:
        """Return the JSON form."""
        return {
            "key": self.key.facts(),
            "label": self.label,
            "status": self.status,
            "reason": self.reason,
            "rows": self.rows,
            "classes": self.classes,
            "scores": {name: figure.facts() for name, figure in self.scores.items()},
            "confusion": self.confusion,
            "cost": {name: figure.facts() for name, figure in self.cost.items()},
            "metrics": self.metrics,
            "environment": self.environment.facts(),
            "code": self.code,
            "audio": self.audio.facts(),
            "left_out": self.left_out,
            "history": self.history,
            "notes": self.notes,
            "standing": self.standing.facts(),
            "predictions": self.predictions,
        }

    @classmethod
    def read(cls, facts: dict[str, Any]) -> Record:
        """Return the record of a JSON form.

        Raises
        ------
        FormatError
            When a fact is missing or unknown, or of another type.
        """
        found = expect("the record", facts, _TYPES)
        if found["status"] not in get_args(Status):
            raise FormatError(f"status is {found['status']!r}, expected one of {list(get_args(Status))}")
        each_is("rows", found["rows"].values(), int, 0)
        each_is("confusion", found["confusion"], list)
        each_is("confusion", (count for counts in found["confusion"] for count in counts), int, 0)
        if any(len(counts) != len(found["confusion"]) for counts in found["confusion"]):
            lengths = [len(counts) for counts in found["confusion"]]
            raise FormatError(f"confusion has rows of {lengths} counts, expected as many in each as there are rows")
        each_is("metrics", found["metrics"].values(), str)
        each_is("code", found["code"].values(), _TEXT)
        each_is("left_out", found["left_out"].values(), str)
        each_is("history", found["history"], dict)
        try:
            return cls(
                **{
                    **found,
                    "key": CellKey.read(found["key"]),
                    "classes": words("classes", found["classes"]),
                    "scores": {name: Figure.read(figure) for name, figure in found["scores"].items()},
                    "confusion": tuple(tuple(row) for row in found["confusion"]),
                    "cost": {name: Figure.read(figure) for name, figure in found["cost"].items()},
                    "environment": Environment.read(found["environment"]),
                    "audio": AudioCopy.read(found["audio"]),
                    "history": tuple(found["history"]),
                    "notes": words("notes", found["notes"]),
                    "standing": Standing.read(found["standing"]),
                }
            )
        except (KeyError, TypeError, ValueError) as error:
            raise FormatError(f"the facts have another shape: {error}; remove it and run again") from error


_TEXT = (str, type(None))
_TYPES: Mapping[str, type | tuple[type, ...]] = {
    "key": dict,
    "label": str,
    "status": str,
    "reason": _TEXT,
    "rows": dict,
    "classes": list,
    "scores": dict,
    "confusion": list,
    "cost": dict,
    "metrics": dict,
    "environment": dict,
    "code": dict,
    "audio": dict,
    "left_out": dict,
    "history": list,
    "notes": list,
    "standing": dict,
    "predictions": _TEXT,
}

__all__ = ["FORMAT", "KIND", "CellKey", "Record", "Status"]
