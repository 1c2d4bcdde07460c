r"""The boards as LaTeX tables for papers: a ``tabular`` per page, to be read with ``\input``.

Conventions
-----------
The tables need the package ``booktabs`` and nothing else, and compile with every engine: what is no plain ASCII is
written as an accent or as its code point. Units stand in the headings, numbers are those of the Markdown pages. Bold
are the best row of a board and all ranked rows that do not differ significantly from it.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence

from serbench.board.columns import BoardColumn, Table, column_of, columns_of
from serbench.board.leaderboard import Leaderboard
from serbench.board.numbers import NOTHING, decimal
from serbench.board.ranking.boards import Board, Placement
from serbench.board.ranking.overall import Overall
from serbench.board.wording import PARETO, audio_label, facts_of, is_altered, is_part, subject_of, task_name
from serbench.results.row import Row
from serbench.text import one_line

#: First line of every table that a build may replace or remove.
COMMENT = "% made by `serbench leaderboard build`; edits are lost"

_NEEDS = r"% needs \usepackage{booktabs}"
_DASH = "--"
_BOLD = "the best row, and ranked rows that do not differ significantly from it"
_SPECIAL = {
    "\\": r"\textbackslash{}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    "|": r"\textbar{}",
    '"': r"{\char34}",
    "`": r"\textasciigrave{}",
    "'": r"\textquotesingle{}",
    **{sign: f"\\{sign}" for sign in "&%$#_{}"},
}
#: Signs that end our own words, and combining accents.
_KNOWN = {"–": "--", "±": r"$\pm$", "†": r"$\dagger$"}
_ACCENTS = dict(zip("\u0300\u0301\u0302\u0303\u0304\u0307\u0308\u030a\u030b\u030c\u0327", "`'^~=.\"rHvc", strict=True))


def escape(text: str) -> str:
    r"""Return text that LaTeX sets as it is, in every engine and encoding.

    >>> escape("a_b & 50%"), escape("naïve"), escape("文")
    ('a\\_b \\& 50\\%', 'na\\"{\\i}ve', '\\texttt{U+6587}')
    """
    return "".join(map(_sign, one_line(text))).replace("--", "-{}-")


def _sign(sign: str) -> str:
    if sign in _SPECIAL or sign in _KNOWN:
        return _SPECIAL.get(sign) or _KNOWN[sign]
    if sign.isascii():
        return sign
    base, *marks = list(unicodedata.normalize("NFD", sign))
    if len(marks) == 1 and marks[0] in _ACCENTS and re.fullmatch("[A-Za-z]", base):
        dotless = {"i": r"\i", "j": r"\j"}.get(base, base) if marks[0] != "\u0327" else base
        return f"\\{_ACCENTS[marks[0]]}{{{dotless}}}"
    return f"\\texttt{{U+{ord(sign):04X}}}"


def latex_pages(leaderboard: Leaderboard) -> dict[str, str]:
    """Return from path to text: ``tables/<protocol>-<dataset>.tex``, and ``overview.tex`` of the ranked protocols."""
    texts = {f"tables/{stem}.tex": _text(_page(boards)) for stem, boards in leaderboard.pages.items()}
    glances = [glance for glance in leaderboard.overall if glance.is_ranked and glance.averaged]
    if glances:
        texts["overview.tex"] = _text(line for glance in glances for line in _overview(glance))
    return texts


def _text(lines: Iterable[str]) -> str:
    return "\n".join((COMMENT, _NEEDS, *lines)) + "\n"


def _page(boards: Sequence[Board]) -> Iterator[str]:
    for board in boards:
        facts = "; ".join([f"{facts_of(board)}, {audio_label(board.first)}", *board.first.standing.parts.values()])
        yield f"% {one_line(f'{subject_of(board)}, protocol {board.protocol}: {task_name(board)}; {facts}')}"
        yield f"% bold: {_BOLD}"
        columns = columns_of(Table.LATEX, [board])
        sides = "".join("r" if column.is_number else "c" if column.key == "interval" else "l" for column in columns)
        lines = [
            [_cell(column, board, placement, is_bold=_is_best(placement, board)) for column in columns]
            for placement in board.placements
        ]
        yield from _tabular(sides, [escape(column.heading) for column in columns], lines)


def _is_best(placement: Placement, board: Board) -> bool:
    best = board.placements[0]
    return placement.rank is not None and (placement is best or placement.name in best.not_different)


def _cell(column: BoardColumn, board: Board, placement: Placement, *, is_bold: bool) -> str:
    text = _plain(column.shown(board, placement))
    if column.key == "model":
        return _bold(text, is_bold=is_bold) + _why_unranked(placement.row)
    return _bold(text, is_bold=is_bold) if column.key == "uar" else text


def _plain(text: str) -> str:
    """Return what a column shows as LaTeX, without the marks of the Pareto fronts, which have no legend in a table."""
    return _DASH if text == NOTHING else escape(text.removeprefix(f"{PARETO} "))


def _overview(glance: Overall) -> Iterator[str]:
    yield f"% protocol {one_line(glance.protocol)}: UAR in per cent, adjusted UAR is (UAR - 1/K) / (1 - 1/K)"
    yield f"% bold: {_BOLD}, of each corpus"
    boards, uar = glance.averaged, column_of("uar")
    names = [f"{board.dataset} ({uar.heading})" for board in boards]
    header = [escape(text) for text in (column_of("model").heading, column_of("adjusted_uar").heading, *names)]
    lines = []
    for entry in glance.entries:
        placements = [entry.placements.get(board.dataset) for board in boards]
        if not any(placements):
            continue
        counted = "" if entry.counted in (0, len(boards)) else f" ({entry.counted} of {len(boards)})"
        cells = [_overview_cell(placement, board, uar) for placement, board in zip(placements, boards, strict=True)]
        lines.append([escape(entry.name), f"{_plain(decimal(entry.adjusted_uar))}{counted}", *cells])
    yield from _tabular("lr" + "r" * len(boards), header, lines)
    if any(is_altered(board.first) for board in boards):
        names = [one_line(board.dataset) for board in boards if is_altered(board.first)]
        yield f"% from lossy or derived copies of the recordings: {', '.join(names)}"


def _overview_cell(placement: Placement | None, board: Board, uar: BoardColumn) -> str:
    if placement is None:
        return _DASH
    text = _plain(uar.shown(board, placement, brief=True))
    return _bold(text, is_bold=_is_best(placement, board)) + _why_unranked(placement.row)


def _why_unranked(row: Row) -> str:
    """Return what is to be said of a row that has no rank, or none among those of the whole corpus."""
    words = ["incomplete"] * (not row.is_complete) + ["self-reported"] * (row.evidence == "self-reported")
    words += ["part of the corpus"] * is_part(row)
    return f" ({', '.join(words)})" if words else ""


def _tabular(columns: str, header: Sequence[str], lines: Sequence[Sequence[str]]) -> Iterator[str]:
    yield rf"\begin{{tabular}}{{@{{}}{columns}@{{}}}}"
    yield r"\toprule"
    yield rf"{' & '.join(header)} \\"
    yield r"\midrule"
    for line in lines:
        text = " & ".join(line)
        # what follows the end of a line in such signs is an argument of it
        yield rf"{'{}' if text.startswith(('[', '*')) else ''}{text} \\"
    yield r"\bottomrule"
    yield r"\end{tabular}"


def _bold(text: str, *, is_bold: bool) -> str:
    return rf"\textbf{{{text}}}" if is_bold else text


__all__ = ["COMMENT", "escape", "latex_pages"]
