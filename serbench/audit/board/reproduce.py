"""Cells of a published row run again: the answer to predictions that no code has made.

Conventions
-----------
A score that is recomputed from predictions says that the score is theirs, not that the model made them. Here the row's
plugins are made again, learn from the same rows under the same seed, and what they say of the test rows is set against
what was published. On the machine of the record and with its packages a CPU repeats every bit; elsewhere sums come in
another order, and a network's scores differ: then the UAR of the cells is compared.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from serbench.audit.recorded_splits import RecordedSplits
from serbench.audit.recorded_systems import recorded_system
from serbench.digest import canonical_json
from serbench.environment import machine_card, versions
from serbench.errors import BoardError, UsageError
from serbench.features.cache import FeatureCache
from serbench.plugin.uses import make_augmentations
from serbench.results.facts import Environment
from serbench.results.predictions import TestPredictions
from serbench.results.record import Record
from serbench.results.store import Store
from serbench.run.plan import Cell
from serbench.run.tables import Workbench
from serbench.run.timing import run_cell
from serbench.run.workspace import Workspace
from serbench.scoring.metrics import uar

#: Scores that differ by no more are the same: the last digits are the processor's.
SAME = 1e-6
#: Points of UAR that cells which were run elsewhere may differ by.
TOLERANCE = 5.0


@dataclass(frozen=True)
class Reproduction:
    """A cell that was run again.

    Attributes
    ----------
    fold, seed
        Which cell.
    published, reproduced
        UAR of its test rows, then and now.
    agreement
        Share of its test rows that are given the same class.
    difference
        The largest difference of a score.
    same_machine
        Whether the record was made with this processor and these packages: every score must then be the same.
    """

    fold: str
    seed: int
    published: float
    reproduced: float
    agreement: float
    difference: float
    same_machine: bool

    @property
    def is_same(self) -> bool:
        """True where no score differs but in its last digits."""
        return self.difference <= SAME

    def facts(self) -> dict[str, Any]:
        """Return the JSON form."""
        return {
            "fold": self.fold,
            "seed": self.seed,
            "uar_published": self.published,
            "uar_reproduced": self.reproduced,
            "agreement": self.agreement,
            "largest_difference": self.difference,
            "same_machine": self.same_machine,
            "is_same": self.is_same,
        }


def reproduce(store: Store, records: Sequence[Record], workspace: Workspace, device: str) -> list[Reproduction]:
    """Run the cells of records again.

    Parameters
    ----------
    records
        Of one row, ``done`` and with predictions.
    device
        Where features are extracted and models live.

    Raises
    ------
    UsageError
        When a plugin of the row is not installed in its version.
    BoardError
        When a cell cannot be run, or is asked of other rows than its predictions are of.
    SerbenchError
        When the corpus is not there.
    """
    splits = RecordedSplits(workspace)
    metrics = [offer.part for offer in workspace.registry.metrics.values()]
    environment = Environment(versions=versions(), machine=machine_card(device))
    cache = FeatureCache(workspace.locations.cache)
    bench = Workbench(cache, device, metrics, environment, workspace.progress)
    return [_again(store, record, _cell(store, record, splits, workspace), bench) for record in records]


def differing(found: Sequence[Reproduction]) -> list[Reproduction]:
    """Return the cells that do not hold: other scores on the same machine, or another UAR on another."""
    apart = sum(cell.reproduced - cell.published for cell in found) / max(1, len(found))
    if abs(100 * apart) > TOLERANCE:
        return [cell for cell in found if not cell.is_same]
    return [cell for cell in found if cell.same_machine and not cell.is_same]


def _cell(store: Store, record: Record, splits: RecordedSplits, workspace: Workspace) -> Cell:
    key, registry = record.key, workspace.registry
    contender = recorded_system(record, registry, workspace.locations.weights)
    if contender is None:
        raise UsageError(f"{store.where(record)}: a plugin of {record.label} is not installed in the version it names")
    if contender.missing:
        raise UsageError(f"{store.where(record)} cannot be run again: {contender.missing}")
    made = splits.make(record)
    fold = next((fold for fold in made.split.folds if fold.name == key.fold), None)
    if fold is None or made.split.digest != key.protocol.split:
        raise BoardError(f"{store.where(record)}: its split is not what is made here: this is another copy")
    settings = {part.name: dict(part.params) for part in key.protocol.augmentations}
    applied = make_augmentations(settings, registry, settings)
    protocol = workspace.protocol(key.protocol.name)
    return Cell(key, record.label, made.corpus, protocol, made.split, fold, contender, False, applied)


def _again(store: Store, record: Record, cell: Cell, bench: Workbench) -> Reproduction:
    published = store.predictions(record)
    done, found = run_cell(cell, bench)
    if found is None:
        raise BoardError(f"{store.where(record)}: run again, it failed: {done.reason}")
    if found.ids != published.ids or found.classes != published.classes:
        raise BoardError(f"{store.where(record)}: its predictions are of other rows or classes than its cell's")
    return Reproduction(
        record.key.fold,
        record.key.seed,
        _uar(published),
        _uar(found),
        float(np.mean(published.scores.argmax(axis=1) == found.scores.argmax(axis=1))),
        float(np.abs(published.scores - found.scores).max()),
        _is_same_place(record.environment, bench.environment),
    )


def _uar(found: TestPredictions) -> float:
    return uar(found.truth, found.scores).value or 0.0


def _is_same_place(then: Environment, now: Environment) -> bool:
    """Tell whether two environments have one processor and the same packages, whatever else is in their cards.

    A card of before its instructions were written down is that of no machine known here.
    """
    names = ("processor", "instructions", "accelerator", "device")
    cards = [{name: place.machine.get(name) for name in names} for place in (then, now)]
    return canonical_json(cards[0]) == canonical_json(cards[1]) and then.versions == now.versions


__all__ = ["SAME", "TOLERANCE", "Reproduction", "differing", "reproduce"]
