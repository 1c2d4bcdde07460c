from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from serbench.digest import digest_bytes, digest_file
from serbench.errors import FormatError
from serbench.results.store import TestPredictions


def test_a_cell_comes_back_as_it_was_written(store, cells):
    predictions = cells.predictions(0, 0)
    written = store.write(cells.record(), predictions)
    assert store.find(written.key, "logreg") == written
    assert list(store.records()) == [written]
    assert written.predictions == digest_file(store.predictions_path(written))
    found = store.predictions(written)
    assert (found.ids, found.speakers, found.classes) == (predictions.ids, predictions.speakers, predictions.classes)
    assert (found.truth == predictions.truth).all()
    assert (found.scores == predictions.scores).all()
    assert (found.truth.dtype, found.scores.dtype) == (np.int64, np.float64)


def test_the_predictions_file_is_readable_by_anybody(store, cells):
    import pyarrow.parquet as pq

    written = store.write(cells.record(), cells.predictions(0, 0))
    columns = pq.read_table(store.predictions_path(written)).column_names
    assert columns == ["id", "speaker", "truth", "prediction", "score:angry", "score:calm", "score:sad"]


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
        ('{"kind": "serbench-record", "format": 1}', "missing or unknown"),
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
    path = store.predictions_path(written)
    path.write_bytes(path.read_bytes() + b" ")
    with pytest.raises(FormatError, match="was changed after its record was written"):
        store.predictions(written)


def test_missing_predictions_are_named(store, cells):
    written = store.write(cells.record(), cells.predictions(0, 0))
    store.predictions_path(written).unlink()
    with pytest.raises(FormatError, match=r"\.parquet is missing"):
        store.predictions(written)


def test_predictions_of_other_classes_are_refused(store, cells):
    written = store.write(cells.record(), cells.predictions(0, 0))
    with pytest.raises(FormatError, match="expected scores of"):
        store.predictions(replace(written, classes=("x", "y", "z")))


@pytest.mark.parametrize(
    ("column", "words"),
    [
        (lambda values: pa.array([None, *values[1:]], pa.float64()), "no float64 numbers"),
        (lambda values: pa.array(values, pa.float32()), "no float64 numbers"),
        (lambda values: pa.array([str(each) for each in values]), "no float64 numbers"),
        (lambda values: pa.array([float("nan"), *values[1:]]), "not finite"),
    ],
    ids=["a hole", "float32", "words", "nan"],
)
def test_scores_that_are_no_numbers_are_refused(store, cells, column, words):
    written = store.write(cells.record(), cells.predictions(0, 0))
    path = store.predictions_path(written)
    table = pq.read_table(path)
    changed = table.set_column(4, "score:angry", column(table["score:angry"].to_pylist()))
    pq.write_table(changed, path)

    with pytest.raises(FormatError, match=words):
        store.predictions(replace(written, predictions=digest_bytes(path.read_bytes())))


@pytest.mark.parametrize(
    ("place", "name", "words"),
    [
        (2, "truth", "is 'boredom', expected one of"),
        (3, "prediction", "is 'boredom', but the largest score is '[a-z]+''s"),
    ],
    ids=["truth", "prediction"],
)
def test_the_first_word_that_contradicts_the_rest_is_named(store, cells, place, name, words):
    predictions = cells.predictions(0, 0)
    written = store.write(cells.record(), predictions)
    path = store.predictions_path(written)
    table = pq.read_table(path)
    before = table[name].to_pylist()
    changed = table.set_column(place, name, pa.array([*before[:2], *["boredom"] * (len(before) - 2)]))
    pq.write_table(changed, path)

    with pytest.raises(FormatError, match=f"the {name} of {predictions.ids[2]} {words}"):
        store.predictions(replace(written, predictions=digest_bytes(path.read_bytes())))


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
