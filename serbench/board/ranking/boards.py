"""Who stands where: boards per task, shared ranks, the Pareto front.

Conventions
-----------
Rows are ranked by UAR within one task: one corpus copy, one label map, one split. Ranks are shared where the
data cannot tell rows apart; ``serbench.board.ranking.significance`` says by which rule.

Without a rank stand: rows that are not whole, self-reported rows, models at reduced precision that keep what their
float32 rows reach (``serbench.board.ranking.precision``), and all rows of a protocol that is never ranked.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from serbench.board.ranking.pareto import standings
from serbench.board.ranking.precision import Variant, variants
from serbench.board.ranking.significance import separate, smallest_resolvable
from serbench.results.row import Row
from serbench.scoring.figure import Figure

#: Systems that stand in every table, so that the floor is visible.
FLOORS = ("majority", "prior", "logreg")


@dataclass(frozen=True)
class Place:
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
    on_front
        From the name of each axis of cost to whether the row stands on the Pareto front of UAR against it; None where
        it is left out. See ``serbench.board.ranking.pareto``.
    ties
        Names of the ranked rows that it cannot be told apart from, of whatever rank; empty without a rank.
    variant
        What it is of its model, where it is of reduced precision.
    """

    row: Row
    name: str
    rank: int | None
    is_shared: bool
    on_front: Mapping[str, bool | None]
    ties: tuple[str, ...] = ()
    variant: Variant | None = None


@dataclass(frozen=True)
class Board:
    """All rows of one task.

    Attributes
    ----------
    places
        Ranked ones first, by UAR; then those without a rank, by UAR. Never empty.
    is_main
        True when the overall table takes this task for its dataset: it has most rows of the dataset's tasks.
    resolvable
        The smallest difference in UAR that its speakers resolve; see ``serbench.board.ranking.significance``.
    """

    places: tuple[Place, ...]
    is_main: bool
    resolvable: Figure

    @property
    def first(self) -> Row:
        """Any row, for the facts that all rows of a task share."""
        return self.places[0].row

    @property
    def protocol(self) -> str:
        """The protocol's name."""
        return str(self.first.protocol["name"])

    @property
    def dataset(self) -> str:
        """The dataset's name."""
        return str(self.first.dataset["name"])

    @property
    def is_ranked(self) -> bool:
        """True when the protocol takes part in rankings."""
        return bool(self.first.standing.get("ranked", True))

    @property
    def is_headline(self) -> bool:
        """True when its UAR counts towards the mean skill."""
        standing = self.first.standing
        return self.is_ranked and bool(standing.get("headline", True)) and not standing.get("diagnostic", False)


def make_boards(rows: Iterable[Row]) -> list[Board]:
    """Return a board per task: ranked protocols first, ``si`` before all, then by dataset."""
    rows = list(rows)
    names = display_names(rows)
    tasks: dict[str, list[Row]] = defaultdict(list)
    for row in sorted(rows, key=lambda row: (row.label, row.system)):
        tasks[row.task].append(row)
    main: dict[tuple[str, str], str] = {}
    for task in sorted(tasks, key=lambda task: (-len(tasks[task]), task)):
        main.setdefault(_protocol_and_dataset(tasks[task][0]), task)
    boards = [
        Board(
            _places(group, names),
            main[_protocol_and_dataset(group[0])] == task,
            smallest_resolvable([row for row in group if row.is_whole]),
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
    def model(self) -> Mapping[str, Any]:
        """Identity facts of the model."""

    @property
    def features(self) -> Sequence[Mapping[str, Any]]:
        """Identity facts of the features."""

    @property
    def augmentations(self) -> Sequence[Mapping[str, Any]]:
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
        whole = {row.system: _whole(row, group) for row in group}
        versions = Counter(row.model["version"] for row in group if whole[row.system] is row)
        for row in (whole[each.system] for each in group):
            if versions.total() == 1:
                names[row.system] = label
            elif versions[row.model["version"]] == 1:
                names[row.system] = f"{label} v{row.model['version']}"
            else:
                names[row.system] = f"{label} v{row.model['version']} #{row.system[:6]}"
        names |= {system: names[row.system] for system, row in whole.items()}
    return names


def _whole(row: Labelled, group: Iterable[Labelled]) -> Labelled:
    """Return the one system that has a row's model and features and augmentations too, or the row itself."""
    same = [each for each in group if each.augmentations and (each.model, each.features) == (row.model, row.features)]
    return same[0] if not row.augmentations and len(same) == 1 else row


def to_json(rows: Iterable[Row]) -> list[dict[str, Any]]:
    """Return every row's facts as JSON-like values, in the boards' order.

    Beside the row's own facts: ``evidence``, ``name``, ``rank`` (None without one), ``rank_is_shared``,
    ``on_front`` (by axis of cost), ``ties`` (names of the rows it cannot be told apart from), ``variant`` (of a row at
    reduced precision), ``resolvable`` (of its board).
    """
    return [
        {
            **place.row.facts(),
            "evidence": place.row.evidence,
            "name": place.name,
            "rank": place.rank,
            "rank_is_shared": place.is_shared,
            "on_front": dict(place.on_front),
            "ties": place.ties,
            "variant": place.variant.facts() if place.variant else None,
            "resolvable": board.resolvable.facts(),
        }
        for board in make_boards(rows)
        for place in board.places
    ]


def _protocol_and_dataset(row: Row) -> tuple[str, str]:
    return row.protocol["name"], row.dataset["name"]


def _board_order(board: Board) -> tuple[Any, ...]:
    return (
        not board.is_ranked,
        board.protocol != "si",
        board.protocol,
        board.dataset,
        not board.is_main,
        board.first.task,
    )


def _by_uar(row: Row) -> tuple[Any, ...]:
    value = row.uar.value
    return (value is None, -(value or 0.0), row.label, row.system)


def _places(rows: Sequence[Row], names: Mapping[str, str]) -> tuple[Place, ...]:
    reduced = variants(rows)
    same = {system for system, each in reduced.items() if each.is_same_model}
    ordered = sorted(rows, key=_by_uar)
    ranked = [row for row in ordered if _may_rank(row) and row.system not in same]
    found = separate(ranked)
    shared = Counter(found.ranks)
    front = standings(rows)
    ranks = {row.system: rank for row, rank in zip(ranked, found.ranks, strict=True)}
    others = [row for row in ordered if row.system not in ranks]
    return tuple(
        Place(
            row,
            names[row.system],
            ranks.get(row.system),
            is_shared=shared[ranks.get(row.system, 0)] > 1,
            on_front=front[row.system],
            ties=tuple(names[system] for system in found.ties.get(row.system, ())),
            variant=reduced.get(row.system),
        )
        for row in (*ranked, *others)
    )


def _may_rank(row: Row) -> bool:
    is_ranked = bool(row.standing.get("ranked", True)) and row.evidence == "verified"
    return row.is_whole and row.uar.value is not None and is_ranked


__all__ = [
    "FLOORS",
    "Board",
    "Labelled",
    "Place",
    "display_names",
    "make_boards",
    "to_json",
]
