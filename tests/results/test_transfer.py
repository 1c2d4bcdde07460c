"""Records from one store into another: nothing is overwritten, nothing is written by halves."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace

import pytest

from serbench.errors import FormatError, UsageError
from serbench.results.store import Store
from serbench.results.summary import summarise
from serbench.results.transfer import transfer
from serbench.scoring.metrics import confusion


@pytest.fixture
def target(tmp_path):
    return Store(tmp_path / "board")


def files(store):
    """Return every file of a store with its bytes, but for its lock."""
    return {
        path.relative_to(store.folder).as_posix(): path.read_bytes()
        for path in sorted(store.folder.rglob("*"))
        if path.is_file() and path.name != ".lock"
    }


def said(store):
    """Return every record of a store with the digest of what its predictions say now."""
    return [(record, record.predictions and store.predictions(record).digest) for record in store.records()]


def test_what_is_put_there_says_the_same_in_two_files_a_row(store, cells, target):
    cells.add(store, seeds=(0, 1))
    cells.add(store, key={"model": {"name": "cnn", "version": "1", "params": {}}}, label="cnn")
    done = transfer([store], target)
    assert (len(done.added), len(done.present)) == (9, 0)
    assert said(target) == said(store)
    assert len(files(target)) == 4


def test_further_seeds_join_their_row(store, cells, target):
    cells.add(store)
    transfer([store], target)
    cells.add(store, seeds=(1,))
    done = transfer([store], target)
    assert (len(done.added), len(done.present)) == (3, 3)
    assert said(target) == said(store)
    assert len(files(target)) == 2


def test_a_second_time_adds_nothing(store, cells, target):
    cells.add(store)
    transfer([store], target)
    before = files(target)
    done = transfer([store], target)
    assert (len(done.added), len(done.present)) == (0, 3)
    assert files(target) == before


def test_two_boards_become_one_and_what_both_have_counts_once(store, cells, target, tmp_path):
    other = Store(tmp_path / "other")
    cells.add(store)
    cells.add(other)
    cells.add(other, key={"model": {"name": "cnn", "version": "1", "params": {}}}, label="cnn")
    done = transfer([store, other], target)
    assert (len(done.added), len(done.present)) == (6, 0)
    assert [row.label for row in summarise(target)] == ["cnn", "logreg"]


@pytest.mark.parametrize("into_the_target", [True, False])
def test_two_results_of_one_cell_are_refused_and_nothing_is_written(store, cells, target, tmp_path, into_the_target):
    other = Store(tmp_path / "other")
    cells.add(store, folds=(0,))
    cells.add(store, folds=(1,), cost={"train_seconds": {"value": 1.0}})
    cells.add(target if into_the_target else other, folds=(1,), cost={"train_seconds": {"value": 2.0}})
    before = files(target)
    with pytest.raises(UsageError, match=r"group-2.*different results of one cell \(first in cost\.train_seconds\."):
        transfer([store] if into_the_target else [store, other], target)
    assert files(target) == before


def test_a_cell_under_another_label_is_another_result(store, cells, target):
    cells.add(store, folds=(0,))
    cells.add(target, folds=(0,), label="better")
    with pytest.raises(UsageError, match=r"first in label"):
        transfer([store], target)


def test_predictions_that_were_changed_are_not_published(store, cells, target):
    cells.add(store, folds=(0,))
    (path,) = store.folder.rglob("*.parquet")
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(FormatError, match="parquet is damaged"):
        transfer([store], target)
    assert files(target) == {}


def test_predictions_may_be_kept_back_and_handed_in_later(store, cells, target):
    cells.add(store, confusion=((4, 0, 0), (0, 4, 0), (0, 0, 4)))
    transfer([store], target, predictions=False)
    assert not (target.folder / "predictions").exists()
    (row,) = summarise(target)
    assert row.evidence == "self-reported"
    assert len(transfer([store], target).added) == 3
    assert said(target) == said(store)
    assert len(transfer([store], target, predictions=False).present) == 3
    assert said(target) == said(store)


def test_a_self_reported_row_shows_what_counts_give(store, cells, target):
    cells.add(store, seeds=(0, 1))
    for record in store.records():
        found = store.predictions(record)
        counts = tuple(map(tuple, confusion(found.truth, found.scores).tolist()))
        target.write(replace(record, confusion=counts, predictions=None))
    (full,), (row,) = summarise(store), summarise(target)
    assert row.is_complete
    for name in ("uar", "wa", "macro-f1"):
        assert row.scores[name].mean.value == pytest.approx(full.scores[name].mean.value)
    assert (row.confusion, row.adjusted_uar.value) == (full.confusion, pytest.approx(full.adjusted_uar.value))
    assert row.scores["log-loss"].mean.reason == "self-reported: there are no predictions"
    assert row.interval.reason == "self-reported: there are no predictions"
    assert (row.utterances, row.speakers, row.speaker_shares) == (full.utterances, 0, {})


def test_counts_that_do_not_fit_the_classes_are_refused(store, cells):
    store.write(cells.record(confusion=((1, 0), (0, 1))))
    with pytest.raises(FormatError, match=r"counts of shape \(2, 2\), expected \(3, 3\)"):
        summarise(store)


def test_a_replica_is_a_replica_whatever_lies_beside_it(store, cells):
    protocol = {"name": "replica-0000.00000", "version": "1", "split": "s1", "folds": 3}
    cells.add(store, key={"protocol": protocol})
    (row,) = summarise(store)
    assert row.evidence == "replica"


def test_one_writer_at_a_time(store, cells, target):
    cells.add(store)
    with target.alone(), pytest.raises(UsageError, match=r"another serbench is changing .*board"):
        transfer([store], Store(target.folder))
    assert list(target.records()) == []
    assert len(transfer([store], target).added) == 3


def test_many_writers_lose_nothing(store, cells, target, tmp_path):
    """Programs that add at once: each is done or refused, and a refused one is done when it is started again."""
    folders = []
    for number in range(6):
        other = Store(tmp_path / f"run{number}")
        cells.add(other, key={"model": {"name": f"m{number}", "version": "1", "params": {}}}, label=f"m{number}")
        folders.append(other.folder)
    program = (
        "import sys; from pathlib import Path; from serbench.results.store import Store;"
        "from serbench.results.transfer import transfer; transfer([Store(Path(sys.argv[1]))], Store(Path(sys.argv[2])))"
    )
    started = [
        subprocess.Popen([sys.executable, "-c", program, folder, target.folder], stderr=subprocess.PIPE, text=True)
        for folder in folders
    ]
    refused = []
    for process, folder in zip(started, folders, strict=True):
        _, said = process.communicate(timeout=120)
        if process.returncode:
            assert "another serbench is changing" in said
            refused.append(folder)
    for folder in refused:
        assert len(transfer([Store(folder)], target).added) == 3
    assert [row.label for row in summarise(target)] == [f"m{number}" for number in range(6)]
