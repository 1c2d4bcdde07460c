"""From rows to texts: an overall page, and per protocol and dataset a page and a table with every number.

Conventions
-----------
Pages show per cent and three digits; the CSV files show fractions to ten digits, an empty field where there is no
number.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from typing import Any
from urllib.parse import quote

from serbench.board.marks import pretrained_on, uses_test_statistics
from serbench.board.pages.markdown import one_line, percent, short
from serbench.board.pages.overview import overview_lines
from serbench.board.pages.task import page_lines
from serbench.board.ranking.boards import FLOORS, Board, Place, make_boards
from serbench.board.ranking.inflation import inflation_lines, inflation_of
from serbench.board.ranking.matrix import is_crossed, matrix_facts, matrix_lines
from serbench.board.ranking.mean_ranks import critical_svg, make_contest
from serbench.board.ranking.overall import make_overall
from serbench.board.ranking.precision import precision_of
from serbench.board.wording import (
    MARK,
    audio_label,
    cells_done,
    interval_cell,
    is_altered,
    machine_name,
    mean_of,
    page_stem,
    rank_cell,
    signs_of,
    task_name,
    uar_cell,
)
from serbench.cost.efficiency import of_note
from serbench.digest import digest_value
from serbench.results.row import Row

#: Significant digits of a number in a file: what lies behind is the processor's own.
DIGITS = 10


def pages(rows: Iterable[Row]) -> dict[str, str]:
    """Return from path to text: ``README.md``, ``tables/<protocol>-<dataset>.md`` and ``.csv``.

    Where a system has results under leaky protocols too, ``inflation.md`` sets them against the honest ones.
    A protocol with enough datasets and systems has a picture of mean ranks, ``tables/<protocol>-ranks.svg``.

    Tasks of one protocol and dataset (another label map, another copy of the recordings) share a file, a
    section each; so do the training sets where corpora are crossed, whose matrices stand in ``tables/cross.md`` and
    ``.csv``.
    """
    rows = list(rows)
    boards = make_boards(rows)
    groups: dict[str, list[Board]] = {}
    for board in boards:
        groups.setdefault(page_stem(board), []).append(board)
    inflation = inflation_of(rows)
    texts = {"README.md": _lines(overview_lines(boards, has_inflation=bool(inflation)))}
    if inflation:
        texts["inflation.md"] = _lines(inflation_lines(inflation))
    for stem, group in groups.items():
        texts[f"tables/{stem}.md"] = _lines(page_lines(group))
        lines = [row_facts(board, place) for board in group for place in board.places]
        texts[f"tables/{stem}.csv"] = _csv([_fields(facts) for facts in lines])
    for glance in make_overall(boards):
        contest = make_contest(glance)
        if contest:
            texts[f"tables/{quote(glance.protocol, safe='')}-ranks.svg"] = critical_svg(contest)
    crossed = [place.row for board in boards for place in board.places if is_crossed(place.row)]
    if crossed:
        heading = (
            MARK,
            "",
            "# Crossed corpora",
            "",
            "[All datasets](../README.md) · [every number as CSV](cross.csv)",
            "",
        )
        texts["tables/cross.md"] = _lines((*heading, *matrix_lines(crossed)))
        texts["tables/cross.csv"] = _csv([_fields(facts) for facts in matrix_facts(crossed)])
    return texts


def board_table(rows: Iterable[Row]) -> list[dict[str, str]]:
    """Return a line per row for a terminal, in the boards' order; keys are the headings, values as shown."""
    return [
        {
            "protocol": board.protocol,
            "dataset": one_line(task_name(board)),
            "rank": rank_cell(place),
            "model": f"{one_line(place.name)} {signs_of(place)}".rstrip(),
            "UAR %": uar_cell(place.row),
            "95 % speakers": interval_cell(place.row),
            "WA %": percent(mean_of(place.row, "wa")),
            "macro-F1 %": percent(mean_of(place.row, "macro-f1")),
            "seeds": str(len(place.row.seeds)),
            "cells": cells_done(place.row),
            "params": short(place.row.cost_of("parameters_total")),
            "MACs 3 s": short(place.row.cost_of("macs_3s")),
            "p50 ms": short(place.row.cost_of("latency_p50_ms")),
            "train s": short(place.row.cost_of("train_seconds")),
            "machine": one_line(machine_name(place.row.machine)),
            "audio": one_line(audio_label(place.row)),
            "state": "; ".join(one_line(problem) for problem in place.row.problems) or "whole",
        }
        for board in make_boards(rows)
        for place in board.places
    ]


def _lines(lines: Iterable[str]) -> str:
    return "\n".join(lines) + "\n"


def _csv(lines: Sequence[dict[str, Any]]) -> str:
    columns = list(dict.fromkeys(name for line in lines for name in line))
    stream = io.StringIO()
    writer = csv.DictWriter(stream, columns, restval="", lineterminator="\n")
    writer.writeheader()
    writer.writerows(lines)
    return stream.getvalue()


def row_facts(board: Board, place: Place) -> dict[str, Any]:
    """Return a row in one flat line: names, rank, scores and their intervals, recalls, cost, digests; None for unknown.

    Numbers are in full, scores are fractions.
    """
    row = place.row
    facts: dict[str, Any] = {
        "protocol": row.protocol["name"],
        "dataset": row.dataset["name"],
        "task": row.task,
        "rank": place.rank,
        "rank_is_shared": place.is_shared,
        "model": place.name,
        "model_version": row.model["version"],
        "is_floor": row.model["name"] in FLOORS,
        "evidence": row.evidence,
        "is_whole": row.is_whole,
        "is_headline": board.is_headline,
        **{f"on_front_{axis}": stands for axis, stands in place.on_front.items()},
        "ties": "; ".join(place.ties),
        "precision": precision_of(row),
        "is_same_model": place.variant.is_same_model if place.variant else None,
        "resolvable": board.resolvable.value,
        "pretrained_on": "; ".join(pretrained_on(row)),
        "uses_test_statistics": uses_test_statistics(row),
    }
    for name, score in row.scores.items():
        facts |= {name: score.mean.value, f"{name}_sd": score.spread.value}
    facts |= {
        "uar_low": row.interval.low,
        "uar_high": row.interval.high,
        "interval": row.interval.method or row.interval.reason,
        "skill": row.skill.value,
        "seeds": len(row.seeds),
        "folds": row.folds,
        "cells_done": row.cells["done"],
        "cells_expected": row.cells["expected"],
        "problems": "; ".join(row.problems),
        "utterances": row.utterances,
        "speakers": row.speakers,
    }
    facts |= {f"recall:{name}": figure.value for name, figure in row.recalls.items()}
    facts |= of_note(row.cost)
    facts |= {
        "machine": machine_name(row.machine),
        "machine_digest": digest_value(row.machine)[:12],
        "calibration_seconds": row.calibration.value,
        "audio": audio_label(row),
        "is_altered": is_altered(row),
        "audio_digest": row.dataset.get("audio"),
        "split_digest": row.protocol.get("split"),
        "manifest_digest": row.dataset.get("manifest"),
    }
    return facts


def _fields(facts: dict[str, Any]) -> dict[str, Any]:
    return {_field(name): _field(value) for name, value in facts.items()}


def _field(value: Any) -> Any:
    """Return a CSV value; text that a spreadsheet would take for a formula gets an apostrophe."""
    if isinstance(value, float):
        return float(f"{value:.{DIGITS}g}")
    if not isinstance(value, str):
        return value
    text = one_line(value)
    return f"'{text}" if text.startswith(("=", "+", "-", "@")) else text


__all__ = ["DIGITS", "board_table", "pages", "row_facts"]
