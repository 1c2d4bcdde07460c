"""The laboratory: what is measured, in which order, and what stands in for what cannot be."""

from __future__ import annotations

import pytest

from serbench.cost.efficiency import FIGURES, WORK
from serbench.cost.timing import interleaved
from serbench.errors import DatasetError, UsageError
from serbench.plugin.registry import load_registry
from serbench.run.profile import Thoroughness, laboratory_card, profile_models
from tests.run import toy

HASTE = Thoroughness(runs=4, warm_up=1, seconds=0.01, starts=1)


def test_published_figures_come_of_200_runs_at_least():
    assert Thoroughness().runs >= 200


def test_on_a_corpus_fitting_counts_and_what_cannot_be_saved_says_so(world):
    (found,) = profile_models(world.setup("nearest"), world.registry, HASTE)

    assert found.label == "nearest"
    assert found.fitted_on == {"dataset": "toy", "rows": 27, "quick": False}
    assert list(found.figures) == list(FIGURES)
    assert found.figures["train_seconds"].value > 0
    assert found.figures["parameters_total"].reason == "nearest does not say how large it is"
    assert found.figures["cold_start_seconds"].reason == "cannot be saved: nearest does not say what its fit learned"
    assert found.figures["throughput_all_threads_batch_8_realtime"].value > 0
    whole, features = found.figures["latency_p50_ms"].value, found.figures["feature_latency_p50_ms"].value
    assert 0 < features < 2 * whole
    assert found.figures["feature_seconds_per_audio_second"].value == pytest.approx(features / 3e3)


def test_nothing_is_left_where_runs_are_kept(world):
    profile_models(world.setup("nearest"), world.registry, HASTE)
    assert not (world.folder / "runs").exists()


def test_without_a_corpus_the_fit_says_nothing(world):
    (found,) = profile_models(world.setup("majority", datasets=()), load_registry(only=(), extra=[toy]), HASTE)
    assert found.fitted_on["quick"]
    assert {found.figures[name].reason for name in WORK} == {"fitted in haste; name a dataset"}
    assert found.figures["disk_bytes"].value > 0
    assert found.figures["cold_start_seconds"].value > 0


class Mute(toy.Nearest):
    """It is fitted, and then does not answer a clip."""

    card = toy.ModelCard(name="mute", version="1", summary="fails", features=("crossings",), seeded=False)

    def predict(self, test):
        if len(test) > 1 and test.ids[0] != "probe-0":
            return super().predict(test)
        raise RuntimeError("no answer")


class Unfit(toy.Nearest):
    """It cannot be fitted."""

    card = toy.ModelCard(name="unfit", version="1", summary="fails", features=("crossings",), seeded=False)

    def fit(self, train, dev, *, seed):
        raise RuntimeError("no\nfit")


class Offers:
    @staticmethod
    @toy.hookimpl
    def serbench_models():
        yield from (Mute, Unfit)


def test_what_fails_loses_its_figures_and_the_others_go_on(world_with):
    world = world_with(Offers())
    mute, unfit, nearest = profile_models(world.setup("mute", "unfit", "nearest"), world.registry, HASTE)

    reason = "measuring failed: RuntimeError: no answer"
    assert mute.figures["latency_p50_ms"].reason == mute.figures["model_latency_p50_ms"].reason == reason
    assert mute.figures["feature_latency_p50_ms"].value > 0
    assert mute.figures["throughput_all_threads_best_realtime"].reason == reason
    assert {each.reason for each in unfit.figures.values()} == {"fitting failed: RuntimeError: no fit"}
    assert (mute.is_fitted, unfit.is_fitted, nearest.is_fitted) == (True, False, True)
    assert nearest.figures["latency_p90_ms"].value > 0


def test_one_corpus_at_most(world):
    with pytest.raises(UsageError, match="2 datasets were named"):
        profile_models(world.setup("nearest", datasets=("toy", "synth")), world.registry, HASTE)


def test_a_corpus_that_is_not_there_is_the_users_to_mend(world, tmp_path):
    world.data_root = tmp_path / "nowhere"
    world.data_root.mkdir()
    with pytest.raises(DatasetError):
        profile_models(world.setup("nearest"), world.registry, HASTE)


def test_the_card_has_what_a_reader_needs_and_a_time_beside_it():
    card = laboratory_card("cpu")
    assert card["machine"]["device"] == "cpu"
    assert card["threads"]["one"] == 1 <= card["threads"]["all"]
    assert card["calibration"]["seconds"] > 0
    assert "seconds" not in card["machine"]


@pytest.mark.parametrize("runs", [1, 7, 10, 25])
def test_rounds_take_turns_and_every_call_has_its_runs(runs):
    made = []
    calls = {name: (lambda name=name: made.append(name)) for name in "abc"}
    found = interleaved(calls, runs, 3)

    assert {name: len(seconds) for name, seconds in found.items()} == dict.fromkeys("abc", runs)
    turns = [name for place, name in enumerate(made) if place == 0 or made[place - 1] != name]
    assert turns == list("abc") * min(10, runs)
    assert made.count("a") == runs + 3 + 2 * (min(10, runs) - 1)
