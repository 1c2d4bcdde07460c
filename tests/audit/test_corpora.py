"""EmoBox's folds by names alone, and finished runs against their splits."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
import soundfile

from serbench.audit.corpora import Places
from serbench.audit.emobox import audit_emobox, listed_manifest, named_manifest
from serbench.audit.recorded_splits import Again
from serbench.audit.runs import audit_run
from serbench.errors import UsageError
from serbench.plugin.registry import load_registry
from serbench.protocol.emobox import read_emobox
from serbench.results.store import TestPredictions
from tests.corpus.voices import voice
from tests.run import toy
from tests.run.conftest import no_progress
from tests.sample_trees import DATASETS


def write_lists(folder, name, folds):
    """Write EmoBox's lists: per fold, ``train`` and ``test`` as (path, word) pairs."""
    for number, parts in enumerate(folds, start=1):
        for part, rows in parts.items():
            path = folder / name / f"fold_{number}" / f"{name}_{part}_fold_{number}.jsonl"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text("".join(json.dumps({"wav": wav, "emo": word}) + "\n" for wav, word in rows))
    return folder


def savee(*speakers):
    """Return clips of SAVEE as a popular mirror names them."""
    letters = {"a": "a", "n": "n", "sa": "sa"}
    return [
        (f"downloads/savee/{who}_{code}{n:02d}.wav", letters[code])
        for who in speakers
        for code in letters
        for n in (1, 2)
    ]


def audit_lists(folder, tmp_path, *names):
    places = Places((), tmp_path / "cache")
    return audit_emobox(folder, names, places, load_registry(only=()), no_progress)


def test_speakers_are_read_from_names_where_no_recording_is_at_hand(tmp_path):
    folder = write_lists(tmp_path / "box", "savee", [{"train": savee("DC", "JE"), "test": savee("JK", "KL")}])
    (found,) = audit_lists(folder, tmp_path)
    assert (found.copy, found.leaks, found.knows_speakers) == (None, False, True)
    assert found.manifest.speakers == ("DC", "JE", "JK", "KL")
    assert found.splits[0].tested == 12


def test_shared_speakers_are_found_by_names(tmp_path):
    rows = savee("DC", "JE")
    folder = write_lists(tmp_path / "box", "savee", [{"train": rows[::2], "test": rows[1::2]}])
    (found,) = audit_lists(folder, tmp_path, "savee")
    (speakers,) = (each for each in found.splits[0].findings if each.kind == "speakers")
    assert (speakers.items, speakers.leaks) == (("DC", "JE"), True)


def test_a_corpus_that_nobody_can_read_is_compared_by_ids_alone(tmp_path):
    rows = [(f"downloads/other/{n}.wav", "ab"[n % 2]) for n in range(20)]
    clean = write_lists(tmp_path / "clean", "other", [{"train": rows[:10], "test": rows[10:]}])
    (found,) = audit_lists(clean, tmp_path)
    assert (found.leaks, found.knows_speakers) == (False, False)
    overlapping = write_lists(tmp_path / "bad", "other", [{"train": rows[:12], "test": rows[10:]}])
    (found,) = audit_lists(overlapping, tmp_path)
    assert next(each for each in found.splits[0].findings if each.kind == "rows").items == ("10", "11")


def test_names_that_repeat_in_other_folders_stay_apart(tmp_path):
    rows = [(f"downloads/other/{folder}/{n}.wav", "a") for folder in "xy" for n in range(3)]
    folder = write_lists(tmp_path / "box", "other", [{"train": rows[:3], "test": rows[3:]}])
    manifest = listed_manifest("other", read_emobox(folder, "other"))
    assert len(manifest) == 6
    assert audit_lists(folder, tmp_path)[0].splits[0].tested == 3


def test_a_dataset_that_needs_more_than_names_reads_none(tmp_path):
    rows = [("downloads/iemocap/Ses01F_impro01_F000.wav", "neu")]
    folder = write_lists(tmp_path / "box", "iemocap", [{"train": rows, "test": rows}])
    assert named_manifest(DATASETS["iemocap"](), read_emobox(folder, "iemocap")) is None


def test_a_path_that_climbs_stays_below(tmp_path):
    rows = [("../../../downloads/savee/DC_a01.wav", "a"), ("/DC_n01.wav", "n")]
    folder = write_lists(tmp_path / "box", "savee", [{"train": rows, "test": rows}])
    manifest = named_manifest(DATASETS["savee"](), read_emobox(folder, "savee"))
    assert [each.id for each in manifest.utterances] == ["DC_a01", "DC_n01"]
    assert not list(tmp_path.rglob("DC_*"))


# Finished runs


@pytest.fixture
def heard(world):
    """Return the world with voices in place of its tones: two tones of one pitch are one sound."""
    for seed, path in enumerate(sorted((world.folder / "toy").rglob("*.wav"))):
        soundfile.write(path, voice(seed, 0.7, toy.RATE), toy.RATE)
    return world


def trace(heard, *, found=True):
    places = Places((heard.folder,) if found else (), heard.folder / "cache")
    return audit_run(heard.store, Again(heard.registry, places, no_progress))


def kinds(audit):
    return {each.kind: each.items for each in audit.findings}


def test_a_finished_run_is_clean(heard):
    heard.run("nearest", "augmented")
    (found,) = trace(heard)
    assert (found.leaks, found.verdict, found.findings) == (False, "clean", ())
    assert (found.systems, found.cells, found.tested) == (("augmented", "nearest"), 12, 36)


def test_a_run_under_a_leaky_split_leaks(heard):
    heard.run("nearest", protocols=("random",), seeds=1)
    (found,) = trace(heard)
    assert found.verdict == "leaks"
    assert {each.kind for each in found.split.findings if each.leaks} == {"speakers"}


def test_what_is_missing_failed_or_damaged_is_named(heard):
    heard.run("nearest", "failing", seeds=1)
    store = heard.store
    first, second, *_ = [each for each in store.records() if each.label == "nearest"]
    store.record_path(first).unlink()
    store.predictions_path(second).write_bytes(b"changed")
    (found,) = trace(heard)
    assert found.verdict == "clean"
    there = kinds(found)
    assert there["missing"][0].startswith("failing/seed0: 0 of 4 folds")
    assert there["missing"][1] == f"nearest/seed0: 3 of 4 folds, without {first.key.fold}"
    assert len(there["failed"]) == 4
    assert "was changed after its record was written" in there["damaged"][0]


def changed(store, record, ids=None, speakers=None, truth=None):
    """Write a record again with other predictions."""
    old = store.predictions(record)
    store.write(
        record,
        TestPredictions(
            ids or old.ids, speakers or old.speakers, old.truth if truth is None else truth, old.scores, old.classes
        ),
    )


def test_a_row_tested_where_it_was_trained_on_leaks(heard):
    heard.run("nearest", seeds=1)
    one, two, *_ = heard.store.records()
    changed(heard.store, one, ids=heard.store.predictions(two).ids)
    (found,) = trace(heard)
    assert found.verdict == "leaks"
    there = kinds(found)
    assert len(there["trained-on"]) == len(there["twice"]) == 9
    assert len(there["untested"]) == 9
    assert there["trained-on"][0].startswith(f"{one.key.fold}: ")


def test_rows_and_folds_that_the_split_does_not_have_are_strange(heard):
    heard.run("nearest", seeds=1)
    one, *_ = heard.store.records()
    old = heard.store.predictions(one)
    changed(heard.store, one, ids=("a stranger", *old.ids[1:]))
    heard.store.write(replace(one, key=replace(one.key, fold="another")), old)
    there = kinds(*trace(heard))
    assert there["strange"] == ("nearest/seed0: fold another", f"{one.key.fold}: a stranger")


def test_records_that_differ_in_the_truth_are_named(heard):
    heard.run("nearest", "choosy", seeds=1)
    one, *_ = heard.store.records()
    old = heard.store.predictions(one)
    changed(heard.store, one, truth=(old.truth + 1) % 3)
    assert kinds(*trace(heard))["truths"] == old.ids


def test_without_the_corpus_the_records_are_compared_with_one_another(heard):
    heard.run("nearest", seeds=1)
    (found,) = trace(heard, found=False)
    assert (found.verdict, found.split) == ("unknown", None)
    assert "a test makes it" in kinds(found)["unseen"][0]


def test_speakers_of_several_folds_leak_where_the_split_cannot_be_made_again(heard):
    heard.run("nearest", protocols=("random",), seeds=1)
    (found,) = trace(heard, found=False)
    assert found.verdict == "leaks"
    assert [each.partition(":")[0] for each in kinds(found)["moved"]] == ["spk0", "spk1", "spk2", "spk3"]


def test_a_run_on_another_copy_has_another_split(heard):
    heard.run("nearest", seeds=1)
    next((heard.folder / "toy").rglob("*.wav")).unlink()
    (found,) = trace(heard)
    assert found.split is None
    assert kinds(found)["split"][0].startswith("records ")


def test_a_folder_without_records_is_refused(heard):
    with pytest.raises(UsageError, match="no records below"):
        trace(heard)
