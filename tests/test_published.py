"""The leaderboard in this repository: it holds, its views are current, and the README shows it."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from typer.testing import CliRunner

from serbench.cli.app import app

PAGE = Path(__file__).parents[1] / "README.md"


def said(*words):
    result = CliRunner().invoke(app, ["leaderboard", *words])
    assert result.exit_code == 0, result.output
    return result.stdout


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_every_figure_follows_from_the_predictions(published, monkeypatch):
    monkeypatch.delenv("SERBENCH_DATA", raising=False)
    assert "leaderboard holds" in said("verify", str(published))


def test_no_view_is_stale(published):
    assert "up to date" in said("build", str(published), "--check", "--into", str(PAGE))


@pytest.mark.corpus
@pytest.mark.slow
@pytest.mark.timeout(600)  # it reads every corpus and counts every system again
def test_labels_folds_and_recordings_are_those_of_the_corpora(published, data_root):
    found = json.loads(said("verify", str(published), "--data-root", str(data_root), "--json"))
    records = found["checked"]["records"]
    assert found["checked"]["classes"] == found["checked"]["notes"] == records > 0
    # sizes of what needs a package or weights that are not here are named, and nothing else is left out
    assert [sentence for sentence in found["unchecked"] if not re.match(r"sizes of .* requires ", sentence)] == []


def test_the_readme_s_table_of_the_best_is_the_board_s(published):
    rows = json.loads((published / "leaderboard.json").read_text(encoding="utf-8"))["rows"]
    story = PAGE.read_text(encoding="utf-8").partition("One of each kind")[2].partition("What to take from it")[0]
    head, _, *lines = re.findall(r"^\|.*\|$", story, re.MULTILINE)
    corpora = [word.strip().replace("-", "").lower() for word in head.split("|")[3:7]]
    table = [[cell.strip() for cell in line.strip("|").split(" | ")] for line in lines]

    assert corpora == ["emodb", "emovo", "ravdess", "savee"]
    assert len(table) >= 5
    for _, label, *cells in table:
        of = {each["dataset"]["name"]: each["columns"] for each in rows if _is(each, label.strip("`"))}
        scores = [[100 * of[name][key] for key in ("uar", "uar_low", "uar_high")] for name in corpora]
        assert cells[:4] == [f"{uar:.1f} ({low:.1f} to {high:.1f})" for uar, low, high in scores]
        assert cells[4:6] == [f"{of['emodb'][key]:,.0f}" for key in ("parameters_total", "macs_3s")]
        disturbed = "?" if of["emodb"]["timing_disturbed"] else ""
        maker, instructions = re.match(r"(\w+).*\((\w+)\)", of["emodb"]["machine"]).groups()
        assert cells[6:] == [f"{of['emodb']['latency_p50_ms']:.3g}{disturbed} ({maker}, {instructions})"]


def _is(row, label):
    return row["label"] == label and row["protocol"]["name"] == "si"
