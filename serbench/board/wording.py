"""How rows are put into words: marks beside names, what tasks, copies and pages are called, the command of a row.

Conventions
-----------
A mark is one sign beside a name; it changes no rank, the reader judges. Every view that shows a mark says what it means
by :func:`mark_meanings`.

====  =====================================================================================================
``§``  the model or a feature was pretrained on other recordings
``‡``  likewise on the very corpus that is tested, under the dataset's name
``¶``  the model uses statistics of the test rows beyond one row at a time
``‖``  a feature reads transcripts
``※``  a feature reads prompts, which may give the label away
``↓``  a model at reduced precision that keeps what its float32 row reaches; ``⇓`` one that does not; ``⇣`` undecided
``◆``  before a cost: the row is Pareto-optimal in UAR and that cost
``∿``  behind a cost of the model alone: its features are signal processing, which counts as 0
``†``  beside a dataset: a lossy or derived copy of its recordings
``⊂``  beside a dataset: a part of the published corpus
====  =====================================================================================================
"""

from __future__ import annotations

import shlex
from collections import Counter
from collections.abc import Iterable
from typing import get_args
from urllib.parse import quote

from serbench.board.ranking.boards import Board, Placement
from serbench.board.ranking.precision import precision_meanings
from serbench.cost.efficiency import SHARES
from serbench.digest import canonical_json
from serbench.part import words_of
from serbench.results.facts import AudioCopy
from serbench.results.row import Evidence, Row
from serbench.text import one_line
from serbench.use import UNAUGMENTED

#: First line of every page that a build may replace or remove.
MADE = "<!-- made by `serbench leaderboard build`; edits are lost -->"

PRETRAINED, SAW_THE_TEST, TEST_STATISTICS = "§", "‡", "¶"
TRANSCRIPTS, PROMPTS = "‖", "※"
PARETO, ALTERED, PART = "◆", "†", "⊂"
SIGNAL_PROCESSING = "∿"

#: Of the marks that a row's cards declare.
_DECLARED = {
    PRETRAINED: "pretrained on other data",
    SAW_THE_TEST: "pretrained on this very corpus: its UAR says nothing of new recordings",
    TEST_STATISTICS: "uses statistics of all test rows, not of each alone",
    TRANSCRIPTS: "reads what is said, by transcripts of the corpus",
    PROMPTS: "reads which prompt is said: that alone may give the label away",
}
#: The mark of what a row's features read.
_TEXTS = {"transcripts": TRANSCRIPTS, "prompts": PROMPTS}
#: What the marks of a table mean that do not stand beside a name.
PARETO_MEANING = (
    f"{PARETO} Pareto-optimal: no other row is as good in UAR and as cheap in that cost, and better in one of the two; "
    f"incomplete and self-reported rows aside, times within one machine"
)
SIGNAL_PROCESSING_MEANING = (
    f"{SIGNAL_PROCESSING} the features are signal processing: they have no numbers of their own, and count as 0"
)
ALTERED_MEANING = f"{ALTERED} from a lossy or derived copy of the recordings"
PART_MEANING = f"{PART} a part of the published corpus, excluded from averages"


def declared_marks(row: Row) -> str:
    """Return the marks of what the row's cards declare; empty where they declare nothing."""
    declared = row.standing.declared
    seen = declared.pretrained_on
    found = [SAW_THE_TEST if row.dataset.tested_on in seen else PRETRAINED] if seen else []
    found += [TEST_STATISTICS] * declared.uses_test_statistics
    if declared.text is not None:
        found.append(_TEXTS[declared.text])
    return "".join(found)


def marks_of(placement: Placement) -> str:
    """Return the marks beside a name: what its cards declare, and what it is of its model at reduced precision."""
    return declared_marks(placement.row) + (placement.variant.sign if placement.variant else "")


def mark_meanings(placements: Iterable[Placement]) -> list[str]:
    """Return a sentence part per mark that one of the placements has: ``§ pretrained on other data (librispeech)``."""
    placements = list(placements)
    found = {mark for placement in placements for mark in declared_marks(placement.row)}
    seen = sorted({name for placement in placements for name in placement.row.standing.declared.pretrained_on})
    declared = [
        f"{mark} {meaning}" + (f" ({', '.join(seen)})" if mark == PRETRAINED else "")
        for mark, meaning in _DECLARED.items()
        if mark in found
    ]
    return declared + precision_meanings(placement.variant for placement in placements)


def audio_label(row: Row) -> str:
    """Return what kind of copy was read, saying so where it is lossy or derived from another."""
    return copy_label(row.audio)


def copy_label(audio: AudioCopy) -> str:
    """Return the same of the facts of a copy: ``Opus 16 kHz, lossy, derived copy``."""
    label = audio.label or "unknown audio"
    for is_so, words in ((audio.lossy, "lossy"), (audio.derived, "derived copy")):
        if is_so and words.split()[0] not in label.casefold():
            label += f", {words}"
    return label


def is_altered(row: Row) -> bool:
    """Tell whether the row was measured on a lossy or derived copy of the recordings."""
    return bool(row.audio.lossy or row.audio.derived)


def has_signal_features(row: Row) -> bool:
    """Tell whether a row's features count as 0: the figures of the whole are those of the model alone."""
    pairs = [(row.cost_of(whole), row.cost_of(alone)) for whole, alone in SHARES.items()]
    return bool(row.features) and all(whole == alone and whole.value is not None for whole, alone in pairs)


def is_part(row: Row) -> bool:
    """Tell whether the row was measured on a part of a published corpus, or on more than it."""
    return bool(row.standing.parts)


def marked_dataset(row: Row) -> str:
    """Return the dataset's name, with the mark of a part of it."""
    return row.dataset.name + (PART if is_part(row) else "")


def copy_marks(row: Row) -> str:
    """Return the marks beside the name of the dataset: of which copy, and of how much of it, a row was measured on."""
    return (ALTERED if is_altered(row) else "") + (PART if is_part(row) else "")


def copy_meanings(rows: Iterable[Row]) -> list[str]:
    """Return a sentence part for each of these marks that one of the rows has."""
    marks = "".join(map(copy_marks, rows))
    return [meaning for meaning in (ALTERED_MEANING, PART_MEANING) if meaning[0] in marks]


def evidence_of(board: Board) -> str:
    """Return how many rows there are of each kind of evidence: ``3 verified, 1 self-reported``."""
    counts = Counter(row.evidence for row in board.rows)
    return ", ".join(f"{counts[kind]} {kind}" for kind in get_args(Evidence) if counts[kind])


def facts_of(board: Board) -> str:
    """Return the size of what was tested: ``535 clips, 10 speakers, 7 classes``; rows where a clip became several."""
    row = board.first
    what = "rows" if row.protocol.augmentations else "clips"
    return f"{row.utterances} {what}, {row.speakers} speakers, {len(row.classes)} classes"


def detectable(board: Board) -> str:
    """Return what a comparison on this board can detect: ``minimum detectable difference 8.3 points of UAR``."""
    if len(board.placements) < 2:
        return "minimum detectable difference: none, there is one row only"
    value = board.detectable.value
    if value is None:
        return f"minimum detectable difference: none, {board.detectable.reason}"
    return f"minimum detectable difference {100 * value:.1f} points of UAR"


def letter(number: int) -> str:
    """Return a letter for a group: a to z, then numbers."""
    return chr(ord("a") + number) if number < 26 else str(number + 1)


def cells_done(row: Row) -> str:
    """Return how many cells are done, of how many: ``29/30``."""
    return f"{row.cells['done']}/{row.cells['expected'] or '?'}"


def page_stem(board: Board) -> str:
    """Return the name of a board's files without the ending; no folder can hide in it."""
    return f"{quote(board.protocol, safe='')}-{quote(subject_of(board), safe='')}"


def subject_of(board: Board) -> str:
    """Return the dataset whose page the board is on: its own, or the one that is tested where corpora are crossed."""
    return board.first.dataset.tested_on


def protocol_name(name: str) -> str:
    """Return a protocol's name as it is shown first on a page: ``speaker-independent (`si`)`` for ``si``."""
    return f"speaker-independent (`{name}`)" if name == "si" else f"`{name}`"


def protocol_words(name: str) -> str:
    """Return the same where nothing is marked up: ``speaker-independent (si)``."""
    return protocol_name(name).replace("`", "") if name == "si" else name


def task_name(board: Board) -> str:
    """Return the dataset's name; for a task that is not the main one, with what makes it another."""
    if board.is_main:
        return board.dataset
    return f"{board.dataset} ({board.first.dataset.label_map.name}, {board.first.task[:6]})"


def command_of(row: Row) -> str:
    """Return the command that repeats a row, every argument named, quoted for a shell."""
    words = ["serbench", "run", "--model", row.model.name]
    for name in row.dataset.corpora or (row.dataset.name,):
        words += ["--dataset", name]
    seeds = row.cells["expected"] // row.folds if row.folds else len(row.seeds)
    words += ["--protocol", row.protocol.name, "--seeds", str(max(1, seeds))]
    labels = row.dataset.params.get("labels")
    settings = [f"{row.dataset.name}.labels={labels}"] if labels is not None else []
    if row.dataset.adapted is not None:
        settings.append(f"{row.protocol.name}.target={row.dataset.tested_on}")
    parts = {part.use: part for part in (row.model, *row.features, *row.augmentations)}
    settings += [
        f"{name}.{key}={value if isinstance(value, str) else canonical_json(value)}"
        for name, part in parts.items()
        for key, value in sorted(part.params.items())
    ]
    for setting in settings:
        words += ["--set", setting]
    if (swept := augmentations_of_run(row)) is not None:
        words += ["--sweep", f"augment={swept}"]
    return shlex.join(one_line(word) for word in words)


def augmentations_of_run(row: Row) -> str | None:
    """Return what ``--sweep augment=`` named, where a run put that in place of the model's own: its label ends so."""
    changes = {part.use: f"{part.use}{words_of(part.params)}" for part in row.augmentations}
    if not changes:
        return "none" if row.label.endswith(f"+{UNAUGMENTED}") else None
    return "+".join(changes) if row.label.endswith("+".join(["", *changes.values()])) else None


__all__ = [
    "ALTERED",
    "ALTERED_MEANING",
    "MADE",
    "PARETO",
    "PARETO_MEANING",
    "PART",
    "PART_MEANING",
    "PRETRAINED",
    "SAW_THE_TEST",
    "SIGNAL_PROCESSING",
    "SIGNAL_PROCESSING_MEANING",
    "TEST_STATISTICS",
    "audio_label",
    "augmentations_of_run",
    "cells_done",
    "command_of",
    "copy_label",
    "copy_marks",
    "copy_meanings",
    "declared_marks",
    "detectable",
    "evidence_of",
    "facts_of",
    "has_signal_features",
    "is_altered",
    "is_part",
    "letter",
    "mark_meanings",
    "marked_dataset",
    "marks_of",
    "page_stem",
    "protocol_name",
    "protocol_words",
    "subject_of",
    "task_name",
]
