"""Training in stages: on some rows with one recipe, then on others with another.

Conventions
-----------
The network of a later stage begins with every number of the one before that has its name and shape; what differs, as a
last layer for other classes, begins anew. A stage without rows is passed over: where a protocol knows no source and
target, all rows are of the target.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from serbench.errors import PluginError, UsageError
from serbench.features.table import FeatureTable
from serbench.learning.recipe import Recipe

if TYPE_CHECKING:
    from torch import nn


@dataclass(frozen=True, kw_only=True)
class Stage:
    """One stage of a training.

    Attributes
    ----------
    recipe
        How the network is trained in it. Prediction cuts and fills clips as the last stage does, so all stages are to.
    rows
        ``all``, or those of the ``source`` or the ``target`` of a protocol that adapts from one to the other.
    learns
        ``class``: the task's classes. ``speaker``: who speaks, among the training rows; there is no dev for that, so
        the recipe keeps the last epoch.
    """

    recipe: Recipe
    rows: Literal["all", "source", "target"] = "all"
    learns: Literal["class", "speaker"] = "class"

    def __post_init__(self) -> None:
        if self.learns == "speaker" and self.recipe.keep != "last":
            raise UsageError("a stage that learns speakers has no dev to choose on, expected keep='last' in its recipe")

    def facts(self) -> dict[str, Any]:
        """Return what is hashed and written into records: the fields that differ from their defaults."""
        words = {"rows": self.rows, "learns": self.learns}
        usual = {"rows": "all", "learns": "class"}
        return {"recipe": self.recipe.facts()} | {name: word for name, word in words.items() if word != usual[name]}

    def table(self, table: FeatureTable) -> FeatureTable | None:
        """Return the rows of a table that this stage is about, labelled with what it learns; None where there are none.

        Raises
        ------
        PluginError
            When it learns speakers, and the table does not say whose its rows are.
        """
        chosen = _of_domain(table, self.rows)
        if chosen is None or self.learns == "class":
            return chosen
        if chosen.speakers is None:
            raise PluginError("a stage learns speakers, and the training rows do not say whose they are")
        return replace(chosen, y=chosen.speakers, labels=tuple(sorted(set(chosen.speakers.tolist()))))


def _of_domain(table: FeatureTable, domain: str) -> FeatureTable | None:
    if domain == "all" or (table.domains is None and domain == "target"):
        return table
    if table.domains is None:
        return None
    places = np.flatnonzero(table.domains == domain)
    if len(places) == len(table):
        return table
    return table.take(places) if len(places) else None


def take_over(network: nn.Module, before: nn.Module) -> None:
    """Fill a network with all that another one has under the same names and in the same shapes."""
    mine, theirs = network.state_dict(), before.state_dict()
    shared = {name: each for name, each in theirs.items() if name in mine and mine[name].shape == each.shape}
    network.load_state_dict(mine | shared)


__all__ = ["Stage", "take_over"]
