from __future__ import annotations

import itertools
from dataclasses import replace

import numpy as np
import pytest

from serbench.board.ranking.pareto import AXES, LATENCY, MACS, PARAMETERS, Point, front_of, fronts, pareto_optimal
from serbench.cost.efficiency import FIGURES
from serbench.scoring.figure import Figure
from tests.board.ranking.test_boards import row

UNKNOWN = Figure.undefined("nobody counted")


def point(name, gain, cost):
    return Point(name, Figure(gain), Figure(cost))


@pytest.mark.parametrize(
    ("points", "optimal", "dominated"),
    [
        ([], (), ()),
        ([("a", 0.5, 1)], ("a",), ()),
        ([("a", 0.9, 9), ("b", 0.6, 1), ("c", 0.6, 2)], ("b", "a"), ("c",)),
        ([("b", 0.9, 1), ("a", 0.9, 1)], ("a", "b"), ()),
        ([("a", 0.9, 1), ("b", 0.9, 1), ("c", 0.9, 2)], ("a", "b"), ("c",)),
        ([("a", 0.8, 1), ("b", 0.9, 1)], ("b",), ("a",)),
        ([("a", 0.8, 0), ("b", 0.7, 0), ("c", 0.7, 0)], ("a",), ("b", "c")),
        ([("a", 0.1, 1), ("b", 0.2, 2), ("c", 0.3, 3)], ("a", "b", "c"), ()),
        ([("a", 0.3, 1), ("b", 0.2, 2), ("c", 0.1, 3)], ("a",), ("b", "c")),
    ],
    ids=["none", "one", "middle", "equals", "dearer equal", "same cost", "free", "all", "one dominates all"],
)
def test_the_front_is_all_that_nothing_dominates(points, optimal, dominated):
    found = front_of(point(*each) for each in points)
    assert (found.optimal, found.dominated, found.left_out) == (optimal, dominated, {})


def test_the_front_is_that_of_comparing_each_with_each():
    rng = np.random.default_rng(0)
    for _ in range(50):
        values = {f"p{place}": tuple(pair) for place, pair in enumerate(rng.integers(0, 5, (12, 2)).tolist())}

        def beats(one, other, values=values):
            (gain, cost), (their_gain, their_cost) = values[one], values[other]
            return gain >= their_gain and cost <= their_cost and (gain, cost) != (their_gain, their_cost)

        beaten = {other for one, other in itertools.permutations(values, 2) if beats(one, other)}
        found = front_of(point(name, *pair) for name, pair in values.items())
        assert set(found.optimal) == set(values) - beaten
        assert set(found.dominated) == beaten


def test_what_is_not_known_is_left_out_with_its_reason():
    points = [point("a", 0.5, 2), Point("b", Figure(0.9), UNKNOWN), Point("c", Figure.undefined("no cell"), UNKNOWN)]
    found = front_of(points)
    assert found.optimal == ("a",)
    assert found.left_out == {"b": "nobody counted", "c": "no cell"}


def sized(name, uar, count, **more):
    return replace(row(name, uar, **more), cost={"parameters_total": Figure(count), "latency_p50_ms": Figure(1.0)})


def test_times_are_compared_within_a_card_and_counts_across():
    rows = [sized("a", 0.9, 10, machine="one"), sized("b", 0.8, 20, machine="two"), sized("c", 0.7, 5, machine="two")]
    a, b, c = (each.system for each in rows)
    first, second = fronts(rows, LATENCY)
    assert (first.optimal, first.dominated, first.machine) == ((a,), (), {"processor": "one"})
    assert (second.optimal, second.dominated, second.machine) == ((b,), (c,), {"processor": "two"})
    (only,) = fronts(rows, PARAMETERS)
    assert (only.optimal, only.dominated, only.machine) == ((c, a), (b,), None)
    assert pareto_optimal(rows) == {
        a: {"latency": True, "macs": None, "parameters": True},
        b: {"latency": True, "macs": None, "parameters": False},
        c: {"latency": False, "macs": None, "parameters": True},
    }


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"problems": ("seed 0: 1 of 3 folds are done",)}, "incomplete, seed 0: 1 of 3 folds are done"),
        ({"has_predictions": False}, "self-reported"),
        ({"cost": {}}, "not measured"),
        ({"cost": {"latency_p50_ms": UNKNOWN}}, "nobody counted"),
        ({"machine": {}}, "its machine is not known"),
    ],
)
def test_a_row_that_cannot_compete_beats_nobody(changed, reason):
    good = sized("good", 0.5, 10)
    odd = replace(sized("odd", 0.9, 1), **changed)
    found = fronts([good, odd], LATENCY)
    assert [each.optimal for each in found if each.optimal] == [(good.system,)]
    assert {name: why for each in found for name, why in each.left_out.items()} == {odd.system: reason}


def test_no_rows_have_no_front():
    assert fronts([], MACS) == ()
    assert pareto_optimal([]) == {}


def test_axes_are_figures_of_every_record():
    assert {axis.figure for axis in AXES} <= set(FIGURES)
    assert [axis.heading for axis in AXES] == ["latency p50, ms", "MACs for 3 s", "parameters"]
