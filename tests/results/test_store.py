from __future__ import annotations

import json
import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from serbench.errors import FormatError
from serbench.results.predictions import TestPredictions
from serbench.results.store import Store
from tests.records import edit_record


def test_a_cell_comes_back_as_it_was_written(store, cells):
    predictions = cells.predictions(0, 0)
    written = store.write(cells.record(), predictions)
    assert store.find(written.key, "logreg") == written
    assert list(store.records()) == [written]
    assert written.predictions == predictions.digest
    found = store.predictions(written)
    assert (found.ids, found.speakers, found.classes) == (predictions.ids, predictions.speakers, predictions.classes)
    assert (found.truth == predictions.truth).all()
    assert (found.scores == predictions.scores).all()
    assert (found.truth.dtype, found.scores.dtype) == (np.int64, np.float64)


def test_the_predictions_file_is_readable_by_anybody(store, cells):
    import pyarrow.parquet as pq

    written = store.write(cells.record(), cells.predictions(0, 0))
    columns = pq.read_table(store.predictions_path(written)).column_names
    assert columns == ["fold", "seed", "id", "speaker", "truth", "prediction", "score:angry", "score:calm", "score:sad"]


def test_a_cell_that_was_never_run_is_none(store, cells):
    assert store.find(cells.key(), "logreg") is None
    assert list(store.records()) == []


def test_a_failed_cell_needs_no_predictions_and_gives_way_to_a_done_one(store, cells):
    store.write(cells.record(status="failed", reason="it broke"))
    assert [each.reason for each in store.records()] == ["it broke"]
    store.write(cells.record(), cells.predictions(0, 0))
    assert [each.status for each in store.records()] == ["done"]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("{", "is damaged"),
        ("", "is damaged"),
        ("[]", "is not a 'serbench-record'"),
        ('{"kind": "other", "format": 1}', "is not a 'serbench-record'"),
        ('{"kind": "serbench-record", "format": 99}', "has format 99"),
        ('{"kind": "serbench-record", "format": 2}', "expected records, one at least"),
        ('{"kind": "serbench-record", "format": 2, "records": []}', "expected records, one at least"),
        ('{"kind": "serbench-record", "format": 2, "records": [1]}', "a record is no object"),
        ('{"kind": "serbench-record", "format": 2, "records": [{}]}', "missing or unknown"),
        ("[" * 100_000, "is damaged"),
    ],
)
def test_a_record_that_is_none_is_refused_and_named(store, cells, text, words):
    path = store.record_path(cells.record())
    path.parent.mkdir(parents=True)
    path.write_text(text)
    for read in (lambda: store.find(cells.key(), "logreg"), lambda: list(store.records())):
        with pytest.raises(FormatError, match=words) as caught:
            read()
        assert str(path) in str(caught.value)


def test_changed_predictions_are_refused(store, cells):
    written = store.write(cells.record(), cells.predictions(0, 0))
    other = cells.predictions(0, 1)
    store.write(replace(written, predictions=None), other)  # the record of other predictions is written over
    store.write(written)
    with pytest.raises(FormatError, match="were changed after their record was written"):
        store.predictions(written)


def test_a_damaged_file_of_predictions_is_named(store, cells):
    written = store.write(cells.record(), cells.predictions(0, 0))
    path = store.predictions_path(written)
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(FormatError, match=r"\.parquet is damaged: "):
        store.predictions(written)


def test_missing_predictions_are_named(store, cells):
    written = store.write(cells.record(), cells.predictions(0, 0))
    store.predictions_path(written).unlink()
    with pytest.raises(FormatError, match=r"\.parquet is missing"):
        store.predictions(written)


def test_predictions_of_other_classes_are_refused(store, cells):
    written = store.write(cells.record(), cells.predictions(0, 0))
    with pytest.raises(FormatError, match="scores of"):
        store.predictions(replace(written, classes=("x", "y", "z")))


@pytest.mark.parametrize(
    ("name", "change", "words"),
    [
        ("score:angry", lambda values: pa.array([None, *values[1:]], pa.float64()), "empty cells"),
        ("score:angry", lambda values: pa.array(values, pa.float32()), "is float, expected double"),
        ("score:angry", lambda values: pa.array([str(value) for value in values]), "is string, expected double"),
        ("score:angry", lambda values: pa.array([float("nan"), *values[1:]]), "not finite"),
        ("speaker", lambda values: pa.array([None, *values[1:]], pa.string()), "empty cells"),
        ("speaker", lambda values: pa.array([b"\xff"] * len(values)).view(pa.string()), "is damaged: .*UTF8"),
        ("truth", lambda values: pa.array(["joy", *values[1:]]), "the truth of a-000 is 'joy'"),
        ("prediction", lambda values: pa.array(["joy", *values[1:]]), "but the largest score is"),
        ("seed", lambda values: pa.array([str(value) for value in values]), "is string, expected int64"),
        ("seed", lambda values: pa.array([1] * len(values)), "were changed after their record was written"),
    ],
    ids=[
        "a hole",
        "float32",
        "words",
        "nan",
        "nobody",
        "no UTF-8",
        "no class",
        "no prediction",
        "a word",
        "another cell",
    ],
)
def test_a_column_that_is_not_what_it_should_be_is_refused(store, cells, name, change, words):
    written = store.write(cells.record(), cells.predictions(0, 0))
    path = store.predictions_path(written)
    table = pq.ParquetFile(pa.BufferReader(path.read_bytes())).read()
    place = table.column_names.index(name)
    pq.write_table(table.set_column(place, name, change(table[name].to_pylist())), path)
    with pytest.raises(FormatError, match=words) as caught:
        store.predictions(written)
    assert str(path) in str(caught.value)


def test_a_file_that_unpacks_to_more_than_its_records_promise_is_refused_unread(store, cells, monkeypatch):
    written = store.write(cells.record(), cells.predictions(0, 0))
    path = store.predictions_path(written)
    table = pq.ParquetFile(pa.BufferReader(path.read_bytes())).read()
    pq.write_table(pa.concat_tables([table.slice(0, 1)] * 100_000), path, compression="zstd")
    monkeypatch.setattr(pq.ParquetFile, "read", None)
    with pytest.raises(FormatError, match="has 100000 rows, expected the 24 that its records promise"):
        store.predictions(written)


@pytest.mark.parametrize("folder", ["records", "predictions"])
def test_links_and_pipes_are_refused_by_name(store, cells, tmp_path, folder):
    written = store.write(cells.record(), cells.predictions(0, 0))
    path = store.record_path(written) if folder == "records" else store.predictions_path(written)
    moved = path.rename(tmp_path / "moved")
    read = store.record_files if folder == "records" else store.prediction_files
    path.symlink_to(moved)
    with pytest.raises(FormatError, match="is a link") as caught:
        read()
    assert str(path) in str(caught.value)
    path.unlink()
    os.mkfifo(path)
    with pytest.raises(FormatError, match="is no regular file"):
        list(store.records()) if folder == "records" else store.predictions(written)


@pytest.mark.parametrize("name", ["..", ".", "", "../../x", "/tmp/x", "a\\b", "x" * 400, "\ud800", "a\nb", "con"])
@pytest.mark.parametrize("what", ["dataset", "protocol", "label", "fold"])
def test_no_name_leads_out_of_the_store(tmp_path, cells, what, name):
    changed = {what: {"name": name}} if what in ("dataset", "protocol") else {what: name} if what == "fold" else {}
    record = replace(cells.record(cells.key(**changed)), **({"label": name} if what == "label" else {}))
    inside = Store(tmp_path / "deep" / "store")
    for stem in (record.stem, record.row_stem):
        path = inside.folder / "records" / f"{stem}.json"
        assert path.resolve().is_relative_to(inside.folder / "records")
        assert len(path.relative_to(inside.folder).parts) == stem.count("/") + 2
    inside.write(record)
    inside.write_row([record], {})
    assert [path.name for path in tmp_path.iterdir()] == ["deep"]
    assert [path.name for path in (tmp_path / "deep").iterdir()] == ["store"]
    assert list(inside.records()) == [record]


def test_an_altered_record_is_refused_by_its_seal(store, cells):
    written = store.write(cells.record(), cells.predictions(0, 0))
    edit_record(store, written, is_sealed=False, notes=["all is well"])
    with pytest.raises(FormatError, match="was altered after it was written: its seal does not fit") as caught:
        list(store.records())
    assert f"{store.record_path(written)}: " in str(caught.value)


def test_the_record_of_another_cell_is_no_cell_s(store, cells):
    """Its file under the name of another: its score would stand for a cell that was never run."""
    first, second = (store.write(cells.record(cells.key(fold=f"group-{n}")), cells.predictions(n, 0)) for n in (0, 1))
    path = store.record_path(second)
    path.write_bytes(store.record_path(first).read_bytes())
    for read in (lambda: Store(store.folder).find(second.key, "logreg"), lambda: list(Store(store.folder).records())):
        with pytest.raises(FormatError, match="by its key and label its record belongs into"):
            read()


def test_a_row_is_two_files_and_says_what_its_cells_said(store, cells, tmp_path):
    cells.add(store, seeds=(0, 1))
    records = list(store.records())
    row = Store(tmp_path / "board")
    told = {(record.key.fold, record.key.seed): store.predictions(record) for record in records}
    row.write_row(records, told)
    assert len(row.record_files()) == len(row.prediction_files()) == 1
    assert list(row.records()) == records
    for record in records:
        assert row.predictions(record).digest == store.predictions(record).digest
        assert row.find(record.key, record.label) == record


def test_a_row_that_grows_has_two_files_all_the_same(store, cells):
    cells.add(store, seeds=(0, 1))
    records = list(store.records())
    told = {(record.key.fold, record.key.seed): store.predictions(record) for record in records}
    store.write_row(records[:3], {at: found for at, found in told.items() if at[1] == records[0].key.seed})
    store.write_row(records, told)
    assert len(store.record_files()) == len(store.prediction_files()) == 1
    assert list(store.records()) == records


def test_a_format_of_before_is_refused_with_what_to_do(store, cells):
    path = store.record_path(cells.record())
    path.parent.mkdir(parents=True)
    path.write_text('{"kind": "serbench-record", "format": 1}')
    with pytest.raises(FormatError, match="has format 1, this serbench reads 2; make it again"):
        list(store.records())


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("truth", "is 'boredom', expected one of"),
        ("prediction", "is 'boredom', but the largest score is '[a-z]+''s"),
    ],
    ids=["truth", "prediction"],
)
def test_the_first_word_that_contradicts_the_rest_is_named(store, cells, name, words):
    predictions = cells.predictions(0, 0)
    written = store.write(cells.record(), predictions)
    path = store.predictions_path(written)
    table = pq.read_table(path)
    before = table[name].to_pylist()
    changed = table.set_column(
        table.column_names.index(name), name, pa.array([*before[:2], *["boredom"] * (len(before) - 2)])
    )
    pq.write_table(changed, path)

    with pytest.raises(FormatError, match=f"the {name} of {predictions.ids[2]} {words}"):
        store.predictions(written)


def test_undefined_numbers_cannot_be_written(store, cells):
    with pytest.raises(ValueError, match="a figure is finite, got nan"):
        store.write(cells.record(cost={"train_seconds": {"value": float("nan")}}))
    assert list(store.records()) == []
    assert not list(store.folder.rglob("*.part"))


def test_two_writers_leave_whole_files(store, cells):
    work = [cells.record(cells.key(seed=seed)) for seed in (0, 1) for _ in range(10)]
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda record: store.write(record, cells.predictions(0, record.key.seed)), work))
    records = list(store.records())
    assert [record.key.seed for record in records] == [0, 1]
    assert all(len(store.predictions(record).ids) == 24 for record in records)
    assert not list(store.folder.rglob("*.part"))
    json.loads(store.record_path(records[0]).read_text())


def test_joined_parts_are_sorted_whatever_their_order(cells):
    parts = [cells.predictions(fold, 0) for fold in (0, 1, 2)]
    forth, back = TestPredictions.join(parts), TestPredictions.join(parts[::-1])
    assert forth.ids == back.ids == tuple(sorted(forth.ids))
    assert forth.speakers == back.speakers
    assert (forth.scores == back.scores).all()
    assert all(uid.startswith(name) for uid, name in zip(forth.ids, forth.speakers, strict=True))


def test_a_row_predicted_twice_and_mixed_classes_are_refused(cells):
    part = cells.predictions(0, 0)
    with pytest.raises(FormatError, match="predicted twice"):
        TestPredictions.join([part, part])
    with pytest.raises(FormatError, match="different classes"):
        TestPredictions.join([part, replace(cells.predictions(1, 0), classes=("x", "y", "z"))])
