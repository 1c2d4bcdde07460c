"""One cell of work and the immutable record of what came of it.

Conventions
-----------
A cell is dataset × protocol × fold × seed × model. Its key holds everything that may change its result, so
two cells of one digest are the same work, and a record found under a digest need not be made again. Times
are seconds, sizes bytes, latencies milliseconds.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from functools import cached_property
from typing import Any, Literal, get_args
from urllib.parse import quote

from serbench.digest import digest_value
from serbench.errors import FormatError

FORMAT = 1
KIND = "serbench-record"

#: ``done`` has predictions; ``failed`` and ``skipped`` have a reason. Part of the file format.
Status = Literal["done", "failed", "skipped"]


@dataclass(frozen=True, kw_only=True)
class CellKey:
    """What identifies a cell.

    Attributes
    ----------
    dataset
        Facts: ``name``, ``version``, ``label_map`` (name and version), ``manifest`` (its digest), ``audio`` (digest
        over every recording's decoded samples).
    protocol
        Facts: ``name``, ``version``, ``split`` (its digest), ``folds`` (how many the split has).
    fold
        The fold's name.
    seed
        The run seed.
    model
        Identity facts: ``name``, ``version``, ``params``.
    features, augmentations
        Identity facts of each, in the model's order.
    """

    dataset: Mapping[str, Any]
    protocol: Mapping[str, Any]
    fold: str
    seed: int
    model: Mapping[str, Any]
    features: tuple[Mapping[str, Any], ...] = ()
    augmentations: tuple[Mapping[str, Any], ...] = ()

    @cached_property
    def digest(self) -> str:
        """Digest of all of the above."""
        return digest_value(asdict(self))

    @cached_property
    def task(self) -> str:
        """Digest of the corpus copy and the split: rows of one task were asked the same questions."""
        return digest_value({"dataset": self.dataset, "protocol": self.protocol})

    @cached_property
    def system(self) -> str:
        """Digest of model, arguments, features and augmentations."""
        return digest_value({"model": self.model, "features": self.features, "augmentations": self.augmentations})


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
        From metric name to ``{"value", "reason"}``, on this fold's test rows alone.
    confusion
        (k, k) counts, rows truth, columns prediction.
    cost
        From figure name to ``{"value", "reason"}``; see ``serbench.cost.efficiency``.
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
        What the board may do with it: ``ranked`` (the protocol takes part in rankings), ``diagnostic`` and
        ``headline`` (of the dataset's card), ``reason`` (why it is not ranked or stands apart, else None), ``declared``
        (what it must say of the row, from the cards of model and features: ``seeded``, ``uses_test_statistics``,
        ``pretrained_on``; may be absent).
    predictions
        Digest of the predictions file, None without one.
    """

    key: CellKey
    label: str
    status: Status
    reason: str | None = None
    rows: Mapping[str, int] = field(default_factory=dict)
    classes: tuple[str, ...] = ()
    scores: Mapping[str, Any] = field(default_factory=dict)
    confusion: tuple[tuple[int, ...], ...] = ()
    cost: Mapping[str, Any] = field(default_factory=dict)
    metrics: Mapping[str, str] = field(default_factory=dict)
    environment: Mapping[str, Any] = field(default_factory=dict)
    code: Mapping[str, str | None] = field(default_factory=dict)
    audio: Mapping[str, Any] = field(default_factory=dict)
    left_out: Mapping[str, str] = field(default_factory=dict)
    history: tuple[Mapping[str, Any], ...] = ()
    notes: tuple[str, ...] = ()
    standing: Mapping[str, Any] = field(default_factory=dict)
    predictions: str | None = None

    @property
    def stem(self) -> str:
        """Where it lies in a store, without the ending: readable, unique by the key's digest."""
        key = self.key
        return "/".join(
            [
                quote(key.dataset["name"], safe=""),
                quote(key.protocol["name"], safe=""),
                quote(self.label, safe="[]=,"),
                f"{quote(key.fold, safe='')}.seed{key.seed}.{key.digest[:12]}",
            ]
        )

    def facts(self) -> dict[str, Any]:
        """Return the JSON form."""
        return asdict(self)

    @classmethod
    def read(cls, facts: dict[str, Any]) -> Record:
        """Return the record of a JSON form.

        Raises
        ------
        FormatError
            When a fact is missing or unknown.
        """
        expected = {each.name for each in fields(cls)}
        if set(facts) != expected:
            raise FormatError(f"facts {sorted(set(facts) ^ expected)} are missing or unknown; remove it and run again")
        if facts["status"] not in get_args(Status):
            raise FormatError(f"status is {facts['status']!r}, expected one of {list(get_args(Status))}")
        try:
            key = dict(facts["key"])
            key["features"], key["augmentations"] = tuple(key["features"]), tuple(key["augmentations"])
            tuples = {name: tuple(facts[name]) for name in ("classes", "history", "notes")}
            confusion = tuple(tuple(row) for row in facts["confusion"])
            return cls(**{**facts, **tuples, "confusion": confusion, "key": CellKey(**key)})
        except (KeyError, TypeError, ValueError) as error:
            raise FormatError(f"the facts have another shape: {error}; remove it and run again") from error


__all__ = ["FORMAT", "KIND", "CellKey", "Record", "Status"]
