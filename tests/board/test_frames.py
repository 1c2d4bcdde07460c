"""Results as frames: what they hold is what the records hold, and Parquet gives it back."""

from __future__ import annotations

import pandas as pd
import pytest

import serbench
from serbench.errors import FormatError, UsageError
from serbench.results.store import Store
from serbench.results.summary import summarise

LEVELS = ("rows", "cells", "predictions")


def test_rows_hold_what_the_summary_says(full):
    frame = serbench.load_results(full.folder)
    rows = {(row.system, row.task): row for row in summarise(full)}
    assert len(frame) == len(rows)
    for line in frame.astype(object).where(frame.notna(), None).to_dict("records"):
        row = rows[line["system"], line["task"]]
        assert line["uar"] == row.uar.value
        assert line["parameters_total"] == row.cost_of("parameters_total").value
        assert {name: line[f"recall:{name}"] for name in row.recalls} == {k: v.value for k, v in row.recalls.items()}
        assert (line["uar_low"], line["uar_high"]) == (row.interval.low, row.interval.high)
        assert (line["dataset"], line["seeds"], line["is_complete"]) == (
            row.dataset.name,
            len(row.seeds),
            row.is_complete,
        )


def test_cells_hold_what_the_records_say(store, cells):
    figures = {"uar": {"value": 0.5}, "ece": {"value": None, "reason": "one class"}}
    cells.add(store, scores=figures, cost={"train_seconds": {"value": 2}}, rows={"train": 7, "test": 24})
    store.write(cells.record(cells.key(fold="group-4"), status="failed", reason="no luck"))
    frame = serbench.load_results(store.folder, "cells").set_index("fold")
    assert list(frame.loc["group-1", ["uar", "train_seconds", "train", "test", "status"]]) == [0.5, 2, 7, 24, "done"]
    assert list(frame.loc["group-4", ["status", "reason"]]) == ["failed", "no luck"]
    unknown = {**frame.loc["group-1"].isna(), "of the failed": frame.loc["group-4", "uar"] is pd.NA}
    assert [name for name, is_unknown in unknown.items() if is_unknown] == ["reason", "ece"]
    assert frame["ece"].dtype == frame["uar"].dtype == "float64"


def test_predictions_hold_what_was_predicted(store, cells):
    cells.add(store, folds=(1,), seeds=(3,))
    (record,) = store.records()
    found = store.predictions(record)
    frame = serbench.load_results(store.folder, "predictions")
    assert list(frame["id"]) == list(found.ids)
    assert list(frame["speaker"]) == list(found.speakers)
    assert frame[[f"score:{name}" for name in cells.classes]].to_numpy().tolist() == found.scores.tolist()
    assert list(frame["truth"]) == [cells.classes[place] for place in found.truth]
    assert list(frame["prediction"]) == [cells.classes[place] for place in found.scores.argmax(axis=1)]
    assert set(zip(frame["fold"], frame["seed"], strict=True)) == {("group-2", 3)}


def test_systems_of_one_label_have_the_boards_names_on_every_level(store, cells):
    for version in ("1", "2"):
        cells.add(store, key={"model": {"name": "logreg", "version": version, "params": {}}})
    found = [set(serbench.load_results(store.folder, level)["model"]) for level in LEVELS]
    assert found == [{"logreg v1", "logreg v2"}] * 3


@pytest.mark.parametrize("level", LEVELS)
def test_parquet_gives_a_frame_back(full, tmp_path, level):
    frame = serbench.load_results(full.folder, level)
    frame.to_parquet(tmp_path / "results.parquet")
    pd.testing.assert_frame_equal(pd.read_parquet(tmp_path / "results.parquet"), frame)


@pytest.mark.parametrize("level", LEVELS)
def test_types_do_not_depend_on_what_is_known(full, store, tmp_path, cells, level):
    bare = Store(tmp_path / "bare")
    bare.write(cells.record(status="failed", reason="no luck"))
    if level == "predictions":
        cells.add(bare)
    several, one = (serbench.load_results(each.folder, level).dtypes for each in (full, bare))
    assert [name for name in one.index if name in several and one[name] != several[name]] == []


@pytest.mark.parametrize("level", LEVELS)
def test_an_empty_folder_is_a_mistake(tmp_path, level):
    with pytest.raises(UsageError, match=rf"^no {level} below .*, expected the --out folder of a run"):
        serbench.load_results(tmp_path, level)


def test_another_level_is_a_mistake(tmp_path):
    with pytest.raises(UsageError, match=r"^level is 'row', expected one of .*; did you mean 'rows'\?$"):
        serbench.load_results(tmp_path, "row")


@pytest.mark.parametrize("level", ["rows", "predictions"])
def test_damaged_predictions_are_named(store, cells, level):
    cells.add(store)
    path = next(iter(sorted(store.folder.rglob("*.parquet"))))
    path.write_bytes(b"PAR1")
    with pytest.raises(FormatError, match=path.name.replace(".", r"\.")):
        serbench.load_results(store.folder, level)
