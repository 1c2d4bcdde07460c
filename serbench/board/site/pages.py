"""The pages of the site: an index, a page per protocol and dataset, the style and the script.

Conventions
-----------
A page holds every task of one protocol and dataset, a section each, as the Markdown pages do.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from serbench.board.pace import paces, slow_rows
from serbench.board.pages.task import COST, notes_of, unmeasured
from serbench.board.ranking.boards import Board, Place, make_boards
from serbench.board.ranking.inflation import Inflation, inflation_of
from serbench.board.ranking.matrix import LEGEND, is_crossed, make_matrices, mappings, spread
from serbench.board.ranking.mean_ranks import contest_sentences, critical_svg, make_contest
from serbench.board.ranking.overall import Overall, make_overall
from serbench.board.site.facts import BUDGETS, Line, anchor_of, letter, make_lines, page_address, tags_of
from serbench.board.site.lanes import Lane, inflation_lanes, speaker_lanes
from serbench.board.site.plot import Panel, pareto_panels
from serbench.board.site.script import SCRIPT
from serbench.board.site.text import shown, straight
from serbench.board.wording import (
    MARK,
    audio_label,
    evidence_of,
    label_map_of,
    machine_letters,
    machine_name,
    page_stem,
    resolves,
    sign_meanings,
    signs_of,
    subject_of,
    task_name,
    tie_groups,
    why_apart,
)
from serbench.digest import canonical_json
from serbench.results.row import Row

if TYPE_CHECKING:
    from jinja2 import Environment

#: The folder, beside the other views.
SITE = "site"
#: How every page begins.
PAGE = f"<!doctype html>\n{MARK}"
#: Files that are handed on as they are.
_PLAIN = ("site.css", "site.js")


@dataclass(frozen=True, kw_only=True)
class Section:
    """A task on its page.

    Attributes
    ----------
    name, anchor
        Of the task.
    facts, apart, evidence, resolves
        Sentences at its head.
    lines, panels, lanes
        Of the table, the Pareto plots and the strip of speakers.
    classes
        Of the task.
    ties
        From letter to the names of rows that cannot be told apart.
    meanings
        Of the marks.
    machines
        Letter, name and the facts of each card.
    remarks
        Name and text.
    """

    name: str
    anchor: str
    facts: str
    apart: str | None
    evidence: str
    resolves: str
    lines: Sequence[Line]
    panels: Sequence[Panel]
    lanes: Sequence[Lane]
    classes: Sequence[str]
    ties: Mapping[str, Sequence[str]]
    meanings: Sequence[str]
    machines: Sequence[tuple[str, str, Mapping[str, Any]]]
    remarks: Sequence[tuple[str, str]]


def make_site(rows: Iterable[Row]) -> dict[str, str]:
    """Return from path (POSIX, relative to the board) to the text of every file of the site but the vendor's script."""
    rows = list(rows)
    boards, inflation = make_boards(rows), inflation_of(rows)
    environment = make_environment()
    groups: dict[str, list[Board]] = {}
    for board in boards:
        groups.setdefault(page_stem(board), []).append(board)
    sections = {stem: [_section(board) for board in group] for stem, group in groups.items()}
    texts = {
        f"{SITE}/{name}": files("serbench.board.site").joinpath("templates", name).read_text("utf-8") for name in _PLAIN
    }
    texts[f"{SITE}/.gitignore"] = "/vendor/\n"
    texts[f"{SITE}/index.html"] = environment.get_template("index.html").render(
        **_index(boards, [line for stem in sections for section in sections[stem] for line in section.lines]),
        has_inflation=bool(inflation),
    )
    if inflation:
        texts[f"{SITE}/inflation.html"] = environment.get_template("inflation.html").render(charts=_charts(inflation))
    for stem, group in groups.items():
        datasets = {board.dataset for board in group}
        here = [line for line in inflation if line.dataset in datasets]
        texts[f"{SITE}/{stem}.html"] = environment.get_template("page.html").render(
            protocol=group[0].protocol,
            subject=subject_of(group[0]),
            sections=sections[stem],
            charts=_charts(here) if any(line.protocol == group[0].protocol for line in here) else {},
            table=page_address(group[0]).removesuffix(".html"),
        )
    return texts


def make_environment() -> Environment:
    """Return the templates: every text is escaped, a name that is not there is an error."""
    from jinja2 import Environment, PackageLoader, StrictUndefined
    from markupsafe import Markup

    def final(value: Any) -> Any:
        return value if isinstance(value, Markup) or not isinstance(value, str) else shown(value)

    environment = Environment(
        loader=PackageLoader("serbench.board.site"),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=final,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.globals |= {"vendor": SCRIPT, "budgets": BUDGETS, "tags_of": tags_of, "signs": signs_of}
    environment.globals |= {"cost": [heading for heading, _ in COST], "link": _link}
    return environment


def _link(board: Board, place: Place) -> str:
    return f"{page_address(board)}#{anchor_of(place.row)}"


def _charts(lines: Sequence[Inflation]) -> dict[str, dict[str, list[Lane]]]:
    """Return from dataset to system to lanes."""
    datasets = dict.fromkeys(line.dataset for line in lines)
    return {name: inflation_lanes([line for line in lines if line.dataset == name]) for name in datasets}


def _section(board: Board) -> Section:
    row, rows = board.first, [place.row for place in board.places]
    letters, known, anchors = machine_letters(rows), paces(rows), {each.system: anchor_of(each) for each in rows}
    return Section(
        name=task_name(board),
        anchor=f"t-{row.task[:8]}",
        facts=f"{row.utterances} clips, {row.speakers} speakers, {len(row.classes)} classes, {audio_label(row)}.",
        apart=None if board.is_headline else why_apart(board),
        evidence=evidence_of(board),
        resolves=f"{resolves(board)}{'' if board.resolvable.reason is None else f': {board.resolvable.reason}'}",
        lines=make_lines(board, task_name(board), letters),
        panels=pareto_panels(board, anchors, letters),
        lanes=speaker_lanes(board, anchors),
        classes=row.classes,
        ties={letter(number): group for number, group in enumerate(tie_groups(board))},
        meanings=sign_meanings(board.places),
        machines=[(sign, _machine(card, known), json.loads(card)) for card, sign in letters.items()],
        remarks=list(_remarks(board)),
    )


def _machine(card: str, paces: Mapping[str, str]) -> str:
    name = machine_name(json.loads(card))
    return f"{name}; {paces[card]}" if card in paces else name


def _remarks(board: Board) -> Iterable[tuple[str, str]]:
    row = board.first
    name, version = label_map_of(row)
    yield "split", f"{row.protocol.get('split')}, {row.folds} folds, protocol version {row.protocol.get('version')}"
    yield "label map", f"{name}, version {version}: {', '.join(row.classes)}"
    yield "dataset", f"version {row.dataset.get('version')}"
    yield "manifest", str(row.dataset.get("manifest"))
    yield "audio", str(row.dataset.get("audio"))
    yield "metrics", ", ".join(f"{name} {version}" for name, version in sorted(row.metrics.items()))
    for method in sorted({place.row.interval.method for place in board.places if place.row.interval.method}):
        yield "intervals", f"{method}, over {row.speakers} speakers"
    for place in board.places:
        if place.variant:
            yield "precision", f"{place.name}: {place.variant.sentence}"
    for reason in sorted({place.row.interval.reason or "" for place in board.places if place.row.seeds} - {""}):
        yield "no interval", reason
    for text in unmeasured(board):
        yield "not measured", text
    for text in slow_rows(board.places):
        yield "slow machine", text
    for note, names in notes_of(board).items():
        yield "note", note if len(names) == len(board.places) else f"{note} ({', '.join(names)})"
    for found in {canonical_json(place.row.versions): place.row.versions for place in board.places}.values():
        yield "versions", ", ".join(f"{name} {version}" for name, version in sorted(found.items()))


def _index(boards: Sequence[Board], lines: Sequence[Line]) -> dict[str, Any]:
    return {"glances": [_glance(each, boards) for each in make_overall(boards)], "lines": lines}


def _glance(glance: Overall, boards: Sequence[Board]) -> dict[str, Any]:
    from markupsafe import Markup

    of_protocol = [board for board in boards if board.protocol == glance.protocol]
    contest = make_contest(glance)
    pages: dict[str, Board] = {}
    for board in of_protocol:
        pages.setdefault(page_address(board), board)
    crossed = [place.row for board in of_protocol for place in board.places if is_crossed(place.row)]
    return {
        "overall": glance,
        "is_ranked": any(board.is_ranked for board in of_protocol),
        "boards": [] if crossed else [*glance.headline, *glance.apart],
        "why": {board.dataset: why_apart(board) for board in glance.apart},
        "pages": [
            (href, subject_of(board), f"{board.first.utterances} clips, {audio_label(board.first)}; {resolves(board)}")
            for href, board in pages.items()
        ],
        # our own drawing, whose texts are escaped where it is made
        "picture": Markup(straight(critical_svg(contest))) if contest else None,  # noqa: S704
        "contest": contest_sentences(contest) if contest else [],
        "matrices": make_matrices(crossed),
        "spread": spread,
        "mappings": mappings(crossed),
        "legend": LEGEND,
    }


__all__ = ["PAGE", "SITE", "Section", "make_environment", "make_site"]
