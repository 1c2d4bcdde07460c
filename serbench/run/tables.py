"""What a model is given of a cell: its tables, cut from the corpus's features after the fold was checked for leaks.

Conventions
-----------
Row ids are numbers, test rows come in a shuffled order and have no labels, and nothing in a table refers to a file or
to the manifest: no name and no order says what a test row is. Values are copied: what a model does to a table stays
there.
"""

from __future__ import annotations

import contextlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from serbench.features.cache import FeatureCache
from serbench.features.extract import extract_column
from serbench.features.extractor import FeatureExtractor
from serbench.features.table import FeatureTable, MappedColumn
from serbench.features.text import TextExtractor, text_column
from serbench.learning.augmentation import Augmentation
from serbench.protocol.leakage import check_fold
from serbench.results.facts import Environment
from serbench.run.corpora import Corpus
from serbench.run.plan import Cell, Progress
from serbench.scoring.metric import Metric
from serbench.seeding import generator


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
    models
        Below which folder trained models are saved; None: they are not.
    """

    cache: FeatureCache
    device: str
    metrics: Sequence[Metric]
    environment: Environment
    progress: Progress
    models: Path | None = None
    _columns: dict[tuple[str, str, str | None, int], MappedColumn] = field(default_factory=dict)

    def column(
        self, corpus: Corpus, extractor: FeatureExtractor, augmentation: Augmentation | None = None, copy: int = 0
    ) -> MappedColumn:
        """Return a feature of every utterance of a corpus, in the manifest's order; kept for its other cells.

        Parameters
        ----------
        copy
            Which of several equal augmentations it is of.
        """
        rows = corpus.manifest.digest  # not the root: a corpus may be read by two label maps, or together with others
        key = (rows, extractor.identity.digest, augmentation.identity.digest if augmentation else None, copy)
        if key not in self._columns:
            for old in [known for known in self._columns if known[0] != rows]:
                del self._columns[old]  # cells come corpus by corpus: the last one's features are done with
            changed = f", {augmentation.card.name}{f' {copy + 1}' if copy else ''}" if augmentation else ""
            label = f"{extractor.card.name} of {corpus.manifest.dataset}{changed}"
            fresh = extractor.anew()  # what it may have kept of other clips is gone
            with self.progress(label, len(corpus.manifest)) as advance:
                if isinstance(fresh, TextExtractor):  # what is said of a child is what is said of its parent
                    self._columns[key] = text_column(fresh, corpus.texts(), self.cache, advance)
                else:
                    self._columns[key] = extract_column(
                        fresh,
                        corpus.clips(),
                        self.cache,
                        device=self.device,
                        augmentation=augmentation and augmentation.anew(),
                        copy=copy,
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
        The id of each test row as the fold has it; the runner's alone.
    children
        How many rows of train are augmented, by the model's wish or by the protocol.
    """

    train: FeatureTable
    dev: FeatureTable | None
    test: FeatureTable
    tested: tuple[str, ...]
    children: int


def make_tables(cell: Cell, bench: Workbench) -> Tables:
    """Check the fold for leaks, then cut the corpus's features into what the model may see.

    Raises
    ------
    LeakError
        When an id, a speaker, a recording or an augmented child is inside and outside the test set.
    """
    manifest, fold = cell.corpus.manifest, cell.fold
    # where dev is joined to train, a child of a dev row shares with test what its parent shares: dev is compared too
    parents = {f"{uid}+{name}": uid for name in cell.contender.augmentations for uid in fold.train}
    check_fold(manifest, cell.split, fold, cell.corpus.digests(), parents)

    place = {row: number for number, row in enumerate(_rows(cell))}
    features = {name: _column(cell, bench, extractor) for name, extractor in cell.contender.extractors.items()}

    speakers = {name: f"speaker-{number:04d}" for number, name in enumerate(manifest.speakers)}

    def table(part: str, ids: Sequence[str], columns: Mapping[str, MappedColumn]) -> FeatureTable:
        rows = [place[row] for row in ids]
        utterances = [manifest.by_id[cell.split.parent(row)] for row in ids]
        domains = [domain for utterance in utterances if (domain := cell.corpus.domain_of(utterance.id))]
        return FeatureTable(
            ids=tuple(f"{part}-{number:06d}" for number in range(len(ids))),
            columns={name: column.take(rows) for name, column in columns.items()},
            labels=manifest.labels,
            y=np.array([utterance.label for utterance in utterances]),
            speakers=np.array([speakers[utterance.speaker] for utterance in utterances]),
            domains=np.array(domains) if domains else None,
        )

    train = table("train", cell.training, features)
    children, copies = [], cell.contender.copies
    for name, augmentation in cell.contender.augmentations.items():
        changed = {
            feature: bench.column(cell.corpus, extractor, augmentation, copies[name])
            for feature, extractor in cell.contender.extractors.items()
        }
        child = table("train", cell.training, changed)
        ids = tuple(f"{uid}+{name}" for uid in train.ids)
        children.append(replace(child, ids=ids, parents=train.ids))
    order = generator(cell.key.seed, "test order", cell.key.digest).permutation(len(fold.test))
    tested = tuple(fold.test[int(number)] for number in order)
    return Tables(
        train=FeatureTable.join([train, *children]),
        dev=table("dev", fold.dev, features) if cell.contender.model.card.chooses_on_dev else None,
        test=table("test", tested, features).without_labels(),
        tested=tested,
        children=len(train) * len(children) + sum(cell.split.parent(row) != row for row in cell.training),
    )


def extract_for(cell: Cell, bench: Workbench) -> None:
    """Have every feature that a cell needs in the cache; what goes wrong here, the cell itself will say."""
    if cell.corpus.unreadable:
        return
    for extractor, change, copy in extractions(cell):
        with contextlib.suppress(Exception, SystemExit):
            bench.column(cell.corpus, extractor, change, copy)


def extractions(cell: Cell) -> list[tuple[FeatureExtractor, Augmentation | None, int]]:
    """Return what a cell asks of its corpus: every extractor, on the recordings and on each copy of each change."""
    copies = cell.contender.copies
    own = [(augmentation, copies[name]) for name, augmentation in cell.contender.augmentations.items()]
    changes = [(None, 0), *own, *((augmentation, 0) for augmentation in cell.applied.values())]
    return [(extractor, *change) for extractor in cell.contender.extractors.values() for change in changes]


def _rows(cell: Cell) -> list[str]:
    """Return the id of every row there may be: all utterances, then all their children by each augmentation in turn."""
    utterances = list(cell.corpus.manifest.by_id)
    return utterances + [f"{uid}+{name}" for name in cell.applied for uid in utterances]


def _column(cell: Cell, bench: Workbench, extractor: FeatureExtractor) -> MappedColumn:
    """Return a feature of every row, in the order of :func:`_rows`."""
    changes = [None, *cell.applied.values()]
    return MappedColumn.join([bench.column(cell.corpus, extractor, change) for change in changes])


__all__ = ["Tables", "Workbench", "extract_for", "extractions", "make_tables"]
