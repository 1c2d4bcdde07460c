"""Crossed corpora: who stands in which line and column, in Markdown, CSV and a terminal."""

from __future__ import annotations

import csv

import pytest

from serbench.board.ranking.boards import make_boards
from serbench.board.ranking.matrix import ALL_OTHERS, make_matrices, mappings, matrix_facts
from serbench.board.wording import command_of
from serbench.cli.scores import print_scores
from serbench.results.summary import summarise
from tests.board.conftest import build, model
from tests.results.conftest import dataset_facts

FACTS = {
    "east": {
        "classes": {"cross": "angry", "plain": "calm", "flat": "calm", "sad": "sad"},
        "clips": {"angry": 4, "calm": 9, "sad": 5},
        "dropped": {"odd": 3},
    },
    "north": {"classes": {"sad": "sad"}, "clips": {"sad": 2}, "dropped": {}},
}


def crossed(trained, tested, **copies):
    """Return the facts of a task; ``copies`` holds another audio digest for a corpus."""
    corpora = {
        name: dataset_facts(
            {
                "name": name,
                "manifest": f"m-{name}",
                "audio": copies.get(name, f"a-{name}"),
                "label_map": {"name": "shared4", "version": "1"},
            }
        ).facts()
        | FACTS.get(name, FACTS["north"])
        for name in sorted({*trained, tested})
    }
    return {
        "name": f"{'+'.join(trained)}-to-{tested}",
        "version": "1",
        "params": {},
        "label_map": {"name": "shared4", "version": "1"},
        "manifest": "+".join(sorted(corpora)),
        "audio": "+".join(each["audio"] for each in corpora.values()),
        "trained_on": list(trained),
        "tested_on": tested,
        "corpora": corpora,
    }


PROTOCOL = {"name": "cross", "version": "1", "split": "s1", "folds": 2}
AUDIO = {
    "label": "WAV 8 kHz",
    "corpora": {"east": {"label": "WAV 8 kHz", "derived": True}}
    | {name: {} for name in ("north", "west", "south", *(f"corpus-{letter}" for letter in "abcdefghij"))},
}
STANDING = {"ranked": True, "diagnostic": False, "headline": False, "reason": "trained on another"}
PAIRS = [((one,), other) for one in ("east", "north", "west") for other in ("east", "north", "west")]
REST = [(("north", "west"), "east"), (("east", "west"), "north"), (("east", "north"), "west")]


@pytest.fixture
def add(store, cells):
    def add(
        name,
        trained,
        tested,
        *,
        features=({"name": "f", "version": "1", "params": {}},),
        copies=(),
        folds=(0, 1),
        **facts,
    ):
        key = {"dataset": crossed(trained, tested, **dict(copies)), "model": model(name), "protocol": PROTOCOL}
        cells.add(
            store,
            key={**key, "features": features},
            label=name,
            folds=folds,
            per_class=2,
            standing=STANDING,
            audio=AUDIO,
            **facts,
        )

    return add


@pytest.fixture
def rows(store, add):
    for trained, tested in PAIRS + REST:
        add("logreg", trained, tested, skill=1.0 + len(trained))
        add("majority", trained, tested, skill=0.0, features=())
    return summarise(store)


def test_a_line_per_training_set_and_a_column_per_tested_corpus(rows):
    first, second = make_matrices(rows)
    assert (first.name, second.name) == ("logreg", "majority")
    assert first.tested_on == ("east", "north", "west")
    assert first.trained_on == ("east", "north", "west", ALL_OTHERS)
    assert len(first.cells) == 12
    for (line, column), row in first.cells.items():
        trained = "+".join(row.dataset.trained_on)
        assert row.dataset.tested_on == column
        assert line == (trained if "+" not in trained else ALL_OTHERS)
    assert second.guesses
    assert not first.guesses


def test_no_two_training_sets_are_one_task(rows):
    assert len({row.task for row in rows}) == 12
    assert all(len(board.placements) == 2 for board in make_boards(rows))


def test_the_diagonal_stands_in_parentheses_and_a_missing_cell_is_a_dash(rows):
    matrix = make_matrices([row for row in rows if row.dataset.name != "east-to-west"])[0]
    uar = 100 * matrix.cells["east", "east"].uar.value
    assert matrix.text("east", "east") == f"({uar:.1f})"
    assert matrix.text("east", "west") == "–"
    assert not matrix.text("west", "east").startswith("(")


def test_what_is_incomplete_is_marked(store, add):
    add("logreg", ("east",), "west", folds=(0,))
    add("logreg", ("west",), "east")
    matrix = make_matrices(summarise(store))[0]
    assert matrix.text("east", "west").endswith("*")
    assert not matrix.text("west", "east").endswith("*")


def test_some_others_are_not_all_others(store, add):
    for trained, tested in [*PAIRS, (("east", "north"), "west"), (("east", "north", "south"), "west")]:
        add("logreg", trained, tested)
    add("logreg", ("west",), "south")
    assert make_matrices(summarise(store))[0].trained_on == ("east", "north", "west", "east+north", ALL_OTHERS)


def test_two_copies_of_a_corpus_are_two_columns(store, add):
    add("logreg", ("east",), "west")
    add("logreg", ("east",), "west", copies={"west": "another"})
    matrix = make_matrices(summarise(store))[0]
    assert matrix.trained_on == ("east",)
    assert len(matrix.tested_on) == len(matrix.cells) == 2
    assert all(name.startswith("west#") for name in matrix.tested_on)


def test_the_mapping_is_stated_with_what_was_dropped(rows):
    assert mappings(rows)[:2] == [
        "east (WAV 8 kHz, derived copy): cross as angry 4, flat and plain as calm 9, sad 5; dropped: odd 3",
        "north (unknown audio): sad 2; dropped: nothing",
    ]


def test_files(rows, tmp_path):
    folder = tmp_path / "board"
    files = [path.relative_to(folder).as_posix() for path in build(rows, folder, site=False)]
    pages = [f"tables/cross-{each}.{ending}" for each in ("east", "north", "west") for ending in ("csv", "md", "tex")]
    assert files == ["README.md", "leaderboard.json", *pages, "tables/cross.csv", "tables/cross.md"]
    page = (folder / "tables" / "cross.md").read_text()
    assert "| logreg, trained on |" in page
    assert "Guessing, majority: " in page
    assert (
        "* east (WAV 8 kHz, derived copy): cross as angry 4, flat and plain as calm 9, sad 5; dropped: odd 3." in page
    )
    assert "| all others " in (folder / "README.md").read_text()
    assert "## east-to-west" in (folder / "tables" / "cross-west.md").read_text()
    build([], folder, site=False)
    assert sorted(folder.rglob("*.*")) == [folder / "README.md", folder / "leaderboard.json"]


def test_every_cell_is_a_line_of_the_csv(rows, tmp_path):
    build(rows, tmp_path)
    with (tmp_path / "tables" / "cross.csv").open(newline="") as stream:
        lines = list(csv.DictReader(stream))
    assert len(lines) == len(matrix_facts(rows)) == 24
    found = {(line["model"], line["trained_on"], line["tested_on"]): float(line["uar"]) for line in lines}
    for row in rows:
        key = (row.label, "+".join(row.dataset.trained_on), row.dataset.tested_on)
        assert found[key] == pytest.approx(row.uar.value, rel=1e-9)


def test_a_row_says_how_to_repeat_it(rows):
    row = next(row for row in rows if row.dataset.name == "north+west-to-east")
    assert command_of(row).startswith("serbench run --model logreg --dataset east --dataset north --dataset west")
    assert "--protocol cross" in command_of(row)


def test_a_terminal_shows_matrices_in_80_columns_however_many_corpora(store, add, capsys):
    names = [f"corpus-{letter}" for letter in "abcdefghij"]
    for one in names:
        for other in names:
            add("logreg", (one,), other, folds=(0,))
    print_scores(summarise(store))
    lines = capsys.readouterr().out.splitlines()
    assert max(map(len, lines)) <= 80
    headings = [line.split()[2:] for line in lines if line.startswith("trained on ")]
    assert len(headings) > 1
    assert [name for heading in headings for name in heading] == names
    assert "corpus-a-to-corpus-b, logreg: seed 0: 1 of 2 folds are done" in lines


def test_a_terminal_shows_other_protocols_as_before(full, rows, store, capsys):
    print_scores(summarise(store))
    out = capsys.readouterr().out
    assert "emodb, speaker-independent (si)" in out
    assert "logreg, tested on" in out
    assert "east-to-west, cross" not in out
