"""The overall page: per protocol every system on every dataset, mean adjusted UAR and cost."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from urllib.parse import quote

from serbench.board.columns import BoardColumn, Table, column_of, columns_of
from serbench.board.leaderboard import Leaderboard
from serbench.board.machines import DISTURBED, is_disturbed, machine_key, machine_letters
from serbench.board.numbers import NOTHING, capitalised, decimal, short
from serbench.board.pages.markdown import code, escape, paragraph, table
from serbench.board.pages.task import machine_lines, model_cell
from serbench.board.ranking.adaptation import curve_lines, is_adapted
from serbench.board.ranking.boards import Board, Placement
from serbench.board.ranking.matrix import is_crossed, matrix_lines
from serbench.board.ranking.overall import Entry, Overall
from serbench.board.remarks import ADJUSTED_UAR, EVIDENCE, UAR
from serbench.board.wording import (
    MADE,
    PRETRAINED,
    SAW_THE_TEST,
    audio_label,
    cells_done,
    copy_marks,
    copy_meanings,
    declared_marks,
    detectable,
    facts_of,
    mark_meanings,
    protocol_name,
    subject_of,
)
from serbench.scoring.figure import Figure
from serbench.text import one_line

_TABLES = "The tables of each dataset have confidence intervals, the other scores, the cost and how to repeat a row."
_EVIDENCE = (
    f"Rows are {'; '.join(f'*{kind}*: {meaning}' for kind, meaning in EVIDENCE)}. `serbench leaderboard verify` "
    "computes all of it again."
)
_SORTED = (
    "Sorted by the mean adjusted UAR over {datasets}; in parentheses the number of them that a system is complete on, "
    "where it is not all."
)


def overview_lines(leaderboard: Leaderboard) -> Iterator[str]:
    """Yield the lines of the overall page; where there is inflation to show, it links that page."""
    yield from (MADE, "", "# Leaderboard", "")
    if not leaderboard.boards:
        yield from ("There is no result yet.", "")
        return
    yield from paragraph(f"{UAR} {ADJUSTED_UAR} {_TABLES}")
    yield from ("", *paragraph(_EVIDENCE))
    if leaderboard.inflation:
        yield from ("", "[How much of a score is leakage](inflation.md): the same systems under leaky protocols.")
    if leaderboard.sweeps:
        yield from ("", "[What one change gains](sweeps.md): a model under several values of an argument.")
    for glance in leaderboard.overall:
        never = "" if glance.is_ranked else " (never ranked)"
        yield from ("", f"## {_title(glance.protocol)}{never}", "")
        yield from _glance(glance)
        if glance.ranks:
            picture = f"tables/{quote(glance.protocol, safe='')}-ranks.svg"
            yield from ("", f"![Mean ranks over datasets and their critical difference]({quote(picture)})")
        yield from ("", "Tables:", "")
        if any(is_crossed(board.first) for board in glance.boards):
            yield "* [The matrices](tables/cross.md) ([CSV](tables/cross.csv))"
        if any(is_adapted(board.first) for board in glance.boards):
            yield "* [The curves](tables/adapt.md) ([CSV](tables/adapt.csv))"
        yield from _links(leaderboard, glance)


def glance_lines(leaderboard: Leaderboard) -> Iterator[str]:
    """Yield the overall table of the first ranked protocol alone, for another page: no links, no page headings."""
    yield from paragraph(f"{UAR} {ADJUSTED_UAR}")
    glances = [glance for glance in leaderboard.overall if glance.is_ranked]
    for glance in glances[:1]:
        yield from ("", f"{_title(glance.protocol)}.", "")
        yield from _glance(glance)
    if glances[1:]:
        yield from ("", f"The leaderboard also has results under {_list(each.protocol for each in glances[1:])}.")


def _title(protocol: str) -> str:
    return capitalised(protocol_name(protocol)) if protocol == "si" else f"Protocol {escape(protocol)}"


def _glance(glance: Overall) -> Iterator[str]:
    crossed = [row for board in glance.excluded for row in board.rows if is_crossed(row)]
    if crossed:
        yield from (*matrix_lines(crossed), "")
    adapted = [row for board in glance.excluded for row in board.rows if is_adapted(row)]
    if adapted:
        yield from (*curve_lines(adapted), "")
    if glance.averaged:
        yield from (*paragraph(_SORTED.format(datasets=_list(board.dataset for board in glance.averaged))), "")
        yield from _matrix(glance, glance.averaged, with_mean=True)
        yield ""
        if glance.ranks:
            yield from (*map(escape, glance.ranks.sentences), "")
    if glance.excluded and not crossed and not adapted:
        yield from ("Excluded from averages:", "")
        yield from _matrix(glance, glance.excluded, with_mean=False)
        yield ""
        for board in glance.excluded:
            yield f"* {escape(board.dataset)}: {escape(str(board.exclusion))}"
        yield ""
    yield from ("What it costs (medians; times hold for one machine only):", "")
    yield from _cost_glance(glance)
    if glance.missing_floors and glance.averaged:
        models = " ".join(f"--model {name}" for name in glance.missing_floors)
        wanted = f"serbench run {models} --protocol {shlex.quote(one_line(glance.protocol))}"
        yield from ("", "Floors without a result, which should stand here:", "", *code([wanted]))


def _matrix(glance: Overall, boards: Sequence[Board], *, with_mean: bool) -> list[str]:
    names = [escape(board.dataset) + copy_marks(board.first) for board in boards]
    header = [column_of("model").heading, *([column_of("adjusted_uar").heading] if with_mean else []), *names]
    lines = []
    for entry in glance.entries:
        cells = [_uar(board, entry.placements.get(board.dataset)) for board in boards]
        if any(board.dataset in entry.placements for board in boards):
            mean = [_mean(entry, len(boards))] if with_mean else []
            lines.append([_model(entry), *mean, *cells])
    found = table(header, lines)
    meanings = mark_meanings(placement for entry in glance.entries for placement in entry.placements.values())
    meanings += [f"{meaning}; see its table" for meaning in copy_meanings(board.first for board in boards)]
    return [*found, "", *paragraph(escape(f"Marks: {'; '.join(meanings)}."))] if meanings else found


def _model(entry: Entry) -> str:
    """Return the name; what depends on the corpus (seen in pretraining, reduced precision) stands beside the score."""
    return model_cell(replace(entry.any_placement, variant=None)).replace(SAW_THE_TEST, PRETRAINED)


def _mean(entry: Entry, boards: int) -> str:
    if entry.adjusted_uar.value is None:
        return NOTHING
    return decimal(entry.adjusted_uar) + ("" if entry.counted == boards else f" ({entry.counted} of {boards})")


def _uar(board: Board, placement: Placement | None) -> str:
    if placement is None:
        return NOTHING
    text = column_of("uar").shown(board, placement, brief=True)
    if placement.row.evidence == "self-reported":
        text += " (self-reported)"
    if SAW_THE_TEST in declared_marks(placement.row):
        text += f" {SAW_THE_TEST}"
    if placement.variant:
        text += f" {placement.variant.sign}"
    return text if placement.row.is_complete else f"{text} (incomplete {cells_done(placement.row)})"


def _cost_glance(glance: Overall) -> list[str]:
    """Return a line per system: the medians of its columns over the datasets measured on the machine of most."""
    columns = [column for column in columns_of(Table.OVERVIEW, glance.boards) if column.key != "model"]
    boards = {board.dataset: board for board in (*glance.averaged, *glance.excluded)}
    rows = [placement.row for entry in glance.entries for placement in entry.placements.values()]
    letters = machine_letters(rows)
    lines = []
    for entry in glance.entries:
        by_letter: dict[str, list[tuple[Board, Placement]]] = {}
        for dataset, placement in entry.placements.items():
            by_letter.setdefault(letters[machine_key(placement.row)], []).append((boards[dataset], placement))
        letter, measured = min(by_letter.items(), key=lambda item: (-len(item[1]), item[0]))
        cells = [escape(_middle(column, measured)) for column in columns]
        lines.append([_model(entry), *cells, letter, f"{len(measured)}"])
    headings = [column_of("model"), *columns, column_of("machine")]
    header = [*(escape(column.heading) for column in headings), "datasets"]
    return [*table(header, lines), "", *machine_lines(rows)]


def _middle(column: BoardColumn, measured: Sequence[tuple[Board, Placement]]) -> str:
    """Return the lower median of a column's numbers, those of a busy machine aside; of texts what they agree on."""
    quiet = [where for where in measured if not is_disturbed(column.key, where[1].row)]
    known = [fact for fact in (column.fact(*where) for where in quiet or measured) if fact is not None]
    if column.is_number:
        numbers = sorted(float(number) for number in known)
        mark = "" if quiet else DISTURBED
        return short(Figure(numbers[(len(numbers) - 1) // 2])) + mark if numbers else NOTHING
    return str(known[0]) if len(set(known)) == 1 else NOTHING


def _links(leaderboard: Leaderboard, glance: Overall) -> Iterator[str]:
    for stem, boards in leaderboard.pages.items():
        board = boards[0]
        if board.protocol == glance.protocol:
            page, facts = quote(stem), f"{facts_of(board)}, {audio_label(board.first)}; {detectable(board)}"
            yield f"* [{escape(subject_of(board))}](tables/{page}.md) ([CSV](tables/{page}.csv)): {escape(facts)}"


def _list(words: Iterable[str]) -> str:
    return ", ".join(escape(word) for word in words)


__all__ = ["glance_lines", "overview_lines"]
