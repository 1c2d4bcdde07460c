"""The page of one protocol and dataset: scores, recalls, cost, remarks and how to repeat a row."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any
from urllib.parse import quote

from serbench.board.pace import paces, slow_rows
from serbench.board.pages.markdown import NOTHING, code, decimal, escape, one_line, percent, table
from serbench.board.ranking.boards import FLOORS, Board
from serbench.board.wording import (
    MARK,
    audio_label,
    cells_done,
    command_of,
    cost_cell,
    evidence_of,
    interval_cell,
    label_map_of,
    machine_key,
    machine_legend,
    machine_letters,
    mean_of,
    model_cell,
    page_stem,
    rank_cell,
    resolves,
    sign_meanings,
    subject_of,
    task_name,
    tie_sentences,
    uar_cell,
    why_apart,
)
from serbench.digest import canonical_json
from serbench.scoring.figure import Figure

#: Columns of the table of cost: heading and figure.
COST = (
    ("params", "parameters_total"),
    ("MACs 3 s", "macs_3s"),
    ("bytes", "model_bytes"),
    ("train s", "train_seconds"),
    ("feat. s/s", "feature_seconds_per_audio_second"),
    ("p50 ms", "latency_p50_ms"),
    ("p90 ms", "latency_p90_ms"),
    ("p99 ms", "latency_p99_ms"),
    ("memory", "peak_memory_bytes"),
)

_SCORES = f"""\
UAR with its standard deviation over seeds. A rank is 1 plus the number of better rows that the speakers tested tell
apart from this one (permutation test over speakers, corrected for all pairs, 5 %); a shared rank (=) never means
"equal". Without a rank: rows that are partial or self-reported, and all rows of a protocol that is never ranked. Floors
({", ".join(FLOORS)}) are in italics."""
_RESOLVED = """
That is the smallest difference in UAR that one comparison over them shows in 4 of 5 cases (level 5 %, median over the
pairs of rows that take features), before any correction for the number of rows."""
_COSTS = """\
Medians over cells: training of one fold; feature seconds per second of audio; latency of one clip of 3 s, features
included; peak memory, in bytes, of the whole process. ◆ before a cost: no other row is as good in UAR and as cheap in
that, and better in one of the two (rows that are partial or self-reported aside; times: on the same machine). The best
within a budget is the ◆ with the highest UAR that fits."""


def page_lines(boards: Sequence[Board]) -> Iterator[str]:
    """Yield the lines of a page; its boards are the tasks of one protocol and dataset, one at least."""
    board = boards[0]
    yield from (MARK, "", f"# {escape(subject_of(board))}, protocol {escape(board.protocol)}", "")
    yield f"[All datasets](../README.md) · [every number as CSV]({quote(page_stem(board))}.csv)"
    for each in boards:
        if len(boards) > 1:
            yield from ("", f"## {escape(task_name(each))}")
        yield from _section(each, depth=2 if len(boards) == 1 else 3)


def _section(board: Board, depth: int) -> Iterator[str]:
    row, level = board.first, "#" * depth
    facts = f"{row.utterances} clips, {row.speakers} speakers, {len(row.classes)} classes."
    yield from ("", f"{facts} Audio: **{escape(audio_label(row))}**.")
    if not board.is_headline:
        yield from ("", f"Shown apart: {escape(why_apart(board))}.")
    yield from ("", f"Rows: {escape(evidence_of(board))}.")
    yield from ("", f"{level} Scores", "")
    yield from _score_table(board)
    yield from ("", f"{level} Recall per class, in %", "")
    yield from _recall_table(board)
    yield from ("", f"{level} Cost", "")
    yield from _cost_table(board)
    yield from ("", f"{level} Remarks", "")
    yield from _remarks(board)
    yield from ("", f"{level} To repeat a row", "")
    yield from code([command_of(place.row) for place in board.places])


def _score_table(board: Board) -> Iterator[str]:
    header = ["rank", "model", "UAR %", "95 % over speakers", "WA %", "macro-F1 %", "log-loss", "ECE", "seeds", "cells"]
    lines = [
        [
            rank_cell(place),
            model_cell(place) + (" (self-reported)" if place.row.evidence == "self-reported" else ""),
            uar_cell(place.row),
            interval_cell(place.row),
            percent(mean_of(place.row, "wa")),
            percent(mean_of(place.row, "macro-f1")),
            decimal(mean_of(place.row, "log-loss")),
            decimal(mean_of(place.row, "ece")),
            str(len(place.row.seeds)),
            cells_done(place.row),
        ]
        for place in board.places
    ]
    yield from table(header, lines, left=2)
    yield from ("", _SCORES)
    meanings = sign_meanings(board.places)
    if meanings:
        yield from ("", escape(f"Marks: {'; '.join(meanings)}."))
    ties = tie_sentences(board)
    if ties:
        yield from ("", f"Cannot be told apart: {escape('; '.join(ties))}.")
    reason = "" if board.resolvable.reason is None else f": {escape(board.resolvable.reason)}"
    yield from ("", f"{resolves(board)}{reason}.{'' if reason else _RESOLVED}")


def _recall_table(board: Board) -> Iterator[str]:
    classes = board.first.classes
    none = Figure.undefined("no cell is done")
    lines = [
        [
            model_cell(place),
            *(percent(place.row.recalls.get(name, none)) for name in classes),
        ]
        for place in board.places
    ]
    yield from table(["model", *map(escape, classes)], lines)


def _cost_table(board: Board) -> Iterator[str]:
    rows = [place.row for place in board.places]
    machines = machine_letters(rows)
    lines = [
        [
            model_cell(place),
            *(cost_cell(place, name) for _, name in COST),
            machines[machine_key(place.row)],
        ]
        for place in board.places
    ]
    yield from table(["model", *(heading for heading, _ in COST), "on"], lines)
    yield from ("", _COSTS, "")
    yield from machine_legend(machines, paces(rows))
    for text in slow_rows(board.places):
        yield f"* {escape(text)}"
    for text in unmeasured(board):
        yield f"* {NOTHING} {escape(text)}"


def unmeasured(board: Board) -> list[str]:
    """Return a sentence per reason, with the figures and the rows that have none for it."""
    found: dict[tuple[str, tuple[str, ...]], list[str]] = {}
    for place in board.places:
        reasons: dict[str, list[str]] = {}
        for heading, name in COST:
            reason = place.row.cost_of(name).reason
            if reason is not None:
                reasons.setdefault(reason, []).append(heading)
        for reason, headings in reasons.items():
            found.setdefault((reason, tuple(headings)), []).append(place.name)
    return [f"{', '.join(headings)} of {', '.join(names)}: {reason}" for (reason, headings), names in found.items()]


def _remarks(board: Board) -> Iterator[str]:
    row = board.first
    name, version = label_map_of(row)
    split, protocol = row.protocol.get("split"), row.protocol.get("version")
    yield f"* Split `{_plain(split)}`: {_plain(row.folds)} folds, protocol version {escape(str(protocol))}."
    yield f"* Label map {escape(name)}, version {escape(version)}: {escape(', '.join(row.classes))}."
    yield f"* Dataset version {escape(str(row.dataset.get('version')))}."
    yield f"* Manifest `{_plain(row.dataset.get('manifest'))}`, audio `{_plain(row.dataset.get('audio'))}`."
    yield f"* Metrics: {escape(', '.join(f'{name} {version}' for name, version in sorted(row.metrics.items())))}."
    for place in board.places:
        for problem in place.row.problems:
            yield f"* Partial: {escape(place.name)}: {escape(problem)}."
        if place.variant:
            yield f"* {escape(place.name)}: {escape(place.variant.sentence)}."
    for reason in sorted({place.row.interval.reason or "" for place in board.places if place.row.seeds} - {""}):
        yield f"* No interval: {escape(reason)}."
    for note, names in notes_of(board).items():
        whose = "" if len(names) == len(board.places) else f" ({escape(', '.join(names))})"
        yield f"* {escape(note)}{whose}"
    methods = sorted({place.row.interval.method for place in board.places if place.row.interval.method})
    if methods:
        yield f"* Intervals: {', '.join(methods)}, over {row.speakers} speakers."
    versions = {canonical_json(place.row.versions): place.row.versions for place in board.places}
    for found in versions.values():
        yield f"* Versions: {escape(', '.join(f'{name} {version}' for name, version in sorted(found.items())))}."


def notes_of(board: Board) -> dict[str, list[str]]:
    """Return from note to the names of the rows that have it."""
    notes: dict[str, list[str]] = {}
    for place in board.places:
        for note in place.row.notes:
            notes.setdefault(note, []).append(place.name)
    return notes


def _plain(value: Any) -> str:
    """Return a digest or a number for a code span; whatever could end the span is dropped."""
    return one_line(str(value)).replace("`", "'")


__all__ = ["COST", "notes_of", "page_lines", "unmeasured"]
