"""Adapted rows as curves: what stands at which number of speakers, in Markdown, CSV, on the site and in a terminal."""

from __future__ import annotations

import csv
import json
from dataclasses import replace

import pytest

from serbench.board.ranking.adaptation import HEADINGS, is_adapted, make_targets
from serbench.board.ranking.boards import make_boards
from serbench.board.ranking.difference import difference_over
from serbench.board.ranking.matrix import is_crossed, make_matrices
from serbench.board.site.curves import view_target
from serbench.board.site.pages import SITE
from serbench.board.wording import command_of
from serbench.cli.scores import print_scores
from serbench.results.summary import summarise
from tests.board.conftest import build, make_site, model
from tests.board.ranking.test_matrix import AUDIO, STANDING, crossed

#: From how many of eight speakers are adapted to, to the percentages that come to it.
STEPS = {0: [0], 1: [5, 10], 2: [20], 4: [50]}
PROTOCOL = {"name": "adapt", "version": "1", "split": "s1", "folds": 2}
HEARING = ({"name": "f", "version": "1", "params": {}},)


def adapted_to(speakers, trained, tested, of=8):
    """Return the facts of a task; its digest differs with the number of speakers as the split's would."""
    name = f"{'+'.join(trained)}-to-{tested}-{speakers}-of-{of}"
    percentages = STEPS.get(speakers, [speakers])
    return crossed(trained, tested) | {
        "name": name,
        "manifest": name,
        "adapted": {"percentages": percentages, "speakers": speakers, "of": of},
    }


@pytest.fixture
def add_adapted(store, cells):
    def add(name, speakers, trained=("north", "west"), tested="east", *, features=HEARING, folds=(0, 1), **facts):
        key = {
            "dataset": adapted_to(speakers, trained, tested),
            "model": model(name),
            "protocol": {**PROTOCOL, "split": f"s{speakers}"},
        }
        cells.add(
            store,
            key={**key, "features": features},
            label=name,
            folds=folds,
            standing=STANDING,
            audio=AUDIO,
            **facts,
        )

    return add


@pytest.fixture
def adapted_rows(store, add_adapted):
    for speakers in STEPS:
        add_adapted("logreg", speakers, skill=1.0 + speakers)
        add_adapted("net", speakers, skill=0.5 + 2 * speakers)
        add_adapted("majority", speakers, skill=0.0, features=())
    return summarise(store)


def test_a_curve_per_system_from_nobody_up(adapted_rows):
    (target,) = make_targets(adapted_rows)
    assert (target.name, target.sources, target.title) == ("east", ("north", "west"), "east, from north and west")
    assert [curve.name for curve in target.curves] == ["net", "logreg", "majority"]
    assert [curve.is_floor for curve in target.curves] == [False, True, True]
    for curve in target.curves:
        assert [point.adapted.speakers for point in curve.points] == [0, 1, 2, 4]
    assert [point.words for point in target.curves[0].points] == [
        "0 % (0 of 8)",
        "5 and 10 % (1 of 8)",
        "20 % (2 of 8)",
        "50 % (4 of 8)",
    ]
    assert [curve.name for curve in target.heard] == ["net", "logreg"]
    assert target.guessing.startswith("Guessing: majority ")


def test_the_gain_is_over_nobody_adapted_to_with_the_paired_interval(adapted_rows):
    for curve in make_targets(adapted_rows)[0].curves:
        first, *others = curve.points
        assert (first.gain.value, first.interval.low) == (0.0, None)
        assert first.texts[-2:] == ["–", "–"]
        for point in others:
            expected = difference_over([(point.row, first.row)])
            assert point.gain.value == pytest.approx(expected.value, abs=1e-12)
            assert (point.interval.low, point.interval.high) == (expected.interval.low, expected.interval.high)
            assert point.texts[3] == f"{100 * expected.value:+.1f}"


def test_a_gain_takes_two_complete_rows(store, add_adapted):
    add_adapted("logreg", 1)
    add_adapted("net", 0, folds=(0,))
    add_adapted("net", 1)
    by_name = {curve.name: curve for curve in make_targets(summarise(store))[0].curves}
    (alone,) = by_name["logreg"].points
    assert alone.gain.reason == "there is no row with nobody adapted to"
    assert by_name["net"].points[1].gain.reason == "cells are missing"
    assert by_name["net"].points[0].texts[1].endswith("*")
    assert alone.texts[-2:] == by_name["net"].points[1].texts[-2:] == ["–", "–"]


def test_other_sources_other_targets_and_other_copies_are_other_curves(store, add_adapted):
    for trained, tested in ((("north", "west"), "east"), (("north",), "east"), (("east", "north"), "west")):
        add_adapted("logreg", 0, trained, tested)
    titles = [target.title for target in make_targets(summarise(store))]
    assert titles == ["east, from north", "east, from north and west", "west, from east and north"]


def test_versions_of_the_protocol_are_told_apart(adapted_rows):
    newer = [replace(row, protocol=replace(row.protocol, version="2")) for row in adapted_rows]
    titles = [target.title for target in make_targets([*adapted_rows, *newer])]
    assert titles == [f"east, from north and west, protocol version {version}" for version in "12"]


def test_adapted_rows_are_in_no_matrix_and_no_average(adapted_rows):
    assert all(is_adapted(row) and not is_crossed(row) for row in adapted_rows)
    assert make_matrices(adapted_rows) == []
    boards = make_boards(adapted_rows)
    assert [board.first.dataset.adapted.speakers for board in boards] == [0, 1, 2, 4]
    assert all(board.exclusion is not None for board in boards)


def test_boards_are_in_the_order_of_speakers_not_of_names(store, add_adapted):
    for speakers in (10, 2, 9):
        add_adapted("logreg", speakers)
    assert [board.first.dataset.adapted.speakers for board in make_boards(summarise(store))] == [2, 9, 10]


def test_files(adapted_rows, tmp_path):
    folder = tmp_path / "board"
    files = [path.relative_to(folder).as_posix() for path in build(adapted_rows, folder, site=False)]
    pages = [f"tables/adapt-east.{ending}" for ending in ("csv", "md", "tex")]
    assert files == ["README.md", "leaderboard.json", *pages, "tables/adapt.csv", "tables/adapt.md"]
    page = (folder / "tables" / "adapt.md").read_text()
    assert "\neast, from north and west:\n" in page
    assert "| net    | 5 and 10 % (1 of 8) |" in page
    assert "| majority" not in page
    readme = (folder / "README.md").read_text()
    assert "* [The curves](tables/adapt.md) ([CSV](tables/adapt.csv))" in readme
    assert "| net    | 5 and 10 % (1 of 8) |" in readme
    assert "Excluded from averages:" not in readme
    build([], folder, site=False)
    assert sorted(folder.rglob("*.*")) == [folder / "README.md", folder / "leaderboard.json"]


def test_every_point_is_a_line_of_the_csv_and_of_the_json(adapted_rows, tmp_path):
    build(adapted_rows, tmp_path, site=False)
    with (tmp_path / "tables" / "adapt.csv").open(newline="") as stream:
        lines = list(csv.DictReader(stream))
    assert len(lines) == 12
    found = {(line["model"], line["adapted_speakers"]): line for line in lines}
    for row in adapted_rows:
        line = found[row.label, str(row.dataset.adapted.speakers)]
        assert float(line["uar"]) == pytest.approx(row.uar.value, rel=1e-9)
        assert float(line["adapted_fraction"]) == row.dataset.adapted.speakers / 8
        assert line["percentages"] == "; ".join(map(str, row.dataset.adapted.percentages))
    facts = json.loads((tmp_path / "leaderboard.json").read_text())
    assert [each["adapted_speakers"] for each in facts["adaptation"]] == 3 * [0, 1, 2, 4]
    assert facts["matrix"] == []
    assert {each["columns"]["adapted_fraction"] for each in facts["rows"]} == {0.0, 0.125, 0.25, 0.5}


def test_columns_of_adaptation_are_there_where_rows_are_adapted(adapted_rows, full, tmp_path):
    plain = [row for row in summarise(full) if row.dataset.adapted is None]
    build(plain, tmp_path, site=False)
    for path in (tmp_path / "tables").glob("*.csv"):
        assert "adapted" not in path.read_text().splitlines()[0]


def test_the_site_draws_a_chart_per_system_and_links_each_point(adapted_rows):
    site = make_site(adapted_rows)
    for name in ("index.html", "adapt-east.html"):
        page = site[f"{SITE}/{name}"]
        assert page.count("UAR % against % of speakers adapted to") == 2
        for heading in HEADINGS:
            assert f">{heading}</th>" in page
        for row in adapted_rows:
            anchor = f"r-{row.task[:8]}-{row.system[:8]}"
            assert row.label == "majority" or f'href="adapt-east.html#{anchor}"' in page
            assert name == "index.html" or f'id="{anchor}"' in page


def test_a_chart_has_its_points_where_the_speakers_are(adapted_rows):
    view = view_target(make_targets(adapted_rows)[0], lambda row: f"#{row.label}")
    first, second = view.panels
    assert [spot.x for spot in first.spots] == ["5.00", "27.50", "50.00", "95.00"]
    assert first.y_ticks == second.y_ticks
    assert [float(spot.y) for spot in first.spots] == sorted((float(s.y) for s in first.spots), reverse=True)
    assert all(float(spot.top) <= float(spot.y) <= float(spot.bottom) for spot in first.spots if spot.top)
    assert first.steps == tuple((a.x, a.y, b.x, b.y) for a, b in zip(first.spots, first.spots[1:], strict=False))
    assert first.spots[1].words.startswith("adapted to 5 and 10 % (1 of 8): UAR ")
    assert ", gain +" in first.spots[1].words
    assert "gain" not in first.spots[0].words


def test_a_terminal_shows_curves_and_what_is_missing(store, add_adapted, capsys):
    for speakers in STEPS:
        add_adapted("logreg", speakers, folds=(0,) if speakers == 2 else (0, 1))
    print_scores(summarise(store))
    lines = capsys.readouterr().out.splitlines()
    assert max(map(len, lines)) <= 80
    assert lines[0] == "east, from north and west"
    assert [line.split()[1:3] for line in lines[2:6]] == [["0", "%"], ["5", "and"], ["20", "%"], ["50", "%"]]
    assert "north+west-to-east-2-of-8, logreg: seed 0: 1 of 2 folds are done" in lines


def test_a_comparison_over_numbers_of_speakers_counts_who_is_tested_once(adapted_rows):
    found = {(row.label, row.dataset.adapted.speakers): row for row in adapted_rows}
    both = [(found["net", step], found["logreg", step]) for step in STEPS]
    overall = difference_over(both)
    alone = [difference_over([pair]) for pair in both]
    assert overall.speakers == alone[0].speakers == 4
    assert overall.value == pytest.approx(sum(each.value for each in alone) / 4)
    # one and the same comparison four times says no more than once
    again = difference_over([both[1]] * 4)
    assert (again.p, again.speakers) == (alone[1].p, 4)
    assert again.interval.low == pytest.approx(alone[1].interval.low)
    assert again.interval.high == pytest.approx(alone[1].interval.high)


def test_a_row_says_how_to_repeat_it(adapted_rows):
    row = next(row for row in adapted_rows if row.label == "net")
    assert command_of(row).startswith("serbench run --model net --dataset east --dataset north --dataset west")
    assert "--protocol adapt" in command_of(row)
    assert "--set adapt.target=east" in command_of(row)
