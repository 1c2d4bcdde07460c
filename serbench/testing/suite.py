"""The contract suite: which checks a plugin is held to, and how they are asked for."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

from serbench.errors import PluginError
from serbench.part import Part
from serbench.plugin.manager import KINDS
from serbench.plugin.registry import Registry, load_registry
from serbench.scoring.metric import Metric
from serbench.testing.augmentations import AUGMENTATION_CHECKS
from serbench.testing.check import Case, Check, PluginPart, Subject
from serbench.testing.datasets import DATASET_CHECKS, DatasetSubject
from serbench.testing.features import FEATURE_CHECKS, FeatureSubject
from serbench.testing.metrics import METRIC_CHECKS, MetricSubject
from serbench.testing.model_subject import ModelSubject
from serbench.testing.models import MODEL_CHECKS
from serbench.weights import WeightFolders

if TYPE_CHECKING:
    import pytest

_SUBJECTS: Mapping[str, tuple[type[Subject], Iterable[Callable[[Any], None]]]] = {
    "dataset": (DatasetSubject, DATASET_CHECKS),
    "feature": (FeatureSubject, FEATURE_CHECKS),
    "augmentation": (Subject, AUGMENTATION_CHECKS),
    "model": (ModelSubject, MODEL_CHECKS),
    "metric": (MetricSubject, METRIC_CHECKS),
}

#: From kind to the checks that a plugin of it is held to, in the order in which they are run.
CHECKS: Mapping[str, tuple[Check, ...]] = {
    kind: tuple(Check.of(function) for function in functions) for kind, (_, functions) in _SUBJECTS.items()
}


def kind_of(part: object) -> str:
    """Return the kind of a plugin class or a metric: ``model``.

    Raises
    ------
    PluginError
        When it is neither.
    """
    for kind in KINDS.values():
        if isinstance(part, Metric) if kind.base is Metric else isinstance(part, type) and issubclass(part, kind.base):
            return kind.name
    raise PluginError(f"{part!r} is no plugin, expected a class derived from Model, Dataset ..., or a Metric")


def cases_of(
    part: PluginPart,
    registry: Registry,
    data_roots: Sequence[Path] = (),
    settings: Mapping[str, Mapping[str, Any]] | None = None,
    weights: WeightFolders | None = None,
) -> tuple[Case, ...]:
    """Return the checks of a plugin; they share what is costly, so keep those of one plugin together.

    Parameters
    ----------
    part
        The plugin class, or a metric.
    registry
        Where the plugins that it names are found, such as a model's features.
    data_roots
        Where a dataset's corpus lies, or a sample of it.
    settings
        Arguments with which it is checked, by the names of parts: its own, and of a model those of what it asks for.
    weights
        Where pretrained weights are looked for; None: in the user's folders.
    """
    kind = kind_of(part)
    names = tuple(check.name for check in CHECKS[kind])
    made = _SUBJECTS[kind][0](part, registry, data_roots, names, settings or {}, weights)
    return tuple(Case(made, check) for check in CHECKS[kind])


def parametrize_plugins(
    *plugins: ModuleType | PluginPart, data_roots: Sequence[Path | str] = ()
) -> pytest.MarkDecorator:
    """Make one test of every check of every plugin; the test takes ``check`` and calls it.

    Parameters
    ----------
    plugins
        Modules with hooks, whose whole offer is checked, or single plugin classes and metrics.
    data_roots
        Where a dataset's corpus lies, or a sample of it.

    Example
    -------
    ::

        import my_models
        from serbench.testing import parametrize_plugins

        @parametrize_plugins(my_models)
        def test_contract(check):
            check()
    """
    import pytest

    registry = _registry_with(plugins)
    parts: list[PluginPart] = []
    for plugin in plugins:
        if isinstance(plugin, type | Metric):
            parts.append(plugin)
        else:
            parts += [part for offered in registry.offers_of(plugin).values() for part in offered]
    roots = [Path(root) for root in data_roots]
    found = [case for part in parts for case in cases_of(part, registry, roots)]
    return pytest.mark.parametrize("check", found, ids=str)


def _registry_with(plugins: Iterable[ModuleType | PluginPart]) -> Registry:
    """Load what is installed, and the plugins' own modules where they are not: parts name their neighbours."""
    modules = [
        sys.modules[plugin.__module__] if isinstance(plugin, type) and issubclass(plugin, Part) else plugin
        for plugin in plugins
        if not isinstance(plugin, Metric)
    ]
    registry = load_registry()
    once = {id(module): module for module in modules}
    missing = [module for module in once.values() if registry.manager.provider_of(module) is None]
    return load_registry(extra=missing) if missing else registry


__all__ = ["CHECKS", "cases_of", "kind_of", "parametrize_plugins"]
