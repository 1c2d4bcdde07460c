"""From a leaderboard to texts: an overall page, and per protocol and dataset a page and a table with every number.

Conventions
-----------
Pages show per cent and three digits; the CSV files show fractions to ten digits, an empty field where there is no
number.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from typing import Any
from urllib.parse import quote

from serbench.board.facts import flat_rows
from serbench.board.leaderboard import Leaderboard
from serbench.board.pages.diagram import mean_ranks_svg
from serbench.board.pages.overview import overview_lines
from serbench.board.pages.sweeps import sweep_lines
from serbench.board.pages.task import page_lines
from serbench.board.ranking.adaptation import curve_facts, curve_lines
from serbench.board.ranking.inflation import inflation_lines
from serbench.board.ranking.matrix import matrix_facts, matrix_lines
from serbench.board.wording import MADE
from serbench.text import spreadsheet_text

#: Significant digits of a number in a file: what lies behind is the processor's own.
DIGITS = 10

_CROSSED = (MADE, "", "# Crossed corpora", "", "[All datasets](../README.md) · [every number as CSV](cross.csv)", "")
_ADAPTED = (MADE, "", "# Adaptation", "", "[All datasets](../README.md) · [every number as CSV](adapt.csv)", "")


def pages(leaderboard: Leaderboard) -> dict[str, str]:
    """Return from path to text: ``README.md``, ``tables/<protocol>-<dataset>.md`` and ``.csv``.

    Where a system has results under leaky protocols too, ``inflation.md`` sets them against the honest ones.
    Where systems differ in one argument alone, or in what a run augments them by, ``sweeps.md`` has the gains.
    A protocol with enough datasets and systems has a picture of mean ranks, ``tables/<protocol>-ranks.svg``.

    Tasks of one protocol and dataset (another label map, another copy of the recordings) share a file, a
    section each; so do the training sets where corpora are crossed, whose matrices stand in ``tables/cross.md`` and
    ``.csv``, and the numbers of speakers that are adapted to, whose curves stand in ``tables/adapt.md`` and ``.csv``.
    """
    texts = {"README.md": _lines(overview_lines(leaderboard))}
    if leaderboard.inflation:
        texts["inflation.md"] = _lines(inflation_lines(leaderboard.inflation))
    if leaderboard.sweeps:
        texts["sweeps.md"] = _lines(sweep_lines(leaderboard.sweeps))
    for stem, boards in leaderboard.pages.items():
        texts[f"tables/{stem}.md"] = _lines(page_lines(boards))
        texts[f"tables/{stem}.csv"] = _csv(flat_rows(boards))
    for glance in leaderboard.overall:
        if glance.ranks:
            texts[f"tables/{quote(glance.protocol, safe='')}-ranks.svg"] = mean_ranks_svg(glance.ranks)
    if leaderboard.crossed:
        texts["tables/cross.md"] = _lines((*_CROSSED, *matrix_lines(leaderboard.crossed)))
        texts["tables/cross.csv"] = _csv(matrix_facts(leaderboard.crossed))
    if leaderboard.adapted:
        texts["tables/adapt.md"] = _lines((*_ADAPTED, *curve_lines(leaderboard.adapted)))
        texts["tables/adapt.csv"] = _csv(curve_facts(leaderboard.adapted))
    return texts


def _lines(lines: Iterable[str]) -> str:
    return "\n".join(lines) + "\n"


def _csv(lines: Sequence[Mapping[str, Any]]) -> str:
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(_field(name) for name in lines[0])
    writer.writerows([_field(value) for value in line.values()] for line in lines)
    return stream.getvalue()


def _field(value: Any) -> Any:
    """Return a CSV value; text that a spreadsheet would take for a formula gets an apostrophe."""
    if isinstance(value, float):
        return float(f"{value:.{DIGITS}g}")
    return spreadsheet_text(value) if isinstance(value, str) else value


__all__ = ["DIGITS", "pages"]
