"""Write defaults.json: what every built-in part is by default, so that no default changes unseen."""

from __future__ import annotations

import json
from dataclasses import MISSING, fields
from pathlib import Path

from serbench.learning.recipe import Recipe
from serbench.plugin.registry import load_registry

KINDS = ("dataset", "feature", "augmentation", "model")


def recipe_fields(recipe):
    """Return every field of a recipe that is known today, or None without a recipe."""
    if recipe is None:
        return None
    found = {field.name: getattr(recipe, field.name) for field in fields(recipe)}
    return found | {"augment": [each.facts() for each in recipe.augment]}


def defaults():
    """Return version, arguments and recipe of every built-in part, and the recipe that is named by nobody."""
    shelves = load_registry(only=("builtin",)).shelves
    found = {
        kind: {
            name: {
                "version": offer.part.card.version,
                "arguments": offer.part.defaults(),
                "recipe": recipe_fields(getattr(offer.part(), "recipe", None)),
            }
            for name, offer in shelves[kind].items()
        }
        for kind in KINDS
    }
    usual = {field.name: field.default for field in fields(Recipe) if field.default is not MISSING}
    return {"recipe": usual, **found}


if __name__ == "__main__":
    path = Path(__file__).with_name("defaults.json")
    path.write_text(json.dumps(defaults(), indent=1, sort_keys=True) + "\n", encoding="utf-8")
