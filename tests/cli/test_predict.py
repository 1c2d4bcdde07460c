"""``predict`` as a person meets it: saved by a run, used on files, patterns and folders."""

from __future__ import annotations

import csv
import io
import json
import os
import shutil
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
import soundfile
from typer.testing import CliRunner

from serbench.cli import predict as command
from serbench.cli.app import app
from serbench.run.predicting import Answer
from serbench.text import spreadsheet_text

SMALL = ("--set", "synth.speakers=6", "--set", "synth.sentences=1", "--set", "synth.takes=1")


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    """Run two models on a small corpus that is made on the spot, and keep them."""
    folder = tmp_path_factory.mktemp("runs")
    asked = ("run", "--model", "majority", "--model", "logreg", "--dataset", "synth", "--seeds", "1", "--no-floors")
    result = CliRunner().invoke(app, [*asked, *SMALL, "--save-models", "--out", str(folder)], catch_exceptions=False)
    assert result.exit_code == 0
    assert "10 models saved below" in result.stdout
    return folder


@pytest.fixture
def clips(runs, tmp_path):
    """Return a folder with the recordings that one cell was tested on, and that cell's predictions and card."""
    (kept,) = (runs / "predictions").rglob("logreg/group-1.*.parquet")
    table = pq.ParquetFile(kept).read()
    card = runs / "models" / kept.relative_to(runs / "predictions").with_suffix(".json")
    for path in sorted(made_corpus().rglob("*.wav")):
        if path.stem in table["id"].to_pylist():
            shutil.copy(path, tmp_path)
    return tmp_path, table, card


def made_corpus():
    from serbench.environment import cache_folder
    from serbench.plugin.registry import load_registry

    made = load_registry(only=()).get("dataset", "synth").create(speakers=6, sentences=1, takes=1)
    return made.locate([], cache_folder())


def test_it_predicts_what_the_record_holds(serbench, clips):
    folder, table, card = clips
    facts = json.loads(serbench("predict", "--model", card, folder, "--json").stdout)

    assert facts["model"]["name"] == "logreg"
    assert facts["failed"] == []
    assert len(facts["predictions"]) == len(table) > 0
    for each in facts["predictions"]:
        row = table["id"].to_pylist().index(each["path"].rsplit("/", 1)[-1].removesuffix(".wav"))
        kept = {name: table[f"score:{name}"][row].as_py() for name in facts["classes"]}
        assert each["probabilities"] == pytest.approx(kept, rel=1e-6)
        assert each["label"] == table["prediction"][row].as_py()
        assert sum(each["probabilities"].values()) == pytest.approx(1)


def test_csv_has_a_column_per_class_and_patterns_find_what_folders_find(serbench, clips):
    folder, table, card = clips
    by_pattern = serbench("predict", "--model", card, f"{folder}/*.wav", "--csv").stdout
    lines = list(csv.DictReader(io.StringIO(by_pattern)))

    assert list(lines[0]) == ["path", "label", "anger", "happiness", "neutral", "sadness"]
    assert len(lines) == len(table)
    assert by_pattern == serbench("predict", "--model", card.with_suffix(".safetensors"), folder, "--csv").stdout


def test_bad_files_are_named_and_the_others_answered(serbench, clips):
    folder, table, card = clips
    (folder / "broken.wav").write_bytes(b"no sound")
    result = serbench("predict", "--model", card, folder, "--json")

    assert result.exit_code == 3
    facts = json.loads(result.stdout)
    assert len(facts["predictions"]) == len(table)
    assert [each["path"] for each in facts["failed"]] == [str(folder / "broken.wav")]
    assert f"1 of {len(table) + 1} recordings cannot be used, first {folder / 'broken.wav'}" in result.stderr


FORK = bytes.fromhex("0005160700020000") + b"Mac OS X        " + bytes(66)


@pytest.mark.parametrize("word", ["", "*", "**/*.wav", "**"])
def test_hidden_files_and_forks_of_a_mac_are_passed_over(serbench, clips, word):
    folder, table, card = clips
    for name in ("._a.wav", ".hidden.wav", "__MACOSX/._a.wav", "__MACOSX/b.wav", ".Trash/c.wav"):
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_bytes(FORK)
    facts = json.loads(serbench("predict", "--model", card, folder / word, "--json").stdout)

    assert (len(facts["predictions"]), facts["failed"]) == (len(table), [])


@pytest.mark.parametrize("name", [".hidden.wav", "__MACOSX/b.wav"])
def test_a_file_that_is_named_is_answered_wherever_it_lies(serbench, clips, name):
    folder, _, card = clips
    (folder / name).parent.mkdir(exist_ok=True)
    shutil.copy(next(folder.glob("*.wav")), folder / name)

    for word in (folder / name, (folder / name).parent / f"{name.rpartition('/')[2][:2]}*"):
        facts = json.loads(serbench("predict", "--model", card, word, "--json").stdout)
        assert [each["path"] for each in facts["predictions"]] == [str(folder / name)]


def test_linked_folders_are_followed_once(serbench, clips, tmp_path):
    folder, table, card = clips
    (tmp_path / "in").mkdir()
    for link in ("day1", "day2"):
        (tmp_path / "in" / link).symlink_to(folder)
    facts = json.loads(serbench("predict", "--model", card, tmp_path / "in", "--json").stdout)

    assert len(facts["predictions"]) == len(table)
    assert {each["path"].split("/")[-2] for each in facts["predictions"]} == {"day1"}


@pytest.mark.parametrize("options", [(), ("--json",), ("--csv",)])
def test_names_in_latin_1_are_printed_as_they_were_written(serbench, clips, options):
    folder, _, card = clips
    there = sorted(folder.glob("*.wav"))
    soundfile.write(folder / "a.flac", *soundfile.read(there[0], dtype="int16"))
    (folder / "a.flac").rename(folder / os.fsdecode(b"f\xfcr.flac"))
    there[1].write_bytes(b"no sound")
    there[1].rename(folder / os.fsdecode(b"b\xf6se.wav"))
    result = serbench("predict", "--model", card, folder, *options)

    assert "für.flac" in result.stdout
    assert "böse.wav is text, no recording" in result.stderr
    assert result.exit_code == 3


def test_cells_of_one_system_are_averaged(serbench, runs, clips):
    folder, _, card = clips
    alone = [
        json.loads(serbench("predict", "--model", each, folder, "--json").stdout)["predictions"][0]["probabilities"]
        for each in sorted(card.parent.glob("*.json"))
    ]
    facts = json.loads(serbench("predict", "--model", card.parent, folder, "--json").stdout)

    assert len(facts["cells"]) == len(alone) == 5
    mean = {name: sum(each[name] for each in alone) / 5 for name in alone[0]}
    assert facts["predictions"][0]["probabilities"] == pytest.approx(mean)
    shown = serbench("predict", "--model", card.parent, folder).stdout
    assert shown.splitlines()[-1] == "logreg, trained on synth, mean of 5 cells; all classes: --json, --csv"
    assert all(len(line) <= 80 for line in shown.splitlines())


@pytest.mark.parametrize(
    ("model", "audio", "message"),
    [
        ("runs", "clips", "holds models of 2 systems, expected one"),
        ("clips", "clips", "no saved model in"),
        ("card", "nowhere.wav", "no recording at"),
    ],
)
def test_mistakes_are_said_in_a_line(serbench, runs, clips, model, audio, message):
    folder, _, card = clips
    places = {"runs": runs, "clips": folder, "card": card}
    result = serbench("predict", "--model", places[model], places.get(audio, audio))

    assert result.exit_code == 2
    assert message in result.stderr
    assert len(result.stderr.splitlines()) == 1


def test_cells_that_were_done_before_are_counted_as_not_saved(serbench, tmp_path):
    asked = ("run", "--model", "majority", "--dataset", "synth", "--seeds", "1", "--no-floors", *SMALL)
    serbench(*asked, "--out", tmp_path)
    told = serbench(*asked, "--out", tmp_path, "--save-models").stdout

    assert "0 models saved" in told
    assert "5 models are not saved: their cells were done before" in told


@pytest.mark.parametrize("name", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1+1", "\r=1+1", "\uff1d1", "a\x1b[2J\u202eb"])
def test_no_name_in_csv_is_a_formula_or_controls_a_terminal(name, capsys):
    answer = Answer(Path(f"{name}.wav"), np.array([0.75, 0.25]))
    command._print_csv([name, "sad"], [answer])
    head, line = csv.reader(io.StringIO(capsys.readouterr().out))
    assert head[:2] == ["path", "label"]
    assert head[3] == "sad"
    assert line[2:] == ["0.75", "0.25"]
    assert (head[2], line[1]) == (spreadsheet_text(name),) * 2
    for text in (head[2], line[0], line[1]):
        assert text.isprintable()
        assert text[0] in "'a"
