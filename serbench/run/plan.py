"""Which cells a request comes to, which are done, which are skipped and why, and how long the rest takes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace

from serbench.errors import CheckpointError, ProtocolError
from serbench.learning.augmentation import Augmentation
from serbench.plugin.registry import Registry
from serbench.plugin.uses import make_augmentations
from serbench.protocol.cross_corpus import SeveralCorpora
from serbench.protocol.protocol import Protocol
from serbench.protocol.protocols import get_protocol
from serbench.protocol.split import Fold, Split, expect_classes
from serbench.results.facts import ProtocolFacts
from serbench.results.record import CellKey, Record
from serbench.results.store import Store
from serbench.run.contender import Contender, make_contenders, part_facts, system_of
from serbench.run.corpora import Corpus, open_corpora
from serbench.run.crossing import cross
from serbench.run.request import Progress, Request, Skip
from serbench.run.workspace import Workspace


@dataclass(frozen=True)
class Cell:
    """One unit of work.

    Attributes
    ----------
    key, label
        Its identity and the model's row label.
    corpus, split, fold, protocol
        What is tested on what.
    contender
        With what.
    is_timed
        True for the first cell of a contender on a corpus: latencies are measured there.
    applied
        The augmentations that the protocol applied before it split, by name.
    """

    key: CellKey
    label: str
    corpus: Corpus
    protocol: Protocol
    split: Split
    fold: Fold
    contender: Contender
    is_timed: bool
    applied: Mapping[str, Augmentation] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """For people: ``emodb/si/speaker-03/seed0/logreg``."""
        key = self.key
        return f"{key.dataset.name}/{key.protocol.name}/{key.fold}/seed{key.seed}/{self.label}"

    @property
    def training(self) -> tuple[str, ...]:
        """Rows to learn from: dev is joined to train where the model chooses nothing on it, unless dev is test."""
        if self.contender.model.card.chooses_on_dev or self.split.dev_is_test:
            return self.fold.train
        return tuple(sorted(self.fold.train + self.fold.dev))


@dataclass(frozen=True)
class Plan:
    """All that a request comes to.

    Attributes
    ----------
    cells
        In the order in which they are run: corpus by corpus.
    done
        Records found in the store, by key digest.
    skips
        What is left out and why.
    corpora
        Those that take part.
    """

    cells: tuple[Cell, ...]
    done: Mapping[str, Record]
    skips: tuple[Skip, ...]
    corpora: tuple[Corpus, ...]

    @property
    def open(self) -> tuple[Cell, ...]:
        """The cells that are still to be run."""
        return tuple(cell for cell in self.cells if cell.key.digest not in self.done)


def make_plan(request: Request, workspace: Workspace, store: Store) -> Plan:
    """Turn a request into cells.

    Parameters
    ----------
    store
        Where finished cells are looked for.

    Raises
    ------
    UnknownNameError
        For a name that nobody offers.
    DatasetMissingError
        When a dataset that was named is not there; with ``all_datasets`` it becomes a skip.
    ProtocolError
        When corpora are to be crossed and fewer than two were named that can be; with ``all_datasets`` it becomes a
        skip.
    """
    registry = workspace.registry
    weights = workspace.locations.weights
    asked = [contender.looking_in(weights) for contender in make_contenders(request, registry)]
    unusable = {contender.label: skip for contender in asked if (skip := _unusable(contender))}
    contenders = [contender for contender in asked if contender.label not in unusable]
    protocols = [get_protocol(name, request.settings) for name in request.protocols]
    within = [protocol for protocol in protocols if not protocol.crosses_corpora]
    corpora, skips = open_corpora(request, workspace) if within else ([], [])
    tasks: list[tuple[Corpus, Protocol, Split]] = []
    for corpus in corpora:
        for protocol in within:
            try:
                split = protocol.split(corpus.dataset, corpus.manifest)
                tasks.append((corpus, protocol, expect_classes(corpus.manifest, split)))
            except ProtocolError as error:
                skips.append(Skip(f"{corpus.manifest.dataset}/{protocol.name}", str(error)))
    for protocol in protocols:
        if isinstance(protocol, SeveralCorpora):
            crossed = cross(protocol, request, workspace)
            tasks += [(corpus, protocol, split) for corpus, split in crossed.tasks]
            skips += crossed.skips
            known = {corpus.manifest.dataset for corpus in corpora}
            corpora += [corpus for corpus in crossed.members if corpus.manifest.dataset not in known]
    skips += unusable.values()
    pairs = [(task, contender) for task in tasks for contender in contenders]
    refused = {
        (task[0].manifest.dataset, contender.label): _unread(request, task[0], contender) for task, contender in pairs
    }
    skips += [Skip(f"{dataset}/{label}", reason) for (dataset, label), reason in refused.items() if reason]
    cells = [
        cell
        for task, contender in pairs
        if not refused[task[0].manifest.dataset, contender.label]
        for cell in _cells(request, registry, *task, contender)
    ]
    found = ((cell, store.find(cell.key, cell.label)) for cell in cells)
    done = {cell.key.digest: record for cell, record in found if record is not None and _is_done(record, request)}
    return Plan(tuple(cells), done, tuple(dict.fromkeys(skips)), tuple(corpora))


def _is_done(record: Record, request: Request) -> bool:
    """Tell whether a record that was found is what the request asks for."""
    return record.status == "done" and not (request.retime and record.environment.disturbed)


def _unusable(contender: Contender) -> Skip | None:
    """Return why a contender cannot be run here, or None; weights that are not those of a card are a broken thing."""
    try:
        reason = contender.missing
    except CheckpointError as error:
        return Skip(contender.label, str(error), is_broken=True)
    return Skip(contender.label, reason) if reason else None


def _unread(request: Request, corpus: Corpus, contender: Contender) -> str:
    """Return why a contender cannot read the words of a corpus; empty where it can, or reads none."""
    if not contender.reads_text:
        return ""
    name = corpus.manifest.dataset
    if corpus.wording is None:
        return f"{contender.label} reads transcripts, and {name} has none"
    if corpus.wording == "prompts" and not request.prompted_text:
        return (
            f"{contender.label} reads transcripts, and the sentences of {name} are prompts: which one is said may give "
            f"the label away; --prompted-text reads them, and marks the row"
        )
    return ""


def _cells(
    request: Request, registry: Registry, corpus: Corpus, protocol: Protocol, split: Split, contender: Contender
) -> Iterator[Cell]:
    applied = make_augmentations(protocol.augmentations, registry, request.settings)
    facts = ProtocolFacts(
        name=protocol.name,
        version=protocol.version,
        split=split.digest,
        folds=len(split.folds),
        augmentations=tuple(part_facts(augmentation) for augmentation in applied.values()),
    )
    for augmentation in applied.values():
        augmentation.weight_folders = contender.model.weight_folders
    if applied:
        contender = replace(
            contender, augmentations={}, replaces=False
        )  # children of children are in nobody's protocol
    seeds = range(request.seeds if contender.model.card.seeded else 1)
    for seed in seeds:
        for place, fold in enumerate(split.folds):
            key = CellKey(
                dataset=corpus.facts(),
                protocol=facts,
                fold=fold.name,
                seed=seed,
                **system_of(contender),
            )
            is_timed = seed == 0 and place == 0
            yield Cell(key, contender.label, corpus, protocol, split, fold, contender, is_timed, applied)


__all__ = ["Cell", "Plan", "Progress", "Request", "Skip", "make_plan"]
