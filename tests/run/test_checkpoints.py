"""Pretrained weights in a run: who is skipped without them, what is never taken for another's, what a record says."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from serbench.audit.board.verify import verify
from serbench.board.rows import stored_rows
from serbench.cost.whole import is_signal_processing
from serbench.errors import CheckpointError, UsageError
from serbench.features.cache import FeatureCache
from serbench.plugin.hookspecs import hookimpl
from serbench.results.saved import SavedModel
from serbench.run.profile import Thoroughness, profile_models
from serbench.run.saving import load_model
from serbench.testing import cases_of
from serbench.weights import WeightFolders
from tests.board.conftest import build
from tests.run import toy, weighted

FILES = (Path(toy.__file__), Path(weighted.__file__))


def put(folder, name="small", scale=weighted.SMALL):
    file = folder / "pretrained" / name / "model.safetensors"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(weighted.file_of(*scale))
    return file.parent


@pytest.fixture(autouse=True)
def _nowhere(monkeypatch, tmp_path):
    """Nothing of this user is found."""
    monkeypatch.delenv("SERBENCH_WEIGHTS", raising=False)
    for name in ("HF_HUB_CACHE", "HF_HOME", "TORCH_HOME"):
        monkeypatch.setenv(name, str(tmp_path / "nowhere"))


def looking(world):
    """Tell a world where its weights lie."""
    (world.folder / "pretrained").mkdir(exist_ok=True)
    world.weights = (world.folder / "pretrained",)
    return world


@pytest.fixture
def world(world_with):
    return looking(world_with(weighted))


def renewed(scale):
    """Return plugins of the same names and versions whose cards name other weights at the same place."""

    class Rescaled(weighted.Scaled):
        card = replace(weighted.Scaled.card, checkpoints=(weighted.checkpoint("small", scale, "radio"),))

        def __init__(self, *, scale: str = "small") -> None:
            self.scale = scale

    class Plugin:
        @hookimpl
        def serbench_features(self):
            yield Rescaled

        @hookimpl
        def serbench_models(self):
            yield weighted.Weighing

    return Plugin()


def test_what_is_missing_is_a_skip_and_the_others_run(world):
    outcome = world.run("weighing", "tuned", "nearest")

    assert outcome.failed == []
    assert {record.label for record in world.store.records()} == {"nearest"}
    skips = {skip.what: skip for skip in world.plan("weighing", "tuned").skips}
    assert set(skips) == {"weighing", "tuned"}
    assert skips["weighing"].reason.startswith(
        "scaled requires its checkpoint: checkpoint small was not found; write small yourself; it is looked for in"
    )
    assert not skips["weighing"].is_broken


def test_a_run_finds_them_and_says_what_they_have_seen(world):
    put(world.folder)
    put(world.folder, "large", weighted.LARGE)
    large = {"scaled": {"scale": "large"}}

    assert len(world.run("weighing", "tuned").done) == 8
    assert len(world.run("weighing", settings=large).done) == 4

    declared = {record.label: record.standing.declared.pretrained_on for record in world.store.records()}
    assert declared == {"weighing": ("radio",), "tuned": ("books",), "weighing+scaled[scale=large]": ("toy",)}
    key = next(record.key for record in world.store.records() if record.label == "weighing")
    assert key.features[0].settings == {"checkpoint": {"name": "small", "sha256": weighted.Scaled().checkpoint.sha256}}
    assert str(world.folder) not in json.dumps(key.facts())


def test_other_weights_at_the_same_place_are_another_system(world_with):
    first = looking(world_with(weighted))
    put(first.folder)
    assert len(first.run("weighing").done) == 4
    assert len(first.run("weighing").done) == 0
    before = kept_rows(first)

    second = looking(world_with(renewed(weighted.LARGE)))
    put(second.folder, "small", weighted.LARGE)  # the very file that the first one used
    assert second.plan("weighing").done == {}
    assert len(second.run("weighing").done) == 4

    np.testing.assert_allclose(kept_rows(second), before * np.array([3.0, 2.0]), rtol=1e-6)
    assert len({record.key.system for record in second.store.records()}) == 2


def kept_rows(world):
    """Return the kept features of a world's first cell, without computing any."""
    cell = world.plan("weighing").cells[0]
    rows = FeatureCache(world.folder / "cache").rows(cell.contender.extractors["scaled"])
    return np.stack([rows.row(clip.digest) for clip in cell.corpus.clips()])


def test_a_file_that_was_exchanged_is_refused_though_all_is_done(world):
    put(world.folder)
    assert len(world.run("weighing").done) == 4
    put(world.folder, "small", weighted.LARGE)

    plan = world.plan("weighing", "nearest")
    assert {cell.label for cell in plan.cells} == {"nearest"}
    (skip,) = plan.skips
    assert skip.is_broken
    assert f"expected {weighted.Scaled().checkpoint.sha256} of checkpoint small" in skip.reason


def test_a_file_that_is_exchanged_during_a_run_fails_its_cells(world):
    put(world.folder)

    def exchange(event):
        if event.kind == "start":
            put(world.folder, "small", weighted.LARGE)

    outcome = world.run("weighing", watch=exchange)

    assert outcome.done == []
    assert all("has sha256" in record.reason for record in outcome.failed)
    assert all(str(world.folder) not in record.reason for record in outcome.failed)


def test_weights_are_found_in_other_processes_too(world, monkeypatch):
    put(world.folder)
    monkeypatch.syspath_prepend(Path(__file__).parents[2])  # the plugin's file imports from here, in a worker too
    monkeypatch.chdir(world.folder)
    world.weights = (Path("pretrained"),)  # meant from where a person is

    assert [record.reason for record in world.run("weighing", "tuned", jobs=2, plugins=FILES).failed] == []
    assert {record.label for record in world.store.records()} == {"weighing", "tuned"}


def test_a_saved_model_needs_the_weights_of_its_features_and_says_so(world):
    put(world.folder)
    world.run("weighing", save_models=True)
    path = next((world.folder / "runs/models").rglob("*.json"))
    folders = WeightFolders(world.weights)

    loaded = load_model(path, world.registry, weights=folders)
    assert loaded.extractors["scaled"].extract(np.ones(100, np.float32))[1] == 2
    chosen = weighted.Scaled().checkpoint
    needed = {"name": "small", "sha256": chosen.sha256, "obtain": chosen.obtain}
    assert SavedModel.read(path).checkpoints == {"scaled": needed}

    shutil.rmtree(world.folder / "pretrained")
    with pytest.raises(UsageError, match=r"cannot be used: scaled requires its checkpoint: .* write small yourself"):
        load_model(path, world.registry, weights=folders)
    put(world.folder, "small", weighted.LARGE)
    with pytest.raises(CheckpointError, match="of checkpoint small"):
        load_model(path, world.registry, weights=folders)


def test_a_saved_model_does_not_need_again_what_it_was_initialised_from(world):
    put(world.folder)
    world.run("tuned", save_models=True)
    shutil.rmtree(world.folder / "pretrained")
    path = next((world.folder / "runs/models").rglob("*.json"))

    loaded = load_model(path, world.registry, weights=WeightFolders(world.weights))

    assert loaded.model.means_.shape == (3,)
    assert SavedModel.read(path).checkpoints == {}
    assert "checkpoints" not in json.loads(path.read_text())


def test_a_board_is_verified_with_them_and_says_what_it_cannot_count_without(world):
    put(world.folder)
    assert world.run("weighing", "tuned", "prior").failed == []
    rows, _ = stored_rows(world.store.folder, world.registry)
    build(rows, world.store.folder)

    def sizes_unchecked():
        return [sentence for sentence in verify(world.store.folder, world.workspace()).unchecked if "sizes" in sentence]

    assert sizes_unchecked() == []
    shutil.rmtree(world.folder / "pretrained" / "small")
    assert [sentence.partition(": ")[0] for sentence in sizes_unchecked()] == ["sizes of tuned", "sizes of weighing"]


def test_the_laboratory_measures_with_them_and_says_what_it_cannot_measure_without(world):
    haste = Thoroughness(runs=4, warm_up=1, seconds=0.01, starts=1)
    (without,) = profile_models(world.setup("weighing", plugins=FILES), world.registry, haste)
    assert not without.is_fitted
    assert "write small yourself" in without.figures["latency_p50_ms"].reason

    put(world.folder)
    (found,) = profile_models(world.setup("weighing", plugins=FILES), world.registry, haste)
    assert found.is_fitted
    assert found.figures["cold_start_seconds"].value > 0


def test_a_feature_with_weights_is_no_signal_processing_whatever_they_have_seen():
    class Unseen(weighted.Scaled):
        card = replace(weighted.Scaled.card, checkpoints=(weighted.checkpoint("small", weighted.SMALL),))

    assert Unseen().pretrained_on == ()
    assert not is_signal_processing(Unseen())
    assert is_signal_processing(toy.Crossings())


@pytest.mark.parametrize("part", [weighted.Scaled, weighted.Weighing, weighted.Tuned])
def test_checks_are_held_with_them_and_not_without(world, part):
    def statuses():
        return {
            case.check.name: case.run() for case in cases_of(part, world.registry, weights=WeightFolders(world.weights))
        }

    assert {outcome.status for outcome in statuses().values()} == {"exempt"}
    put(world.folder)
    outcomes = statuses()
    assert {name for name, outcome in outcomes.items() if "checkpoint" in (outcome.reason or "")} == set()
    assert outcomes["card"].status == outcomes["forgets"].status == "passed"
