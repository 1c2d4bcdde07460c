"""Which cells a request comes to, which are done, which are skipped and why, and how long the rest takes."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from serbench.errors import PluginError, ProtocolError
from serbench.features.extractor import FeatureExtractor
from serbench.learning.augmentation import Augmentation
from serbench.learning.model import Model
from serbench.part import Part, missing_packages
from serbench.plugin.registry import Registry
from serbench.protocol.cross_corpus import CrossCorpus
from serbench.protocol.protocol import Protocol
from serbench.protocol.protocols import get_protocol
from serbench.protocol.split import Fold, Split, expect_classes
from serbench.results.facts import PartFacts, ProtocolFacts
from serbench.results.record import CellKey, Record
from serbench.results.store import Store
from serbench.run.corpora import Corpus, open_corpora
from serbench.run.crossing import cross
from serbench.run.request import Progress, Request, Skip
from serbench.run.workspace import Workspace


@dataclass(frozen=True)
class Contender:
    """A model as it was asked for, with its features and augmentations.

    Attributes
    ----------
    create
        Makes a fresh, unfitted model.
    model
        One such model, for its card and identity.
    extractors, augmentations
        By name, in the model's order.
    """

    create: Callable[[], Model]
    model: Model
    extractors: dict[str, FeatureExtractor]
    augmentations: dict[str, Augmentation]

    @property
    def label(self) -> str:
        """The row label: the model's, and those of features whose arguments differ from their defaults."""
        changed = [e.identity.label for e in self.extractors.values() if e.identity.label != e.card.name]
        return "+".join([self.model.identity.label, *changed])

    @property
    def parts(self) -> tuple[Part, ...]:
        """The model, its features and its augmentations."""
        return (self.model, *self.extractors.values(), *self.augmentations.values())

    @property
    def missing(self) -> str:
        """What is not installed that one of the parts requires, and how to install it; empty where all is there."""
        return missing_packages(self.parts)


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
    asked = [make_contender(name, registry, request.settings) for name in request.models]
    contenders = [contender for contender in asked if not contender.missing]
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
        if isinstance(protocol, CrossCorpus):
            crossed = cross(protocol, request, workspace)
            tasks += [(corpus, protocol, split) for corpus, split in crossed.tasks]
            skips += crossed.skips
            known = {corpus.manifest.dataset for corpus in corpora}
            corpora += [corpus for corpus in crossed.members if corpus.manifest.dataset not in known]
    skips += [Skip(contender.label, contender.missing) for contender in asked if contender.missing]
    cells = [cell for task in tasks for contender in contenders for cell in _cells(request, registry, *task, contender)]
    found = ((cell, store.find(cell.key, cell.label)) for cell in cells)
    done = {cell.key.digest: record for cell, record in found if record is not None and record.status == "done"}
    return Plan(tuple(cells), done, tuple(dict.fromkeys(skips)), tuple(corpora))


def make_contender(name: str, registry: Registry, settings: Mapping[str, Mapping[str, Any]]) -> Contender:
    """Make a model with its features and augmentations, all with the arguments that were asked for."""

    def create() -> Model:
        made: Model = registry.get("model", name).create(**settings.get(name, {}))
        return made

    model = create()
    names = _named_by(model, "features")
    extractors = {each: registry.get("feature", each).create(**settings.get(each, {})) for each in names}
    augmentations = make_augmentations(_named_by(model, "augmentations"), registry, settings)
    return Contender(create, model, extractors, augmentations)


def _named_by(model: Model, what: str) -> tuple[str, ...]:
    """Return the names of the parts that a model asks for: its own code says so."""
    try:
        names = tuple(getattr(model, what))
    except (Exception, SystemExit) as error:
        raise PluginError(f"{model.card.name} does not say its {what}: {type(error).__name__}: {error}") from error
    if not all(isinstance(name, str) for name in names):
        raise PluginError(f"{model.card.name} says {names!r} of its {what}, expected names")
    return names


def make_augmentations(
    names: Iterable[str], registry: Registry, settings: Mapping[str, Mapping[str, Any]]
) -> dict[str, Augmentation]:
    """Make augmentations with the arguments that were asked for, by name and in order."""
    return {name: registry.get("augmentation", name).create(**settings.get(name, {})) for name in names}


def part_facts(part: Part) -> PartFacts:
    """Return what identifies a plugin with its arguments, as records hold it."""
    identity = part.identity
    return PartFacts(name=identity.name, version=identity.version, params=identity.params, settings=identity.settings)


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
    if applied:
        contender = replace(contender, augmentations={})  # children of children are in nobody's protocol
    seeds = range(request.seeds if contender.model.card.seeded else 1)
    for seed in seeds:
        for place, fold in enumerate(split.folds):
            key = CellKey(
                dataset=corpus.facts(),
                protocol=facts,
                fold=fold.name,
                seed=seed,
                model=part_facts(contender.model),
                features=tuple(part_facts(extractor) for extractor in contender.extractors.values()),
                augmentations=tuple(part_facts(augmentation) for augmentation in contender.augmentations.values()),
            )
            is_timed = seed == 0 and place == 0
            yield Cell(key, contender.label, corpus, protocol, split, fold, contender, is_timed, applied)


__all__ = [
    "Cell",
    "Contender",
    "Plan",
    "Progress",
    "Request",
    "Skip",
    "make_augmentations",
    "make_contender",
    "make_plan",
    "part_facts",
]
