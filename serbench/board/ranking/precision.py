"""When a model at reduced precision is still the same model.

Conventions
-----------
The rule is MLPerf's: a variant may stand for a model only if it keeps 99 % of the quality of its float32 original. Here
quality is UAR, on the same cells: one task, the same seeds, all folds done. Two trainings of one network differ by more
than that 1 %, so the share that is kept is decided against the scatter over seeds and speakers: by its 90 % interval,
which leaves 5 % on either side. A variant whose interval lies at 99 % or above is the same model; one whose interval
lies below is refused; where it lies across, nothing is decided.

A variant that is the same model, or may be, is shown with its original and has no rank of its own, as the model has
one. One that is refused, or whose original is not there, is a system of its own, ranked as such, and marked. None
stands above its original in a table.

A row's precision is that of its model's recipe (``serbench.learning.recipe``). Its original is the row whose model
differs in nothing but that, and in an argument named ``precision`` where the model has one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Literal, TypeVar

from serbench.digest import digest_value
from serbench.results.row import Row
from serbench.scoring.comparison import LEVEL, paired_standard_error
from serbench.scoring.figure import Figure
from serbench.scoring.seed_variance import SeedVariance
from serbench.scoring.statistics import Interval

FULL = "fp32"
#: The share of the original's UAR that a variant keeps at least.
KEPT = 0.99

SAME, UNDECIDED, REFUSED = "↓", "⇣", "⇓"

Verdict = Literal["same", "undecided", "refused"]
_WORDS = {"same": "the same model", "undecided": "undecided", "refused": "refused as the same model"}
_SIGNS = {"same": SAME, "undecided": UNDECIDED, "refused": REFUSED}
Placed = TypeVar("Placed")


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
    interval
        Of that share, over seeds and speakers, 90 %; undefined where the scatter is not known.
    """

    precision: str
    original: str | None
    kept: Figure
    interval: Interval

    @property
    def verdict(self) -> Verdict:
        """``same``, ``refused``, or ``undecided`` where the scatter allows both, or nobody can compare."""
        if self.original is None:
            return "refused"
        if self.interval.low is None or self.interval.high is None:
            return "undecided"
        if self.interval.low >= KEPT:
            return "same"
        return "refused" if self.interval.high < KEPT else "undecided"

    @property
    def is_same_model(self) -> bool | None:
        """True when it keeps enough of the original's UAR to stand for the model; None where that is undecided."""
        return {"same": True, "undecided": None, "refused": False}[self.verdict]

    @property
    def sign(self) -> str:
        """What stands beside its name."""
        return _SIGNS[self.verdict]

    @property
    def sentence(self) -> str:
        """What a reader should know, after the row's name."""
        verdict = f"{self.precision}, {_WORDS[self.verdict]}"
        if self.kept.value is None:
            return f"{verdict}: {self.kept.reason}"
        share = f"{verdict}: keeps {100 * self.kept.value:.2f} % of its float32 row's UAR"
        low, high = self.interval.low, self.interval.high
        if low is None or high is None:
            return f"{share}, but {self.interval.reason}"
        least = "" if self.verdict == "same" else f"; {100 * KEPT:.0f} % at least are expected"
        return f"{share} (90 % interval over seeds and speakers {100 * low:.1f} to {100 * high:.1f} %){least}"

    def facts(self) -> dict[str, Any]:
        """Return the JSON form."""
        judged = {"is_same_model": self.is_same_model, "verdict": self.verdict}
        share = {"kept": self.kept.facts(), "interval": self.interval.facts()}
        return {"precision": self.precision, "original": self.original, **judged, **share}


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
    share = f"{100 * KEPT:.0f} % of its float32 row's UAR"
    meanings = {
        SAME: f"reduced precision, the same model: keeps {share} at least, beyond the scatter of seeds and speakers",
        UNDECIDED: f"reduced precision, undecided whether it keeps {share}: seeds and speakers scatter more than that",
        REFUSED: "reduced precision, refused as the same model",
    }
    return [f"{sign} {meaning}" for sign, meaning in meanings.items() if sign in signs]


def below_originals(
    placed: Sequence[Placed], system: Callable[[Placed], str], original: Callable[[Placed], str | None]
) -> list[Placed]:
    """Return what is placed, each variant that stands above its original moved to the place behind it.

    Parameters
    ----------
    system, original
        Of what is placed: :attr:`Row.system`, and that of its original; None for what is no variant.
    """
    places = {system(placement): place for place, placement in enumerate(placed)}

    def place_of(place: int) -> tuple[int, int]:
        theirs = places.get(original(placed[place]) or "", -1)
        return (theirs, 1 + place) if theirs > place else (place, 0)

    return [placed[place] for place in sorted(range(len(placed)), key=place_of)]


def _judged(row: Row, original: Row | None) -> Variant:
    precision = precision_of(row)
    if original is None:
        none = "there is no float32 row to compare with"
        return Variant(precision, None, Figure.undefined(none), Interval.undefined(none, 0))
    kept = _kept(row, original)
    return Variant(precision, original.system, kept, _interval(row, original, kept))


def _kept(row: Row, original: Row) -> Figure:
    if original.evidence == "self-reported":
        return Figure.undefined("the float32 row is self-reported")
    if not (row.is_complete and original.is_complete and row.seeds == original.seeds):
        return Figure.undefined("the float32 row is not of the same cells")
    mine, theirs = row.uar.value, original.uar.value
    if mine is None or not theirs:
        return Figure.undefined("the float32 row has no UAR to compare with")
    return Figure(mine / theirs)


def _interval(row: Row, original: Row, kept: Figure) -> Interval:
    """Return the interval of the share that is kept: that of UAR less 99 % of the original's, over the original's."""
    speakers = len(row.speaker_values)
    if kept.value is None:
        return Interval.undefined(kept.reason or "not known", speakers)
    if speakers < 2 or set(row.speaker_values) != set(original.speaker_values):
        return Interval.undefined("there are no two speakers to compare on", speakers)
    if row.standing.declared.seeded and len(row.seeds) < 2:
        return Interval.undefined("one seed does not say how trainings scatter", speakers)
    least = {name: KEPT * value for name, value in original.speaker_values.items()}
    variance = SeedVariance.total([row.seed_variance, SeedVariance.total([original.seed_variance], KEPT)])
    error = paired_standard_error(row.speaker_values, least, variance)
    half = error.half_width(1 - 2 * LEVEL) / float(original.uar.value or 1)
    return Interval(kept.value - half, kept.value + half, "paired t", speakers)


def _identity(row: Row) -> str:
    """Return a digest of the system that does not depend on its precision."""
    model = row.model
    params = {name: value for name, value in model.params.items() if name != "precision"}
    settings = dict(model.settings)
    recipe = {name: value for name, value in settings.pop("recipe", {}).items() if name != "precision"}
    rest = [part.facts() for part in (*row.features, *row.augmentations)]
    return digest_value([model.name, model.version, params, settings, recipe, len(row.features), rest])


__all__ = [
    "FULL",
    "KEPT",
    "REFUSED",
    "SAME",
    "UNDECIDED",
    "Variant",
    "Verdict",
    "below_originals",
    "precision_meanings",
    "precision_of",
    "variants",
]
