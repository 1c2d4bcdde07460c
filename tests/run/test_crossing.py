"""Corpora that are crossed: what takes part, what identifies it, and what comes of it."""

from __future__ import annotations

import shutil
from dataclasses import replace

import pytest
import soundfile

from serbench.api import LabelMap, hookimpl
from serbench.audit.recorded_splits import RecordedSplits
from serbench.audit.runs import audit_run
from serbench.audit.sounds import Sounds
from serbench.errors import ProtocolError
from serbench.locations import Locations
from serbench.plugin.registry import load_registry
from serbench.results.facts import LabelMapFacts
from serbench.results.predictions import TestPredictions
from serbench.results.store import Store
from serbench.results.summary import summarise
from serbench.run.plan import Request, make_plan
from serbench.run.workspace import Workspace
from tests.corpus.voices import voice
from tests.run import toy
from tests.run.conftest import World

WORDS = {"cross": "anger", "glad": "happiness", "plain": "neutral", "low": "sadness"}
PITCHES = {"cross": 900.0, "glad": 600.0, "plain": 300.0, "low": 150.0, "odd": 80.0}


def corpus(name, *maps):
    """Return a dataset of that name that maps four of its five words."""

    class Named(toy.Toy):
        card = replace(toy.Toy.card, name=name, labels=tuple(PITCHES), folders=(name,))
        label_maps = (LabelMap.of(f"{name}-5", tuple(PITCHES)), *maps)

    return Named


class Corpora:
    """Three corpora of tones, and one without the map."""

    @hookimpl
    def serbench_datasets(self):
        yield from (corpus(name, LabelMap("shared4", "1", WORDS)) for name in ("east", "west", "north"))
        yield corpus("plain")


@pytest.fixture
def world(tmp_path):
    for seed, name in enumerate(("east", "west", "north", "plain")):
        toy.make_corpus(tmp_path, name=name, pitches=PITCHES, seed=seed)
    return World(tmp_path, load_registry(only=(), extra=[toy, Corpora()]))


def crossed(world, *names, **request):
    return world.plan("nearest", datasets=names, protocols=("cross",), seeds=1, **request)


def test_every_ordered_pair_the_diagonal_and_all_others(world):
    cells = crossed(world, "east", "west", "north").cells
    found = dict.fromkeys((tuple(c.key.dataset.trained_on), c.key.dataset.tested_on) for c in cells)
    pairs = [((one,), other) for one in ("east", "north", "west") for other in ("east", "north", "west")]
    assert list(found) == [
        *pairs,
        (("north", "west"), "east"),
        (("east", "west"), "north"),
        (("east", "north"), "west"),
    ]
    assert len(cells) == 6 + 3 * 4 + 3
    assert cells[4].name == "east-to-north/cross/north/seed0/nearest"


def test_a_key_holds_every_corpus_that_takes_part_and_no_other(world):
    pair = {cell.key.digest for cell in crossed(world, "east", "west").cells}
    assert pair < {cell.key.digest for cell in crossed(world, "east", "west", "north").cells}
    facts = next(c.key.dataset for c in crossed(world, "east", "west").cells if c.fold.name == "west")
    assert set(facts.corpora) == {"east", "west"}
    assert all(each.manifest and each.audio for each in facts.corpora.values())

    path = world.folder / "east" / "spk0" / "low-0.wav"
    path.write_bytes(path.read_bytes()[:-4] + b"\x01\x02\x03\x04")
    after = {cell.name: cell.key.digest for cell in crossed(world, "east", "west").cells}
    assert {name.partition("/")[0] for name, digest in after.items() if digest in pair} == {"west-to-west"}


def test_a_key_says_how_words_were_mapped_and_what_was_dropped(world):
    facts = crossed(world, "east", "west").cells[0].key.dataset
    assert facts.corpora["east"].classes == WORDS
    assert facts.corpora["east"].clips == dict.fromkeys(WORDS.values(), 12)
    assert facts.corpora["east"].dropped == {"odd": 12}
    assert facts.label_map == LabelMapFacts(name="shared4", version="1")


def test_records_are_complete_and_never_of_one_task(world):
    outcome = world.run("nearest", "augmented", "choosy", datasets=("east", "west"), protocols=("cross",), seeds=1)
    assert not outcome.failed
    records = {(record.label, record.key.dataset.name): record for record in world.store.records()}
    rows = {label: records[label, "east-to-west"].rows for label in ("nearest", "choosy", "augmented")}
    assert rows["nearest"] == {"train": 48, "dev": 0, "test": 48, "augmented": 0}
    assert rows["choosy"] == {"train": 36, "dev": 12, "test": 48, "augmented": 0}
    assert rows["augmented"] == {"train": 48, "dev": 0, "test": 48, "augmented": 48}
    found = records["nearest", "east-to-west"]
    assert found.classes == ("anger", "happiness", "neutral", "sadness")
    assert found.standing.reason == "trained on east"
    assert not found.standing.headline
    assert set(found.code) >= {"east", "west", "nearest"}
    assert {name: each.label for name, each in found.audio.corpora.items()} == dict.fromkeys(
        ("east", "west"), "WAV 8 kHz"
    )
    rows = summarise(world.store)
    assert all(row.is_complete for row in rows)
    assert len({row.task for row in rows}) == 4
    assert all(row.uar.value > 0.9 for row in rows if row.label == "nearest")


def test_the_diagonal_and_the_corpus_itself_do_not_mix_their_features(world):
    """A corpus read by two maps in one run has two numbers of rows; features are kept for each."""
    outcome = world.run("nearest", datasets=("east", "west"), protocols=("si", "cross"), seeds=1)
    assert not outcome.failed
    tested = {row.dataset.name: row.utterances for row in summarise(world.store)}
    assert tested == {"east": 60, "west": 60} | dict.fromkeys(
        ["east-to-east", "east-to-west", "west-to-east", "west-to-west"], 48
    )


def test_a_recording_that_two_corpora_hold_fails_the_cell_and_is_named(world):
    shutil.copy(world.folder / "east" / "spk0" / "low-0.wav", world.folder / "west" / "spk3" / "low-0.wav")
    outcome = world.run("nearest", datasets=("east", "west"), protocols=("cross",), seeds=1)
    assert {record.key.dataset.name for record in outcome.failed} == {"east-to-west", "west-to-east"}
    assert "LeakError: east-to-west/cross fold west: test and dev share 1 recording" in outcome.failed[0].reason


def test_a_recording_that_cannot_be_read_is_named_with_its_corpus_or_left_out(world):
    path = world.folder / "west" / "spk1" / "low-0.wav"
    path.write_bytes(path.read_bytes()[:-100])
    failed = world.run("nearest", datasets=("east", "west"), protocols=("cross",), seeds=1).failed
    assert {record.key.dataset.name for record in failed} == {"east-to-west", "west-to-east", "west-to-west"}
    request = {"datasets": ("east", "west"), "protocols": ("cross",), "seeds": 1, "skip_bad_audio": True}
    outcome = world.run("nearest", **request)
    assert not outcome.failed
    assert {tuple(record.left_out) for record in outcome.done} == {("west/low-spk1-0",)}


def test_one_corpus_is_an_error_that_says_what_to_do(world):
    with pytest.raises(ProtocolError, match=r"cross needs two corpora or more, got \['east'\]; name another with"):
        crossed(world, "east")


def test_a_corpus_without_the_map_is_skipped_with_the_reason_or_refused_where_nothing_is_left(world):
    plan = crossed(world, "east", "west", "plain")
    assert [(skip.what, skip.reason.partition(",")[0]) for skip in plan.skips] == [
        ("plain", "plain declares no label map 'shared4'")
    ]
    assert plan.cells
    with pytest.raises(ProtocolError, match=r"got \['east'\]; plain declares no label map 'shared4'"):
        crossed(world, "east", "plain")


def test_with_all_datasets_what_cannot_be_crossed_is_a_skip(world):
    for name in ("west", "north"):
        shutil.rmtree(world.folder / name)
    plan = world.plan("nearest", datasets=(), all_datasets=True, protocols=("cross",), seeds=1)
    assert plan.cells == ()
    assert {"ravdess", "synth", "plain", "cross"} <= {skip.what for skip in plan.skips}


def test_a_labels_setting_is_for_other_protocols(world):
    plan = world.plan(
        "nearest",
        datasets=("east", "west"),
        protocols=("si", "cross"),
        seeds=1,
        settings={"east": {"labels": "east-5"}},
    )
    assert {c.key.dataset.label_map.name for c in plan.cells} == {"east-5", "west-5", "shared4"}
    assert [each.manifest.dataset for each in plan.corpora] == ["east", "west"]


@pytest.fixture
def spoken(world):
    """Return the world with voices in place of its tones: two tones of one pitch are one sound."""
    for seed, path in enumerate(sorted(world.folder.rglob("*.wav"))):
        soundfile.write(path, voice(seed, 0.4, toy.RATE), toy.RATE)
    return world


def traced(world):
    workspace = world.workspace()
    audits = audit_run(world.store, RecordedSplits(workspace), Sounds(workspace))
    return {task.dataset.name: task for task in audits}


def test_the_folds_of_a_finished_run_are_made_again(spoken):
    assert not spoken.run("nearest", datasets=("east", "west"), protocols=("cross",), seeds=1).failed
    found = traced(spoken)
    assert {name: each.verdict for name, each in found.items()} == dict.fromkeys(
        ("east-to-east", "east-to-west", "west-to-east", "west-to-west"), "clean"
    )
    assert found["east-to-west"].tested == 48

    record = next(each for each in spoken.store.records() if each.key.dataset.name == "east-to-west")
    old = spoken.store.predictions(record)
    trained = tuple(uid.replace("west/", "east/") for uid in old.ids)
    spoken.store.write(record, TestPredictions(trained, old.speakers, old.truth, old.scores, old.classes))
    (leak,) = (each for each in traced(spoken)["east-to-west"].findings if each.leaks)
    assert (leak.kind, len(leak.items)) == ("trained-on", 48)


def test_a_finished_run_that_left_recordings_out_is_clean(spoken):
    path = spoken.folder / "west" / "spk1" / "low-0.wav"
    path.write_bytes(path.read_bytes()[:-100])
    request = {"datasets": ("east", "west"), "protocols": ("cross",), "seeds": 1, "skip_bad_audio": True}
    assert not spoken.run("nearest", **request).failed
    found = traced(spoken)
    assert {name: (each.verdict, each.findings) for name, each in found.items()} == dict.fromkeys(
        ("east-to-east", "east-to-west", "west-to-east", "west-to-west"), ("clean", ())
    )
    assert found["east-to-west"].tested == 47


def test_a_recording_that_two_corpora_hold_is_found_again(spoken):
    shutil.copy(spoken.folder / "east" / "spk0" / "low-0.wav", spoken.folder / "west" / "spk1" / "low-0.wav")
    spoken.run("nearest", datasets=("east", "west"), protocols=("cross",), seeds=1)
    found = traced(spoken)
    assert {name for name, each in found.items() if each.leaks} == {"east-to-west", "west-to-east"}
    leaks = [each for each in found["east-to-west"].split.findings if each.leaks]
    assert [each.kind for each in leaks] == ["recordings"]
    assert leaks[0].items == ("east/low-spk0-0 = west/low-spk1-0",)


@pytest.mark.corpus
def test_the_small_corpora(data_root, tmp_path):
    names = ("emodb", "emovo", "ravdess", "savee")
    request = Request(models=("majority",), datasets=names, protocols=("cross",), seeds=1)
    store = Store(tmp_path / "runs")
    locations = Locations((data_root,), tmp_path / "cache")
    plan = make_plan(request, Workspace(registry=load_registry(only=()), locations=locations), store)
    clips = {each.manifest.dataset: len(each.manifest) for each in plan.corpora}
    assert clips == {"emodb": 127 + 71 + 79 + 62, "emovo": 4 * 84, "ravdess": 3 * 192 + 96, "savee": 3 * 60 + 120}
    assert len(plan.cells) == 12 + 4 + (10 + 6 + 5 + 4)
    assert not plan.skips
    tested = {cell.key.dataset.tested_on: len(cell.fold.test) for cell in plan.cells if cell.fold.name in names}
    assert tested == clips
