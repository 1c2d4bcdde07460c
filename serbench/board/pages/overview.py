"""The overall page: per protocol every system on every dataset, mean skill and cost."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from urllib.parse import quote

from serbench.board.marks import PRETRAINED, SAW_THE_TEST, marks_of
from serbench.board.pace import paces
from serbench.board.pages.markdown import NOTHING, code, decimal, escape, one_line, percent, short, table
from serbench.board.pages.task import COST
from serbench.board.ranking.boards import Board, Place
from serbench.board.ranking.matrix import is_crossed, matrix_lines
from serbench.board.ranking.mean_ranks import contest_sentences, make_contest
from serbench.board.ranking.overall import Entry, Overall, make_overall
from serbench.board.wording import (
    MARK,
    audio_label,
    cells_done,
    is_altered,
    machine_key,
    machine_legend,
    machine_letters,
    model_cell,
    page_stem,
    resolves,
    sign_meanings,
    subject_of,
    why_apart,
)
from serbench.results.row import Row
from serbench.scoring.figure import Figure

#: Where the cost of one system over all datasets is shown, there is room for these only.
_BRIEF = [each for each in COST if each[0] not in ("feat. s/s", "p90 ms", "p99 ms")]
_LEGEND = """\
UAR in % of the pooled out-of-fold predictions, mean over seeds. Skill is (UAR - 1/K) / (1 - 1/K) for K classes: 0 is
chance, 1 is perfect. The tables have intervals over speakers, the other scores, the cost and how to repeat a row."""
_EVIDENCE = """\
Rows are *verified*: every score is computed from predictions that lie beside the record; *self-reported*: without
predictions, as whoever ran it says, without a rank and part of no mean; or *replica*: another's evaluation with its
leaks, to show where its figures come from. `serbench leaderboard verify` computes all of it again."""
_SKILL = """\
Sorted by the mean skill over {datasets}.
Where a system is not whole on all of them, the number it is whole on stands in brackets."""


def overview_lines(boards: Sequence[Board], *, has_inflation: bool = False) -> Iterator[str]:
    """Yield the lines of the overall page; with ``has_inflation`` it links the page of inflation."""
    yield from (MARK, "", "# Leaderboard", "")
    if not boards:
        yield from ("There is no result yet.", "")
        return
    yield from (_LEGEND, "", _EVIDENCE)
    if has_inflation:
        yield from ("", "[How much of a score is leakage](inflation.md): the same systems under leaky protocols.")
    for glance in make_overall(boards):
        of_protocol = [board for board in boards if board.protocol == glance.protocol]
        ranked = any(board.is_ranked for board in of_protocol)
        yield from ("", f"## Protocol {escape(glance.protocol)}{'' if ranked else ' (never ranked)'}", "")
        yield from _glance(glance)
        if make_contest(glance):
            picture = f"tables/{quote(glance.protocol, safe='')}-ranks.svg"
            yield from ("", f"![Mean ranks over datasets and their critical difference]({quote(picture)})")
        yield from ("", "Tables:", "")
        if any(is_crossed(board.first) for board in of_protocol):
            yield "* [The matrices](tables/cross.md) ([CSV](tables/cross.csv))"
        yield from _links(of_protocol)


def glance_lines(boards: Sequence[Board]) -> Iterator[str]:
    """Yield the overall table of the first ranked protocol alone, for another page: no links, no page headings."""
    yield _LEGEND
    glances = make_overall([board for board in boards if board.is_ranked])
    for glance in glances[:1]:
        yield from ("", f"Protocol `{one_line(glance.protocol)}`.", "")
        yield from _glance(glance)
    if glances[1:]:
        yield from ("", f"The leaderboard also has results under {_list(each.protocol for each in glances[1:])}.")


def _glance(glance: Overall) -> Iterator[str]:
    crossed = [place.row for board in glance.apart for place in board.places if is_crossed(place.row)]
    if crossed:
        yield from (*matrix_lines(crossed), "")
    if glance.headline:
        yield from (_SKILL.format(datasets=_list(board.dataset for board in glance.headline)), "")
        yield from _matrix(glance, glance.headline, with_skill=True)
        yield ""
        contest = make_contest(glance)
        if contest:
            yield from (*map(escape, contest_sentences(contest)), "")
    if glance.apart and not crossed:
        yield from ("Shown apart, never part of a mean:", "")
        yield from _matrix(glance, glance.apart, with_skill=False)
        yield ""
        for board in glance.apart:
            yield f"* {escape(board.dataset)}: {escape(why_apart(board))}"
        yield ""
    yield from ("What it costs (medians; times hold for one machine only):", "")
    yield from _cost_glance(glance)
    if glance.missing_floors and glance.headline:
        models = " ".join(f"--model {name}" for name in glance.missing_floors)
        wanted = f"serbench run {models} --protocol {shlex.quote(one_line(glance.protocol))}"
        yield from ("", "Floors without a result, which should stand here:", "", *code([wanted]))


def _matrix(glance: Overall, boards: Sequence[Board], *, with_skill: bool) -> list[str]:
    names = [escape(board.dataset) + ("†" if is_altered(board.first) else "") for board in boards]
    header = ["model", *(["skill"] if with_skill else []), *names]
    lines = []
    for entry in glance.entries:
        cells = [_overall_uar(entry.places.get(board.dataset)) for board in boards]
        if any(board.dataset in entry.places for board in boards):
            skill = [_overall_skill(entry, len(boards))] if with_skill else []
            lines.append([_model(entry), *skill, *cells])
    found = table(header, lines)
    meanings = sign_meanings(place for entry in glance.entries for place in entry.places.values())
    if meanings:
        found += ["", escape(f"Marks: {'; '.join(meanings)}.")]
    if any(is_altered(board.first) for board in boards):
        found += ["", "† from a lossy or derived copy of the recordings; see its table."]
    return found


def _model(entry: Entry) -> str:
    """Return the name; what depends on the corpus (seen in pretraining, reduced precision) stands beside the score."""
    place = replace(next(iter(entry.places.values())), variant=None)
    return model_cell(place).replace(SAW_THE_TEST, PRETRAINED)


def _overall_skill(entry: Entry, boards: int) -> str:
    if entry.skill.value is None:
        return NOTHING
    return decimal(entry.skill) + ("" if entry.counted == boards else f" ({entry.counted} of {boards})")


def _overall_uar(place: Place | None) -> str:
    if place is None:
        return NOTHING
    text = percent(place.row.uar)
    if place.row.evidence == "self-reported":
        text += " (self-reported)"
    if SAW_THE_TEST in marks_of(place.row):
        text += f" {SAW_THE_TEST}"
    if place.variant:
        text += f" {place.variant.sign}"
    return text if place.row.is_whole else f"{text} (partial {cells_done(place.row)})"


def _cost_glance(glance: Overall) -> list[str]:
    every = [place.row for entry in glance.entries for place in entry.places.values()]
    machines = machine_letters(every)
    lines = []
    for entry in glance.entries:
        by_letter: dict[str, list[Row]] = {}
        for place in entry.places.values():
            by_letter.setdefault(machines[machine_key(place.row)], []).append(place.row)
        letter, rows = min(by_letter.items(), key=lambda item: (-len(item[1]), item[0]))
        figures = [_middle([row.cost_of(name) for row in rows]) for _, name in _BRIEF]
        lines.append([_model(entry), *map(short, figures), letter, f"{len(rows)}"])
    header = ["model", *(heading for heading, _ in _BRIEF), "machine", "datasets"]
    return [*table(header, lines), "", *machine_legend(machines, paces(every))]


def _middle(figures: Sequence[Figure]) -> Figure:
    values = sorted(each.value for each in figures if each.value is not None)
    return Figure(values[(len(values) - 1) // 2]) if values else Figure.undefined("not measured")


def _links(boards: Sequence[Board]) -> Iterator[str]:
    pages: dict[str, Board] = {}
    for board in boards:
        pages.setdefault(page_stem(board), board)
    for stem, board in pages.items():
        row = board.first
        page = quote(stem)
        facts = f"{row.utterances} clips, {len(row.classes)} classes, {audio_label(row)}; {resolves(board)}"
        yield f"* [{escape(subject_of(board))}](tables/{page}.md) ([CSV](tables/{page}.csv)): {escape(facts)}"


def _list(words: Iterable[str]) -> str:
    return ", ".join(escape(word) for word in words)


__all__ = ["glance_lines", "overview_lines"]
