"""The overall table in another page: between the markers, and nowhere else."""

from __future__ import annotations

import pytest

from serbench.board.pages.insert import markers
from serbench.errors import UsageError
from serbench.results.summary import summarise
from tests.board.conftest import with_tables

BEGIN, END = markers("leaderboard")


@pytest.fixture
def rows(full):
    return summarise(full)


def page(*middle):
    return "\n".join(["# Mine", BEGIN, *middle, END, "the end", ""])


def test_only_what_stands_between_the_markers_changes(rows):
    text = with_tables(page("a stale line"), rows)
    before, _, rest = text.partition(BEGIN)
    inside, _, after = rest.partition(END)
    assert (before, after) == ("# Mine\n", "\nthe end\n")
    assert "a stale line" not in inside
    assert "| model" in inside


def test_a_second_time_changes_nothing(rows):
    once = with_tables(page(), rows)
    assert with_tables(once, rows) == once


@pytest.mark.parametrize("text", ["", BEGIN, f"{END}\n{BEGIN}\n", page() + page()])
def test_a_page_without_one_pair_of_markers_is_refused(text, rows):
    with pytest.raises(UsageError, match=r"README\.md has (no place for a table|markers astray)"):
        with_tables(text, rows, "README.md")


def test_a_page_may_have_either_table_or_both(rows):
    begin, end = markers("inflation")
    alone = with_tables(f"# Mine\n{begin}\nstale\n{end}\n", rows)
    assert alone.startswith(f"# Mine\n{begin}\n\n| corpus |")
    assert alone.endswith(f"|\n\n{end}\n")
    both = with_tables(page() + f"{begin}\n{end}\n", rows)
    assert "| model" in both
    assert both.endswith(alone.partition("\n")[2])


def test_without_results_under_another_protocol_the_page_says_so(rows):
    begin, end = markers("inflation")
    alone = with_tables(f"{begin}\n{end}\n", [row for row in rows if row.protocol.name == "si"])
    assert alone == f"{begin}\n\nNo system has results under `si` and under another protocol yet.\n\n{end}\n"
