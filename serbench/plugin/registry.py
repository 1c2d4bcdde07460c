"""The registry: every name that plugins offer, and who offers it.

Conventions
-----------
Names are unique among their kind. Where two plugins offer one name, neither wins: the name is listed with
both, and asking for it raises :class:`~serbench.errors.DuplicateNameError`. Everything is sorted by name.

Environment variable: ``SERBENCH_PLUGINS``, a comma-separated list of entry-point names; where it is set,
only these and the built-ins are loaded. Set and empty: the built-ins alone.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Generic, Literal, TypeVar, overload

from serbench.corpus.dataset import Dataset
from serbench.errors import DuplicateNameError, PluginError, UnknownNameError
from serbench.features.extractor import FeatureExtractor
from serbench.learning.augmentation import Augmentation
from serbench.learning.model import Model
from serbench.plugin.discovery import FoundPlugin, Provider, installed_plugins, plugin_files
from serbench.plugin.events import JobEvent
from serbench.plugin.manager import KINDS, BrokenPlugin, Manager, one_line
from serbench.scoring.metric import Metric

#: Names the plugins to load.
PLUGINS_VARIABLE = "SERBENCH_PLUGINS"

#: The distribution of our own plugins, and what stands in its place for what a program hands over as an object.
OURS, EXTRA = "serbench", "extra"

_log = logging.getLogger("serbench")

T = TypeVar("T")


@dataclass(frozen=True)
class Offer(Generic[T]):
    """A thing and who offers it.

    Attributes
    ----------
    part
        The plugin class; for a metric the :class:`~serbench.scoring.metric.Metric` itself.
    provider
        Who offers it.
    """

    part: T
    provider: Provider


class Shelf(Mapping[str, Offer[T]]):
    """All offers of one kind by name, sorted.

    A name that two plugins offer is iterated over like any other, so that nothing vanishes in silence, and
    raises when it is taken.

    Parameters
    ----------
    kind
        What stands here, in the singular: ``model``.
    offers
        In any order; names may repeat.
    """

    def __init__(self, kind: str, offers: Iterable[tuple[str, Offer[T]]]) -> None:
        self.kind = kind
        self._offers: dict[str, list[Offer[T]]] = {}
        for name, offer in sorted(offers, key=lambda pair: (pair[0], pair[1].provider)):
            self._offers.setdefault(name, []).append(offer)

    def __getitem__(self, name: str) -> Offer[T]:
        offers = self._offers[name]
        if len(offers) > 1:
            raise DuplicateNameError(
                f"{self.kind} {name!r} is offered by {' and by '.join(str(offer.provider) for offer in offers)}, "
                f"expected one; uninstall one of them or name the plugins to load in {PLUGINS_VARIABLE}"
            )
        return offers[0]

    def __iter__(self) -> Iterator[str]:
        return iter(self._offers)

    def __len__(self) -> int:
        return len(self._offers)

    def __contains__(self, name: object) -> bool:
        return name in self._offers

    def all(self, name: str) -> tuple[Offer[T], ...]:
        """Return every offer of a name, conflicting ones too; none for an unknown name."""
        return tuple(self._offers.get(name, ()))


@dataclass(frozen=True)
class Provided:
    """What one plugin offers.

    Attributes
    ----------
    provider
        Who it is.
    names
        By kind (``model``) the names it offers, sorted; kinds without a name are left out.
    observes
        True when it watches runs.
    """

    provider: Provider
    names: Mapping[str, tuple[str, ...]]
    observes: bool


@dataclass
class Registry:
    """Every name that plugins offer.

    Attributes
    ----------
    manager
        The loaded plugins.
    datasets, features, augmentations, models, metrics
        The offers by name.
    """

    manager: Manager
    datasets: Shelf[type[Dataset]] = field(init=False)
    features: Shelf[type[FeatureExtractor]] = field(init=False)
    augmentations: Shelf[type[Augmentation]] = field(init=False)
    models: Shelf[type[Model]] = field(init=False)
    metrics: Shelf[Metric] = field(init=False)

    def __post_init__(self) -> None:
        self.datasets, self.features = self._shelf("dataset"), self._shelf("feature")
        self.augmentations, self.models = self._shelf("augmentation"), self._shelf("model")
        self.metrics = self._shelf("metric")
        self._reported: set[Provider] = set()

    @property
    def shelves(self) -> Mapping[str, Shelf[type[Dataset | FeatureExtractor | Augmentation | Model] | Metric]]:
        """The five shelves by kind, in the singular."""
        return {kind: getattr(self, f"{kind}s") for kind in KINDS}

    @property
    def broken(self) -> tuple[BrokenPlugin, ...]:
        """The plugins that could not be loaded, in the order of loading."""
        return tuple(self.manager.broken)

    @overload
    def get(self, kind: Literal["dataset"], name: str) -> type[Dataset]: ...
    @overload
    def get(self, kind: Literal["feature"], name: str) -> type[FeatureExtractor]: ...
    @overload
    def get(self, kind: Literal["augmentation"], name: str) -> type[Augmentation]: ...
    @overload
    def get(self, kind: Literal["model"], name: str) -> type[Model]: ...
    @overload
    def get(self, kind: Literal["metric"], name: str) -> Metric: ...
    def get(self, kind: str, name: str) -> object:
        """Return the class of a name; for a metric, the metric.

        Parameters
        ----------
        kind
            ``dataset``, ``feature``, ``augmentation``, ``model`` or ``metric``.
        name
            As on its card.

        Raises
        ------
        UnknownNameError
            When nobody offers the name; the near match is named, and broken plugins are, if there are any.
        DuplicateNameError
            When two plugins offer it; both are named.
        """
        shelf = self.shelves[kind]
        if name not in shelf:
            raise self.unknown(kind, name, shelf)
        return shelf[name].part

    def is_strange(self, part: type) -> bool:
        """Tell whether a class was brought by a file or by another package than this one.

        What a program hands over as an object is none: no other process could load it.
        """
        return any(
            part in parts and provider.distribution not in (OURS, EXTRA)
            for provider, offers in self.manager.offers.items()
            for parts in offers.values()
        )

    def unknown(self, kind: str, name: str, known: Iterable[str]) -> UnknownNameError:
        """Return the error for a name that nobody offers; it points at broken plugins, if there are any."""
        error = UnknownNameError(kind, name, known)
        if self.broken:
            broken = ", ".join(repr(each.name) for each in self.broken)
            error.args = (f"{error}; these plugins are broken: {broken}, see serbench list plugins",)
        return error

    def providers(self) -> list[Provided]:
        """Return every plugin that was loaded and what it offers, in the order of loading."""
        observers = {provider for provider, _ in self.manager.observers()}
        return [
            Provided(
                provider,
                {kind: tuple(sorted(each.card.name for each in parts)) for kind, parts in offers.items() if parts},
                provider in observers,
            )
            for provider, offers in self.manager.offers.items()
        ]

    def offers_of(self, plugin: object) -> dict[str, tuple[Any, ...]]:
        """Return by kind what a plugin offers that was given as a module (or an object with hooks).

        Raises
        ------
        PluginError
            When it is not among the plugins that were loaded, or is broken; the message says why.
        """
        provider = self.manager.provider_of(plugin)
        if provider is None:
            errors = [f"{each.name}: {each.error}" for each in self.broken if each.name == _name_of(plugin)]
            raise PluginError(errors[0] if errors else f"{_name_of(plugin)} was not loaded, expected a plugin")
        return {kind: tuple(parts) for kind, parts in self.manager.offers[provider].items()}

    def notify(self, event: JobEvent) -> None:
        """Tell every observer of an event; one that raises is logged once and never ends the run."""
        for provider, tell in self.manager.observers():
            try:
                tell(event)
            except (Exception, SystemExit) as error:  # noqa: BLE001  (an observer is a guest)
                if provider not in self._reported:
                    self._reported.add(provider)
                    _log.warning("observer of %s failed: %s; the run goes on", provider, one_line(error))

    def _shelf(self, kind: str) -> Shelf[T]:
        offers: list[tuple[str, Offer[T]]] = [
            (part.card.name, Offer(part, provider))
            for provider, by_kind in self.manager.offers.items()
            for part in by_kind[kind]
        ]
        return Shelf(kind, offers)


def load_registry(
    *, only: Collection[str] | None = None, files: Iterable[Path] = (), extra: Iterable[object] = ()
) -> Registry:
    """Load the installed plugins one by one and return what they offer.

    Parameters
    ----------
    only
        Names of the entry points to load; the built-ins are loaded in any case. None: what
        ``SERBENCH_PLUGINS`` names, or all where it is not set.
    files
        Single Python files that are plugins too, whatever ``only`` says.
    extra
        Modules (or objects with hooks) that are plugins too though no package announces them.

    Raises
    ------
    UnknownNameError
        When ``only`` or ``SERBENCH_PLUGINS`` names an entry point that is not installed.
    UsageError
        When one of the files is not there, or two have one name.
    """
    found = installed_plugins()
    wanted = _wanted(only)
    known = {part.provider.name for part in found}
    for name in sorted(wanted or ()):
        if name not in known:
            raise UnknownNameError("plugin", name, known)
    manager = Manager()
    for part in found:
        if wanted is None or part.is_builtin or part.provider.name in wanted:
            manager.add(part)
    for found_plugin in plugin_files(files):
        manager.add(found_plugin)
    for module in extra:
        manager.add(FoundPlugin(Provider(EXTRA, _name_of(module), "unknown"), lambda module=module: module))  # type: ignore[misc]
    return Registry(manager)


def _wanted(only: Collection[str] | None) -> Collection[str] | None:
    if only is not None or (named := os.environ.get(PLUGINS_VARIABLE)) is None:
        return only
    return {name.strip() for name in named.split(",") if name.strip()}


def _name_of(module: object) -> str:
    return str(getattr(module, "__name__", type(module).__name__))


__all__ = ["PLUGINS_VARIABLE", "Offer", "Provided", "Registry", "Shelf", "load_registry"]
