"""When a model at reduced precision is still the same model.

Conventions
-----------
The rule is MLPerf's: a variant may stand for a model only if it keeps 99 % of the quality of its float32 original. Here
quality is UAR, on the same cells: one task, the same seeds, all folds done. A variant that keeps it is shown beside the
original and has no rank of its own, as the model has one. One that does not, or whose original is missing, is refused
as the same model: a system of its own, ranked as such, and marked.

A row's precision is that of its model's recipe (``serbench.learning.recipe``). Its original is the row whose model
differs in nothing but that, and in an argument named ``precision`` where the model has one.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from serbench.digest import digest_value
from serbench.results.row import Row
from serbench.scoring.figure import Figure

FULL = "fp32"
#: The share of the original's UAR that a variant keeps at least.
KEPT = 0.99

SAME, REFUSED = "↓", "⇓"


@dataclass(frozen=True)
class Variant:
    """What a row at reduced precision is.

    Attributes
    ----------
    precision
        Of the recipe: ``bf16``.
    original
        :attr:`Row.system` of the float32 row, None where there is none to compare with.
    kept
        Its UAR over the original's; undefined with the reason.
    """

    precision: str
    original: str | None
    kept: Figure

    @property
    def is_same_model(self) -> bool:
        """True when it keeps enough of the original's UAR to stand for the model."""
        return self.kept.value is not None and self.kept.value >= KEPT

    @property
    def sign(self) -> str:
        """What stands beside its name."""
        return SAME if self.is_same_model else REFUSED

    @property
    def sentence(self) -> str:
        """What a reader should know, after the row's name."""
        verdict = "the same model" if self.is_same_model else "refused as the same model"
        share = f"keeps {100 * self.kept.value:.2f} % of its float32 row's UAR" if self.kept.value is not None else ""
        least = "" if self.is_same_model or not share else f", {100 * KEPT:.0f} % at least are expected"
        return f"{self.precision}, {verdict}: {share or self.kept.reason}{least}"

    def facts(self) -> dict[str, Any]:
        """Return the JSON form."""
        judged = {"is_same_model": self.is_same_model, "kept": self.kept.facts()}
        return {"precision": self.precision, "original": self.original, **judged}


def precision_of(row: Row) -> str:
    """Return the precision that a row's model was trained and tested with."""
    recipe = row.model.settings.get("recipe", {})
    return str(recipe.get("precision", FULL))


def variants(rows: Sequence[Row]) -> dict[str, Variant]:
    """Return the rows of one task that are of reduced precision, by :attr:`Row.system`."""
    originals = {_identity(row): row for row in rows if precision_of(row) == FULL}
    return {row.system: _judged(row, originals.get(_identity(row))) for row in rows if precision_of(row) != FULL}


def precision_meanings(found: Iterable[Variant | None]) -> list[str]:
    """Return a sentence part per sign that one of the variants has."""
    signs = {each.sign for each in found if each}
    meanings = {
        SAME: f"reduced precision, the same model: keeps {100 * KEPT:.0f} % of its float32 row's UAR",
        REFUSED: "reduced precision, refused as the same model",
    }
    return [f"{sign} {meaning}" for sign, meaning in meanings.items() if sign in signs]


def _judged(row: Row, original: Row | None) -> Variant:
    if original is None:
        return Variant(precision_of(row), None, Figure.undefined("there is no float32 row to compare with"))
    return Variant(precision_of(row), original.system, _kept(row, original))


def _kept(row: Row, original: Row) -> Figure:
    if original.evidence == "self-reported":
        return Figure.undefined("the float32 row is self-reported")
    if not (row.is_complete and original.is_complete and row.seeds == original.seeds):
        return Figure.undefined("the float32 row is not of the same cells")
    mine, theirs = row.uar.value, original.uar.value
    if mine is None or not theirs:
        return Figure.undefined("the float32 row has no UAR to compare with")
    return Figure(mine / theirs)


def _identity(row: Row) -> str:
    """Return a digest of the system that does not depend on its precision."""
    model = row.model
    params = {name: value for name, value in model.params.items() if name != "precision"}
    settings = dict(model.settings)
    recipe = {name: value for name, value in settings.pop("recipe", {}).items() if name != "precision"}
    rest = [part.facts() for part in (*row.features, *row.augmentations)]
    return digest_value([model.name, model.version, params, settings, recipe, len(row.features), rest])


__all__ = ["FULL", "KEPT", "REFUSED", "SAME", "Variant", "precision_meanings", "precision_of", "variants"]
