"""Systems over several datasets: the mean skill, and nothing that looks like a rank.

Conventions
-----------
Skill is averaged over the headline datasets of one protocol, each by its main board, and only those that a
system has a whole and verified row on; how many those are is said. Diagnostic corpora and generated ones stand apart.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from serbench.board.ranking.boards import FLOORS, Board, Place
from serbench.scoring.figure import Figure
from serbench.scoring.statistics import mean_and_spread


@dataclass(frozen=True)
class Entry:
    """A system over all datasets of a protocol.

    Attributes
    ----------
    name
        As on the boards.
    skill
        Mean over the headline datasets it is whole on.
    counted
        How many those are.
    places
        From dataset to its place on that dataset's main board.
    """

    name: str
    skill: Figure
    counted: int
    places: Mapping[str, Place]


@dataclass(frozen=True)
class Overall:
    """A protocol at a glance.

    Attributes
    ----------
    protocol
        Its name.
    headline, apart
        Main boards: those of the mean, and those shown apart.
    entries
        Those whole on most headline datasets first, then by mean skill.
    missing_floors
        Floors without any row.
    """

    protocol: str
    headline: tuple[Board, ...]
    apart: tuple[Board, ...]
    entries: tuple[Entry, ...]
    missing_floors: tuple[str, ...]


def make_overall(boards: Sequence[Board]) -> list[Overall]:
    """Return a glance per protocol, in the order of the boards."""
    glances = []
    for protocol in dict.fromkeys(board.protocol for board in boards):
        of_protocol = [board for board in boards if board.protocol == protocol]
        main = [board for board in of_protocol if board.is_main]
        headline = tuple(board for board in main if board.is_headline)
        labels = {place.row.model["name"] for board in of_protocol for place in board.places}
        glances.append(
            Overall(
                protocol,
                headline,
                tuple(board for board in main if not board.is_headline),
                _entries(main, {board.dataset for board in headline}),
                tuple(name for name in FLOORS if name not in labels),
            )
        )
    return glances


def _entries(boards: Sequence[Board], headline: set[str]) -> tuple[Entry, ...]:
    found: dict[str, dict[str, Place]] = defaultdict(dict)
    for board in boards:
        for place in board.places:
            found[place.name][board.dataset] = place
    entries = []
    for name, places in found.items():
        counted = [place.row for dataset, place in places.items() if dataset in headline and place.row.is_whole]
        whole = [row.skill for row in counted if row.evidence == "verified"]
        skills = [skill for skill in whole if skill.value is not None]
        skill = mean_and_spread(skills)[0] if skills else Figure.undefined("whole on no headline dataset")
        entries.append(Entry(name, skill, len(skills), places))
    return tuple(sorted(entries, key=lambda each: (-each.counted, -(each.skill.value or 0.0), each.name)))


__all__ = ["Entry", "Overall", "make_overall"]
