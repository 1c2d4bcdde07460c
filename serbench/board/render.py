"""From rows to files: an overall page, and per protocol and dataset a page and a table with every number.

Conventions
-----------
Everything below the folder is computed from the rows alone: the same rows give the same bytes, with no date
and no machine of the reader's in them. Pages show per cent and three digits; the CSV files show fractions and
every digit, an empty field where there is no number. A page that an earlier build made and that has no rows
any more is removed; files that no build made are left alone.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from serbench.board.markdown import one_line, percent, short
from serbench.board.matrix import is_crossed, matrix_facts, matrix_lines
from serbench.board.overview import overview_lines
from serbench.board.page import page_lines
from serbench.board.rank import FLOORS, Board, Place, make_boards
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
    task_name,
    uar_cell,
)
from serbench.digest import digest_value
from serbench.files import write_text
from serbench.results.row import Row


def build(rows: Iterable[Row], folder: Path) -> list[Path]:
    """Write ``README.md``, ``tables/<protocol>-<dataset>.md`` and ``.csv``; return the files, sorted.

    Tasks of one protocol and dataset (another label map, another copy of the recordings) share a file, a
    section each; so do the training sets where corpora are crossed, whose matrices stand in ``tables/cross.md`` and
    ``.csv``.
    """
    boards = make_boards(rows)
    pages: dict[str, list[Board]] = {}
    for board in boards:
        pages.setdefault(page_stem(board), []).append(board)
    texts = {folder / "README.md": _lines(overview_lines(boards))}
    for stem, group in pages.items():
        texts[folder / "tables" / f"{stem}.md"] = _lines(page_lines(group))
        texts[folder / "tables" / f"{stem}.csv"] = _csv(
            [_csv_line(board, place) for board in group for place in board.places]
        )
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
        texts[folder / "tables" / "cross.md"] = _lines((*heading, *matrix_lines(crossed)))
        texts[folder / "tables" / "cross.csv"] = _csv(matrix_facts(crossed))
    for path, text in texts.items():
        write_text(path, text)
    _remove_stale(folder / "tables", set(texts))
    return sorted(texts)


def board_table(rows: Iterable[Row]) -> list[dict[str, str]]:
    """Return a line per row for a terminal, in the boards' order; keys are the headings, values as shown."""
    return [
        {
            "protocol": board.protocol,
            "dataset": one_line(task_name(board)),
            "rank": rank_cell(place),
            "model": one_line(place.name),
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


def _csv_line(board: Board, place: Place) -> dict[str, Any]:
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
        "is_whole": row.is_whole,
        "is_headline": board.is_headline,
        "is_undominated": place.is_undominated,
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
    facts |= {name: figure.value for name, figure in row.cost.items()}
    facts |= {
        "machine": machine_name(row.machine),
        "machine_digest": digest_value(row.machine)[:12],
        "audio": audio_label(row),
        "is_altered": is_altered(row),
        "audio_digest": row.dataset.get("audio"),
        "split_digest": row.protocol.get("split"),
        "manifest_digest": row.dataset.get("manifest"),
    }
    return {_field(name): _field(value) for name, value in facts.items()}


def _field(value: Any) -> Any:
    """Return a CSV value; text that a spreadsheet would take for a formula gets an apostrophe."""
    if not isinstance(value, str):
        return value
    text = one_line(value)
    return f"'{text}" if text.startswith(("=", "+", "-", "@")) else text


def _remove_stale(folder: Path, written: set[Path]) -> None:
    for path in sorted(folder.glob("*.md")):
        if path not in written and path.read_text(encoding="utf-8").startswith(MARK):
            path.unlink()
            path.with_suffix(".csv").unlink(missing_ok=True)


__all__ = ["board_table", "build"]
