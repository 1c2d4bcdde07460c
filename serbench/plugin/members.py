"""Models made of models: their members, found by name."""

from __future__ import annotations

from serbench.errors import PluginError
from serbench.learning.fusion import LateFusion
from serbench.learning.model import Model
from serbench.plugin.registry import Registry


def complete(model: Model, registry: Registry, within: tuple[str, ...] = ()) -> Model:
    """Return a model after it was given its members, where it is made of models; as it is otherwise.

    Parameters
    ----------
    within
        Names of the models that it is a member of.

    Raises
    ------
    UnknownNameError
        When nobody offers a member.
    PluginError
        When it is a member of itself, or its members do not go together.
    """
    if not isinstance(model, LateFusion):
        return model
    within = (*within, model.card.name)
    made = {}
    for name, arguments in model.arguments.items():
        if name in within:
            raise PluginError(f"{within[0]} is made of itself ({' of '.join((*within, name))}), expected other members")
        made[name] = complete(registry.get("model", name).create(**arguments), registry, within)
    return model.take_members(made)


__all__ = ["complete"]
