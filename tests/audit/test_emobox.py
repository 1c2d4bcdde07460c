"""EmoBox's folds by the names in its lists alone."""

from __future__ import annotations

import json

from serbench.audit.emobox import audit_emobox, listed_manifest, named_manifest
from serbench.locations import Locations
from serbench.plugin.registry import load_registry
from serbench.protocol.emobox_lists import read_emobox
from serbench.run.workspace import Workspace
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
    workspace = Workspace(registry=load_registry(only=()), locations=Locations((), tmp_path / "cache"))
    return audit_emobox(folder, names, workspace)


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
