"""The system that a record names, made again from the plugins at hand: the one way in which that is done."""

from __future__ import annotations

from serbench.learning.model import Model
from serbench.plugin.registry import Registry
from serbench.results.facts import PartFacts
from serbench.results.record import Record
from serbench.run.plan import Contender, make_augmentations


def recorded_system(record: Record, registry: Registry) -> Contender | None:
    """Return a record's model, features and augmentations with the arguments that its key names.

    Returns
    -------
    None where one of the plugins is not installed, or in another version.

    Raises
    ------
    SerbenchError
        When a plugin refuses its arguments.
    """
    key = record.key
    asked = [("model", key.model), *(("feature", part) for part in key.features)]
    asked += [("augmentation", part) for part in key.augmentations]
    if not all(_is_installed(kind, part, registry) for kind, part in asked):
        return None

    def create() -> Model:
        return registry.get("model", key.model.name).create(**key.model.params)

    features = {part.name: registry.get("feature", part.name).create(**part.params) for part in key.features}
    settings = {part.name: dict(part.params) for part in key.augmentations}
    return Contender(create, create(), features, make_augmentations(settings, registry, settings))


def _is_installed(kind: str, part: PartFacts, registry: Registry) -> bool:
    shelf = registry.shelves[kind]
    return part.name in shelf and shelf[part.name].part.card.version == part.version


__all__ = ["recorded_system"]
