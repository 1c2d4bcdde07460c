"""What is to be said of a board beside its tables: remarks made once, and rendered by every view in its own way.

Conventions
-----------
A remark is a topic and a sentence without its full stop; texts are plain, the views escape them. The explanations of
the tables, which are the same for every board, stand here too.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from serbench.board.columns import Table, columns_of
from serbench.board.machines import slow_rows
from serbench.board.ranking.boards import FLOORS, Board
from serbench.board.wording import SIGNAL_PROCESSING_MEANING, has_signal_features
from serbench.digest import canonical_json

#: Of UAR, and of the mean of it over datasets.
UAR = "UAR in % of the pooled out-of-fold predictions, mean over seeds."
ADJUSTED_UAR = "Adjusted UAR is (UAR - 1/K) / (1 - 1/K) for K classes: 0 is chance, 1 is perfect."
#: Of the kinds of rows.
EVIDENCE = (
    ("verified", "every score is computed from predictions that lie beside the record"),
    ("self-reported", "without predictions, as whoever ran it says, without a rank and excluded from averages"),
    ("replica", "another's evaluation with its leaks, to show where its figures come from"),
)
#: Of the tables of scores.
SPREAD = "± is the standard deviation over seeds; 95 % CI: confidence interval over speakers."
RANKS = (
    "A rank is 1 plus the number of better rows that differ significantly from this one (permutation test over "
    "speakers, corrected for all pairs, 5 %); a shared rank (=) never means “equal”. Without a rank: incomplete and "
    "self-reported rows, and all rows of a protocol that is never ranked."
)
DETECTABLE = (
    "It is the smallest difference that one comparison over these speakers finds significant with 80 % power (level "
    "5 %, median over the pairs of rows that take features), before any correction for the number of rows."
)
COSTS = (
    "Costs are medians over cells, of features and model together where nothing else is said. params: parameters; "
    "MACs 3 s: multiply-accumulates for a clip of 3 s; train s: "
    "seconds to train one fold; feature RTF: real-time factor of feature extraction, seconds per second of audio; p50 "
    "to p99 ms: latency of one clip of 3 s on one CPU thread, features included; memory: peak of the whole process, in "
    "bytes."
)
FLOOR = f"Floors ({', '.join(FLOORS)}) are in italics."

#: Topics that a reader of a terminal is told of at once.
URGENT = ("part of a corpus", "incomplete", "untrained", "reduced precision", "busy machine")


@dataclass(frozen=True)
class Remark:
    """Something to be said of a board.

    Attributes
    ----------
    topic
        In a word or two.
    text
        A sentence without its full stop.
    """

    topic: str
    text: str


def remarks_of(board: Board) -> list[Remark]:
    """Return all that is to be said of a board beside its tables, in order."""
    return [*_of_task(board), *_of_rows(board)]


def _of_task(board: Board) -> Iterator[Remark]:
    row = board.first
    yield Remark("split", f"{row.protocol.split}, {row.folds} folds, protocol version {row.protocol.version}")
    label_map = row.dataset.label_map
    yield Remark("label map", f"{label_map.name}, version {label_map.version}: {', '.join(row.classes)}")
    yield Remark("dataset", f"version {row.dataset.version}")
    for name, sentence in row.standing.parts.items():
        yield Remark("part of a corpus", f"{name}: {sentence}")
    yield Remark("manifest digest", row.dataset.manifest)
    yield Remark("audio digest", row.dataset.audio)
    versions = sorted((card.name, card.version) for card in row.metrics.values())
    yield Remark("metrics", ", ".join(f"{name} {version}" for name, version in versions))
    for method in sorted({row.interval.method for row in board.rows if row.interval.method}):
        yield Remark("intervals", f"{method}, over {row.speakers} speakers")


def _of_rows(board: Board) -> Iterator[Remark]:
    for placement in board.placements:
        for problem in placement.row.problems:
            yield Remark("incomplete", f"{placement.name}: {problem}")
        if placement.row.untrained:
            yield Remark("untrained", f"{placement.name}: {placement.row.untrained}")
        if placement.variant:
            yield Remark("reduced precision", f"{placement.name}: {placement.variant.sentence}")
    for reason in sorted({row.interval.reason or "" for row in board.rows if row.seeds} - {""}):
        yield Remark("no interval", reason)
    if any(has_signal_features(row) for row in board.rows):
        yield Remark("model alone", SIGNAL_PROCESSING_MEANING)
    for text in _not_measured(board):
        yield Remark("not measured", text)
    for text in slow_rows(board.placements):
        yield Remark("busy machine", text)
    yield from _of_notes(board)
    for versions in {canonical_json(row.versions): row.versions for row in board.rows}.values():
        yield Remark("versions", ", ".join(f"{name} {version}" for name, version in sorted(versions.items())))


def _of_notes(board: Board) -> Iterator[Remark]:
    notes: dict[str, list[str]] = {}
    for placement in board.placements:
        for note in placement.row.notes:
            notes.setdefault(note, []).append(placement.name)
    for note, names in notes.items():
        yield Remark("note", note if len(names) == len(board.placements) else f"{note} ({', '.join(names)})")


def _not_measured(board: Board) -> list[str]:
    """Return a sentence per reason, with the costs and the rows that have none for it."""
    costs = [column for column in columns_of(Table.COST, [board]) if column.kind == "figure"]
    found: dict[tuple[str, tuple[str, ...]], list[str]] = {}
    for placement in board.placements:
        reasons: dict[str, list[str]] = {}
        for column in costs:
            reason = column.reason(board, placement)
            if reason is not None:
                reasons.setdefault(reason, []).append(column.heading)
        for reason, headings in reasons.items():
            found.setdefault((reason, tuple(headings)), []).append(placement.name)
    return [f"{', '.join(headings)} of {', '.join(names)}: {reason}" for (reason, headings), names in found.items()]


__all__ = [
    "ADJUSTED_UAR",
    "COSTS",
    "DETECTABLE",
    "EVIDENCE",
    "FLOOR",
    "RANKS",
    "SPREAD",
    "UAR",
    "URGENT",
    "Remark",
    "remarks_of",
]
