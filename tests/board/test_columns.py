"""Every column of every view against the rows: what stands under a heading is that fact of that row, and no other.

What is expected is computed here from rows and placements, by headings and keys that are written out: two columns that
changed places anywhere, in the list of columns or in a view, differ from it.
"""

from __future__ import annotations

from dataclasses import replace
from statistics import mean, median_low

import pytest

from serbench.board.columns import COLUMNS, BoardColumn, Table, columns_of
from serbench.board.leaderboard import Leaderboard
from serbench.board.remarks import remarks_of
from serbench.digest import digest_value
from serbench.scoring.figure import Figure
from tests.board import reading
from tests.board.distinct_rows import DATASETS, MACHINES, SYSTEMS, rows_distinct_rows
from tests.results.conftest import part

#: Costs by their headings on the pages that show a few.
COSTS = {
    "params": "parameters_total",
    "MACs 3 s": "macs_3s",
    "train s": "train_seconds",
    "p50 ms": "latency_p50_ms",
    "memory": "peak_memory_bytes",
}


@pytest.fixture(scope="module")
def leaderboard():
    return Leaderboard.of(rows_distinct_rows())


def facts_of(board, placement):
    """Return what files hold of a row, by key."""
    row, variant = placement.row, placement.variant
    return {
        "protocol": row.protocol.name,
        "dataset": row.dataset.name,
        "task": row.task,
        "rank": placement.rank,
        "rank_is_shared": placement.is_shared,
        "model": row.label,
        "model_version": row.model.version,
        "is_floor": row.label == "majority",
        "evidence": "verified" if row.has_predictions else "self-reported",
        "is_complete": row.label != "broken",
        "is_averaged": row.dataset.name != DATASETS[-1],
        "excluded_because": row.standing.reason,
        "interval": row.interval.method or row.interval.reason,
        "uar_low": row.interval.low,
        "uar_high": row.interval.high,
        "groups": groups_of(board, placement),
        "adjusted_uar": row.adjusted_uar.value,
        "seeds": len(row.seeds),
        "folds": row.folds,
        "cells_done": row.cells["done"],
        "cells_expected": row.cells["expected"],
        "problems": "a fold is missing; it diverged" if row.label == "broken" else "",
        "utterances": row.utterances,
        "speakers": row.speakers,
        "not_significantly_different": "; ".join(placement.not_different),
        "minimum_detectable_difference": board.detectable.value,
        "pareto_optimal_latency": placement.pareto_optimal["latency"],
        "pareto_optimal_macs": placement.pareto_optimal["macs"],
        "pareto_optimal_parameters": placement.pareto_optimal["parameters"],
        "precision": "bf16" if row.model.settings else "fp32",
        "is_same_model": None if variant is None else variant.is_same_model,
        "pretrained_on": "books; songs" if row.label == "heard" else "",
        "uses_test_statistics": row.standing.declared.uses_test_statistics,
        "reads_text": {"near": "transcripts", "claimed": "prompts"}.get(row.label),
        "machine": row.machine["processor"],
        "machine_digest": digest_value(row.machine)[:12],
        "calibration_seconds": row.calibration.value,
        "audio": row.audio.label or "unknown audio",
        "is_altered": row.label == "near",
        "audio_digest": row.dataset.audio,
        "split_digest": row.protocol.split,
        "manifest_digest": row.dataset.manifest,
        "system": row.system,
        **{name: score.mean.value for name, score in row.scores.items()},
        **{f"{name}_sd": score.spread.value for name, score in row.scores.items()},
        **{f"recall:{name}": figure.value for name, figure in row.recalls.items()},
        **{name: figure.value for name, figure in row.cost.items()},
    }


def groups_of(board, placement):
    letters = [letter for letter, names in zip("abcdef", board.groups, strict=False) if placement.name in names]
    return " ".join(letters) or "–"


def in_per_cent(figure):
    return f"{100 * figure.value:.1f}"


def in_three_digits(value):
    """Return a whole number of three digits, or of three digits and as many zeros."""
    return f"{value // 1000}k" if value >= 10_000 else str(value)


def texts_of(board, placement, *, fronts=True):
    """Return what people read of a row, by heading; without ``fronts``, no diamond before a cost."""
    row, score = placement.row, placement.row.scores
    cost = {name: in_three_digits(figure.value) for name, figure in row.cost.items()}
    mark = {name: "◆ " if fronts and is_optimal else "" for name, is_optimal in placement.pareto_optimal.items()}
    low, high = row.interval.low, row.interval.high
    return {
        "protocol": row.protocol.name,
        "dataset": row.dataset.name,
        "rank": "–" if placement.rank is None else f"{placement.rank}{'=' * placement.is_shared}",
        "model": row.label,
        "UAR %": f"{in_per_cent(score['uar'].mean)} ± {in_per_cent(score['uar'].spread)}",
        "95 % CI": "–" if low is None else f"{100 * low:.1f} to {100 * high:.1f}",
        "group": groups_of(board, placement),
        "WA %": in_per_cent(score["wa"].mean),
        "macro-F1 %": in_per_cent(score["macro-f1"].mean),
        "log-loss": f"{score['log-loss'].mean.value:.3f}",
        "ECE": f"{score['ece'].mean.value:.3f}",
        "Doubt": f"{score['doubt'].mean.value:.3f}",
        "adjusted UAR": f"{row.adjusted_uar.value:.3f}",
        "seeds": str(len(row.seeds)),
        "cells": f"{row.cells['done']}/{row.cells['expected']}",
        "x": in_per_cent(row.recalls["x"]),
        "y": in_per_cent(row.recalls["y"]),
        "params": mark["parameters"] + cost["parameters_total"],
        "MACs 3 s": mark["macs"] + cost["macs_3s"],
        "bytes": cost["model_bytes"],
        "train s": cost["train_seconds"],
        "feature RTF": cost["feature_seconds_per_audio_second"],
        "p50 ms": mark["latency"] + cost["latency_p50_ms"],
        "p90 ms": cost["latency_p90_ms"],
        "p99 ms": cost["latency_p99_ms"],
        "memory": cost["peak_memory_bytes"],
        "model params": cost["model_alone_parameters"],
        "model MACs": cost["model_alone_macs_3s"],
        "machine": MACHINES[row.machine["processor"]],
    }


def short_texts_of(board, placement):
    """Return the same on the terminal: UAR alone, and times with the letter of their machine."""
    texts = texts_of(board, placement)
    on = {name: f"{texts[name]} {texts['machine']}" for name in ("train s", "p50 ms")}
    return {**texts, "UAR %": texts["UAR %"].partition(" ±")[0], **on}


def unmarked_texts_of(board, placement):
    return texts_of(board, placement, fronts=False)


def claims_of(board, placement):
    """Return what a model card claims: the figures in full, by headings without a unit."""
    names = {"uar": "UAR", "wa": "WA", "macro-f1": "macro-F1", "doubt": "Doubt"}
    return {heading: placement.row.scores[name].mean.value for name, heading in names.items()}


def order_of(board, placement):
    """Return what a browser sorts a row by: numbers in full, what has none at the worse end, texts as they are."""
    facts, texts = facts_of(board, placement), texts_of(board, placement)
    keys = {"rank": "rank", "UAR %": "uar", "WA %": "wa", "macro-F1 %": "macro-f1", "Doubt": "doubt", **COSTS}
    return texts | {heading: 1e308 if facts[key] is None else facts[key] for heading, key in keys.items()}


#: From a view to how it is read, the table whose columns it shows (None: of files), and what a row shows there.
VIEWS = {
    "Markdown scores": (reading.markdown("## Scores"), Table.SCORES, texts_of),
    "Markdown recalls": (reading.markdown("## Recall per class"), Table.RECALLS, texts_of),
    "Markdown cost": (reading.markdown("## Cost"), Table.COST, texts_of),
    "terminal": (reading.terminal, Table.TERMINAL, short_texts_of),
    "LaTeX": (reading.latex, Table.LATEX, unmarked_texts_of),
    "site index": (reading.site_index, Table.INDEX, texts_of),
    "site results": (reading.site('id="t-[^"]*" class="results"'), Table.SITE, texts_of),
    "site order": (reading.site_order, Table.SITE, order_of),
    "site recalls": (reading.site('class="heat recalls"'), Table.RECALLS, texts_of),
    "site card": (reading.site_cards, Table.CARD, texts_of),
    "model-index": (reading.model_cards, Table.MODEL_INDEX, claims_of),
    "CSV": (reading.csv_file, None, facts_of),
    "JSON": (reading.json_file, None, facts_of),
    "frame": (reading.frame, None, facts_of),
}
#: What a view shows beside its columns: what a line is of.
BESIDE = {"site index": {"protocol", "dataset"}, "site card": {"model"}}
EVERY_VIEW = pytest.mark.parametrize("view", VIEWS)


def headings_of(view, leaderboard):
    """Return the headings of the columns that a view shows; of files the keys."""
    table = VIEWS[view][1]
    columns = columns_of(table, leaderboard.boards)
    unit = " %" if view == "model-index" else ""
    shown = {column.key if table is None else column.heading.removesuffix(unit) for column in columns}
    return shown | BESIDE.get(view, set())


def alike(found, expected):
    """Tell whether a cell holds a fact: in CSV all is text, and files have ten digits of a number."""
    if isinstance(expected, float):
        return float(found) == pytest.approx(expected, rel=1e-9)
    if isinstance(found, str):
        return found == ("" if expected is None else str(expected))
    return found == expected


def placements_of(leaderboard):
    """Return every board and placement by dataset and name."""
    found = [(board, placement) for board in leaderboard.boards for placement in board.placements]
    return {(board.dataset, placement.name): (board, placement) for board, placement in found}


@EVERY_VIEW
def test_every_cell_is_that_fact_of_its_row(leaderboard, view):
    read, _, expect = VIEWS[view]
    shown, headings, rows = read(leaderboard), headings_of(view, leaderboard), placements_of(leaderboard)
    assert shown.keys() == {key for key in rows if view != "model-index" or key[1] != "broken"}
    for key, cells in shown.items():
        expected = expect(*rows[key])
        assert cells.keys() == headings
        assert {name: cell for name, cell in cells.items() if not alike(cell, expected[name])} == {}, key


@EVERY_VIEW
def test_no_two_columns_and_no_two_rows_show_the_same(leaderboard, view):
    """Else they could change places unseen by the test above."""
    shown = VIEWS[view][0](leaderboard).values()
    headings = next(iter(shown)).keys() - {"model"}
    columns = [tuple(cells[heading] for cells in shown) for heading in headings]
    assert len(set(columns)) == len(columns)
    lines = [tuple(cells[heading] for heading in headings) for cells in shown]
    assert len(set(lines)) == len(lines)


def over_datasets(leaderboard, name, datasets=DATASETS):
    """Return the rows of a system."""
    return [row for row in leaderboard.rows if row.label == name and row.dataset.name in datasets]


def test_costs_over_datasets_are_medians_of_the_system(leaderboard):
    headings = {**COSTS, "bytes": "model_bytes"}
    for (_, name), cells in reading.overview("What it costs")(leaderboard).items():
        rows = over_datasets(leaderboard, name)
        expected = {
            heading: in_three_digits(median_low(row.cost_of(cost).value for row in rows))
            for heading, cost in headings.items()
        }
        assert cells == {"model": name, **expected, "machine": MACHINES[rows[0].machine["processor"]], "datasets": "3"}
    assert set(headings) == {
        column.heading for column in columns_of(Table.OVERVIEW, leaderboard.boards) if column.key != "model"
    }


@pytest.mark.parametrize(
    ("read", "datasets", "heading"),
    [
        (reading.overview("Sorted by"), DATASETS[:-1], "{}"),
        (reading.overview("Excluded from averages"), DATASETS[-1:], "{}"),
        (reading.site_overview, DATASETS, "{}"),
        (reading.latex_overview, DATASETS[:-1], "{} (UAR %)"),
    ],
    ids=["Markdown", "Markdown, excluded", "site", "LaTeX"],
)
def test_scores_over_datasets_are_those_of_the_system(leaderboard, read, datasets, heading):
    shown = read(leaderboard)
    assert {name for _, name in shown} == set(SYSTEMS)
    for (_, name), cells in shown.items():
        rows = over_datasets(leaderboard, name, DATASETS[:-1])
        counted = [row.adjusted_uar.value for row in rows if name not in ("broken", "claimed")]
        adjusted = {"adjusted UAR": f"{mean(counted):.3f}" if counted else "–"} if len(datasets) > 1 else {}
        scores = {
            heading.format(row.dataset.name): in_per_cent(row.uar) for row in over_datasets(leaderboard, name, datasets)
        }
        assert {key: cell.split()[0] for key, cell in cells.items()} == {"model": name, **adjusted, **scores}


def sparkle(board, placement):
    """Return another whole number of each row."""
    return 700 + 10 * DATASETS.index(board.dataset) + list(SYSTEMS).index(placement.name)


@pytest.fixture
def with_sparkle(monkeypatch):
    """Put a column into the list, and nothing anywhere else."""
    column = BoardColumn(
        key="sparkle_key",
        value=lambda *where: Figure(sparkle(*where)),
        kind="figure",
        heading="Sparkle",
        text=lambda *where: f"{sparkle(*where)} stars",
        better="higher",
        tables=frozenset(Table),
    )
    monkeypatch.setattr("serbench.board.columns.COLUMNS", (*COLUMNS, (column,)))


@EVERY_VIEW
def test_a_new_column_is_in_every_view_with_its_heading_and_values(leaderboard, with_sparkle, view):
    read, table, expect = VIEWS[view]
    rows = placements_of(leaderboard)
    is_full = table is None or expect in (claims_of, order_of)
    heading = "sparkle_key" if table is None else "Sparkle"
    found = {key: cells[heading] for key, cells in read(leaderboard).items()}
    assert found
    for key, cell in found.items():
        assert alike(cell, float(sparkle(*rows[key])) if is_full else f"{sparkle(*rows[key])} stars")


def test_a_new_column_is_in_the_overview_with_medians(leaderboard, with_sparkle):
    shown = reading.overview("What it costs")(leaderboard)
    middle = {name: str(710 + number) for number, name in enumerate(SYSTEMS)}
    assert {name: cells["Sparkle"] for (_, name), cells in shown.items()} == middle


def with_costs(**costs):
    """Return the board of one row of these costs."""
    (made,) = [each for each in rows_distinct_rows() if (each.label, each.dataset.name) == ("best", "one")]
    figures = {name: Figure(float(value)) for name, value in costs.items()}
    (board,) = Leaderboard.of([replace(made, features=(part({"name": "mfcc"}),), cost=figures)]).boards
    return board


WHOLE = {"parameters_total": 120, "model_bytes": 480, "macs_3s": 300}
ALONE = {"model_alone_parameters": 120, "model_alone_bytes": 480, "model_alone_macs_3s": 300}


@pytest.mark.parametrize(
    ("costs", "shown"),
    [
        ({**WHOLE, **ALONE}, "120 ∿"),
        ({**WHOLE, "macs_3s": 900, **ALONE}, "120"),
        ({**WHOLE, "parameters_total": 8_000_000, **ALONE}, "120"),
    ],
    ids=["signal processing", "counted", "an encoder"],
)
def test_the_share_of_the_model_is_marked_where_its_features_count_as_0(costs, shown):
    board = with_costs(**costs)
    (column,) = [each for each in columns_of(Table.COST, [board]) if each.key == "model_alone_parameters"]
    assert column.shown(board, board.placements[0]) == shown
    assert ("model alone" in {remark.topic for remark in remarks_of(board)}) == shown.endswith("∿")


def test_rows_of_before_have_no_column_of_the_model_alone():
    headings = {column.heading for column in columns_of(Table.COST, [with_costs(**WHOLE)])}
    assert "params" in headings
    assert not headings & {"model params", "model MACs"}
