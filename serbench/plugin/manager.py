"""Loading plugins one by one, and judging what they offer.

Conventions
-----------
A plugin offers all that it yields or nothing: one that raises on import, misspells a hook, raises while a
hook is consumed or yields something else than the hook asks for is kept as a :class:`BrokenPlugin` with its
error in one line, and the others go on. The built-ins come through the same door as everybody's.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pluggy

from serbench.corpus.dataset import Dataset, DatasetCard
from serbench.errors import PluginError, suggestion
from serbench.features.extractor import FeatureCard, FeatureExtractor
from serbench.learning.augmentation import Augmentation, AugmentationCard
from serbench.learning.model import Model, ModelCard
from serbench.part import Card, Part
from serbench.plugin import hookspecs
from serbench.plugin.discovery import GROUP, FoundPlugin, Provider
from serbench.plugin.events import JobEvent
from serbench.scoring.metric import Metric, MetricCard

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Kind:
    """What one hook asks for.

    Attributes
    ----------
    name
        In the singular, as in messages: ``model``.
    hook
        ``serbench_models``.
    base
        Subclasses of it are asked for; :class:`Metric` asks for instances.
    card
        The class of its cards.
    """

    name: str
    hook: str
    base: type[Part | Metric]
    card: type[Card]


#: The five kinds of things that plugins offer; part of the contract with authors.
KINDS = {
    kind.name: kind
    for kind in (
        Kind("dataset", "serbench_datasets", Dataset, DatasetCard),
        Kind("feature", "serbench_features", FeatureExtractor, FeatureCard),
        Kind("augmentation", "serbench_augmentations", Augmentation, AugmentationCard),
        Kind("model", "serbench_models", Model, ModelCard),
        Kind("metric", "serbench_metrics", Metric, MetricCard),
    )
}


@dataclass(frozen=True)
class BrokenPlugin:
    """A plugin that could not be loaded or breaks its contract.

    Attributes
    ----------
    name, distribution, version
        As in :class:`Provider`.
    error
        One line.
    """

    name: str
    distribution: str
    version: str
    error: str


class Manager:
    """Loads plugins and keeps what they yield.

    Attributes
    ----------
    offers
        By provider, in the order of loading: what it yields, by kind.
    broken
        The plugins that offer nothing, in the order of loading.
    """

    def __init__(self) -> None:
        self._pluggy = pluggy.PluginManager(GROUP)
        self._pluggy.add_hookspecs(hookspecs)
        self._providers: dict[str, Provider] = {}
        self.offers: dict[Provider, dict[str, list[Any]]] = {}
        self.broken: list[BrokenPlugin] = []

    def add(self, found: FoundPlugin) -> None:
        """Load one plugin; keep its offers, or the reason why it has none."""
        provider = found.provider
        try:
            self._register(provider, found.open())
        except KeyboardInterrupt:  # a person's, who is told what kept them waiting
            _log.warning("interrupted while plugin %s was loaded", provider)
            raise
        except BaseException as error:  # noqa: BLE001  (a stranger's module may raise anything)
            self.broken.append(BrokenPlugin(provider.name, provider.distribution, provider.version, one_line(error)))

    def observers(self) -> Iterator[tuple[Provider, Callable[[JobEvent], object]]]:
        """Yield each plugin that watches runs, with the function that takes an event."""
        for implementation in self._pluggy.hook.serbench_job_event.get_hookimpls():
            yield self._providers[implementation.plugin_name], _with_event(implementation)

    def provider_of(self, module: object) -> Provider | None:
        """Return who a loaded module belongs to; None when it was not loaded, or is broken."""
        name = self._pluggy.get_name(module)
        return None if name is None else self._providers.get(name)

    def _register(self, provider: Provider, module: object) -> None:
        """Take in all that one plugin offers, or raise and leave no trace of it."""
        name = f"{provider.distribution}:{provider.name}"
        if self._pluggy.is_registered(module) or name in self._providers:
            raise PluginError("it was loaded before, expected one entry point per module and one module per name")
        try:
            self._pluggy.register(module, name=name)
            self._refuse_unknown_hooks(module)
            self.offers[provider] = {kind.name: self._consume(module, kind) for kind in KINDS.values()}
        except BaseException:
            self._pluggy.unregister(name=name)
            raise
        self._providers[name] = provider

    def _refuse_unknown_hooks(self, module: object) -> None:
        """Do what pluggy's ``check_pending`` does for one plugin, and name the near match."""
        for caller in self._pluggy.get_hookcallers(module) or ():
            if not caller.has_spec():
                known = [name for name in hookspecs.__all__ if name.startswith("serbench_")]
                raise PluginError(
                    f"unknown hook {caller.name!r}, expected one of {known}{suggestion(caller.name, known)}"
                )

    def _consume(self, module: object, kind: Kind) -> list[Any]:
        """Return what one plugin yields for one hook: a generator raises only now, so the blame is certain."""
        found: list[Any] = []
        for implementation in getattr(self._pluggy.hook, kind.hook).get_hookimpls():
            if implementation.plugin is module:
                yielded = implementation.function()
                if not hasattr(yielded, "__iter__"):
                    raise PluginError(f"{kind.hook} returns {yielded!r}, expected a generator; yield what it offers")
                found += yielded
        names: set[str] = set()
        for offer in found:
            _judge(offer, kind)
            if offer.card.name in names:
                raise PluginError(f"{kind.hook} yields {offer.card.name!r} twice, expected each name once")
            names.add(offer.card.name)
        return found


def one_line(error: BaseException) -> str:
    r"""Return an exception as one line: our own by message, anything else with its class in front.

    >>> one_line(ImportError("no module\n named x"))
    'ImportError: no module named x'
    """
    text = " ".join(str(error).split())
    if isinstance(error, PluginError):
        return text
    return f"{type(error).__name__}: {text}" if text else type(error).__name__


def _judge(offer: Any, kind: Kind) -> None:
    """Raise :class:`PluginError` unless ``offer`` is what the hook of ``kind`` asks for."""
    if kind.base is Metric:
        if not isinstance(offer, Metric):
            raise PluginError(f"{kind.hook} yields {offer!r}, expected a Metric with its card")
    elif not (isinstance(offer, type) and issubclass(offer, kind.base)):
        raise PluginError(f"{kind.hook} yields {offer!r}, expected a class derived from {kind.base.__name__}")
    if not isinstance(getattr(offer, "card", None), kind.card):
        raise PluginError(f"{kind.hook} yields {offer!r} without a card, expected card = {kind.card.__name__}(...)")
    if isinstance(offer, type) and issubclass(offer, Part):
        offer.defaults()


def _with_event(implementation: pluggy.HookImpl) -> Callable[[JobEvent], object]:
    """Return the function that gives an observer the arguments that it names."""
    return lambda event: implementation.function(*(event for _ in implementation.argnames))


__all__ = ["KINDS", "BrokenPlugin", "Kind", "Manager", "one_line"]
