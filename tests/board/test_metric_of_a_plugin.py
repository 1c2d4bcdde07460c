"""A metric in a file of twelve lines: it is checked, and in every view with its heading, values and direction."""

from __future__ import annotations

import csv
import json

import pytest

from serbench.results.store import Store
from serbench.results.summary import summarise
from tests.board import reading
from tests.cli.conftest import serbench
from tests.results.conftest import add_cells

__all__ = ["serbench"]

PLUGIN = """
from serbench.api import Figure, Metric, MetricCard, hookimpl

def share(truth, scores):
    if not len(truth):
        return Figure.undefined("there are no rows")
    return Figure(float(({wanted}).mean()))

@hookimpl
def serbench_metrics():
    yield Metric(MetricCard(name="my-share", version="1", summary="a share of the rows", heading="Quark",
                            better="{better}", lowest=0, highest=1), share)
"""
#: From direction to what the plugin counts, how its card makes a heading of it, and how a share is written.
DIRECTIONS = {
    "higher": ("truth == scores.argmax(1)", "Quark %", lambda share: f"{100 * share:.1f}"),
    "lower": ("truth != scores.argmax(1)", "Quark", lambda share: f"{share:.3f}"),
}


@pytest.fixture(params=DIRECTIONS)
def better(request):
    return request.param


@pytest.fixture
def plugin(tmp_path, better):
    """Write the plugin, and hold it to its length."""
    text = PLUGIN.format(wanted=DIRECTIONS[better][0], better=better)
    assert sum(bool(line.strip()) for line in text.splitlines()) <= 12
    path = tmp_path / "my_metric.py"
    path.write_text(text)
    return path


@pytest.fixture
def runs(tmp_path):
    """Return a folder of records that know nothing of the metric."""
    store = Store(tmp_path / "runs")
    for name, skill in (("good", 8.0), ("fair", 1.0), ("bad", -0.2)):
        add_cells(store, key={"model": {"name": name}}, label=name, skill=skill, seeds=(0, 1))
    return store.folder


@pytest.fixture
def shares(runs, better):
    """Return what the metric says of each row: of right rows what accuracy says, of wrong ones the rest."""
    right = {row.label: row.score("wa").mean.value for row in summarise(Store(runs))}
    return {name: share if better == "higher" else 1 - share for name, share in right.items()}


def shown(lines, better):
    """Return what stands under the heading of the metric, by row."""
    return {name: cells[DIRECTIONS[better][1]] for (_, name), cells in lines.items()}


def written(shares, better):
    return {name: DIRECTIONS[better][2](share) for name, share in shares.items()}


@pytest.fixture
def built(serbench, runs, plugin):
    """Return the folder of the views."""
    assert serbench("leaderboard", "build", runs, "--plugin", plugin).exit_code == 0
    return runs


def test_the_plugin_keeps_its_contract(serbench, plugin):
    result = serbench("check", "my-share", "--plugin", plugin)
    assert (result.exit_code, result.stdout.splitlines()[-1]) == (0, "6 passed, 0 exempt")


def test_pages_have_the_column(built, shares, better):
    text = (built / "tables" / "si-toy.md").read_text()
    lines = reading.markdown_lines(text.split("## Scores")[1])
    assert shown(reading.by_name(lines), better) == written(shares, better)


def test_latex_has_the_column(built, shares, better):
    lines = reading.latex_lines((built / "tables" / "si-toy.tex").read_text())
    assert shown(reading.by_name(lines), better) == written(shares, better)


def test_the_terminal_has_the_column(serbench, runs, plugin, shares, better):
    result = serbench("leaderboard", "show", runs, "--plugin", plugin)
    assert shown(reading.terminal_lines(result.stdout), better) == written(shares, better)


def test_the_site_has_the_column_and_sorts_it_from_its_better_end(built, shares, better):
    text = (built / "site" / "si-toy.html").read_text()
    heading, more = DIRECTIONS[better][1], "more" if better == "higher" else "less"
    lines = reading.by_name(reading.html_lines(text, 'class="results"'))
    assert shown(lines, better) == written(shares, better)
    assert f'data-better="{more}">{heading}</th>' in text
    assert all(f"<dt>{heading}</dt><dd>{cell}</dd>" in text for cell in written(shares, better).values())


def test_files_have_the_values_in_full(built, shares):
    with (built / "tables" / "si-toy.csv").open() as lines:
        assert {line["model"]: float(line["my-share"]) for line in csv.DictReader(lines)} == pytest.approx(shares)
    rows = json.loads((built / "leaderboard.json").read_text())["rows"]
    assert {row["name"]: row["columns"]["my-share"] for row in rows} == pytest.approx(shares)
    assert {row["name"]: row["scores"]["my-share"]["mean"]["value"] for row in rows} == pytest.approx(shares)


def test_views_with_the_metric_are_up_to_date_with_its_plugin_alone(serbench, built, plugin):
    assert serbench("leaderboard", "build", built, "--check", "--plugin", plugin).exit_code == 0
    assert serbench("leaderboard", "build", built, "--check").exit_code == 8


@pytest.mark.parametrize(
    "words",
    [
        ("compare", "good", "bad", "{runs}"),
        ("plot", "speakers", "{runs}", "--to", "{runs}/figure.svg"),
        ("plot", "confusion", "{runs}", "--model", "good", "--to", "{runs}/figure.svg"),
        ("leaderboard", "export", "{runs}", "--format", "hf-model-index", "--model", "good"),
    ],
    ids=lambda words: " ".join(words[:2]),
)
def test_other_commands_take_the_plugin(serbench, runs, plugin, words):
    words = [word.format(runs=runs) for word in words]
    result = serbench(*words, "--plugin", plugin)
    assert (result.exit_code, result.stderr) == (0, "")
    assert serbench(*words, "--plugin", runs / "nowhere.py").exit_code == 2


def test_a_run_with_the_plugin_names_the_metric_and_its_views_need_the_plugin(serbench, tmp_path, plugin):
    words = ["run", "--model", "majority", "--no-floors", "--dataset", "synth", "--seeds", "1", "--plugin", plugin]
    assert serbench(*words, "--out", tmp_path / "made").exit_code == 0
    assert all("my-share" in record.metrics for record in Store(tmp_path / "made").records())
    without = serbench("leaderboard", "show", tmp_path / "made")
    assert "metric my-share is left out: no plugin that is installed offers it" in without.stderr
