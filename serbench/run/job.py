"""One cell to one record: the heart.

Conventions
-----------
The runner owns the split. A model is given tables whose row ids are numbers in a shuffled order, whose
test rows have no labels, and which hold no reference to the manifest: neither a file name nor an order
says what a test row is. Truth joins the scores after ``predict`` has returned.
"""

from __future__ import annotations

import time
import traceback
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from serbench.errors import AudioError
from serbench.features.cache import FeatureCache
from serbench.features.extract import extract_column
from serbench.features.extractor import FeatureExtractor
from serbench.features.table import Column, FeatureTable
from serbench.learning.augmentation import Augmentation
from serbench.learning.model import Model
from serbench.part import Part
from serbench.protocol.leakage import check_fold, shared_sentences
from serbench.results.record import Record
from serbench.results.store import TestPredictions
from serbench.run.corpora import Corpus
from serbench.run.plan import Cell, Progress
from serbench.scoring.efficiency import FIGURES, Meter, Probe, latency_figures, size_figures
from serbench.scoring.figure import Figure
from serbench.scoring.metric import Metric
from serbench.scoring.metrics import confusion
from serbench.seeding import generator
from serbench.source import source_digest

#: How many unreadable recordings a reason names.
_NAMED = 5


@dataclass
class Workbench:
    """What all cells of a run share.

    Attributes
    ----------
    cache
        Features that were computed before.
    device
        Where features are extracted and models live.
    metrics
        What is computed of every cell.
    environment
        Versions and machine card, for the records.
    progress
        Shows the extraction of features.
    """

    cache: FeatureCache
    device: str
    metrics: Sequence[Metric]
    environment: Mapping[str, Any]
    progress: Progress
    _columns: dict[tuple[str, str, str | None], Column] = field(default_factory=dict)

    def column(self, corpus: Corpus, extractor: FeatureExtractor, augmentation: Augmentation | None = None) -> Column:
        """Return a feature of every utterance of a corpus, in the manifest's order; kept for its other cells."""
        rows = corpus.manifest.digest  # not the root: a corpus may be read by two label maps, or together with others
        key = (rows, extractor.identity.digest, augmentation.identity.digest if augmentation else None)
        if key not in self._columns:
            for old in [each for each in self._columns if each[0] != rows]:
                del self._columns[old]  # cells come corpus by corpus: the last one's features are done with
            changed = f", {augmentation.card.name}" if augmentation else ""
            label = f"{extractor.card.name} of {corpus.manifest.dataset}{changed}"
            with self.progress(label, len(corpus.manifest)) as advance:
                self._columns[key] = extract_column(
                    extractor,
                    corpus.clips(),
                    self.cache,
                    device=self.device,
                    augmentation=augmentation,
                    progress=advance,
                )
        return self._columns[key]


@dataclass(frozen=True)
class Tables:
    """What a model is given, and what it is not.

    Attributes
    ----------
    train, dev, test
        Tables with opaque row ids; ``test`` has no labels, ``dev`` is None when it was joined to train.
    tested
        The utterance of each test row; the runner's alone.
    children
        How many rows of train are augmented.
    """

    train: FeatureTable
    dev: FeatureTable | None
    test: FeatureTable
    tested: tuple[str, ...]
    children: int


def run_cell(cell: Cell, bench: Workbench) -> tuple[Record, TestPredictions | None]:
    """Run a cell: features, fit, predict, score, measure.

    Returns
    -------
    A ``done`` record with its predictions, or a ``failed`` record with the reason: whatever a plugin
    raises, other cells go on.
    """
    try:
        return _run(cell, bench)
    except Exception as error:  # noqa: BLE001  (a plugin may raise anything)
        return _record(cell, bench, status="failed", reason=_reason(error)), None


def _run(cell: Cell, bench: Workbench) -> tuple[Record, TestPredictions]:
    if cell.corpus.unreadable:
        raise AudioError(_unreadable(cell.corpus.unreadable))
    tables = make_tables(cell, bench)
    model = cell.contender.create()
    model.device = bench.device
    meter = Meter(bench.device)
    with meter.running():
        fit_seconds, _ = _timed(lambda: model.fit(tables.train, tables.dev, seed=cell.key.seed))
        predict_seconds, answer = _timed(lambda: model.predict(tables.test))
    scores = answer.aligned(tables.test.ids, tables.test.labels)
    predictions = _join_truth(cell, tables, scores)
    cost = meter.figures | _measure(cell, model, tables.test.labels)
    cost |= {"train_seconds": Figure(fit_seconds), "predict_seconds": Figure(predict_seconds)}
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
        scores={each.card.name: each(truth, predictions.scores).facts() for each in bench.metrics},
        confusion=tuple(tuple(int(count) for count in row) for row in confusion(truth, predictions.scores)),
        cost={name: cost[name].facts() for name in FIGURES},
        history=tuple(model.history()),
    )
    return record, predictions


def make_tables(cell: Cell, bench: Workbench) -> Tables:
    """Check the fold for leaks, then cut the corpus's features into what the model may see.

    Raises
    ------
    LeakError
        When an id, a speaker, a recording or an augmented child is inside and outside the test set.
    """
    manifest, fold = cell.corpus.manifest, cell.fold
    chooses = cell.contender.model.card.chooses_on_dev
    train_ids = fold.train if chooses else tuple(sorted(fold.train + fold.dev))
    # where dev is joined to train, a child of a dev row shares with test what its parent shares: dev is compared too
    parents = {f"{uid}+{name}": uid for name in cell.contender.augmentations for uid in fold.train}
    check_fold(manifest, cell.split, fold, cell.corpus.digests(), parents)

    place = {uid: number for number, uid in enumerate(manifest.by_id)}
    features = {name: bench.column(cell.corpus, each) for name, each in cell.contender.extractors.items()}

    def table(part: str, ids: Sequence[str], columns: Mapping[str, Column]) -> FeatureTable:
        rows = [place[uid] for uid in ids]
        return FeatureTable(
            ids=tuple(f"{part}-{number:06d}" for number in range(len(ids))),
            columns={name: column.take(rows) for name, column in columns.items()},
            labels=manifest.labels,
            y=np.array([manifest.by_id[uid].label for uid in ids]),
        )

    train = table("train", train_ids, features)
    children = []
    for name, augmentation in cell.contender.augmentations.items():
        changed = {
            feature: bench.column(cell.corpus, each, augmentation)
            for feature, each in cell.contender.extractors.items()
        }
        child = table("train", train_ids, changed)
        children.append(
            FeatureTable(tuple(f"{uid}+{name}" for uid in train.ids), child.columns, child.labels, child.y, train.ids)
        )
    order = generator(cell.key.seed, "test order", cell.key.digest).permutation(len(fold.test))
    tested = tuple(fold.test[int(number)] for number in order)
    return Tables(
        train=FeatureTable.join([train, *children]),
        dev=table("dev", fold.dev, features) if chooses else None,
        test=table("test", tested, features).without_labels(),
        tested=tested,
        children=len(train) * len(children),
    )


def _join_truth(cell: Cell, tables: Tables, scores: np.ndarray) -> TestPredictions:
    manifest = cell.corpus.manifest
    rows = [manifest.by_id[uid] for uid in tables.tested]
    truth = np.array([manifest.labels.index(each.label) for each in rows], dtype=np.int64)
    speakers = tuple(each.speaker for each in rows)
    # joined with itself alone: sorted by id, so that the file says nothing of the shuffled order
    return TestPredictions.join([TestPredictions(tables.tested, speakers, truth, scores, manifest.labels)])


def _measure(cell: Cell, model: Model, labels: tuple[str, ...]) -> dict[str, Figure]:
    """Return size and latency; a model that cannot be measured loses its figures, not its scores."""
    probe = Probe(cell.contender.extractors, labels)
    names = [name for name in FIGURES if name.startswith(("latency", "feature"))]
    elsewhere = Figure.undefined("measured on the first fold of the first seed")
    try:
        figures = size_figures(model, probe)
        return figures | (latency_figures(model, probe) if cell.is_probe else dict.fromkeys(names, elsewhere))
    except Exception as error:  # noqa: BLE001  (a plugin may raise anything)
        failed = Figure.undefined(f"measuring failed: {_reason(error)}")
        return dict.fromkeys([*FIGURES[:4], *names], failed)


def _record(cell: Cell, bench: Workbench, **facts: Any) -> Record:
    manifest, card = cell.corpus.manifest, cell.corpus.dataset.card
    notes = list(manifest.deviations)
    shared = shared_sentences(manifest, cell.split, cell.fold)
    if shared:
        notes.append(f"{len(shared)} sentences are spoken both in test and outside it")
    if cell.contender.model.card.uses_test_statistics:
        notes.append("the model uses statistics of the test rows")
    return Record(
        key=cell.key,
        label=cell.label,
        classes=manifest.labels,
        metrics={each.card.name: each.card.version for each in bench.metrics},
        environment=bench.environment,
        code={part.card.name: source_digest(type(part)) for part in _parts(cell)},
        audio=cell.corpus.variant(),
        left_out=cell.corpus.left_out,
        notes=tuple(notes),
        standing={
            "ranked": cell.protocol.ranked,
            "diagnostic": card.diagnostic is not None,
            "headline": cell.corpus.apart is None,
            "reason": cell.corpus.apart,
        },
        **facts,
    )


def _parts(cell: Cell) -> list[Part]:
    """Return every plugin that has a part in a cell's result."""
    contender = cell.contender
    return [*cell.corpus.datasets, contender.model, *contender.extractors.values(), *contender.augmentations.values()]


def _timed(work: Callable[[], Any]) -> tuple[float, Any]:
    start = time.perf_counter()
    result = work()
    return time.perf_counter() - start, result


def _unreadable(bad: Mapping[str, str]) -> str:
    named = "; ".join(reason for _, reason in sorted(bad.items())[:_NAMED])
    more = f"; and {len(bad) - _NAMED} more" if len(bad) > _NAMED else ""
    return f"{len(bad)} recordings cannot be read: {named}{more}; mend them or run with --skip-bad-audio"


def _reason(error: Exception) -> str:
    """Return one line: what was raised, and in which function of which file."""
    frames = traceback.extract_tb(error.__traceback__)
    where = f" (in {Path(frames[-1].filename).name}:{frames[-1].lineno}, {frames[-1].name})" if frames else ""
    return f"{type(error).__name__}: {' '.join(str(error).split())}{where}"


__all__ = ["Tables", "Workbench", "make_tables", "run_cell"]
