"""The page of one protocol and dataset: scores, recalls, cost, remarks and how to repeat a row."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from urllib.parse import quote

from serbench.board.columns import BoardColumn, Table, columns_of
from serbench.board.machines import machine_descriptions
from serbench.board.numbers import capitalised, listed
from serbench.board.pages.markdown import code, escape, paragraph, table
from serbench.board.ranking.boards import Board, Placement
from serbench.board.remarks import COSTS, DETECTABLE, FLOOR, RANKS, SPREAD, UAR, Remark, remarks_of
from serbench.board.wording import (
    MADE,
    PARETO_MEANING,
    audio_label,
    command_of,
    detectable,
    evidence_of,
    facts_of,
    mark_meanings,
    marks_of,
    page_stem,
    protocol_name,
    subject_of,
    task_name,
)
from serbench.results.row import Row
from serbench.text import one_line

#: Topics whose texts are digests: they stand in code spans.
_DIGESTS = ("manifest digest", "audio digest")


def page_lines(boards: Sequence[Board]) -> Iterator[str]:
    """Yield the lines of a page; its boards are the tasks of one protocol and dataset, one at least."""
    first = boards[0]
    yield from (MADE, "", f"# {escape(subject_of(first))}, {_protocol(first)}", "")
    yield f"[All datasets](../README.md) · [every number as CSV]({quote(page_stem(first))}.csv)"
    for board in boards:
        if len(boards) > 1:
            yield from ("", f"## {escape(task_name(board))}")
        yield from _section(board, depth=2 if len(boards) == 1 else 3)


def _protocol(board: Board) -> str:
    return protocol_name(board.protocol) if board.protocol == "si" else f"protocol {escape(board.protocol)}"


def _section(board: Board, depth: int) -> Iterator[str]:
    level = "#" * depth
    yield from ("", f"{escape(facts_of(board))}. Audio: **{escape(audio_label(board.first))}**.")
    if board.exclusion is not None:
        yield from ("", f"Excluded from averages: {escape(board.exclusion)}.")
    yield from ("", f"Rows: {escape(evidence_of(board))}.")
    yield from ("", f"{level} Scores", "")
    yield from row_table(Table.SCORES, board)
    yield from ("", *paragraph(f"{UAR} {SPREAD} {RANKS} {FLOOR}"))
    meanings = mark_meanings(board.placements)
    if meanings:
        yield from ("", *paragraph(escape(f"Marks: {'; '.join(meanings)}.")))
    if board.groups:
        groups = "; ".join(listed(group) for group in board.groups)
        yield from ("", *paragraph(f"Not significantly different (5 %): {escape(groups)}."))
    explained = "" if board.detectable.value is None else f" {DETECTABLE}"
    yield from ("", *paragraph(f"{escape(capitalised(detectable(board)))}.{explained}"))
    yield from ("", f"{level} Recall per class, in %", "")
    yield from row_table(Table.RECALLS, board)
    yield from ("", f"{level} Cost", "")
    yield from row_table(Table.COST, board)
    yield from ("", *paragraph(f"{COSTS} {PARETO_MEANING}."), "")
    yield from machine_lines(board.rows)
    yield from ("", f"{level} Remarks", "")
    yield from (_remark(remark) for remark in remarks_of(board))
    yield from ("", f"{level} To repeat a row", "")
    yield from code([command_of(row) for row in board.rows])


def row_table(kind: Table, board: Board) -> list[str]:
    """Return a table of the board's rows, with the columns of that kind of table."""
    columns = columns_of(kind, [board])
    lines = [[_cell(column, board, placement) for column in columns] for placement in board.placements]
    left = next((number for number, column in enumerate(columns, 1) if column.key == "model"), 1)
    return table([escape(column.heading) for column in columns], lines, left=left)


def _cell(column: BoardColumn, board: Board, placement: Placement) -> str:
    return model_cell(placement) if column.key == "model" else escape(column.shown(board, placement))


def model_cell(placement: Placement) -> str:
    """Return the name, escaped, with its marks; a floor's in italics."""
    name, marks = escape(placement.name), marks_of(placement)
    reported = " (self-reported)" if placement.row.evidence == "self-reported" else ""
    return (f"*{name}*" if placement.is_floor else name) + (f" {marks}" if marks else "") + reported


def machine_lines(rows: Sequence[Row]) -> Iterator[str]:
    """Yield a list item per machine: letter, name, calibration, and the whole card."""
    for letter, name, card in machine_descriptions(rows):
        details = "; ".join(f"{key} {value}" for key, value in sorted(card.items()) if value is not None)
        yield f"* {letter}: {escape(name)} ({escape(details)})"


def _remark(remark: Remark) -> str:
    # whatever could end a code span is dropped
    text = f"`{one_line(remark.text).replace('`', chr(39))}`" if remark.topic in _DIGESTS else escape(remark.text)
    return f"* {capitalised(remark.topic)}: {text}"


__all__ = ["machine_lines", "model_cell", "page_lines", "row_table"]
