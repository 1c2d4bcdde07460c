"""Sweeps that a board's rows make up: which rows belong together, and what they are compared with."""

from __future__ import annotations

import pytest

from serbench.board.leaderboard import Leaderboard
from serbench.board.pages.sweeps import sweep_lines
from serbench.board.ranking.compare import compare
from serbench.results.summary import summarise
from tests.board.conftest import pages


@pytest.fixture
def add(store, cells):
    """Return a function that adds a system's records; a larger skill hits more."""

    def add(skill, label=None, *, augment=(), dataset="toy", protocol="si", recipe=None, ranked=True, **params):
        settings = {} if recipe is None else {"recipe": recipe}
        key = {
            "model": {"name": "good", "version": "1", "params": params, "settings": settings},
            "dataset": {"name": dataset, "manifest": f"m-{dataset}", "audio": f"a-{dataset}"},
            "protocol": {"name": protocol, "version": "1", "split": "s", "folds": 3},
            "augmentations": tuple({"name": each, "version": "1", "params": {}} for each in augment),
        }
        words = ",".join(f"{name}={value}" for name, value in params.items())
        label = label or (f"good[{words}]" if params else "good")
        standing = {"ranked": ranked, "diagnostic": False, "headline": True, "reason": None}
        cells.add(store, key=key, label=label, skill=skill, standing=standing)

    return add


def found(store):
    return Leaderboard.of(summarise(store)).sweeps


def values(sweep):
    return [(line.dataset, line.value) for line in sweep.lines]


def test_rows_that_differ_in_one_argument_are_a_sweep_over_its_default(store, add):
    add(1.0)
    add(3.0, width=8)
    add(9.0, width=16)
    add(2.0, width=8, depth=2)
    by_key = {(sweep.model, sweep.key): sweep for sweep in found(store)}

    assert list(by_key) == [("good", "width"), ("good[width=8]", "depth")]
    assert values(by_key["good", "width"]) == [("toy", "default"), ("toy", "16"), ("toy", "8")]
    first, wide, narrow = by_key["good", "width"].lines
    assert first.difference is None
    assert wide.difference.value == pytest.approx(wide.row.uar.value - first.row.uar.value)
    boards = Leaderboard.of(summarise(store)).boards
    assert narrow.difference == compare(("8", "default"), ([narrow.row], [first.row]), boards).overall


def test_augmentations_of_a_run_are_set_against_none(store, add):
    add(1.0)
    add(3.0, "good+noise", augment=("noise",))
    add(0.5, "good+speed", augment=("speed",))
    (sweep,) = found(store)

    assert (sweep.model, sweep.key) == ("good", "augment")
    assert values(sweep) == [("toy", "none"), ("toy", "noise"), ("toy", "speed")]
    assert sweep.lines[1].difference.value > 0 > sweep.lines[2].difference.value


def test_a_model_s_own_augmentations_are_a_value_among_the_others(store, add):
    add(2.0, augment=("noise",))
    add(1.0, "good+unaugmented")
    (sweep,) = found(store)
    assert values(sweep) == [("toy", "none"), ("toy", "own")]


def test_without_a_row_without_augmentations_the_model_s_own_come_first(store, add):
    add(2.0, augment=("noise",))
    add(1.0, "good+speed", augment=("speed",))
    (sweep,) = found(store)
    assert values(sweep) == [("toy", "own"), ("toy", "speed")]


def test_corpora_without_the_first_value_are_left_out_and_means_are_over_those_that_all_have(store, add):
    for dataset in ("one", "two"):
        add(1.0, dataset=dataset)
        add(3.0, dataset=dataset, width=8)
    add(3.0, dataset="three", width=8)
    (sweep,) = found(store)
    assert values(sweep) == [
        *((dataset, value) for dataset in ("one", "two") for value in ("default", "8")),
        ("mean of 2 datasets", "8"),
    ]


@pytest.mark.parametrize(
    "second",
    [
        {"width": 8, "protocol": "random", "ranked": False},
        {"precision": "bf16", "recipe": {"precision": "bf16"}},
        {"width": 8, "depth": 2},
    ],
    ids=["another protocol", "another precision", "two arguments"],
)
def test_what_is_no_sweep(store, add, second):
    add(1.0)
    add(3.0, **second)
    assert found(store) == ()
    assert "sweeps.md" not in pages(summarise(store))


def test_protocols_that_are_never_ranked_have_none(store, add):
    add(1.0, ranked=False, protocol="random")
    add(3.0, ranked=False, protocol="random", width=8)
    assert found(store) == ()


def test_the_page_has_every_line_and_the_overview_leads_there(store, add):
    add(1.0)
    add(3.0, width=8)
    texts = pages(summarise(store))
    (sweep,) = found(store)
    line = sweep.lines[1]

    assert "\n".join([*sweep_lines(found(store)), ""]) == texts["sweeps.md"]
    assert "(sweeps.md)" in texts["README.md"]
    cells = [
        [cell.strip() for cell in row.split("|")[1:-1]] for row in texts["sweeps.md"].splitlines() if "| toy" in row
    ]
    assert [row[:2] for row in cells] == [["toy", "default"], ["toy", "8"]]
    assert cells[1][3] == f"{100 * line.difference.value:+.1f}"
    assert cells[1][7] == str(line.difference.speakers)
    assert cells[0][3:] == ["–"] * 5
