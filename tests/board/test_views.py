"""Views are the same to the byte wherever, whenever and by whomever they are made."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from serbench.results.summary import summarise
from tests.board.conftest import build, first_stale, make_views

#: Places that differ in all that a careless program looks at.
PLACES = [
    {"LC_ALL": "C", "TZ": "UTC", "PYTHONHASHSEED": "1", "COLUMNS": "40", "OMP_NUM_THREADS": "1"},
    {"LC_ALL": "tr_TR.UTF-8", "TZ": "Pacific/Kiritimati", "PYTHONHASHSEED": "2", "COLUMNS": "200", "PYTHONUTF8": "0"},
]


def clone(store, folder, *, backwards):
    """Copy a store file by file, in one order or the other, with times of change that say nothing."""
    files = sorted(path for path in store.folder.rglob("*") if path.is_file())
    for number, path in enumerate(files[::-1] if backwards else files):
        copy = folder / path.relative_to(store.folder)
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, copy)
        os.utime(copy, (number * 1000, number * 1000))
    return folder


@pytest.mark.slow
def test_two_machines_build_the_same_bytes(full, tmp_path):
    built = []
    for number, place in enumerate(PLACES):
        folder = clone(full, tmp_path / f"clone{number}", backwards=bool(number))
        elsewhere = tmp_path / f"elsewhere{number}"
        elsewhere.mkdir()
        name = [str(folder), os.path.relpath(folder, elsewhere)][number]
        environment = {**os.environ, **place, "PYTHONPATH": str(Path(__file__).parents[2])}
        command = [sys.executable, "-m", "serbench", "leaderboard", "build", name]
        subprocess.run(command, cwd=elsewhere, env=environment, check=True, capture_output=True)
        views = {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
        no_views = ("records/", "predictions/", "site/vendor/")
        built.append({name: text for name, text in views.items() if not name.startswith(no_views)})
    assert built[0].keys() == make_views(summarise(full)).keys()
    assert built[0] == built[1]


def test_numbers_have_ten_digits(full):
    waiting = [json.loads(make_views(summarise(full))["leaderboard.json"])]
    floats = []
    while waiting:
        value = waiting.pop()
        if isinstance(value, float):
            floats.append(value)
        elif isinstance(value, dict | list):
            waiting += value.values() if isinstance(value, dict) else value
    assert len(floats) > 100
    assert [value for value in floats if float(f"{value:.10g}") != value] == []


def test_the_facts_are_a_document(full):
    facts = json.loads(make_views(summarise(full))["leaderboard.json"])
    assert (facts["kind"], facts["format"]) == ("serbench-leaderboard", 2)
    assert {row["evidence"] for row in facts["rows"]} == {"verified"}


def test_what_was_just_built_is_not_stale(full, tmp_path):
    rows = summarise(full)
    build(rows, tmp_path)
    assert first_stale(rows, tmp_path) is None


def test_views_of_rows_that_are_gone_are_stale(full, tmp_path):
    rows = summarise(full)
    build(rows, tmp_path)
    fewer = [row for row in rows if row.dataset.name != "tess"]
    for name, text in make_views(fewer).items():
        (tmp_path / name).write_text(text)
    stale = tmp_path / "tables" / "si-tess.csv"
    assert first_stale(fewer, tmp_path) == f"{stale} is stale: the board has no rows for it"


def test_the_first_difference_is_shown(full, tmp_path):
    rows = summarise(full)
    build(rows, tmp_path)
    page = tmp_path / "tables" / "si-emodb.md"
    page.write_text(page.read_text() + "more\n")
    lines = len(page.read_text().splitlines())
    assert first_stale(rows, tmp_path) == f"{page} is stale, it has {lines} lines where {lines - 1} are computed"


def test_what_is_said_counts_before_how_columns_are_padded(full, tmp_path):
    rows = summarise(full)
    build(rows, tmp_path)
    page = tmp_path / "tables" / "si-emodb.md"
    text = page.read_text()
    heading = next(line for line in text.splitlines() if line.startswith("| rank"))
    padded = text.replace(heading, heading.replace(" |", "  |"))
    page.write_text(padded)
    assert f"{page} is stale, first in line {text.splitlines().index(heading) + 1}: " in first_stale(rows, tmp_path)
    page.write_text(padded.replace("majority", "minority"))
    assert "minority" in first_stale(rows, tmp_path)
