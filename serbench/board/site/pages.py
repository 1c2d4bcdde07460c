"""The pages of the site: an index, a page per protocol and dataset, the style and the script.

Conventions
-----------
A page holds every task of one protocol and dataset, a section each, as the Markdown pages do.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from serbench.board import remarks, wording
from serbench.board.columns import BoardColumn, Table, column_of
from serbench.board.leaderboard import Leaderboard
from serbench.board.machines import machine_descriptions
from serbench.board.pages.diagram import mean_ranks_svg
from serbench.board.ranking.adaptation import LEGEND as CURVE_LEGEND
from serbench.board.ranking.adaptation import make_targets
from serbench.board.ranking.boards import Board, Placement
from serbench.board.ranking.inflation import REFERENCE, Inflation
from serbench.board.ranking.matrix import LEGEND, is_crossed, make_matrices, mappings, spread
from serbench.board.ranking.overall import Overall
from serbench.board.ranking.pareto import AXES
from serbench.board.remarks import Remark, remarks_of
from serbench.board.site.curves import TargetView, view_target
from serbench.board.site.lanes import Lane, inflation_lanes, inflation_legend, speaker_lanes
from serbench.board.site.plot import Panel, pareto_panels
from serbench.board.site.rows import (
    RowView,
    anchor_of,
    beside_name,
    page_address,
    question_of,
    tables_of,
    tags_of,
    view_rows,
)
from serbench.board.site.script import SCRIPT
from serbench.board.wording import MADE, letter, mark_meanings, marks_of, subject_of, task_name
from serbench.text import visible

if TYPE_CHECKING:
    from jinja2 import Environment

#: The folder, beside the other views.
SITE = "site"
#: How every page begins.
PAGE = f"<!doctype html>\n{MADE}"
#: Files that are handed on as they are.
_PLAIN = ("site.css", "site.js")
#: The tables of a task's page.
TABLES = (Table.SITE, Table.RECALLS, Table.CARD)


@dataclass(frozen=True, kw_only=True)
class Section:
    """A task on its page.

    Attributes
    ----------
    board
        The task.
    name, anchor
        Of the task.
    rows
        Of the tables, with the cells of :data:`TABLES`.
    columns
        Of each of those tables.
    panels, lanes
        Of the Pareto plots and the strip of speakers.
    groups
        From letter to the names of rows that do not differ significantly.
    meanings
        Of the marks.
    machines
        Letter, name and the facts of each card.
    remarks
        Of the board.
    """

    board: Board
    name: str
    anchor: str
    rows: Sequence[RowView]
    columns: Mapping[Table, Sequence[BoardColumn]]
    panels: Sequence[Panel]
    lanes: Sequence[Lane]
    groups: Mapping[str, Sequence[str]]
    meanings: Sequence[str]
    machines: Sequence[tuple[str, str, Mapping[str, object]]]
    remarks: Sequence[Remark]


def make_site(leaderboard: Leaderboard) -> dict[str, str]:
    """Return from path (POSIX, relative to the board) to the text of every file of the site but the vendor's script."""
    environment, inflation = make_environment(), leaderboard.inflation
    texts = {
        f"{SITE}/{name}": files("serbench.board.site").joinpath("templates", name).read_text("utf-8") for name in _PLAIN
    }
    texts[f"{SITE}/.gitignore"] = "/vendor/\n"
    texts[f"{SITE}/index.html"] = environment.get_template("index.html").render(**_index(leaderboard))
    if inflation:
        texts[f"{SITE}/inflation.html"] = environment.get_template("inflation.html").render(charts=_charts(inflation))
    for stem, boards in leaderboard.pages.items():
        datasets = {board.dataset for board in boards}
        compared = [line for line in inflation if line.dataset in datasets]
        first = boards[0]
        texts[f"{SITE}/{stem}.html"] = environment.get_template("page.html").render(
            protocol=first.protocol,
            subject=subject_of(first),
            sections=[_section(board) for board in boards],
            charts=_charts(compared) if any(line.protocol == first.protocol for line in compared) else {},
            table=page_address(first).removesuffix(".html"),
            targets=_targets(boards),
            curve_legend=CURVE_LEGEND,
        )
    return texts


def make_environment() -> Environment:
    """Return the templates: every text is escaped, a name that is not there is an error."""
    from jinja2 import Environment, PackageLoader, StrictUndefined
    from markupsafe import Markup

    def final(value: Any) -> Any:
        return value if isinstance(value, Markup) or not isinstance(value, str) else visible(value)

    environment = Environment(
        loader=PackageLoader("serbench.board.site"),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=final,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.globals |= {"vendor": SCRIPT, "axes": [(axis, question_of(axis)) for axis in AXES], "tags_of": tags_of}
    environment.globals |= {"beside_name": beside_name}
    environment.globals |= {"marks": marks_of, "link": _link, "column": column_of, "says": remarks, "tables": Table}
    environment.globals |= {name: getattr(wording, name) for name in ("detectable", "evidence_of", "facts_of")}
    environment.globals |= {"audio_of": lambda board: wording.audio_label(board.first), "legend": wording}
    environment.globals |= {"reference": REFERENCE, "protocols": inflation_legend()}
    return environment


def _link(board: Board, placement: Placement) -> str:
    return f"{page_address(board)}#{anchor_of(placement.row)}"


def _charts(lines: Sequence[Inflation]) -> dict[str, dict[str, list[Lane]]]:
    """Return from dataset to system to lanes."""
    datasets = dict.fromkeys(line.title for line in lines)
    return {name: inflation_lanes([line for line in lines if line.title == name]) for name in datasets}


def _targets(boards: Sequence[Board]) -> list[TargetView]:
    """Return the curves of boards, with addresses that hold on every page of the site."""
    pages = {row.task: page_address(board) for board in boards for row in board.rows}
    targets = make_targets(row for board in boards for row in board.rows)
    return [view_target(target, lambda row: f"{pages[row.task]}#{anchor_of(row)}") for target in targets]


def _section(board: Board) -> Section:
    anchors, columns = {row.system: anchor_of(row) for row in board.rows}, tables_of([board], *TABLES)
    return Section(
        board=board,
        name=task_name(board),
        anchor=f"t-{board.first.task[:8]}",
        rows=view_rows(board, task_name(board), columns),
        columns=columns,
        panels=pareto_panels(board, anchors),
        lanes=speaker_lanes(board, anchors),
        groups={letter(number): group for number, group in enumerate(board.groups)},
        meanings=mark_meanings(board.placements),
        machines=list(machine_descriptions(board.rows)),
        remarks=remarks_of(board),
    )


def _index(leaderboard: Leaderboard) -> dict[str, Any]:
    columns = tables_of(leaderboard.boards, Table.INDEX)
    return {
        "glances": [_glance(glance) for glance in leaderboard.overall],
        "columns": columns[Table.INDEX],
        "rows": [row for board in leaderboard.boards for row in view_rows(board, task_name(board), columns)],
        "has_inflation": bool(leaderboard.inflation),
    }


def _glance(glance: Overall) -> dict[str, Any]:
    from markupsafe import Markup

    pages: dict[str, Board] = {}
    for board in glance.boards:
        pages.setdefault(page_address(board), board)
    rows = [row for board in glance.boards for row in board.rows]
    crossed, targets = [row for row in rows if is_crossed(row)], _targets(glance.boards)
    return {
        "overall": glance,
        "boards": [] if crossed or targets else [*glance.averaged, *glance.excluded],
        "pages": [(href, subject_of(board), board) for href, board in pages.items()],
        # our own drawing, whose texts are escaped where it is made
        "picture": Markup(mean_ranks_svg(glance.ranks)) if glance.ranks else None,  # noqa: S704
        "matrices": make_matrices(crossed),
        "spread": spread,
        "targets": targets,
        "curve_legend": CURVE_LEGEND,
        "mappings": mappings(rows),
        "legend": LEGEND,
        "meanings": mark_meanings(placement for board in glance.boards for placement in board.placements),
    }


__all__ = ["PAGE", "SITE", "TABLES", "Section", "make_environment", "make_site"]
