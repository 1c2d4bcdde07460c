"""The timed cells: what of a record is measured while nothing else runs, and the models that it is measured on.

Conventions
-----------
Where cells run side by side, none waits for silence: a timed cell is trained among the others and kept as a draft
(``serbench.results.drafts``), and all drafts are timed one after another when nothing is left to train. What is timed
is the model that was trained: as its worker still has it, or from its saved numbers, or trained once more where neither
is to be had.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from serbench.cost.efficiency import LATENCIES, timed_figures
from serbench.cost.noise_clip import NoiseClips
from serbench.cost.quiet import quietly
from serbench.cost.timing import threads
from serbench.digest import canonical_json
from serbench.errors import FormatError
from serbench.learning.model import Model
from serbench.results.drafts import Draft, Drafts
from serbench.results.facts import Calibration
from serbench.results.predictions import TestPredictions
from serbench.results.record import Record
from serbench.results.store import Store
from serbench.run.job import blank_record, failed, prepare, trained
from serbench.run.plan import Cell
from serbench.run.reasons import reason_of
from serbench.run.saving import model_path, save_cell
from serbench.run.tables import Workbench
from serbench.scoring.figure import Figure

#: What of a record is the same for a draft that is still good.
_SAME = ("key", "label", "classes", "metrics", "code", "audio", "left_out", "notes", "standing")


def run_cell(cell: Cell, bench: Workbench) -> tuple[Record, TestPredictions | None]:
    """Run a cell: features, fit, predict, score, and time it where it is the timed one; nothing else may run then.

    Returns
    -------
    A ``done`` record with its predictions, or a ``failed`` record with the reason: whatever a plugin
    raises, other cells go on.
    """
    try:
        record, predictions, model = trained(cell, bench)
        return (time_model(cell, record, model) if cell.is_timed else record), predictions
    except (Exception, SystemExit) as error:  # noqa: BLE001  (a plugin may raise anything)
        return failed(cell, bench, error), None


def draft_cell(cell: Cell, bench: Workbench, drafts: Drafts) -> Model | Record:
    """Run a timed cell but for its timing, and keep it as a draft.

    Returns
    -------
    The fitted model; or a ``failed`` record, which is not written yet.
    """
    try:
        record, predictions, model = trained(cell, bench)
    except (Exception, SystemExit) as error:  # noqa: BLE001  (a plugin may raise anything)
        return failed(cell, bench, error)
    try:
        state = model.state()
    except (Exception, SystemExit):  # noqa: BLE001  (a plugin may raise anything)
        state = None
    try:
        drafts.write(Draft(record=record, predictions=predictions, state=state))
    except (FormatError, TypeError, ValueError, AttributeError):  # what it says of its state is no numbers by name
        drafts.write(Draft(record=record, predictions=predictions, state=None))
    return model


def time_draft(cell: Cell, bench: Workbench, draft: Draft, model: Model | None = None) -> Record:
    """Return the record of a draft with what is timed; nothing else may run meanwhile.

    Parameters
    ----------
    model
        Fitted, where this process still has it.
    """
    try:
        model = model or _loaded(cell, bench, draft) or _trained_again(cell, bench)
    except (Exception, SystemExit) as error:  # noqa: BLE001  (a plugin may raise anything)
        return _untimed(cell, draft.record, error)
    if bench.models is not None and not model_path(cell, bench.models).exists():
        save_cell(cell, model, bench.models, draft.record.environment)
    return time_model(cell, draft.record, model)


def time_model(cell: Cell, record: Record, model: Model) -> Record:
    """Return a record with what is timed of its model; one that cannot be timed loses these figures, not its scores."""
    noise = NoiseClips(cell.contender.extractors, record.classes)
    try:
        timing = quietly(lambda: timed_figures(model, noise))
    except (Exception, SystemExit) as error:  # noqa: BLE001  (a plugin may raise anything)
        return _untimed(cell, record, error)
    environment = replace(
        record.environment, calibration=Calibration.read(timing.calibration), disturbed=timing.disturbance
    )
    return replace(record, cost={**record.cost, **timing.value}, environment=environment)


def good_drafts(cells: Sequence[Cell], bench: Workbench, store: Store) -> dict[str, Draft]:
    """Return by the digest of their cells the drafts that an interrupted run left and that are still as good as new.

    Those of another code, of other versions and of another machine are not: their cells are trained again.
    """
    drafts = Drafts(store.folder)
    found = {cell.key.digest: drafts.find(cell.key, cell.label) for cell in cells if cell.is_timed}
    by_digest = {cell.key.digest: cell for cell in cells}
    return {
        digest: draft
        for digest, draft in found.items()
        if draft is not None and _is_good(draft.record, blank_record(by_digest[digest], bench))
    }


def keep_timed(record: Record, predictions: TestPredictions | None, store: Store) -> Record:
    """Write a record, then remove its draft, if there is one; return the record as it is in the store."""
    written = store.write(record, predictions)
    Drafts(store.folder).remove(record)
    return written


def forget_timed(cells: Iterable[Cell], done: Mapping[str, Record], store: Store) -> None:
    """Remove the drafts of cells that are done: a run that was killed just then left them."""
    for cell in cells:
        if cell.is_timed and cell.key.digest in done:
            Drafts(store.folder).remove(done[cell.key.digest])


def _is_good(found: Record, expected: Record) -> bool:
    def facts(record: Record) -> str:
        said = record.facts()
        environment = (record.environment.versions, record.environment.machine)
        return canonical_json([*(said[name] for name in _SAME), *environment])

    return facts(found) == facts(expected)


def _loaded(cell: Cell, bench: Workbench, draft: Draft) -> Model | None:
    """Return the model that the draft's numbers make, or None where they make none."""
    if draft.state is None:
        return None
    try:
        model = cell.contender.create()
        model.device = bench.device
        return model.load_state(draft.state, draft.record.classes)
    except (Exception, SystemExit):  # noqa: BLE001  (a plugin may raise anything)
        return None


def _trained_again(cell: Cell, bench: Workbench) -> Model:
    model, tables = prepare(cell, bench)
    with threads(1) if bench.device == "cpu" else contextlib.nullcontext():
        model.fit(tables.train, tables.dev, seed=cell.key.seed)
    return model


def _untimed(cell: Cell, record: Record, error: BaseException) -> Record:
    reason = reason_of(error, cell.corpus.roots, with_place=True)
    none = Figure.undefined(f"measuring failed: {reason}")
    return replace(record, cost={**record.cost, **dict.fromkeys(sorted(LATENCIES), none)})


__all__ = ["draft_cell", "forget_timed", "good_drafts", "keep_timed", "run_cell", "time_draft", "time_model"]
