"""``predict`` as a person meets it: saved by a run, used on files, patterns and folders."""

from __future__ import annotations

import csv
import io
import json
import shutil

import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner

from serbench.cli.app import app

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
