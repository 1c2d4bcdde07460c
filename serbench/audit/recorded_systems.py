"""The system that a record names, made again from the plugins at hand: the one way in which that is done."""

from __future__ import annotations

from serbench.errors import BoardError, SerbenchError
from serbench.learning.model import Model
from serbench.plugin.members import complete
from serbench.plugin.registry import Registry
from serbench.results.facts import PartFacts
from serbench.results.record import Record
from serbench.results.store import Store
from serbench.run.contender import Contender
from serbench.use import numbered
from serbench.weights import WeightFolders


def recorded_system(record: Record, registry: Registry, weights: WeightFolders | None = None) -> Contender | None:
    """Return a record's model, features and augmentations with the arguments that its key names.

    Parameters
    ----------
    weights
        Where they look for pretrained weights; None: nobody will ask them to work.

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
    asked += [("model", part) for part in key.model.members]
    asked += [("augmentation", part) for part in key.augmentations]
    if not all(_is_installed(kind, part, registry) for kind, part in asked):
        return None

    def create() -> Model:
        return complete(registry.get("model", key.model.name).create(**key.model.params), registry)

    model = create()
    features = {part.use: registry.get("feature", part.name).create(**part.params) for part in key.features}
    changes = [registry.get("augmentation", part.name).create(**part.params) for part in key.augmentations]
    names = [part.use for part in key.augmentations]
    own = [use.name for use in model.uses("augmentations") for _ in range(use.copies)]
    replaces = names != own and not key.protocol.augmentations  # a protocol that augments sets the model's own aside
    augmentations = dict(zip(numbered(names), changes, strict=True))
    made = Contender(create, model, features, augmentations, replaces=replaces)
    return made if weights is None else made.looking_in(weights)


def published_system(
    store: Store, record: Record, registry: Registry, weights: WeightFolders | None = None
) -> Contender | None:
    """Return the same of a record of a board.

    Raises
    ------
    BoardError
        When a plugin refuses its arguments.
    """
    try:
        return recorded_system(record, registry, weights)
    except SerbenchError as error:
        raise BoardError(f"{store.where(record)}: its system cannot be made: {error}") from error


def _is_installed(kind: str, part: PartFacts, registry: Registry) -> bool:
    shelf = registry.shelves[kind]
    return part.name in shelf and shelf[part.name].part.card.version == part.version


__all__ = ["published_system", "recorded_system"]
