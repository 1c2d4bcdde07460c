"""The features and augmentations that a model asks for, made with the arguments that it and a person name.

Conventions
-----------
What a person sets goes before what a model asks for, and that before the part's defaults. Parts are in the model's
order by the names of their uses (``serbench.use``); of several copies each has its number: ``noise``, ``noise*2``.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from serbench.errors import PluginError
from serbench.features.extractor import FeatureExtractor
from serbench.learning.augmentation import Augmentation
from serbench.learning.model import Model
from serbench.plugin.registry import Registry
from serbench.use import Use, numbered, uses_of

Settings = Mapping[str, Mapping[str, Any]]


def make_features(model: Model, registry: Registry, settings: Settings) -> dict[str, FeatureExtractor]:
    """Make the extractors that a model asks for, by the names of their columns.

    Raises
    ------
    UnknownNameError
        When nobody offers one, or it does not take an argument.
    PluginError
        When what the model asks for cannot be: two of one name, or the name of another part.
    """
    uses = model.uses("features")
    return {
        use.name: registry.get("feature", use.part).create(**arguments)
        for use, arguments in _with_arguments(uses, registry, settings)
    }


def make_augmentations(
    asked: Iterable[str | Use], registry: Registry, settings: Settings, who: str = "the augmentations"
) -> dict[str, Augmentation]:
    """Make augmentations, each copy of one alone; see :func:`make_features` for what is raised.

    Parameters
    ----------
    asked
        Names, and uses.
    who
        Whose they are, for messages.
    """
    made: list[tuple[str, Augmentation]] = []
    for use, arguments in _with_arguments(uses_of(asked, who), registry, settings):
        cls = registry.get("augmentation", use.part)
        made += [(use.name, cls.create(**arguments)) for _ in range(use.copies)]
    return dict(zip(numbered(name for name, _ in made), (part for _, part in made), strict=True))


def copy_numbers(augmentations: Mapping[str, Augmentation]) -> dict[str, int]:
    """Return for each augmentation how many of the same identity come before it: children of equal ones differ by it.

    Parameters
    ----------
    augmentations
        By name, in the model's order.
    """
    seen: dict[str, int] = {}
    numbers = {}
    for name, augmentation in augmentations.items():
        identity = augmentation.identity.digest
        numbers[name] = seen.get(identity, 0)
        seen[identity] = numbers[name] + 1
    return numbers


def _with_arguments(
    uses: Iterable[Use], registry: Registry, settings: Settings
) -> Iterator[tuple[Use, dict[str, Any]]]:
    for use in uses:
        if use.name != use.part and any(use.name in shelf for shelf in registry.shelves.values()):
            raise PluginError(
                f"Use({use.part!r}, name={use.name!r}) has the name of another part, expected one of its own: "
                f"arguments are set by it"
            )
        yield use, {**use.arguments, **settings.get(use.name, {})}


__all__ = ["copy_numbers", "make_augmentations", "make_features"]
