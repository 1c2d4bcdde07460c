"""Publishing from the command line: add, build, check, merge, verify, and their exit codes."""

from __future__ import annotations

import json

import pytest

from serbench.results.store import Store
from tests.records import edit_record

SEEDS = ("--seeds", "1")


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    """Return the folder of a small run on ``synth``: one model, whole, and another of which a fold failed."""
    from typer.testing import CliRunner

    from serbench.cli.app import app

    folder = tmp_path_factory.mktemp("published") / "runs"
    words = ["run", "--model", "majority", "--model", "prior", "--no-floors", "--dataset", "synth", *SEEDS]
    result = CliRunner().invoke(app, [*words, "--out", str(folder)], catch_exceptions=False)
    assert result.exit_code == 0
    store = Store(folder)
    failed = next(record for record in store.records() if record.label == "prior")
    edit_record(store, failed, status="failed", reason="no luck", predictions=None)
    return folder


@pytest.fixture
def board(serbench, runs, tmp_path):
    folder = tmp_path / "board"
    assert serbench("leaderboard", "add", runs, "--to", folder).exit_code == 0
    assert serbench("leaderboard", "build", folder).exit_code == 0
    return folder


def test_whole_rows_are_added_and_what_is_left_out_is_named(serbench, runs, tmp_path):
    result = serbench("leaderboard", "add", runs, "--to", tmp_path / "board")
    lines = result.stdout.splitlines()
    assert lines[0] == "synth/si/majority"
    assert "left out, incomplete: synth/si/prior: seed 0: 4 of 5 folds are done" in " ".join(lines)
    assert lines[-2] == f"1 rows: 5 records added to {tmp_path / 'board'}, 0 were there"
    assert lines[-1].startswith("next: serbench leaderboard build ")
    assert len(list((tmp_path / "board").rglob("*.json"))) == len(list((tmp_path / "board").rglob("*.parquet"))) == 1


def test_partial_rows_are_added_when_asked(serbench, runs, tmp_path):
    result = serbench("leaderboard", "add", runs, "--to", tmp_path, "--incomplete", "--model", "prior", "--json")
    facts = json.loads(result.stdout)
    assert (len(facts["added"]), facts["present"], facts["left"]) == (5, [], [])


@pytest.mark.parametrize("words", [("--model", "prior"), ("--dataset", "emodb")])
def test_nothing_to_add_is_a_mistake(serbench, runs, tmp_path, words):
    result = serbench("leaderboard", "add", runs, "--to", tmp_path / "board", *words)
    assert result.exit_code == 2
    assert result.stderr.startswith("error: ")
    assert not (tmp_path / "board").exists()


def test_rows_under_one_protocol_alone(serbench, tmp_path):
    words = ["run", "--model", "majority", "--no-floors", "--dataset", "synth", *SEEDS, "--out", tmp_path / "runs"]
    assert serbench(*words, "--protocol", "si", "--protocol", "random").exit_code == 0
    result = serbench("leaderboard", "add", tmp_path / "runs", "--to", tmp_path / "board", "--protocol", "random")
    assert result.stdout.splitlines()[0] == "synth/random/majority"
    assert [path.name for path in (tmp_path / "board" / "records" / "synth").iterdir()] == ["random"]


def test_another_result_of_a_cell_is_refused_by_name(serbench, runs, board):
    store = Store(board)
    record = next(store.records())
    path = store.record_path(record)
    edit_record(store, record, notes=["mine"])
    result = serbench("leaderboard", "add", runs, "--to", board)
    assert result.exit_code == 2
    assert str(path) in result.stderr
    assert "different results of one cell (first in notes)" in result.stderr


def test_a_built_board_is_up_to_date_and_holds(serbench, board):
    assert serbench("leaderboard", "build", "--check", board).exit_code == 0
    result = serbench("leaderboard", "verify", board)
    assert (result.exit_code, result.stderr) == (0, "")
    assert result.stdout.splitlines()[-1] == f"{board} holds, all of it checked"
    facts = json.loads(serbench("leaderboard", "verify", board, "--json").stdout)
    assert facts["unchecked"] == []
    assert facts["checked"]["labels"] == facts["checked"]["predictions"] > 0


def test_a_stale_view_has_an_exit_code(serbench, board):
    page = board / "tables" / "si-synth.md"
    text = page.read_text()
    page.write_text(text.replace("majority", "minority"))
    for words in (("build", "--check"), ("verify",)):
        result = serbench("leaderboard", *words, board)
        assert result.exit_code == 8
        assert f"{page} is stale, first in line " in result.stderr
    assert serbench("leaderboard", "build", board).exit_code == 0
    assert page.read_text() == text


def test_a_page_with_markers_is_checked_too(serbench, board, tmp_path):
    page = tmp_path / "page.md"
    page.write_text("<!-- serbench leaderboard: begin -->\n<!-- serbench leaderboard: end -->\n")
    result = serbench("leaderboard", "build", "--check", board, "--into", page)
    assert result.exit_code == 8
    assert f"{page} is stale between its markers" in result.stderr
    assert serbench("leaderboard", "build", board, "--into", page).exit_code == 0
    assert serbench("leaderboard", "build", "--check", board, "--into", page).exit_code == 0


def test_boards_are_joined(serbench, runs, board, tmp_path):
    other, joined = tmp_path / "other", tmp_path / "joined"
    assert serbench("leaderboard", "add", runs, "--to", other, "--incomplete").exit_code == 0
    result = serbench("leaderboard", "merge", board, other, "--to", joined)
    assert result.exit_code == 0
    assert result.stdout.startswith(f"10 records added to {joined}, 0 were there\nnext: ")
    assert serbench("leaderboard", "merge", board, tmp_path / "nowhere", "--to", joined).exit_code == 2


def test_rows_without_predictions_are_self_reported(serbench, runs, tmp_path):
    board = tmp_path / "board"
    assert serbench("leaderboard", "add", runs, "--to", board, "--no-predictions").exit_code == 0
    assert serbench("leaderboard", "build", board).exit_code == 0
    assert "majority* (self-reported)" in (board / "tables" / "si-synth.md").read_text()
    result = serbench("leaderboard", "verify", board)
    assert result.exit_code == 0
    assert "not checked: self-reported rows have no predictions" in result.stdout
    (row,) = json.loads((board / "leaderboard.json").read_text())["rows"]
    assert (row["evidence"], row["rank"]) == ("self-reported", None)


def test_a_budget_names_what_it_leaves_out_and_ranks_the_rest(serbench, board):
    result = serbench("leaderboard", "show", board, "--max-params", "3", "--max-latency-ms", "1k")
    assert result.exit_code == 0
    lines = result.stdout.splitlines()
    assert lines[:2] == ["1 row left out by --max-params 3, --max-latency-ms 1k:", "- majority on synth: 4 parameters"]
    result = serbench("leaderboard", "show", board, "--max-params", "4")
    assert "0 rows left out by --max-params 4" in result.stdout.splitlines()
    assert result.stdout.startswith("synth, speaker-independent (si)")


def test_a_budget_as_json_has_both_sides(serbench, board):
    facts = json.loads(serbench("leaderboard", "show", board, "--max-params", "1.5", "--json").stdout)
    assert (facts["budget"], facts["rows"]) == ({"parameters_total": 1.5}, [])
    (left,) = facts["left_out"]
    assert (left["name"], left["dataset"], left["reason"]) == ("majority", "synth", "4 parameters")
    assert [row["name"] for row in json.loads(serbench("leaderboard", "show", board, "--json").stdout)] == ["majority"]


def test_a_budget_that_is_no_number_is_a_mistake(serbench, board):
    result = serbench("leaderboard", "show", board, "--max-params", "100 thousand")
    assert result.exit_code == 2
    assert result.stderr.startswith("error: --max-params is '100 thousand', expected a number")


def test_names_that_nobody_ran_are_answered_with_near_ones(serbench, runs, tmp_path):
    for option, name, near in (
        ("--model", "prior2", "prior"),
        ("--dataset", "synthe", "synth"),
        ("--protocol", "sii", "si"),
    ):
        result = serbench("leaderboard", "add", runs, "--to", tmp_path / "board", option, name)
        assert result.exit_code == 2
        assert f"in these records {name!r}, expected one of [" in result.stderr
        assert f"did you mean {near!r}?" in result.stderr
