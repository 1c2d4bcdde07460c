"""The leaderboard in this repository: it holds, its views are current, and the README shows it."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from serbench.cli.app import app

ROOT = Path(__file__).parents[1]
BOARD = str(ROOT / "leaderboard")


def said(*words):
    result = CliRunner().invoke(app, ["leaderboard", *words])
    assert result.exit_code == 0, result.output
    return result.stdout


def test_every_figure_follows_from_the_predictions(monkeypatch):
    monkeypatch.delenv("SERBENCH_DATA", raising=False)
    assert "leaderboard holds" in said("verify", BOARD)


def test_no_view_is_stale():
    assert "up to date" in said("build", BOARD, "--check", "--into", str(ROOT / "README.md"))


@pytest.mark.corpus
def test_labels_folds_and_recordings_are_those_of_the_corpora(data_root):
    assert "leaderboard holds, all of it checked" in said("verify", BOARD, "--data-root", str(data_root))
