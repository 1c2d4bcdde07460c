from __future__ import annotations

import pytest

from serbench.errors import DatasetMissingError, UnknownNameError
from tests.run import toy


def test_a_cell_per_fold_and_seed(world):
    plan = world.plan("nearest", "prior")

    assert [cell.name for cell in plan.cells if cell.label == "nearest"] == [
        f"toy/si/speaker-spk{n}/seed0/nearest" for n in range(4)
    ]
    assert sum(cell.label == "prior" for cell in plan.cells) == 8
    assert len({cell.key.digest for cell in plan.cells}) == 12


def test_one_cell_per_model_measures_latency(world):
    plan = world.plan("nearest", "prior")

    assert [cell.label for cell in plan.cells if cell.is_timed] == ["nearest", "prior"]


def test_a_missing_dataset_is_an_error_when_named_and_a_skip_otherwise(world):
    with pytest.raises(DatasetMissingError, match="ravdess was not found"):
        world.plan("nearest", datasets=("ravdess",))

    plan = world.plan("nearest", datasets=(), all_datasets=True)
    assert {corpus.manifest.dataset for corpus in plan.corpora} == {"synth", "toy"}
    assert "ravdess" in {skip.what for skip in plan.skips}
    assert all(skip.reason for skip in plan.skips)


def test_too_few_speakers_is_a_skip_with_the_reason(world):
    for speaker in ("spk0", "spk1"):
        for path in (world.folder / "toy" / speaker).iterdir():
            path.unlink()
    plan = world.plan("nearest")

    assert plan.cells == ()
    assert [skip.what for skip in plan.skips] == ["toy/si"]
    assert "2" in plan.skips[0].reason


@pytest.mark.parametrize(
    ("change", "where"),
    [
        ({"seeds": 3}, "seed"),
        ({"settings": {"nearest": {}}}, None),
        ({"settings": {"crossings": {}}}, None),
    ],
    ids=str,
)
def test_only_what_may_change_a_result_changes_the_key(world, change, where):
    before = {cell.key.digest for cell in world.plan("prior", "nearest").cells}
    after = {cell.key.digest for cell in world.plan("prior", "nearest", **change).cells}

    assert before <= after
    assert (before == after) == (where is None)


def test_changed_sound_changes_every_key(world):
    before = {cell.key.digest for cell in world.plan("nearest").cells}
    path = world.folder / "toy" / "spk0" / "angry-0.wav"
    path.write_bytes(path.read_bytes()[:-4] + b"\x01\x02\x03\x04")

    assert before.isdisjoint(cell.key.digest for cell in world.plan("nearest").cells)


def test_a_changed_argument_shows_in_the_label(world):
    from serbench.run.contender import make_contender

    settings = {"logreg": {"c": 0.5}, "mfcc-stats": {"n_mfcc": 20}}

    assert make_contender("logreg", world.registry, settings).label == "logreg[c=0.5]+mfcc-stats[n_mfcc=20]"
    assert make_contender("logreg", world.registry, {}).label == "logreg"


def test_an_unknown_argument_is_refused_with_a_near_match(world):
    from serbench.run.contender import make_contender

    with pytest.raises(UnknownNameError, match="did you mean 'attention'"):
        make_contender("attn1dcnn", world.registry, {"attn1dcnn": {"attenton": "none"}})


@pytest.mark.parametrize("model", ["nearst", "Nearest"])
def test_an_unknown_model_is_refused_with_a_near_match(world, model):
    with pytest.raises(UnknownNameError, match="did you mean 'nearest'"):
        world.plan(model)


def test_a_near_match_for_a_protocol(world):
    with pytest.raises(UnknownNameError, match="unknown protocol 'sii'"):
        world.plan("nearest", protocols=("sii",))


def test_toy_labels_are_the_plans_labels(world):
    assert world.plan("nearest").corpora[0].manifest.labels == tuple(toy.PITCHES)
