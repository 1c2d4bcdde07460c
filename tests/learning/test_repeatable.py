"""Training chooses deterministic kernels and draws of its own, and leaves torch as it found it, whatever happens."""

from __future__ import annotations

import dataclasses
import itertools

import pytest
import torch

from serbench.errors import PluginError
from serbench.learning.stacking.fit import Fit, fit_together
from serbench.learning.stacking.training import train_together
from serbench.learning.training import repeatable
from tests.learning.tables import sequence_table

TRAIN, DEV = sequence_table(30), sequence_table(12, seed=1)


def flags():
    return torch.backends.cudnn.deterministic, torch.backends.cudnn.benchmark


@pytest.fixture(params=itertools.product((False, True), repeat=2), ids=str)
def before(request, monkeypatch):
    """Set the two flags of cuDNN as somebody may have had them: deterministic, benchmark."""
    for name, value in zip(("deterministic", "benchmark"), request.param, strict=True):
        monkeypatch.setattr(torch.backends.cudnn, name, value)
    return request.param


@pytest.fixture
def watched(small):
    """Return the model, which notes the flags whenever a batch goes through its network."""

    class Watched(small):
        seen = ()

        def build(self, input_shape, n_classes):
            network = super().build(input_shape, n_classes)
            network.register_forward_pre_hook(lambda module, inputs: self.note())
            return network

        def note(self):
            self.seen = (*self.seen, flags())

    return Watched


class Interrupted(BaseException):
    """What no handler takes for an ordinary error, as when the keyboard interrupts."""


def fit(model, **recipe):
    model.recipe = dataclasses.replace(model.recipe, epochs=1, **recipe)
    model.fit(TRAIN, None, seed=0)
    return model


def test_training_is_deterministic_and_the_flags_are_what_they_were(before, watched):
    assert set(fit(watched()).seen) == {(True, False)}
    assert flags() == before


def test_the_flags_are_what_they_were_after_a_loss_that_explodes(before, small):
    with pytest.raises(PluginError, match="training loss is"):
        fit(small(), optimizer="sgd", learning_rate=1e30)
    assert flags() == before


@pytest.mark.parametrize("error", [RuntimeError, Interrupted])
def test_the_flags_are_what_they_were_after_a_network_that_raises(before, watched, error):
    class Raising(watched):
        def note(self):
            super().note()
            raise error

    model = Raising()
    with pytest.raises(error):
        fit(model)
    assert model.seen == ((True, False),)
    assert flags() == before


def test_the_flags_are_what_they_were_after_a_network_that_cannot_be_built(before, small):
    class Unbuilt(small):
        def build(self, input_shape, n_classes):
            assert flags() == (True, False)
            raise RuntimeError("no network")

    with pytest.raises(RuntimeError, match="no network"):
        Unbuilt().fit(TRAIN, None, seed=0)
    assert flags() == before


@pytest.mark.parametrize(("rate", "kind"), [(0.05, type(None)), (1e30, PluginError)], ids=["done", "exploded"])
def test_cells_trained_together_are_deterministic_and_leave_the_flags_alone(before, small, monkeypatch, rate, kind):
    seen = []

    def watched(*arguments):
        seen.append(flags())
        return train_together(*arguments)

    monkeypatch.setattr("serbench.learning.stacking.training.train_together", watched)
    models = [small(), small()]
    for model in models:
        model.recipe = dataclasses.replace(model.recipe, epochs=1, optimizer="sgd", learning_rate=rate)
    answers = fit_together([Fit(model, TRAIN, DEV, seed) for seed, model in enumerate(models)])
    assert [type(answer) for answer in answers] == [kind, kind]
    assert seen == [(True, False)]
    assert flags() == before


def test_the_flags_are_what_they_were_after_a_saved_model_is_loaded(before, small):
    model = fit(small())
    small().load_state(model.state(), model.labels_)
    assert flags() == before


def test_a_block_within_a_block_gives_back_what_the_outer_one_chose(before):
    with repeatable(0, "cpu"):
        with repeatable(1, "cpu"):
            pass
        assert flags() == (True, False)
    assert flags() == before


def drawn(seed, error=None):
    with repeatable(seed, "cpu"):
        value = float(torch.rand(()))
        if error:
            raise error
        return value


def test_draws_repeat_by_the_seed_and_leave_the_global_generator_alone():
    state = torch.random.get_rng_state()
    assert drawn(3) == drawn(3) != drawn(4)
    assert torch.equal(torch.random.get_rng_state(), state)


@pytest.mark.parametrize("error", [RuntimeError, Interrupted])
def test_the_global_generator_is_what_it_was_after_an_error(error):
    state = torch.random.get_rng_state()
    with pytest.raises(error):
        drawn(3, error)
    assert torch.equal(torch.random.get_rng_state(), state)
