"""Finished runs against their splits."""

from __future__ import annotations

from dataclasses import replace

import pytest
import soundfile

from serbench.audit.recorded_splits import RecordedSplits
from serbench.audit.runs import audit_run
from serbench.audit.sounds import Sounds
from serbench.errors import UsageError
from serbench.plugin.registry import load_registry
from serbench.results.predictions import TestPredictions
from tests.corpus.voices import voice
from tests.run import toy
from tests.run.conftest import World
from tests.run.test_crossing import PITCHES, Corpora


def speak(world):
    """Put voices in place of the tones: two tones of one pitch are one sound."""
    for seed, path in enumerate(sorted(world.folder.rglob("*.wav"))):
        soundfile.write(path, voice(seed, 0.7, toy.RATE), toy.RATE)
    return world


@pytest.fixture
def spoken(world):
    return speak(world)


def audit(spoken, *data_roots):
    workspace = spoken.workspace(*data_roots)
    return audit_run(spoken.store, RecordedSplits(workspace), Sounds(workspace))


def kinds(task):
    return {each.kind: each.items for each in task.findings}


def test_a_finished_run_is_clean(spoken):
    spoken.run("nearest", "augmented")
    (found,) = audit(spoken)
    assert (found.leaks, found.verdict, found.findings) == (False, "clean", ())
    assert (found.systems, found.cells, found.tested) == (("augmented", "nearest"), 12, 36)


def test_a_finished_run_that_left_recordings_out_is_clean(spoken):
    path = spoken.folder / "toy" / "spk1" / "calm-0.wav"
    path.write_bytes(path.read_bytes()[:-100])
    assert not spoken.run("nearest", skip_bad_audio=True).failed
    assert {tuple(record.left_out) for record in spoken.store.records()} == {("calm-spk1-0",)}
    (found,) = audit(spoken)
    assert (found.verdict, found.findings, found.tested) == ("clean", (), 35)


def test_a_run_that_left_out_what_can_be_read_now_is_still_clean(spoken):
    path = spoken.folder / "toy" / "spk1" / "calm-0.wav"
    sound = path.read_bytes()
    path.write_bytes(sound[:-100])
    spoken.run("nearest", skip_bad_audio=True)
    path.write_bytes(sound)
    (found,) = audit(spoken)
    assert (found.verdict, found.findings) == ("clean", ())


@pytest.fixture
def crossed(tmp_path):
    """Return two corpora that were crossed without a recording of one, which has a namesake in the other."""
    for seed, name in enumerate(("east", "west")):
        toy.make_corpus(tmp_path, name=name, pitches=PITCHES, seed=seed)
    world = speak(World(tmp_path, load_registry(only=(), extra=[toy, Corpora()])))
    path = tmp_path / "west" / "spk1" / "low-0.wav"
    path.write_bytes(path.read_bytes()[:-100])
    request = {"datasets": ("east", "west"), "protocols": ("cross",), "seeds": 1, "skip_bad_audio": True}
    assert not world.run("nearest", **request).failed
    return world


def test_a_crossing_that_left_recordings_out_is_clean(crossed):
    assert {tuple(record.left_out) for record in crossed.store.records()} == {(), ("west/low-spk1-0",)}
    found = audit(crossed)
    assert {task.dataset.name: (task.verdict, task.findings, task.tested) for task in found} == {
        "east-to-east": ("clean", (), 48),
        "east-to-west": ("clean", (), 47),
        "west-to-east": ("clean", (), 48),
        "west-to-west": ("clean", (), 47),
    }


def test_a_run_under_a_leaky_split_leaks(spoken):
    spoken.run("nearest", protocols=("random",), seeds=1)
    (found,) = audit(spoken)
    assert found.verdict == "leaks"
    assert {each.kind for each in found.split.findings if each.leaks} == {"speakers"}


def test_what_is_missing_failed_or_damaged_is_named(spoken):
    spoken.run("nearest", "failing", seeds=1)
    store = spoken.store
    first, second, *_ = [each for each in store.records() if each.label == "nearest"]
    store.record_path(first).unlink()
    store.predictions_path(second).write_bytes(b"changed")
    (found,) = audit(spoken)
    assert found.verdict == "clean"
    there = kinds(found)
    assert there["missing"][0].startswith("failing/seed0: 0 of 4 folds")
    assert there["missing"][1] == f"nearest/seed0: 3 of 4 folds, without {first.key.fold}"
    assert len(there["failed"]) == 4
    assert "parquet is damaged: " in there["damaged"][0]


def changed(store, record, ids=None, speakers=None, truth=None):
    """Write a record again with other predictions."""
    old = store.predictions(record)
    store.write(
        record,
        TestPredictions(
            ids or old.ids, speakers or old.speakers, old.truth if truth is None else truth, old.scores, old.classes
        ),
    )


def test_a_row_tested_where_it_was_trained_on_leaks(spoken):
    spoken.run("nearest", seeds=1)
    one, two, *_ = spoken.store.records()
    changed(spoken.store, one, ids=spoken.store.predictions(two).ids)
    (found,) = audit(spoken)
    assert found.verdict == "leaks"
    there = kinds(found)
    assert len(there["trained-on"]) == len(there["twice"]) == 9
    assert len(there["untested"]) == 9
    assert there["trained-on"][0].startswith(f"{one.key.fold}: ")


def test_rows_and_folds_that_the_split_does_not_have_are_strange(spoken):
    spoken.run("nearest", seeds=1)
    one, *_ = spoken.store.records()
    old = spoken.store.predictions(one)
    changed(spoken.store, one, ids=("a stranger", *old.ids[1:]))
    spoken.store.write(replace(one, key=replace(one.key, fold="another")), old)
    there = kinds(*audit(spoken))
    assert there["strange"] == ("nearest/seed0: fold another", f"{one.key.fold}: a stranger")


def test_records_that_differ_in_the_truth_are_named(spoken):
    spoken.run("nearest", "choosy", seeds=1)
    one, *_ = spoken.store.records()
    old = spoken.store.predictions(one)
    changed(spoken.store, one, truth=(old.truth + 1) % 3)
    assert kinds(*audit(spoken))["truths"] == old.ids


def test_without_the_corpus_the_records_are_compared_with_one_another(spoken):
    spoken.run("nearest", seeds=1)
    (found,) = audit(spoken, spoken.folder / "nowhere")
    assert (found.verdict, found.split) == ("unknown", None)
    assert "a test makes it" in kinds(found)["unseen"][0]


def test_speakers_of_several_folds_leak_where_the_split_cannot_be_made_again(spoken):
    spoken.run("nearest", protocols=("random",), seeds=1)
    (found,) = audit(spoken, spoken.folder / "nowhere")
    assert found.verdict == "leaks"
    assert [each.partition(":")[0] for each in kinds(found)["moved"]] == ["spk0", "spk1", "spk2", "spk3"]


def test_a_run_on_another_copy_has_another_split(spoken):
    spoken.run("nearest", seeds=1)
    next((spoken.folder / "toy").rglob("*.wav")).unlink()
    (found,) = audit(spoken)
    assert found.split is None
    assert kinds(found)["split"][0].startswith("records ")


def test_a_folder_without_records_is_refused(spoken):
    with pytest.raises(UsageError, match="no records below"):
        audit(spoken)
