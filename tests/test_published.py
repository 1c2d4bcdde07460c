"""The leaderboard in this repository: it holds, its views are current, and the README shows it."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from serbench.cli.app import app

PAGE = Path(__file__).parents[1] / "README.md"


def said(*words):
    result = CliRunner().invoke(app, ["leaderboard", *words])
    assert result.exit_code == 0, result.output
    return result.stdout


def test_every_figure_follows_from_the_predictions(published, monkeypatch):
    monkeypatch.delenv("SERBENCH_DATA", raising=False)
    assert "leaderboard holds" in said("verify", str(published))


def test_no_view_is_stale(published):
    assert "up to date" in said("build", str(published), "--check", "--into", str(PAGE))


@pytest.mark.corpus
def test_labels_folds_and_recordings_are_those_of_the_corpora(published, data_root):
    assert "leaderboard holds, all of it checked" in said("verify", str(published), "--data-root", str(data_root))
