"""Systems over several datasets: the mean adjusted UAR, and their mean ranks.

Conventions
-----------
Adjusted UAR is averaged over the datasets of one protocol that are not excluded from averages, each by its main board,
and only those that a system has a complete and verified row on; how many those are is said. Diagnostic corpora and
generated ones are excluded, with the reason.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from serbench.board.ranking.boards import FLOORS, Board, Placement
from serbench.board.ranking.mean_ranks import FEWEST, MeanRanks, mean_ranks
from serbench.board.ranking.precision import below_originals
from serbench.scoring.figure import Figure
from serbench.scoring.statistics import mean_and_spread


@dataclass(frozen=True)
class Entry:
    """A system over all datasets of a protocol.

    Attributes
    ----------
    name
        As on the boards.
    adjusted_uar
        Mean over the averaged datasets that it is complete on.
    counted
        How many those are.
    placements
        From dataset to its placement on that dataset's main board.
    """

    name: str
    adjusted_uar: Figure
    counted: int
    placements: Mapping[str, Placement]

    @property
    def any_placement(self) -> Placement:
        """One of its placements, for what does not depend on the dataset."""
        return next(iter(self.placements.values()))


@dataclass(frozen=True)
class Overall:
    """A protocol at a glance.

    Attributes
    ----------
    protocol
        Its name.
    averaged, excluded
        Main boards: those of the mean, and those excluded from it.
    boards
        All boards of the protocol.
    entries
        Those complete on most averaged datasets first, then by mean adjusted UAR; none at reduced precision stands
        above its float32 model.
    missing_floors
        Floors without any row.
    ranks
        Mean ranks over the averaged datasets; None where there are too few datasets or systems.
    """

    protocol: str
    averaged: tuple[Board, ...]
    excluded: tuple[Board, ...]
    boards: tuple[Board, ...]
    entries: tuple[Entry, ...]
    missing_floors: tuple[str, ...]
    ranks: MeanRanks | None

    @property
    def is_ranked(self) -> bool:
        """True when the protocol takes part in rankings."""
        return any(board.is_ranked for board in self.boards)

    @property
    def complete(self) -> list[Entry]:
        """The systems that are complete on all averaged datasets."""
        return [entry for entry in self.entries if self.averaged and entry.counted == len(self.averaged)]


def make_overall(boards: Sequence[Board]) -> list[Overall]:
    """Return a glance per protocol, in the order of the boards."""
    glances = []
    for protocol in dict.fromkeys(board.protocol for board in boards):
        of_protocol = tuple(board for board in boards if board.protocol == protocol)
        main = [board for board in of_protocol if board.is_main]
        averaged = tuple(board for board in main if board.exclusion is None)
        names = {placement.row.model.name for board in of_protocol for placement in board.placements}
        entries = _entries(main, {board.dataset for board in averaged})
        glances.append(
            Overall(
                protocol,
                averaged,
                tuple(board for board in main if board.exclusion is not None),
                of_protocol,
                entries,
                tuple(name for name in FLOORS if name not in names),
                _mean_ranks(entries, tuple(board.dataset for board in averaged)),
            )
        )
    return glances


def _entries(boards: Sequence[Board], averaged: set[str]) -> tuple[Entry, ...]:
    found: dict[str, dict[str, Placement]] = defaultdict(dict)
    for board in boards:
        for placement in board.placements:
            found[placement.name][board.dataset] = placement
    entries = []
    for name, placements in found.items():
        counted = [
            placement.row
            for dataset, placement in placements.items()
            if dataset in averaged and placement.row.is_complete
        ]
        verified = [row.adjusted_uar for row in counted if row.evidence == "verified"]
        known = [figure for figure in verified if figure.value is not None]
        none = Figure.undefined("complete on no dataset that is averaged")
        entries.append(Entry(name, mean_and_spread(known)[0] if known else none, len(known), placements))
    entries.sort(key=lambda entry: (-entry.counted, -(entry.adjusted_uar.value or 0.0), entry.name))
    return tuple(below_originals(entries, lambda entry: entry.any_placement.row.system, _original))


def _original(entry: Entry) -> str | None:
    """Return the system that an entry is at reduced precision, on any dataset."""
    variants = [placement.variant for placement in entry.placements.values() if placement.variant]
    return next((variant.original for variant in variants if variant.original), None)


def _mean_ranks(entries: Sequence[Entry], datasets: Sequence[str]) -> MeanRanks | None:
    compared = [entry for entry in entries if entry.counted == len(datasets) and not _is_double(entry, datasets)]
    if len(datasets) < FEWEST or len(compared) < FEWEST:
        return None
    scores = [[entry.placements[name].row.uar.value or 0.0 for entry in compared] for name in datasets]
    return mean_ranks([entry.name for entry in compared], datasets, scores)


def _is_double(entry: Entry, datasets: Sequence[str]) -> bool:
    """Tell whether a system is another's at reduced precision on all datasets, whatever was said of it there.

    One that is all but the same as another would take ranks from it and widen the difference that all others must show.
    """
    variants = [entry.placements[name].variant for name in datasets]
    return all(variant is not None and variant.kept.value is not None for variant in variants)


__all__ = ["Entry", "Overall", "make_overall"]
