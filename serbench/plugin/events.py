"""What an observer of a run is told."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

#: Part of the contract with observers.
EventKind = Literal["start", "done", "failed", "skipped"]


@dataclass(frozen=True)
class JobEvent:
    """Something that happened to a cell.

    Attributes
    ----------
    kind
        ``start``, ``done``, ``failed`` or ``skipped``.
    cell
        For people: ``emodb/si/speaker-03/seed0/logreg``.
    digest
        The cell key's digest.
    seconds
        Since the cell's start; None at the start and for a skip.
    reason
        Why it failed or was skipped, else None.
    """

    kind: EventKind
    cell: str
    digest: str
    seconds: float | None = None
    reason: str | None = None


__all__ = ["EventKind", "JobEvent"]
