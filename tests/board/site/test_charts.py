"""Where marks stand on the charts."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from serbench.board.ranking.boards import make_boards
from serbench.board.ranking.inflation import inflation_of
from serbench.board.site.lanes import inflation_lanes, inflation_legend, speaker_lanes
from serbench.board.site.plot import pareto_panels
from serbench.board.site.rows import anchor_of
from serbench.board.site.scale import Height, LogAxis
from serbench.protocol.protocols import INFLATION_STYLES
from serbench.scoring.figure import Figure
from tests.board.site.conftest import SHOWN


@pytest.fixture(scope="module")
def emodb(board_rows):
    return next(board for board in make_boards(board_rows) if (board.protocol, board.dataset) == ("si", "emodb"))


@pytest.fixture(scope="module")
def panels(emodb):
    return pareto_panels(emodb, {row.system: anchor_of(row) for row in emodb.rows})


def name_of(mark):
    return mark.words.split(": UAR")[0]


@pytest.mark.parametrize(
    ("values", "ends", "labels"),
    [
        ([1.0, 1000.0], (0, 3), ["1", "10", "100", "1k"]),
        ([0.02, 3.0], (-2, 1), ["0.01", "0.1", "1", "10"]),
        ([5.0], (0, 1), ["1", "10"]),
        ([0.0, 20.0], (1, 2), ["0", "10", "100"]),
        ([0.0], (0, 1), ["0", "1", "10"]),
        ([10.0**3 * (1 - 1e-16), 10.0**4], (3, 4), ["1k", "10k"]),
        ([1.0, 1e9], (0, 9), ["1", "", "100", "", "10k", "", "1M", "", "100M", ""]),
    ],
)
def test_a_logarithmic_axis_has_whole_decades_and_a_place_for_nothing(values, ends, labels):
    axis = LogAxis.around(values)
    assert (axis.first, axis.last) == ends
    assert [tick.text for tick in axis.ticks] == labels


def test_decades_are_equally_far_apart_and_zero_stands_before_all():
    axis = LogAxis.around([0.0, 1.0, 10.0, 100.0])
    places = [axis.place(value) for value in (0.0, 1.0, 10.0, 100.0)]
    assert places[2] - places[1] == pytest.approx(places[3] - places[2])
    assert 0 < places[0] < places[1] < places[3] < 100


@pytest.mark.parametrize(
    ("values", "labels"),
    [
        ([0.42, 0.61], ["40", "50", "60", "70"]),
        ([0.5], ["50", "60"]),
        ([1.0], ["90", "100"]),
        ([0.0, 1.0], ["0", "20", "40", "60", "80", "100"]),
        ([], ["0", "20", "40", "60", "80", "100"]),
    ],
)
def test_the_axis_of_uar_has_tenths(values, labels):
    axis = Height.around(values, 260)
    assert [tick.text for tick in axis.ticks] == labels
    assert axis.place(1.0) <= axis.place(0.0)


def test_there_is_a_plot_per_cost_and_times_stand_by_machine(panels):
    # the hostile row was measured on a machine of its own, and has no MACs
    assert sorted((panel.axis.name, panel.machine) for panel in panels) == [
        ("latency", "A"),
        ("latency", "B"),
        ("macs", ""),
        ("parameters", ""),
    ]
    (macs,) = [panel for panel in panels if panel.axis.name == "macs"]
    assert [each.split(":")[0] for each in macs.left_out] == [SHOWN[:59] + "…"]


def test_marks_stand_in_the_order_of_cost_and_what_is_pareto_optimal_is_filled(panels):
    (panel,) = [panel for panel in panels if panel.axis.name == "parameters"]
    assert [name_of(mark)[:8] for mark in panel.marks] == ["majority", "logreg", SHOWN[:8], "good", "slow"]
    assert [float(mark.x) for mark in panel.marks] == sorted(float(mark.x) for mark in panel.marks)
    assert panel.marks[0].kind.split()[-1] == "floor"
    stands = [mark.kind.split()[0] == "optimal" for mark in panel.marks]
    assert stands == [mark.words.endswith(", Pareto-optimal") for mark in panel.marks]
    best = [float(mark.y) for mark, is_best in zip(panel.marks, stands, strict=True) if is_best]
    assert best == sorted(best, reverse=True)  # y grows downwards
    assert len(panel.steps) == 2 * len(best) - 1


def test_an_interval_is_around_its_mark(panels):
    for panel in panels:
        for mark in panel.marks:
            if mark.top:
                assert float(mark.top) <= float(mark.y) <= float(mark.bottom)


def test_a_lane_has_a_dot_per_speaker_from_the_hardest_on(emodb):
    rows = emodb.rows
    lanes = speaker_lanes(emodb, {row.system: anchor_of(row) for row in rows})
    assert [lane.name for lane in lanes] == [place.name for place in emodb.placements]
    for lane, row in zip(lanes, rows, strict=True):
        places = [float(dot.x) for dot in lane.dots]
        assert places == sorted(places)
        assert {dot.whose for dot in lane.dots} == set("abcdef")
        assert min(places) <= float(lane.middle) <= max(places)
        assert places[0] == pytest.approx(2 + 96 * min(row.speaker_uars.values()), abs=0.01)


def test_dots_that_would_cover_each_other_stand_at_three_heights():
    row = SimpleNamespace(
        system="s", uar=Figure(0.5), speaker_uars=dict.fromkeys("abcd", 0.5) | {"e": 0.504, "f": 0.9, "g": 0.1}
    )
    board = SimpleNamespace(placements=[SimpleNamespace(name="m", row=row)])
    (lane,) = speaker_lanes(board, {"s": "r"})
    assert [(dot.whose, dot.y) for dot in lane.dots] == [
        *[("g", "14"), ("a", "14"), ("b", "6"), ("c", "22")],
        *[("d", "14"), ("e", "14"), ("f", "14")],
    ]
    assert lane.words == "m: 7 speakers, from 10.0 to 90.0 %, median 50.0 %"


def test_inflation_has_a_shape_per_protocol_and_the_points_gained(board_rows):
    systems = inflation_lanes(inflation_of(board_rows))
    assert list(systems) == ["good"]
    assert {lane.name: lane.kind for lane in systems["good"]} == {
        "replica-2507.03251": "triangle",
        "random": "square",
        "si": "circle",
    }
    assert {lane.name: lane.kind for lane in systems["good"]} == {
        lane.name: INFLATION_STYLES[lane.name].shape for lane in systems["good"]
    }
    si = next(lane for lane in systems["good"] if lane.name == "si")
    assert "(" not in si.remark
    assert all("(" in lane.remark for lane in systems["good"] if lane is not si)


def test_the_legend_has_a_mark_of_its_own_for_every_protocol_of_the_chart():
    legend = inflation_legend()
    assert [(name, sentence) for _, name, sentence in legend] == [
        (name, style.sentence) for name, style in INFLATION_STYLES.items()
    ]
    assert len({mark for mark, _, _ in legend}) == len(legend)
