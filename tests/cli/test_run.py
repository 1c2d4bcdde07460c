"""``run`` and ``plan`` as a person meets them: exit codes, last lines, interruptions, a kill."""

from __future__ import annotations

import csv
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.run import toy

SOURCE = Path(toy.__file__).read_text(encoding="utf-8")
BROKEN = "raise ImportError('the lab moved out')\n"
#: As long as a package of one model has to be; it waits, so that a run can be caught in the middle.
STRANGER = """
import time
import numpy as np
from serbench.api import Model, ModelCard, Predictions, hookimpl

class Stranger(Model):
    card = ModelCard(name="stranger", version="1", summary="from outside", features=("crossings",))

    def __init__(self, *, wait: float = 0.0) -> None:
        self.wait = wait

    def fit(self, train, dev, *, seed):
        time.sleep(self.wait)
        self.labels_ = train.labels
        self.weights_ = np.random.default_rng(seed).normal(size=(2, len(self.labels_)))
        return self

    def predict(self, test):
        self.check_fitted("weights_")
        return Predictions(test.ids, test.x @ self.weights_, self.labels_)

@hookimpl
def serbench_models():
    yield Stranger
"""


@pytest.fixture
def world(install, tmp_path):
    """Install the toy corpus and its models as packages; return the arguments that find them."""
    install("toy_world", SOURCE)
    install("stranger_models", STRANGER)
    toy.make_corpus(tmp_path)
    return ["--dataset", "toy", "--data-root", tmp_path, "--no-floors", "--out", tmp_path / "runs"]


def test_a_run_ends_with_scores_their_place_and_the_next_step(serbench, world, tmp_path):
    result = serbench("run", "--model", "nearest", *world)
    assert result.exit_code == 0
    *_, cells, following = result.stdout.splitlines()
    assert cells == f"4 cells run, 0 were done before; records and predictions: {tmp_path / 'runs'}"
    assert following == f"next: serbench leaderboard build {tmp_path / 'runs'}"
    assert "nearest" in result.stdout
    assert "100.0" in result.stdout


def test_a_second_run_does_nothing_and_says_the_same(serbench, world):
    first = serbench("run", "--model", "nearest", *world).stdout
    second = serbench("run", "--model", "nearest", *world).stdout
    assert second == first.replace("4 cells run, 0 were done before", "0 cells run, 4 were done before")


def test_no_line_is_wider_than_a_terminal(serbench, world, tmp_path):
    result = serbench("run", "--model", "nearest", "--model", "stranger", *world)
    assert [line for line in result.stdout.splitlines() if len(line) > 80 and str(tmp_path) not in line] == []


def test_the_answer_for_machines_holds_rows_cells_and_skips(serbench, world):
    facts = json.loads(serbench("run", "--model", "nearest", *world, "--json").stdout)
    assert [row["label"] for row in facts["rows"]] == ["nearest"]
    assert facts["rows"][0]["scores"]["uar"]["mean"] == {"value": 1.0}
    assert len(facts["cells"]) == 4
    assert facts["skips"] == []


def test_a_plan_runs_nothing(serbench, world, tmp_path):
    result = serbench("plan", "--model", "stranger", *world)
    assert result.exit_code == 0
    assert "12 of 12 cells to run on cpu" in result.stdout
    assert not (tmp_path / "runs").exists()
    facts = json.loads(serbench("plan", "--model", "stranger", *world, "--json").stdout)
    assert [cell["done"] for cell in facts["cells"]] == [False] * 12


@pytest.fixture
def odd(world, tmp_path):
    """Write some of a corpus whose table of speakers a spreadsheet has saved its own way; return its table."""
    for path in sorted((tmp_path / "toy").rglob("*.wav"))[:3]:
        (tmp_path / "cremad" / "AudioWAV").mkdir(parents=True, exist_ok=True)
        shutil.copy(path, tmp_path / "cremad" / "AudioWAV" / f"1001_DFA_{path.stem[:3].upper()}_XX.wav")
    table = tmp_path / "cremad" / "VideoDemographics.csv"
    table.write_text('"ActorID";"Age";"Sex"\n1001;51;"Male"\n')
    return table


def test_one_corpus_with_an_odd_table_is_named_and_the_others_run(serbench, world, odd):
    result = serbench("run", "--model", "nearest", "--all-datasets", *world[2:], "--seeds", "1")

    assert result.exit_code == 3
    assert "toy, speaker-independent" in result.stdout
    assert f"error: cremad was left out: {odd} has the headings" in result.stderr
    facts = json.loads(
        serbench("run", "--model", "nearest", "--all-datasets", *world[2:], "--seeds", "1", "--json").stdout
    )
    assert {row["dataset"]["name"] for row in facts["rows"]} == {"toy", "synth"}


def test_an_odd_table_of_the_corpus_that_was_named_is_one_line(serbench, world, odd):
    result = serbench("run", "--model", "nearest", "--dataset", "cremad", *world[2:])

    assert result.exit_code == 3
    (line,) = result.stderr.splitlines()
    assert str(odd) in line


@pytest.mark.parametrize(
    ("spoil", "code", "said"),
    [
        (lambda path: path.write_bytes(b"no sound"), 3, "toy: none of 36 recordings can be read"),
        (lambda path: "calm" in path.name or path.unlink(), 4, "toy/si was left out: toy: the 12 rows of test are all"),
    ],
)
def test_where_nothing_can_be_run_the_exit_code_says_so(serbench, world, tmp_path, spoil, code, said):
    for path in (tmp_path / "toy").rglob("*.wav"):
        spoil(path)
    result = serbench("run", "--model", "nearest", "--skip-bad-audio", *world)

    assert result.exit_code == code
    assert said in result.stderr.splitlines()[-1]


def test_failed_cells_are_exit_code_7_after_the_others_are_done(serbench, world):
    result = serbench("run", "--model", "failing", "--model", "nearest", *world)
    assert result.exit_code == 7
    assert "100.0" in result.stdout
    assert result.stderr.splitlines()[-1].startswith("error: 4 of 8 cells failed: RuntimeError: no luck today (in ")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--dataset", "synth"], "no model was named"),
        (["--model", "nearest"], "expected either --dataset NAME or --all-datasets"),
        (["--model", "nearest", "--dataset", "toy", "--all-datasets"], "expected either --dataset NAME or"),
        (["--model", "neerest", "--dataset", "toy"], "did you mean 'nearest'"),
        (["--model", "nearest", "--dataset", "toi"], "did you mean 'toy'"),
        (["--model", "nearest", "--dataset", "toy", "--protocol", "s"], "unknown protocol 's'"),
        (["--model", "nearest", "--dataset", "toy", "--set", "x=1"], "which none of"),
    ],
)
def test_a_mistake_is_one_line_and_exit_code_2(serbench, world, arguments, message):
    result = serbench("run", *arguments, "--data-root", world[3])
    assert result.exit_code == 2
    (line,) = result.stderr.splitlines()
    assert message in line


def test_a_package_outside_the_tree_runs_beside_one_that_is_broken(serbench, world, install):
    install("moved_out", BROKEN)
    result = serbench("run", "--model", "stranger", *world, "--seeds", "1")
    assert result.exit_code == 0
    assert "stranger" in result.stdout
    listing = serbench("list", "plugins")
    assert listing.exit_code == 0
    assert "broken: ImportError: the lab moved out" in " ".join(listing.stdout.split())


def _start(world, tmp_path, wait):
    """Start a run of twelve cells in a process of its own, which waits ``wait`` seconds in each."""
    words = [str(each) for each in ["run", "--model", "stranger", "--set", f"wait={wait}", *world]]
    environment = {**os.environ, "PYTHONPATH": str(tmp_path / "site")}
    return subprocess.Popen(
        [sys.executable, "-m", "serbench", *words],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        # a test runner in the background ignores the keyboard, and so would its children
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    )


def _wait_for_records(process, folder, number):
    """Return when so many cells are done, or fail."""
    end = time.monotonic() + 90
    while len(list(folder.rglob("*.json"))) < number:
        assert process.poll() is None, f"the run ended before: {process.communicate()[1]}"
        assert time.monotonic() < end, "no record was written in time"
        time.sleep(0.02)


def _scores(serbench, folder):
    serbench("leaderboard", "build", folder, "--to", folder / "views")
    with (folder / "views" / "tables" / "si-toy.csv").open(encoding="utf-8", newline="") as stream:
        (row,) = csv.DictReader(stream)
    return {name: row[name] for name in ("uar", "wa", "macro-f1", "log-loss", "ece", "uar_low", "seeds", "cells_done")}


@pytest.mark.parametrize(
    "ending",
    [
        pytest.param(getattr(signal, "SIGKILL", signal.SIGTERM), id="kill"),  # to Windows the second is the first
        pytest.param(
            signal.SIGINT,
            id="keyboard",
            marks=pytest.mark.skipif(sys.platform == "win32", reason="Windows sends no other process a SIGINT"),
        ),
    ],
)
def test_a_run_that_is_ended_goes_on_where_it_was(serbench, world, tmp_path, ending):
    runs = tmp_path / "runs"
    process = _start(world, tmp_path, 0.15)
    _wait_for_records(process, runs / "records", 3)
    process.send_signal(ending)
    _, said = process.communicate(timeout=60)
    kept = {path: path.stat().st_mtime_ns for path in runs.rglob("*.json")}
    assert 3 <= len(kept) < 12
    if ending == signal.SIGINT:
        assert process.returncode == 130
        assert f"{len(kept)} of 12 cells are done and kept in {runs}; the same command goes on" in said

    arguments = ["run", "--model", "stranger", "--set", "wait=0.15", *world]
    result = serbench(*arguments)
    assert f"{12 - len(kept)} cells run, {len(kept)} were done before" in result.stdout
    assert {path: path.stat().st_mtime_ns for path in kept} == kept
    resumed = _scores(serbench, runs)

    arguments[-1] = tmp_path / "undisturbed"
    serbench(*arguments)
    assert _scores(serbench, tmp_path / "undisturbed") == resumed


def test_a_sweep_prints_the_gain_over_its_first_value(serbench, world):
    result = serbench("run", "--model", "nearest", "--sweep", "augment=none,quieter", *world, "--jobs", "1")
    assert result.exit_code == 0
    assert "nearest, gain over augment=none, protocol si" in result.stdout
    (line,) = [line.split() for line in result.stdout.splitlines() if line.startswith("toy") and " quieter " in line]
    assert line[3][0] in "+-"
    assert line[-1] == "4"


def test_a_plan_names_the_rows_of_a_sweep_and_refuses_what_is_none(serbench, world):
    planned = serbench("plan", "--model", "nearest", "--sweep", "augment=none,quieter", *world, "--json")
    names = {cell["name"].rpartition("/")[2] for cell in json.loads(planned.stdout)["cells"]}
    assert names == {"nearest", "nearest+quieter"}
    refused = serbench("plan", "--model", "nearest", "--sweep", "augment=none,none", *world)
    assert refused.exit_code == 2
    assert "which are both nearest" in refused.stderr
