"""How fast the machine was: from the calibration in records to what a reader of a page is told."""

from __future__ import annotations

from dataclasses import replace

import pytest

from serbench.board.columns import column_of, columns_of
from serbench.board.facts import flat_rows
from serbench.board.leaderboard import Leaderboard
from serbench.board.machines import calibration_times, machine_key, slow_rows
from serbench.board.pages.overview import overview_lines
from serbench.board.pages.task import page_lines
from serbench.board.ranking.boards import make_boards
from serbench.board.ranking.pareto import LATENCY, MACS, fronts
from serbench.board.remarks import URGENT, remarks_of
from serbench.cost.calibration import VERSION
from serbench.errors import FormatError
from serbench.results.facts import Environment
from serbench.results.summary import summarise
from serbench.scoring.figure import Figure
from tests.board.conftest import make_site
from tests.board.ranking.test_boards import row

MACHINE = {"processor": "A", "cores": 2, "threads": 1}
OTHER = {"processor": "B", "cores": 2, "threads": 1}


def at(name, seconds, machine=MACHINE):
    known = Figure.undefined("not measured") if seconds is None else Figure(seconds)
    return replace(row(name, 0.5), machine=machine, calibration=known)


def told(*rows):
    (board,) = make_boards(rows)
    return list(slow_rows(board.placements))


def test_a_row_is_slow_beside_a_quicker_one_of_the_same_machine():
    sentences = told(
        at("a-quick", 0.0130), at("b-steady", 0.0160), at("c", 0.0210), at("d", 0.0210), at("e", 0.03), at("f", None)
    )
    (sentence,) = sentences
    names, kernel = "c 21.0 ms, d 21.0 ms, e 30.0 ms", "13.0 ms when the machine was quickest"
    assert sentence == f"times may be too long ({names}): so long took the calibration kernel then, {kernel}"


@pytest.mark.parametrize(
    ("clock", "processor", "device", "is_told"),
    [
        (40.0, 30.0, "cpu", True),
        (37.0, 30.0, "cpu", False),  # within what a quiet machine does
        (0.8, 0.2, "cpu", False),  # a moment's wait
        (40.0, 1.0, "cuda", False),  # the processor waits for the accelerator
        (40.0, None, "cpu", False),  # not known of records before it was measured
    ],
)
def test_training_that_waited_for_its_core_is_named(clock, processor, device, is_told):
    cost = {"train_seconds": Figure(clock)}
    if processor is not None:
        cost["train_cpu_seconds"] = Figure(processor)
    found = told(replace(at("a", None, {**MACHINE, "device": device}), cost=cost))

    words = "training times may be too long (a): a fit took 40 s of the clock and 30 s of the processor"
    assert found == ([words] if is_told else [])


def test_machines_are_not_compared():
    assert told(at("quick", 0.013), at("elsewhere", 0.040, OTHER)) == []


def test_a_machine_has_the_span_of_its_rows():
    first, last = at("a", 0.013), at("b", 0.0214)
    assert calibration_times([first, last, at("c", 0.05, OTHER)]) == {
        machine_key(first): "calibration kernel 13.0 to 21.4 ms",
        machine_key(at("c", 0.05, OTHER)): "calibration kernel 50.0 ms",
    }
    assert calibration_times([at("unknown", None)]) == {}


def test_pages_the_site_and_the_table_of_numbers_say_so():
    rows = [at("quick", 0.013), at("slow", 0.021)]
    boards = make_boards(rows)
    page, overview = "\n".join(page_lines(boards)), "\n".join(overview_lines(Leaderboard.of(rows)))

    assert "calibration kernel 13.0 to 21.0 ms" in page
    assert "calibration kernel 13.0 to 21.0 ms" in overview
    assert "* Busy machine: times may be too long (slow 21.0 ms): so long" in page
    site = "".join(make_site(rows).values())
    assert "A, 2 cores, 1 thread; calibration kernel 13.0 to 21.0 ms" in site
    assert "times may be too long (slow 21.0 ms): so long" in site
    assert {row["calibration_seconds"] for row in flat_rows(boards)} == {0.013, 0.021}


@pytest.mark.parametrize(
    ("kernels", "seconds", "reason"),
    [
        ((VERSION, VERSION, VERSION), 0.02, None),
        ((VERSION, None, None), 0.01, None),
        ((None, None, None), None, "not measured"),
        ((VERSION, "0", VERSION), None, "measured by another version of the kernel"),
    ],
)
def test_a_row_has_the_median_of_its_cells(store, cells, kernels, seconds, reason):
    for fold, kernel in enumerate(kernels):
        known = (
            {} if kernel is None else {"calibration": {"kernel": kernel, "seconds": 0.01 * (fold + 1), "value": 1.0}}
        )
        cells.add(store, folds=(fold,), environment={"versions": {}, "machine": MACHINE, **known})

    (found,) = summarise(store)
    assert found.calibration == Figure(seconds, reason)


@pytest.mark.parametrize(
    "known",
    [
        *("fast", {"kernel": VERSION}),
        *({"kernel": VERSION, "seconds": seconds, "value": 1.0} for seconds in (0, -1.0, "0.01", None, True)),
    ],
    ids=str,
)
def test_a_time_that_is_none_is_refused(known):
    with pytest.raises(FormatError, match="calibration"):
        Environment.read({"versions": {}, "machine": {}, "calibration": known})


def busy(name, latency=5.25, reason="other programs had 1.0 of 2 cores"):
    cost = {"latency_p50_ms": Figure(latency), "macs_3s": Figure(40), "parameters_total": Figure(7)}
    return replace(at(name, None), cost=cost, disturbed=reason)


def test_what_disturbed_a_timing_is_said_with_the_mark_of_its_times():
    (sentence,) = told(at("a", None), busy("b"), busy("c", reason="its core was taken from it 9 times in 1 s"))
    why = "b: other programs had 1.0 of 2 cores; c: its core was taken from it 9 times in 1 s"
    assert sentence == f"times marked ? may be too long, for something ran beside them ({why})"


def test_a_time_of_a_busy_machine_is_never_shown_unmarked():
    (board,) = make_boards([busy("a", latency=1.5), busy("b", reason=None)])
    marked, plain = sorted(board.placements, key=lambda placement: placement.name)
    latency, macs = column_of("latency_p50_ms"), column_of("macs_3s")

    assert (latency.shown(board, marked), latency.shown(board, plain)) == ("1.50?", "◆ 5.25")
    assert macs.shown(board, marked) == macs.shown(board, plain) == "◆ 40"
    assert {remark.topic for remark in remarks_of(board)} >= {"busy machine"}
    assert "busy machine" in URGENT
    texts = {column.key: column for column in columns_of(None, [board])}
    assert texts["timing_disturbed"].fact(board, marked) == "other programs had 1.0 of 2 cores"
    assert texts["timing_disturbed"].fact(board, plain) is None


def test_rows_of_quiet_machines_alone_have_no_column_of_disturbances():
    boards = make_boards([at("a", 0.013)])
    assert "timing_disturbed" not in {column.key for column in columns_of(None, boards)}


def test_a_time_of_a_busy_machine_is_on_no_front_of_time():
    (front,) = fronts([busy("a"), busy("b", reason=None)], LATENCY)
    assert list(front.left_out.values()) == ["timed while the machine was busy: other programs had 1.0 of 2 cores"]
    (front,) = fronts([busy("a"), busy("b", reason=None)], MACS)
    assert not front.left_out
