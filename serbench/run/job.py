"""One cell to one record: the heart.

Conventions
-----------
The runner owns the split: a model is given the tables of ``serbench.run.tables`` and nothing else. Truth joins the
scores after ``predict`` has returned. A row that the protocol made of an utterance is scored as a row of its own. What
is timed of a cell is ``serbench.run.timing``'s.
"""

from __future__ import annotations

import contextlib
import math
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from serbench.corpus.transcripts import Wording
from serbench.cost.efficiency import (
    ELSEWHERE,
    FIGURES,
    LABORATORY,
    QUIET,
    TIMED,
    size_figures,
)
from serbench.cost.meter import Clock, Meter, fit_and_predict_figures
from serbench.cost.noise_clip import NoiseClips
from serbench.cost.streams import lengths_of, macs_per_audio_second
from serbench.cost.timing import threads
from serbench.environment import versions_of
from serbench.errors import AudioError, PluginError
from serbench.learning.fusion import models_of
from serbench.learning.model import Model, Predictions
from serbench.part import Part
from serbench.protocol.leakage import shared_sentences
from serbench.protocol.split import Fold, Split
from serbench.results.facts import Declared, Standing
from serbench.results.predictions import TestPredictions
from serbench.results.record import Record
from serbench.run.contender import Contender
from serbench.run.corpora import Corpus
from serbench.run.memory import class_memory, expect_forgotten
from serbench.run.plan import Cell
from serbench.run.reasons import reason_of, without_places
from serbench.run.saving import save_cell, stored_bytes
from serbench.run.tables import Tables, Workbench, make_tables
from serbench.scoring.figure import Figure
from serbench.scoring.metrics import confusion
from serbench.source import source_digest

#: Of a timed cell, until it is timed.
NOT_YET = Figure.undefined("not timed yet")
#: How many unreadable recordings a reason names.
_NAMED = 5


def trained(cell: Cell, bench: Workbench) -> tuple[Record, TestPredictions, Model]:
    """Do all of a cell but its timing: features, fit, predict, score.

    Returns
    -------
    Its record, in which a timed cell's times are still missing, its predictions and the fitted model.

    Raises
    ------
    Exception
        Whatever a plugin raises.
    """
    model, tables = prepare(cell, bench)
    memory = [class_memory(type(member)) for member in models_of(model)]
    meter = Meter(bench.device)
    # one thread, however many cells run beside this one: the order of sums, and so the result, depends on their number
    alone = threads(1) if bench.device == "cpu" else contextlib.nullcontext()
    with meter.running(), alone:
        with Clock() as fit:
            model.fit(tables.train, tables.dev, seed=cell.key.seed)
        with Clock() as predict:
            answer = model.predict(tables.test)
    for member, before in zip(models_of(model), memory, strict=True):
        expect_forgotten(member.card.name, before, class_memory(type(member)))
    work = meter.figures | fit_and_predict_figures(fit, predict)
    return *finish(cell, bench, model, tables, answer, work), model


def prepare(cell: Cell, bench: Workbench) -> tuple[Model, Tables]:
    """Return a fresh model on its device, and the tables it is given.

    Raises
    ------
    AudioError
        When recordings of the corpus cannot be read.
    LeakError
        See :func:`serbench.run.tables.make_tables`.
    """
    if cell.corpus.unreadable:
        raise AudioError(_unreadable(cell.corpus.unreadable))
    tables = make_tables(cell, bench)
    model = cell.contender.create()
    model.device = bench.device
    return model, tables


def finish(
    cell: Cell, bench: Workbench, model: Model, tables: Tables, answer: Predictions, work: Mapping[str, Figure]
) -> tuple[Record, TestPredictions]:
    """Score what a model said of the test rows, count its size, and write down both with what the fit took."""
    predictions = _join_truth(cell, tables, answer.aligned(tables.test.ids, tables.test.labels))
    cost = {**work, **_measure(cell, model, tables.test.labels)}
    if bench.models is not None:
        save_cell(cell, model, bench.models, bench.environment)
    truth = predictions.truth
    record = _record(
        cell,
        bench,
        status="done",
        rows={
            "train": len(tables.train) - tables.children,
            "dev": 0 if tables.dev is None else len(tables.dev),
            "test": len(tables.test),
            "augmented": tables.children,
        },
        scores={metric.card.name: metric.measure(truth, predictions.scores) for metric in bench.metrics},
        confusion=tuple(tuple(int(count) for count in row) for row in confusion(truth, predictions.scores)),
        cost={name: cost[name] for name in FIGURES},
        history=history_of(model),
    )
    return record, predictions


def _join_truth(cell: Cell, tables: Tables, scores: np.ndarray) -> TestPredictions:
    manifest = cell.corpus.manifest
    rows = [manifest.by_id[cell.split.parent(row)] for row in tables.tested]
    truth = np.array([manifest.labels.index(each.label) for each in rows], dtype=np.int64)
    speakers = tuple(each.speaker for each in rows)
    # joined with itself alone: sorted by id, so that the file says nothing of the shuffled order
    return TestPredictions.join([TestPredictions(tables.tested, speakers, truth, scores, manifest.labels)])


def _measure(cell: Cell, model: Model, labels: tuple[str, ...]) -> dict[str, Figure]:
    """Return the size; a model that cannot be measured loses its figures, not its scores."""

    def why(error: BaseException) -> str:
        return f"measuring failed: {reason_of(error, cell.corpus.roots, with_place=True)}"

    noise = NoiseClips(cell.contender.extractors, labels)
    figures = dict.fromkeys(LABORATORY, QUIET) | dict.fromkeys(TIMED, NOT_YET if cell.is_timed else ELSEWHERE)
    figures |= size_figures(model, noise, why)
    if cell.is_timed:
        lengths = lengths_of(cell.corpus.seconds())
        figures["macs_per_audio_second"] = macs_per_audio_second(model, noise, lengths, why)
    return {**figures, "disk_bytes": stored_bytes(model)}


def history_of(model: Model) -> tuple[Mapping[str, Any], ...]:
    """Return what a model says of its training, as JSON has it: numbers of numpy and torch are Python's.

    Raises
    ------
    PluginError
        When a row is no mapping, or holds something else than finite numbers, words, truth values and None.
    """
    rows = []
    for number, row in enumerate(model.history()):
        if not isinstance(row, Mapping):
            raise PluginError(f"row {number} of its history() is {type(row).__name__}, expected a mapping")
        plain = {str(name): value.item() if hasattr(value, "item") else value for name, value in row.items()}
        for name, value in plain.items():
            known = value is None or isinstance(value, str | bool | int | float)
            if not known or (isinstance(value, float) and not math.isfinite(value)):
                raise PluginError(f"its history() says {value!r} of {name} in row {number}, expected a finite number")
        rows.append(plain)
    return tuple(rows)


def failed(cell: Cell, bench: Workbench, error: BaseException | str) -> Record:
    """Return the record of a cell that came to nothing, by what was raised or by a sentence."""
    reason = error if isinstance(error, str) else reason_of(error, cell.corpus.roots, with_place=True)
    return _record(cell, bench, status="failed", reason=reason)


def blank_record(cell: Cell, bench: Workbench) -> Record:
    """Return the record of a cell with all that is known of it before it is run."""
    return _record(cell, bench, status="skipped")


def _record(cell: Cell, bench: Workbench, **facts: Any) -> Record:
    manifest, card = cell.corpus.manifest, cell.corpus.dataset.card
    sets_aside = bool(cell.applied and cell.contender.model.augmentations)
    return Record(
        key=cell.key,
        label=cell.label,
        classes=manifest.labels,
        metrics={metric.card.name: metric.card.version for metric in bench.metrics},
        environment=replace(bench.environment, versions={**bench.environment.versions, **_required(cell)}),
        code={part.card.name: source_digest(type(part)) for part in _parts(cell)},
        audio=cell.corpus.variant(),
        left_out=cell.corpus.left_out,
        notes=notes_of(cell.corpus, cell.split, cell.fold, sets_aside=sets_aside),
        standing=Standing(
            ranked=cell.protocol.ranked,
            diagnostic=card.diagnostic is not None,
            headline=cell.corpus.exclusion is None,
            reason=cell.corpus.exclusion,
            parts=cell.corpus.parts,
            declared=declared_of(cell.contender, cell.corpus.wording),
        ),
        **facts,
    )


def notes_of(corpus: Corpus, split: Split, fold: Fold, *, sets_aside: bool) -> tuple[str, ...]:
    """Return what a reader of a cell's record should know of its corpus and split.

    Parameters
    ----------
    sets_aside
        Whether the protocol augments in place of a model that would.
    """
    notes = [without_places(note, corpus.roots) for note in (*corpus.manifest.deviations, *split.notes)]
    shared = shared_sentences(corpus.manifest, split, fold)
    if shared:
        notes.append(f"{len(shared)} sentences are spoken both in test and outside it")
    if sets_aside:
        notes.append("the model's own augmentations are left aside: the protocol augments")
    return tuple(notes)


def declared_of(contender: Contender, wording: Wording | None = None) -> Declared:
    """Return what the cards say that a reader of the row must know, and which words of the corpus were read."""
    return Declared(
        seeded=contender.model.card.seeded,
        uses_test_statistics=any(model.card.uses_test_statistics for model in contender.models),
        pretrained_on=tuple(sorted({name for part in contender.parts for name in part.pretrained_on})),
        text=wording if contender.reads_text else None,
    )


def _parts(cell: Cell) -> list[Part]:
    """Return every plugin that has a part in a cell's result."""
    contender = cell.contender
    changes = (*contender.augmentations.values(), *cell.applied.values())
    return [*cell.corpus.datasets, *contender.models, *contender.extractors.values(), *changes]


def _required(cell: Cell) -> dict[str, str]:
    """Return the versions of what the cards say decides the result beside serbench's own packages."""
    return versions_of(name for part in _parts(cell) for name in part.card.requires)


def _unreadable(bad: Mapping[str, str]) -> str:
    named = "; ".join(reason for _, reason in sorted(bad.items())[:_NAMED])
    more = f"; and {len(bad) - _NAMED} more" if len(bad) > _NAMED else ""
    return f"{len(bad)} recordings cannot be read: {named}{more}; fix them or run with --skip-bad-audio"


__all__ = [
    "NOT_YET",
    "blank_record",
    "declared_of",
    "failed",
    "finish",
    "history_of",
    "notes_of",
    "prepare",
    "trained",
]
