"""The overall table in another page: between the markers, and nowhere else."""

from __future__ import annotations

import pytest

from serbench.board.insert import BEGIN, END, with_table
from serbench.errors import UsageError
from serbench.results.summary import summarise


@pytest.fixture
def rows(full):
    return summarise(full)


def page(*middle):
    return "\n".join(["# Mine", BEGIN, *middle, END, "the end", ""])


def test_only_what_stands_between_the_markers_changes(rows):
    text = with_table(page("a stale line"), rows)
    before, _, rest = text.partition(BEGIN)
    inside, _, after = rest.partition(END)
    assert (before, after) == ("# Mine\n", "\nthe end\n")
    assert "a stale line" not in inside
    assert "| model" in inside


def test_a_second_time_changes_nothing(rows):
    once = with_table(page(), rows)
    assert with_table(once, rows) == once


@pytest.mark.parametrize("text", ["", BEGIN, f"{END}\n{BEGIN}\n", page() + page()])
def test_a_page_without_one_pair_of_markers_is_refused(text, rows):
    with pytest.raises(UsageError, match=r"README\.md has no place for the table"):
        with_table(text, rows, "README.md")
