"""Inflation: what is compared with what, which way the sign points, and what is left out."""

from __future__ import annotations

import pytest

from serbench.board.ranking.inflation import bars, inflation_glance, inflation_lines, inflation_of, numbers
from serbench.protocol.protocols import INFLATION_STYLES
from serbench.results.summary import summarise

REPLICA = "replica-2507.03251"


@pytest.fixture
def add(store, cells):
    """Return a function that adds a system's records under a protocol; a larger skill hits more."""

    def add(protocol, skill, *, name="good", augmentations=(), folds=(0, 1, 2)):
        key = {
            "model": {"name": name, "version": "1", "params": {}},
            "protocol": {"name": protocol, "version": "1", "split": f"split-{protocol}", "folds": 3},
            "augmentations": tuple({"name": each, "version": "1", "params": {}} for each in augmentations),
        }
        cells.add(store, key=key, label=name, skill=skill, folds=folds)

    return add


def by_protocol(store):
    return {line.protocol: line for line in inflation_of(summarise(store))}


def test_the_difference_is_to_si_and_positive_where_a_protocol_flatters(store, add):
    add("si", 0.2)
    add("random", 9.0)
    lines = by_protocol(store)
    assert list(lines) == ["random", "si"]
    gap = lines["random"].row.uar.value - lines["si"].row.uar.value
    assert lines["random"].difference.value == pytest.approx(gap)
    assert gap > 0
    assert lines["random"].interval.low <= gap <= lines["random"].interval.high


def test_a_line_per_corpus_and_system_says_what_each_protocol_adds(store, add):
    add("si", 0.2)
    add("random", 9.0)
    lines = inflation_of(summarise(store))
    header, _, line = inflation_glance(lines)
    assert [each.strip() for each in header.strip("|").split("|")] == ["corpus", "system", "random", "si"]
    leaky, honest = (line.strip("|").split("|")[place].strip() for place in (2, 3))
    assert leaky == f"{numbers(lines[0])[0]} ({numbers(lines[0])[2]})"
    assert honest == numbers(lines[1])[0]


def test_si_is_compared_with_nothing(store, add):
    add("si", 0.2)
    add("random", 9.0)
    line = by_protocol(store)["si"]
    assert numbers(line)[2:] == ["–", "–"]


def test_a_system_under_one_protocol_alone_says_nothing(store, add):
    add("si", 0.2)
    add("random", 9.0, name="other")
    assert inflation_of(summarise(store)) == []


def test_other_protocols_are_no_part_of_it(store, add):
    add("si", 0.2)
    add("emobox", 9.0)
    assert inflation_of(summarise(store)) == []


def test_a_protocol_that_makes_its_own_copies_is_still_the_same_system(store, add):
    add("si", 0.2, augmentations=("noise",))
    add(REPLICA, 9.0)
    assert [(line.name, line.protocol) for line in inflation_of(summarise(store))] == [
        ("good", REPLICA),
        ("good", "si"),
    ]


def test_an_incomplete_row_has_no_difference_and_says_so(store, add):
    add("si", 0.2)
    add("random", 9.0, folds=(0, 1))
    line = by_protocol(store)["random"]
    assert line.difference.reason == line.interval.reason == "cells are missing"
    assert numbers(line)[0].endswith("(incomplete)")
    assert line.facts()["difference"] == {"value": None, "reason": "cells are missing"}


def test_a_bar_is_as_long_as_the_score_and_marks_the_honest_one(store, add):
    add("si", 0.2)
    add("random", 9.0)
    lines = inflation_of(summarise(store))
    name, random, honest = bars(lines)
    assert name == "good"
    filled = round(40 * lines[0].row.uar.value)
    assert random.count("█") == filled - 1  # the mark stands on one of them
    assert random.index("|") == honest.index("|")


@pytest.mark.parametrize("name", INFLATION_STYLES)
def test_the_page_says_what_every_protocol_of_the_chart_means(name):
    assert f"* `{name}`: {INFLATION_STYLES[name].sentence}." in "\n".join(inflation_lines([])).splitlines()


def test_the_page_names_a_hostile_system_as_text(store, add):
    add("si", 0.2, name="<script>|")
    add("random", 9.0, name="<script>|")
    table = [line for line in inflation_lines(inflation_of(summarise(store))) if line.startswith("| ")]
    assert all("&lt;script&gt;\\|" in line for line in table[2:])
