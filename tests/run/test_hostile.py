"""Whatever a plugin does, its cells are failed records with the reason, and the others go on."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.run import hostile, toy

pytestmark = pytest.mark.timeout(300)

FILES = (Path(toy.__file__), Path(hostile.__file__))
TOP = Path(__file__).parents[2]

REASONS = {
    "leave": "SystemExit: 0",
    "exit-hard": "its process ended with exit code 0 before it answered",
    "exit-with-three": "its process ended with exit code 3 before it answered",
    "touch-null": "its process was killed by SIGSEGV",
    "kill-itself": "its process was killed by SIGKILL, perhaps for want of memory",
    "abort": "its process was killed by SIGABRT",
    "interrupt": "KeyboardInterrupt: ",
    "close-everything": "",  # whichever of its files is missed first
    "recurse": "RecursionError: ",
    "want-memory": "MemoryError: ",
    "raise-odd": "Odd: neither one nor the other",
    "leave-a-child": "its process ended with exit code 1 before it answered",
    "write-to-every-pipe": "its process said what is no message",
    "send-no-message": "its process said what is no message",
    "answer-wrong-shape": "PluginError: scores have shape (",
    "answer-one-row-less": "PluginError: predictions are for ",
    "answer-other-ids": "PluginError: predictions are for ",
    "answer-nan-scores": "PluginError: ",
    "answer-endless-scores": "PluginError: ",
    "answer-objects-for-scores": "PluginError: scores are of type object, expected real numbers",
    "answer-words-for-scores": "PluginError: scores are of type <U",
    "answer-complex-scores": "PluginError: scores are of type complex",
    "answer-unknown-class": "PluginError: score columns are ['glad', ",
    "answer-doubled-class": "PluginError: score columns are ['calm', 'calm', ",
    "answer-no-scores": "PluginError: scores are of type object, expected",
    "answer-leaves-in-predict": "SystemExit: 3",
    "speechless": "AttributeError: ",
    "on-leaving": "SystemExit: 3",
    "on-nans": "PluginError: nans made values of ",
    "on-doubles": "PluginError: doubles made float64 (2,) of ",
    "on-empty": "PluginError: empty made float32 (0,) of ",
    "on-uneven": "PluginError: uneven made shape ",
    "on-words": "PluginError: words made str of ",
    "on-breaking": "PluginError: breaking made samples of ",
    "on-widening": "PluginError: widening made float64 ",
    "on-swallowing": "PluginError: swallowing made float32 (0,) of ",
    "on-quitting": "SystemExit: 3",
    "nan": "PluginError: its history() says nan of loss in row 0, expected a finite number",
    "objects": "PluginError: its history() says <object",
    "lists": "PluginError: row 0 of its history() is list, expected a mapping",
    "on-dying": "its process was killed by SIGSEGV",
    "hang": "it was not done within 5 s, the limit of --cell-timeout",
    "spin": "it was not done within 5 s, the limit of --cell-timeout",
    "hang-deaf": "it was not done within 5 s, the limit of --cell-timeout",
    "on-hanging": "no clip was extracted within 5 s, the limit of --cell-timeout",
}
HARMLESS = (
    *("float32", "talking", "leave-a-thread", "change-folder", "change-variables", "close-streams", "change-locale"),
    *("reseed", "replace-the-generator", "return-twice", "leave-a-daemon", "fill-stderr", "unmeasurable"),
    *("of-odd-size", "answer-negative-scores", "answer-large-scores", "answer-half-precision"),
    *("answer-whole-numbers", "answer-lists"),
)


def run(folder, *models, jobs=1, options=(), plugins=FILES):
    """Run models beside ``logreg`` by the command line; return exit code, records by label, and what was said."""
    out = folder / "runs"
    words = ["run", "--no-floors", "--dataset", "toy", "--seeds", "1", "--jobs", str(jobs), "--json"]
    # relative places: wherever a plugin goes, they are meant from where a person is
    words += ["--data-root", os.path.relpath(folder, TOP), "--out", os.path.relpath(out, TOP), *options]
    for name in (*models, "logreg"):
        words += ["--model", name]
    for file in plugins:
        words += ["--plugin", str(file)]
    done = subprocess.run(
        [sys.executable, "-m", "serbench", *words],
        capture_output=True,
        text=True,
        timeout=240,
        cwd=TOP,
        stdin=subprocess.DEVNULL,
    )
    records = {}
    for path in sorted((out / "records").rglob("*.json")):
        (record,) = json.loads(path.read_text())["records"]
        records.setdefault(record["label"], []).append(record)
    return done, records


def only_answers(name):
    """Tell whether a model does nothing to its process: what it says, or what it is given, is wrong."""
    given = name.startswith("on-") and name not in ("on-dying", "on-hanging")
    return given or name.startswith("answer-") or name in ("speechless", "unmeasurable", "of-odd-size")


BY_THEMSELVES = [name for name in REASONS if name not in (*hostile.HANGING, "on-hanging")]
ANSWERING, ACTING = ([name for name in BY_THEMSELVES if only_answers(name) == which] for which in (True, False))


@pytest.fixture(scope="module", params=[1, 2], ids=["one at a time", "side by side"])
def ran(request, tmp_path_factory):
    """Return a run of every model that does something and ends by itself, beside some that are well."""
    folder = hostile.make_corpus(tmp_path_factory.mktemp("hostile"))
    harmless = [name for name in HARMLESS if not only_answers(name)]
    yield run(folder, *ACTING, *harmless, "augmented", jobs=request.param)
    for pid in daemons():
        os.kill(pid, signal.SIGKILL)


SIDE_BY_SIDE = pytest.param(2, marks=[pytest.mark.long, pytest.mark.slow], id="side by side")


@pytest.fixture(scope="module", params=[pytest.param(1, id="one at a time"), SIDE_BY_SIDE])
def answered(request, tmp_path_factory):
    """Return a run of every model that only says or is given what is wrong."""
    folder = hostile.make_corpus(tmp_path_factory.mktemp("answers"))
    return run(folder, *ANSWERING, *filter(only_answers, HARMLESS), "augmented", jobs=request.param)


@pytest.fixture(scope="module")
def alone(tmp_path_factory):
    """Return a run of models that behave, where no other plugin is."""
    return run(hostile.make_corpus(tmp_path_factory.mktemp("alone")), "augmented", plugins=FILES[:1])


def test_the_others_go_on(ran):
    expect_the_others_to_be_done(*ran)


def test_the_others_are_answered(answered):
    expect_the_others_to_be_done(*answered)


def expect_the_others_to_be_done(done, records):
    assert done.returncode == 7, done.stderr[-2000:]
    assert [record["status"] for record in records["logreg"]] == ["done"] * 3
    assert [record["status"] for record in records["augmented"]] == ["done"] * 3
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("name", ACTING)
def test_each_failure_is_named(ran, name):
    expect_named(*ran, name)


@pytest.mark.parametrize("name", ANSWERING)
def test_each_wrong_answer_is_named(answered, name):
    expect_named(*answered, name)


def expect_named(done, records, name):
    failed = [record for record in records[name] if record["status"] == "failed"]
    assert (len(failed), len(records[name])) == (1 if name in hostile.ENDING else 3, 3)
    for record in failed:
        assert record["reason"].startswith(REASONS[name])
        assert "\n" not in record["reason"]
    assert f"{name}: {REASONS[name]}" in done.stderr


@pytest.mark.parametrize("name", [name for name in HARMLESS if not only_answers(name)])
def test_what_does_no_harm_is_done(ran, name):
    assert [record["status"] for record in ran[1][name]] == ["done"] * 3


@pytest.mark.parametrize("name", [name for name in HARMLESS if only_answers(name)])
def test_an_odd_answer_does_no_harm(answered, name):
    assert [record["status"] for record in answered[1][name]] == ["done"] * 3


def test_numbers_of_other_libraries_are_plain_in_a_history(ran):
    assert ran[1]["float32"][0]["history"] == [{"epoch": 1, "loss": 0.5}]


def test_what_a_plugin_prints_is_no_part_of_the_answer(ran):
    done, _ = ran
    assert {row["name"] for row in json.loads(done.stdout)["rows"]} >= {"logreg", "talking"}
    assert "not for a machine" in done.stderr
    assert "nor this" in done.stderr


def test_what_others_did_to_their_process_moves_no_result(ran, alone):
    """Models that behave say the same as in a run that no other plugin is in."""
    for name in ("augmented", "logreg"):
        expected, found = ([record["predictions"] for record in each[1][name]] for each in (alone, ran))
        assert found == expected


def test_each_cell_has_one_record_whoever_returns_twice(ran):
    done, records = ran
    assert len(records["return-twice"]) == 3
    assert done.stderr.count("Traceback") == 0


@pytest.mark.parametrize("metric", hostile.FIGURES)
def test_a_metric_that_fails_says_so_and_no_cell_fails(ran, metric):
    for record in ran[1]["logreg"]:
        figure = record["scores"][metric]
        assert figure["value"] is None
        assert figure["reason"].startswith(metric)
        assert record["scores"]["uar"]["value"] is not None


def daemons():
    found = subprocess.run(["ps", "-eo", "pid,args"], capture_output=True, text=True, check=True).stdout
    return [int(line.split()[0]) for line in found.splitlines() if "import time; time.sleep(59)" in line]


def test_nothing_that_a_plugin_started_outlives_its_cell(ran):
    """A child that a dead worker left behind is ended with it."""
    found = subprocess.run(["ps", "-eo", "args"], capture_output=True, text=True, check=True).stdout
    assert "import time; time.sleep(600)" not in found


@pytest.mark.parametrize("jobs", [1, 2])
def test_what_hangs_ends_by_its_limit(tmp_path, jobs):
    folder = toy.make_corpus(tmp_path, speakers=3, takes=1)
    start = time.monotonic()
    models = (*hostile.HANGING, "on-hanging") if jobs == 2 else ("spin",)
    done, records = run(folder, *models, jobs=jobs, options=["--cell-timeout", "5"])
    assert time.monotonic() - start < 200
    assert done.returncode == 7
    assert [record["status"] for record in records["logreg"]] == ["done"] * 3
    for name in models:
        assert [record["reason"] for record in records[name]] == [REASONS[name]] * 3
