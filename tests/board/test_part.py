"""A row on a part of a corpus: marked wherever it is shown, and in no average."""

from __future__ import annotations

import dataclasses
import itertools

import pytest

import serbench
from serbench.board.export import model_index
from serbench.board.figures.choose import of_one_task, place_of
from serbench.board.leaderboard import Leaderboard
from serbench.board.ranking.boards import make_boards
from serbench.board.ranking.compare import compare as compare_rows
from serbench.board.views import make_views
from serbench.board.wording import PART, PART_MEANING
from serbench.cli import compare, inflate
from serbench.cli.scores import print_scores
from serbench.errors import FormatError
from serbench.results.facts import Standing
from serbench.results.summary import summarise
from tests.board.conftest import dataset, model
from tests.board.ranking.test_matrix import add

__all__ = ["add"]

SENTENCE = "part of the corpus: sad 5 of 60 clips (2 % are tolerated)"
PARTIAL = {"headline": False, "reason": SENTENCE, "parts": {"emodb": SENTENCE}}
ROWS = {"README.md", "tables/si-emodb.md", "site/index.html", "site/si-emodb.html", "leaderboard.json"}
ROWS |= {"tables/si-emodb.csv", "tables/si-emodb.tex"}


@pytest.fixture
def partial(store, cells):
    """Return the rows of two systems on a part of one corpus, under two protocols, and on the whole of another."""
    random = {"name": "random", "version": "1", "split": "s2", "folds": 3}
    for name, skill in (("logreg", 0.2), ("good", 8.0)):
        for corpus, standing in (("emodb", PARTIAL), ("emovo", {})):
            facts = {"label": name, "skill": skill, "standing": standing}
            cells.add(store, key={"model": model(name), "dataset": dataset(corpus)}, **facts)
        key = {"model": model(name), "dataset": dataset("emodb"), "protocol": random}
        cells.add(store, key=key, label=name, skill=9.0, standing={**PARTIAL, "ranked": False})
    return store


@pytest.fixture
def views(partial):
    return make_views(Leaderboard.of(summarise(partial)))


@pytest.mark.parametrize("name", [*sorted(ROWS), "tables/random-emodb.md", "site/random-emodb.html"])
def test_every_view_of_its_rows_says_so(views, name):
    assert "part of the corpus" in views[name]


@pytest.mark.parametrize("name", ["README.md", "site/index.html", "inflation.md", "site/inflation.html"])
def test_a_view_that_names_the_corpus_alone_has_the_mark_and_its_meaning(views, name):
    assert f"emodb{PART}" in views[name] or f"emodb</bdi>{PART}" in views[name]
    assert PART_MEANING in views[name]
    assert f"emovo{PART}" not in views[name]


def test_it_is_in_no_average(partial):
    glance = next(each for each in Leaderboard.of(summarise(partial)).overall if each.protocol == "si")

    assert [board.dataset for board in glance.averaged] == ["emovo"]
    assert [board.dataset for board in glance.excluded] == ["emodb"]
    assert {entry.counted for entry in glance.entries} == {1}


@pytest.mark.parametrize("protocol", ["si", "random"])
def test_the_terminal_says_so(partial, capsys, protocol):
    print_scores([row for row in summarise(partial) if row.protocol.name == protocol])

    said = " ".join(capsys.readouterr().out.split())
    assert f"emodb{PART}, " in said
    assert SENTENCE in said
    assert PART_MEANING in said


def test_a_comparison_says_so(partial, capsys):
    rows = [row for row in summarise(partial) if row.protocol.name == "si" and row.dataset.name == "emodb"]
    both = [[row for row in rows if row.label == name] for name in ("good", "logreg")]
    compare._print(compare_rows(("good", "logreg"), tuple(both), make_boards(rows)))

    said = " ".join(capsys.readouterr().out.split())
    assert f"emodb{PART}" in said
    assert SENTENCE in said


def test_inflation_says_so_in_the_terminal(partial, capsys):
    inflate._print(list(Leaderboard.of(summarise(partial)).inflation))

    assert SENTENCE in " ".join(capsys.readouterr().out.split())


def test_figures_model_cards_and_frames_say_so(partial):
    rows = [row for row in summarise(partial) if row.dataset.name == "emodb"]
    names = [each["dataset"]["name"] for each in model_index(rows, "good")["model-index"][0]["results"]]
    frame = serbench.load_results(partial.folder)

    assert {place_of(row) for row in rows} == {f"emodb{PART}, si", f"emodb{PART}, random"}
    assert all("part of the corpus" in name for name in names)
    assert set(frame[frame["dataset"] == "emodb"]["excluded_because"]) == {SENTENCE}


def test_crossed_corpora_say_so_of_each(store, add, capsys):
    for trained, tested in itertools.product(("east", "north"), repeat=2):
        add("good", (trained,), tested)
    rows = [
        dataclasses.replace(row, standing=dataclasses.replace(row.standing, parts={"east": SENTENCE}))
        if "east" in row.dataset.corpora
        else row
        for row in summarise(store)
    ]
    print_scores(rows)

    for text in (make_views(Leaderboard.of(rows))["tables/cross.md"], capsys.readouterr().out):
        assert f"east{PART}" in text
        assert f"north{PART}" not in text
        assert "sad 5 of 60 clips" in text


@pytest.mark.parametrize("pick", [lambda rows: [b.first for b in make_boards(rows) if b.is_main], None])
def test_a_part_never_stands_for_the_whole_corpus(store, cells, pick):
    cells.add(store, key={"model": model("good"), "dataset": dataset("emodb")}, label="good")
    for name in ("good", "logreg", "other"):
        part = dataset("emodb", audio="a-part")
        cells.add(store, key={"model": model(name), "dataset": part}, label=name, standing=PARTIAL)
    rows = summarise(store)
    chosen = pick(rows) if pick else [row for _, row in of_one_task([(row.label, row) for row in rows], "pareto")]

    assert [row.standing.parts for row in chosen] == [{}]


def test_a_record_of_a_whole_corpus_is_what_it_was():
    facts = Standing().facts()

    assert "parts" not in facts
    assert dataclasses.asdict(Standing.read(facts)) == dataclasses.asdict(Standing())


@pytest.mark.parametrize("parts", [["emodb"], {"emodb": 1}, {"emodb": None}])
def test_a_part_that_is_no_sentence_is_refused(parts):
    with pytest.raises(FormatError, match="parts"):
        Standing.read({**Standing().facts(), "parts": parts})
