from __future__ import annotations

import csv
import io

import pytest

from serbench.board.ranking.boards import make_boards
from serbench.board.wording import declared_marks, mark_meanings
from serbench.cli.scores import print_scores
from serbench.results.summary import summarise
from tests.board.conftest import pages


@pytest.fixture
def marked(store, cells):
    """Return rows of a plain system, one pretrained on the corpus ``two`` and on others, one that looks at the test."""
    declared = {
        "plain": {},
        "big": {"pretrained_on": ["two", "librispeech"]},
        "peeks": {"uses_test_statistics": True},
    }
    for name, facts in declared.items():
        for corpus in ("one", "two"):
            key = {
                "model": {"name": name, "version": "1", "params": {}},
                "dataset": {"name": corpus, "audio": f"a-{corpus}"},
            }
            standing = {"ranked": True, "diagnostic": False, "headline": True, "reason": None, "declared": facts}
            cells.add(store, key=key, label=name, standing=standing)
    return summarise(store)


def test_a_row_is_marked_by_what_its_cards_declare(marked):
    found = {(row.label, row.dataset.name): declared_marks(row) for row in marked}
    assert found == {
        ("plain", "one"): "",
        ("plain", "two"): "",
        ("big", "one"): "§",
        ("big", "two"): "‡",
        ("peeks", "one"): "¶",
        ("peeks", "two"): "¶",
    }


def test_a_corpus_that_is_tested_by_others_training_counts_as_tested(marked):
    from dataclasses import replace

    (row,) = [row for row in marked if (row.label, row.dataset.name) == ("big", "one")]
    crossed = replace(row, dataset=replace(row.dataset, name="one to two", target="two"))
    assert declared_marks(crossed) == "‡"


def test_pages_show_marks_and_what_they_mean(marked):
    texts = pages(marked)
    one, two = texts["tables/si-one.md"], texts["tables/si-two.md"]
    assert "| big §" in one
    assert "§ pretrained on other data (librispeech, two)" in one
    assert "¶ uses statistics of all test rows" in one
    assert "| big ‡" in two
    assert "‡ pretrained on this very corpus: its UAR says nothing of new recordings" in two
    assert "plain §" not in one + two


def test_the_overall_page_marks_the_score_on_the_corpus_that_was_seen(marked):
    text = pages(marked)["README.md"]
    line = next(line for line in text.splitlines() if line.startswith("| big §"))
    cells = [cell.strip() for cell in line.split("|")[1:-1]]
    assert "‡" not in cells[2]
    assert cells[3].endswith(" ‡")
    assert "Marks: §" in text


def test_files_and_terminals_say_so_too(marked, capsys):
    lines = {line["model"]: line for line in csv.DictReader(io.StringIO(pages(marked)["tables/si-two.csv"]))}
    assert lines["big"]["pretrained_on"] == "librispeech; two"
    assert (lines["peeks"]["uses_test_statistics"], lines["plain"]["uses_test_statistics"]) == ("True", "False")
    print_scores([row for row in marked if row.dataset.name == "two"])
    shown = capsys.readouterr().out
    assert all(f"\n{name} " in shown for name in ("plain", "big ‡", "peeks ¶"))


def test_nothing_declared_needs_no_legend(marked):
    boards = make_boards(row for row in marked if row.label == "plain")
    assert mark_meanings(placement for board in boards for placement in board.placements) == []
