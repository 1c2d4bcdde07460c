r"""The boards as LaTeX tables for papers: a ``tabular`` per page, to be read with ``\input``.

Conventions
-----------
The tables need the package ``booktabs`` and nothing else, and compile with every engine: what is no plain ASCII is
written as an accent or as its code point. Units stand in the headings, numbers are those of the Markdown pages. Bold
are the best row of a board and all ranked rows that the speakers cannot tell from it.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence

from serbench.board.pages.markdown import one_line, percent, short
from serbench.board.ranking.boards import Board, Place, make_boards
from serbench.board.ranking.overall import Overall, make_overall
from serbench.board.wording import audio_label, is_altered, mean_of, page_stem, rank_cell, subject_of, task_name
from serbench.results.row import Row

#: First line of every table that a build may replace or remove.
COMMENT = "% made by `serbench leaderboard build`; edits are lost"

_NEEDS = r"% needs \usepackage{booktabs}"
_DASH = "--"
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

_HEADER = (
    *("rank", "model", r"UAR (\%)", r"95\,\% interval (\%)", r"WA (\%)", r"macro-F1 (\%)"),
    *("parameters", "MACs, 3\\,s clip", "latency p50 (ms)", "training (s)"),
)


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


def latex_pages(rows: Iterable[Row]) -> dict[str, str]:
    """Return from path to text: ``tables/<protocol>-<dataset>.tex``, and ``overview.tex`` of the ranked protocols."""
    boards = make_boards(rows)
    groups: dict[str, list[Board]] = {}
    for board in boards:
        groups.setdefault(page_stem(board), []).append(board)
    texts = {f"tables/{stem}.tex": _text(_page(group)) for stem, group in groups.items()}
    glances = [glance for glance in make_overall([board for board in boards if board.is_ranked]) if glance.headline]
    if glances:
        texts["overview.tex"] = _text(line for glance in glances for line in _overview(glance))
    return texts


def _text(lines: Iterable[str]) -> str:
    return "\n".join((COMMENT, _NEEDS, *lines)) + "\n"


def _page(boards: Sequence[Board]) -> Iterator[str]:
    for board in boards:
        facts = f"{board.first.utterances} clips, {board.first.speakers} speakers, {audio_label(board.first)}"
        yield f"% {one_line(f'{subject_of(board)}, protocol {board.protocol}: {task_name(board)}; {facts}')}"
        yield "% bold: the best row, and ranked rows that the speakers tested cannot tell from it"
        yield from _tabular(
            "rlrcrrrrrr", _HEADER, [_line(place, is_best=_is_best(place, board)) for place in board.places]
        )


def _is_best(place: Place, board: Board) -> bool:
    best = board.places[0]
    return place.rank is not None and (place is best or place.name in best.ties)


def _line(place: Place, *, is_best: bool) -> list[str]:
    row, score = place.row, place.row.scores["uar"]
    spread = "" if score.spread.value is None else rf" $\pm$ {percent(score.spread)}"
    low, high = row.interval.low, row.interval.high
    interval = _DASH if low is None or high is None else f"{100 * low:.1f} to {100 * high:.1f}"
    uar = _number(percent(score.mean)) + spread
    return [
        _number(rank_cell(place)),
        _bold(escape(place.name), is_bold=is_best) + _doubt(row),
        _bold(uar, is_bold=is_best),
        interval,
        _number(percent(mean_of(row, "wa"))),
        _number(percent(mean_of(row, "macro-f1"))),
        *(_number(short(row.cost_of(name))) for name in ("parameters_total", "macs_3s", "latency_p50_ms")),
        _number(short(row.cost_of("train_seconds"))),
    ]


def _overview(glance: Overall) -> Iterator[str]:
    yield f"% protocol {one_line(glance.protocol)}: UAR in per cent, skill is (UAR - 1/K) / (1 - 1/K)"
    yield "% bold: the best row of a corpus, and ranked rows that the speakers tested cannot tell from it"
    boards = glance.headline
    header = ["model", "skill", *(rf"{escape(each.dataset)} (UAR, \%)" for each in boards)]
    lines = []
    for entry in glance.entries:
        places = [entry.places.get(board.dataset) for board in boards]
        if not any(places):
            continue
        skill = _DASH if entry.skill.value is None else f"{entry.skill.value:.3f}"
        counted = "" if entry.counted in (0, len(boards)) else f" ({entry.counted} of {len(boards)})"
        cells = [_overview_cell(place, board) for place, board in zip(places, boards, strict=True)]
        lines.append([escape(entry.name), f"{skill}{counted}", *cells])
    yield from _tabular("lr" + "r" * len(boards), header, lines)
    if any(is_altered(board.first) for board in boards):
        names = ", ".join(one_line(board.dataset) for board in boards if is_altered(board.first))
        yield f"% from lossy or derived copies of the recordings: {names}"


def _overview_cell(place: Place | None, board: Board) -> str:
    if place is None:
        return _DASH
    return _bold(_number(percent(place.row.uar)), is_bold=_is_best(place, board)) + _doubt(place.row)


def _doubt(row: Row) -> str:
    """Return what is to be said of a row that has no rank."""
    words = ["partial"] * (not row.is_whole) + ["self-reported"] * (row.evidence == "self-reported")
    return f" ({', '.join(words)})" if words else ""


def _tabular(columns: str, header: Sequence[str], lines: Sequence[Sequence[str]]) -> Iterator[str]:
    yield rf"\begin{{tabular}}{{@{{}}{columns}@{{}}}}"
    yield r"\toprule"
    yield rf"{' & '.join(header)} \\"
    yield r"\midrule"
    for line in lines:
        yield rf"{' & '.join(line)} \\"
    yield r"\bottomrule"
    yield r"\end{tabular}"


def _number(text: str) -> str:
    return text.replace("–", _DASH)


def _bold(text: str, *, is_bold: bool) -> str:
    return rf"\textbf{{{text}}}" if is_bold else text


__all__ = ["COMMENT", "escape", "latex_pages"]
