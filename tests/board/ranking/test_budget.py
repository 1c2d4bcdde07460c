from __future__ import annotations

from dataclasses import replace

import pytest

from serbench.board.ranking.budget import make_limits, read_number, within
from serbench.errors import UsageError
from serbench.scoring.figure import Figure
from tests.board.ranking.test_boards import row


@pytest.mark.parametrize(
    ("text", "value"),
    [
        *(("0", 0), ("5", 5), (" 12 ", 12), ("0.5", 0.5), (".5", 0.5), ("100k", 1e5), ("1.5M", 1.5e6), ("2G", 2e9)),
        *(("1e6", 1e6), ("2.5e-1", 0.25)),
    ],
)
def test_numbers_as_people_write_them(text, value):
    assert read_number(text, "--most") == value


@pytest.mark.parametrize(
    "text", ["", "k", "-5", "1,5M", "100K", "100kk", "1 k", "nan", "inf", "٣", "1m", "5ms", "1e999"]
)
def test_what_is_no_number_is_refused_in_one_line(text):
    with pytest.raises(UsageError) as caught:
        make_limits(None, text, None)
    assert str(caught.value).startswith(f"--max-macs-per-second is {text!r}, expected a number")
    assert "\n" not in str(caught.value)


def costly(name, params=None, latency=None, machine="one", corpus="toy"):
    cost = {"parameters_total": params, "latency_p50_ms": latency}
    figures = {key: Figure(value) for key, value in cost.items() if value is not None}
    return replace(row(name, 0.5, machine=machine, corpus=corpus), cost=figures)


def reasons(rows, *limits):
    kept, left = within(rows, make_limits(*limits))
    assert len(kept) + len(left) == len(rows)
    return [each.label for each in kept], {each.name: each.reason for each in left}


def test_a_limit_is_the_most_that_fits():
    rows = [costly("at", params=1000), costly("over", params=1001), costly("under", params=0), costly("unknown")]
    assert reasons(rows, "1k", None, None) == (
        ["at", "under"],
        {"over": "1.00k parameters", "unknown": "parameters not known: not measured"},
    )


def test_every_limit_that_is_missed_is_named():
    rows = [costly("a", params=5e6, latency=9.0)]
    kept, left = reasons(rows, "1M", None, "5")
    assert (kept, left) == ([], {"a": "5M parameters; 9 ms (p50)"})


def test_times_count_on_the_machine_of_most_rows_of_a_task():
    rows = [costly("a", latency=1.0), costly("b", latency=2.0), costly("c", latency=1.0, machine="fast")]
    rows += [costly("d", latency=1.0, machine="fast", corpus="other")]
    assert reasons(rows, None, None, "5") == (["a", "b", "d"], {"c": "timed on another machine than most rows here"})
    assert reasons(rows, "1k", None, None)[0] == [], "no machine decides how many parameters there are"


def test_no_limit_leaves_nothing_out():
    rows = [costly("a"), costly("b")]
    assert within(rows, make_limits(None, None, None)) == (rows, [])
