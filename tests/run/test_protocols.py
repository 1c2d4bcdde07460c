"""Protocols under the runner: rows that a protocol made, dev that is test, folds of EmoBox."""

from __future__ import annotations

import numpy as np
import pytest

from serbench.corpus.audio import read_audio
from serbench.errors import UsageError
from serbench.protocol.protocols import get_protocol
from serbench.run.tables import make_tables
from serbench.seeding import derive
from tests.protocol.test_emobox_lists import write_list
from tests.run import toy
from tests.run.test_secrecy import bench
from tests.run.test_secrecy import reachable as words_in

REPLICA = "replica-2507.03251"
CHILDREN = ("paper-noise", "paper-pitch", "paper-pitch-noise")


def cell_of(world, model, protocol=REPLICA, **request):
    return world.plan(model, protocols=(protocol,), seeds=1, **request).cells[0]


def rows_of(table):
    return {row.tobytes() for row in table.x}


def test_a_replica_is_one_cell_per_seed(world):
    plan = world.plan("nearest", "prior", protocols=(REPLICA,), seeds=2)
    assert [cell.name for cell in plan.cells] == [
        f"toy/{REPLICA}/rows/seed0/nearest",
        f"toy/{REPLICA}/rows/seed0/prior",
        f"toy/{REPLICA}/rows/seed1/prior",
    ]


def test_a_replica_scores_rows(world):
    outcome = world.run("nearest", protocols=(REPLICA,))
    (record,) = outcome.done
    predictions = world.store.predictions(record)
    (fold,) = world.plan("nearest", protocols=(REPLICA,)).cells[0].split.folds

    assert predictions.ids == fold.test
    assert {row.partition("+")[2] for row in predictions.ids} == {"", *CHILDREN}
    assert len(predictions.ids) == 29  # a fifth of 36 clips times 4 rows, rounded up
    assert [predictions.classes[code] for code in predictions.truth] == [row.partition("-")[0] for row in fold.test]
    assert [*predictions.speakers] == [row.split("-")[1] for row in fold.test]


def test_a_replica_says_what_it_is(world):
    (record,) = world.run("nearest", protocols=(REPLICA,)).done
    rows = record.rows

    assert (rows["train"] + rows["augmented"], rows["dev"], rows["test"]) == (115, 0, 29)
    assert not record.standing.ranked
    assert any("test rows have a sibling of the same recording in training" in note for note in record.notes)
    assert set(CHILDREN) <= set(record.code)


def test_a_replica_trains_on_no_test_row_though_dev_is_test(world):
    tables = make_tables(cell_of(world, "nearest"), bench(world))
    assert tables.dev is None
    assert len(tables.train) == 115
    assert rows_of(tables.train).isdisjoint(rows_of(tables.test))


def test_in_a_replica_a_model_chooses_on_the_test_rows(world):
    tables = make_tables(cell_of(world, "choosy"), bench(world))
    assert len(tables.train) == 115
    assert rows_of(tables.dev) == rows_of(tables.test)
    assert tables.dev.y is not None
    assert tables.test.y is None
    assert words_in(tables.test).isdisjoint(tables.tested)


def test_rows_hold_the_features_of_the_changed_wave(world):
    """Computed here anew, from the file to the feature, with the generator that the contract names."""
    cell = cell_of(world, "nearest")
    tables = make_tables(cell, bench(world))
    clips = dict(zip(cell.corpus.manifest.by_id, cell.corpus.clips(), strict=True))
    extractor = toy.Crossings()
    seen = set()
    for row, found in zip(tables.tested, tables.test.x, strict=True):
        uid, _, name = row.partition("+")
        wave, _ = read_audio(clips[uid].path, toy.RATE)
        if name:
            change = world.registry.get("augmentation", name).create()
            rng = np.random.default_rng(derive(0, clips[uid].digest, change.identity.digest))
            wave = change.apply(wave, toy.RATE, rng)
        np.testing.assert_array_equal(found, extractor.extract(wave))
        seen.add(name)
    assert seen == {"", *CHILDREN}


def test_the_key_names_the_augmentations_of_the_protocol(world):
    key = cell_of(world, "nearest").key
    assert [each.name for each in key.protocol.augmentations] == list(CHILDREN)
    assert key.augmentations == ()
    other = cell_of(world, "nearest", settings={"paper-pitch": {"steps": 0.7}}).key
    assert other.digest != key.digest
    assert other.protocol.augmentations[1].params == {"steps": 0.7}


@pytest.mark.parametrize("protocol", ["si", "random"])
def test_keys_of_other_protocols_say_nothing_of_augmentations(world, protocol):
    """Records that were made before protocols could augment are found again."""
    assert set(cell_of(world, "augmented", protocol).key.protocol.facts()) == {"name", "version", "split", "folds"}


def test_a_models_own_augmentations_are_left_aside_and_it_is_said(world):
    (cell,) = world.plan("augmented", protocols=(REPLICA,), seeds=1).cells
    assert cell.key.augmentations == ()
    assert len(make_tables(cell, bench(world)).train) == 115
    (record,) = world.run("augmented", protocols=(REPLICA,), seeds=1).done
    assert "the model's own augmentations are left aside: the protocol augments" in record.notes


def test_scores_under_random_and_si_stand_apart(world):
    from serbench.results.summary import summarise

    world.run("nearest", protocols=("si", "random"))
    rows = {row.protocol.name: row for row in summarise(world.store)}
    assert (rows["random"].standing.ranked, rows["si"].standing.ranked) == (False, True)
    assert "test speakers are heard in training: no score on new speakers" in rows["random"].notes
    assert "test speakers are heard in training: no score on new speakers" not in rows["si"].notes
    assert (rows["random"].folds, rows["random"].utterances) == (5, 36)


def test_too_little_for_new_sentences_is_a_skip_with_the_reason(world):
    plan = world.plan("nearest", protocols=("si-text", "si"))
    assert {cell.key.protocol.name for cell in plan.cells} == {"si"}
    assert [skip.what for skip in plan.skips] == ["toy/si-text"]
    assert "clips of 'angry' to train on, expected 10" in plan.skips[0].reason


@pytest.fixture
def emobox(world):
    """Return a folder with two folds of the toy corpus that share its speakers."""
    ids = list(cell_of(world, "nearest").corpus.manifest.by_id)
    for number in (1, 2):
        test = [uid for uid in ids if uid.endswith(str(number))]
        for part, names in (("train", sorted(set(ids) - set(test))), ("test", test)):
            write_list(
                world.folder / "lists" / "toy" / f"fold_{number}" / f"toy_{part}_fold_{number}.jsonl", " ".join(names)
            )
    return world.folder / "lists"


def test_folds_of_emobox_run_and_state_shared_speakers(world, emobox):
    outcome = world.run("nearest", "choosy", protocols=("emobox",), settings={"emobox": {"folder": emobox}}, seeds=1)
    assert [record.key.fold for record in outcome.done] == ["fold_1", "fold_2"] * 2
    assert not outcome.failed
    for record in outcome.done:
        assert record.rows["test"] == 12
        assert not record.standing.ranked
        assert any("up to 4 of 4 speakers are both in test and in training, in 2 of 2" in note for note in record.notes)


def test_emobox_without_a_folder_is_an_error_not_a_skip(world):
    with pytest.raises(UsageError, match="--emobox FOLDER or SERBENCH_EMOBOX"):
        world.plan("nearest", protocols=("emobox",))


def test_a_corpus_that_emobox_does_not_have_is_a_skip(world, emobox):
    (emobox / "toy").rename(emobox / "other")
    plan = world.plan("nearest", protocols=("emobox",), settings={"emobox": {"folder": emobox}})
    assert [skip.what for skip in plan.skips] == ["toy/emobox"]


def test_the_released_network_runs_under_the_released_protocol(world):
    """End to end on the embedded corpus, two epochs of the hundred, on a tenth of the coefficients for speed."""
    settings = {
        "synth": {"speakers": 3, "sentences": 1, "takes": 1},
        "attn1dcnn-paper": {"epochs": 2},
        "paper-mfcc": {"n_mfcc": 2},
    }
    outcome = world.run("attn1dcnn-paper", protocols=(REPLICA,), datasets=("synth",), seeds=1, settings=settings)
    (record,) = outcome.done
    assert [len(record.history), record.rows["test"], record.rows["dev"]] == [2, 10, 0]
    assert record.rows["train"] + record.rows["augmented"] == 38
    assert (
        world.store.predictions(record).ids
        == get_protocol(REPLICA).split(None, _manifest(world, settings)).folds[0].test
    )


def _manifest(world, settings):
    return world.plan("prior", protocols=(REPLICA,), datasets=("synth",), settings=settings).corpora[0].manifest
