"""Boards: the rows of one task with their ranks, and how systems are called.

Conventions
-----------
Rows are ranked by UAR within one task: one corpus copy, one label map, one split. Ranks are shared where the difference
is not significant; ``serbench.board.ranking.significance`` says by which rule.

Without a rank stand: incomplete rows, self-reported rows, models at reduced precision that keep what their float32 rows
reach or may keep it (``serbench.board.ranking.precision``), and all rows of a protocol that is never ranked.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Protocol

from serbench.board.machines import machine_letters
from serbench.board.ranking.pareto import pareto_optimal
from serbench.board.ranking.precision import Variant, below_originals, variants
from serbench.board.ranking.significance import board_detectable_difference, significance
from serbench.results.facts import PartFacts
from serbench.results.row import Row
from serbench.scoring.figure import Figure

#: Systems that stand in every table, so that the floor is visible.
FLOORS = ("majority", "prior", "logreg")


@dataclass(frozen=True)
class Placement:
    """A row and where it stands on its board.

    Attributes
    ----------
    row
        The row.
    name
        The row's label; with a version or a digest where two systems have one label.
    rank
        From 1, or None where no rank is given.
    is_shared
        True when another row has the same rank.
    pareto_optimal
        From the name of each axis of cost to whether the row is Pareto-optimal in UAR and that cost; None where it is
        left out. See ``serbench.board.ranking.pareto``.
    not_different
        Names of the ranked rows, of whatever rank, that do not differ significantly from it; empty without a rank.
    variant
        What it is of its model, where it is of reduced precision.
    """

    row: Row
    name: str
    rank: int | None
    is_shared: bool
    pareto_optimal: Mapping[str, bool | None]
    not_different: tuple[str, ...] = ()
    variant: Variant | None = None

    @property
    def is_floor(self) -> bool:
        """True for a system that stands in every table."""
        return self.row.model.name in FLOORS


@dataclass(frozen=True)
class Board:
    """All rows of one task.

    Attributes
    ----------
    placements
        Ranked ones first, by UAR; then those without a rank, by UAR, none at reduced precision above its float32 row.
        Never empty.
    is_main
        True when the overall table takes this task for its dataset: it has most rows of the dataset's tasks on the
        whole corpus, or, where there is none, on a part of it.
    detectable
        The minimum detectable difference in UAR; see ``serbench.board.ranking.significance``.
    """

    placements: tuple[Placement, ...]
    is_main: bool
    detectable: Figure

    @property
    def first(self) -> Row:
        """Any row, for the facts that all rows of a task share."""
        return self.placements[0].row

    @property
    def rows(self) -> list[Row]:
        """The rows, in the order of their placements."""
        return [placement.row for placement in self.placements]

    @property
    def protocol(self) -> str:
        """The protocol's name."""
        return self.first.protocol.name

    @property
    def dataset(self) -> str:
        """The dataset's name."""
        return self.first.dataset.name

    @property
    def is_ranked(self) -> bool:
        """True when the protocol takes part in rankings."""
        return self.first.standing.ranked

    @property
    def exclusion(self) -> str | None:
        """Why its UAR is excluded from averages over datasets; None where it counts."""
        standing = self.first.standing
        if self.is_ranked and standing.headline and not standing.diagnostic:
            return None
        if standing.reason:
            return standing.reason
        if not self.is_ranked:
            return "this protocol is never ranked"
        diagnostic = "diagnostic, its score says little about new speakers"
        return diagnostic if standing.diagnostic else "no recordings of people"

    @cached_property
    def machines(self) -> dict[str, str]:
        """From a machine's card (``machine_key``) to its letter on this board."""
        return machine_letters(self.rows)

    @cached_property
    def groups(self) -> list[list[str]]:
        """The largest groups of ranked rows without a significant difference between the first and any other.

        Names in the order of UAR; two at least.
        """
        names = [placement.name for placement in self.placements]
        groups: list[list[str]] = []
        for start, placement in enumerate(self.placements):
            group = [name for name in names[start:] if name == placement.name or name in placement.not_different]
            if len(group) > 1 and not any(set(group) <= set(other) for other in groups):
                groups.append(group)
        return groups


def make_boards(rows: Iterable[Row]) -> list[Board]:
    """Return a board per task: ranked protocols first, ``si`` before all, then by dataset."""
    rows = list(rows)
    names = display_names(rows)
    tasks: dict[str, list[Row]] = defaultdict(list)
    for row in sorted(rows, key=lambda row: (row.label, row.system)):
        tasks[row.task].append(row)
    main: dict[tuple[str, str], str] = {}
    # a part of a corpus never stands for it, however many rows it has
    for task in sorted(tasks, key=lambda task: (bool(tasks[task][0].standing.parts), -len(tasks[task]), task)):
        main.setdefault(_protocol_and_dataset(tasks[task][0]), task)
    boards = [
        Board(
            _placements(group, names),
            main[_protocol_and_dataset(group[0])] == task,
            board_detectable_difference([row for row in group if row.is_complete]),
        )
        for task, group in tasks.items()
    ]
    return sorted(boards, key=_board_order)


class Labelled(Protocol):
    """What a system's name is made of: of a row, or of a cell."""

    @property
    def label(self) -> str:
        """The model's row label."""

    @property
    def system(self) -> str:
        """Digest of model, arguments, features and augmentations."""

    @property
    def model(self) -> PartFacts:
        """Identity facts of the model."""

    @property
    def features(self) -> Sequence[PartFacts]:
        """Identity facts of the features."""

    @property
    def augmentations(self) -> Sequence[PartFacts]:
        """Identity facts of the augmentations."""


def display_names(rows: Iterable[Labelled]) -> dict[str, str]:
    """Return a name per system digest: its label, with version or digest where systems share the label.

    A protocol that makes its own copies takes away a model's augmentations; what is left bears the model's name.

    Returns
    -------
    dict
        From :attr:`Row.system` to the name; no two under one protocol are equal.
    """
    by_label: dict[str, list[Labelled]] = defaultdict(list)
    for row in {row.system: row for row in rows}.values():
        by_label[row.label].append(row)
    names: dict[str, str] = {}
    for label, group in by_label.items():
        complete = {row.system: _with_augmentations(row, group) for row in group}
        versions = Counter(row.model.version for row in group if complete[row.system] is row)
        for row in (complete[member.system] for member in group):
            if versions.total() == 1:
                names[row.system] = label
            elif versions[row.model.version] == 1:
                names[row.system] = f"{label} v{row.model.version}"
            else:
                names[row.system] = f"{label} v{row.model.version} #{row.system[:6]}"
        names |= {system: names[row.system] for system, row in complete.items()}
    return names


def _with_augmentations(row: Labelled, group: Iterable[Labelled]) -> Labelled:
    """Return the one system that has a row's model and features and augmentations too, or the row itself."""
    same = [
        other for other in group if other.augmentations and (other.model, other.features) == (row.model, row.features)
    ]
    return same[0] if not row.augmentations and len(same) == 1 else row


def _protocol_and_dataset(row: Row) -> tuple[str, str]:
    return row.protocol.name, row.dataset.name


def _board_order(board: Board) -> tuple[Any, ...]:
    return (
        not board.is_ranked,
        board.protocol != "si",
        board.protocol,
        *_dataset_order(board.first),
        not board.is_main,
        board.first.task,
    )


def _dataset_order(row: Row) -> tuple[str, int]:
    """Return by what datasets are sorted: their names; adapted ones by target and sources, then by speakers."""
    if row.dataset.adapted is None:
        return row.dataset.name, 0
    return "+".join((row.dataset.tested_on, *row.dataset.trained_on)), row.dataset.adapted.speakers


def _by_uar(row: Row) -> tuple[Any, ...]:
    value = row.uar.value
    return (value is None, -(value or 0.0), row.label, row.system)


def _placements(rows: Sequence[Row], names: Mapping[str, str]) -> tuple[Placement, ...]:
    reduced = variants(rows)
    kept = {system for system, variant in reduced.items() if variant.verdict != "refused"}
    ordered = sorted(rows, key=_by_uar)
    ranked = [row for row in ordered if _may_rank(row) and row.system not in kept]
    found = significance(ranked)
    shared = Counter(found.ranks)
    optimal = pareto_optimal(rows)
    ranks = {row.system: rank for row, rank in zip(ranked, found.ranks, strict=True)}
    others = [row for row in ordered if row.system not in ranks]
    others = below_originals(others, lambda row: row.system, lambda row: _original(reduced.get(row.system)))
    return tuple(
        Placement(
            row,
            names[row.system],
            ranks.get(row.system),
            is_shared=shared[ranks.get(row.system, 0)] > 1,
            pareto_optimal=optimal[row.system],
            not_different=tuple(names[system] for system in found.not_different.get(row.system, ())),
            variant=reduced.get(row.system),
        )
        for row in (*ranked, *others)
    )


def _original(variant: Variant | None) -> str | None:
    return None if variant is None else variant.original


def _may_rank(row: Row) -> bool:
    return row.is_complete and row.uar.value is not None and row.standing.ranked and row.evidence == "verified"


__all__ = ["FLOORS", "Board", "Labelled", "Placement", "display_names", "make_boards"]
