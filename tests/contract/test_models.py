"""Each defect of a model is found by the check that is named for it."""

from __future__ import annotations

import random
import sys

import numpy as np
import pytest

from serbench.errors import PluginError
from serbench.plugin.registry import load_registry
from serbench.testing import cases_of
from serbench.testing.watch import random_states

from . import flawed

REGISTRY = load_registry(only=(), extra=[flawed])

#: Class, the check that must find it, what it must say.
DEFECTS = [
    (flawed.BatchNormalised, "one-row-alone", "alone and in a batch of 16"),
    (flawed.NeighbourSorted, "one-row-alone", "rows must not influence each other"),
    (flawed.SeedsNumpy, "global-random-state", "fit changes the global state of numpy.random"),
    (flawed.DrawsFromRandom, "global-random-state", "fit changes the global state of random,"),
    (flawed.SeedsTorch, "global-random-state", "predict changes the global state of torch"),
    (flawed.Reverses, "ids-in-order", "in another order"),
    (flawed.SortsIds, "ids-in-order", "in another order"),
    (flawed.Renames, "ids-in-order", "16 others"),
    (flawed.DividesByZero, "scores-finite", "not finite"),
    (flawed.ComputesInConstructor, "constructor-stores", "the constructor sets table"),
    (flawed.ConvertsInConstructor, "constructor-stores", "was given power=3.0 and stores 2.5"),
    (flawed.DrawsInConstructor, "constructor-stores", "the constructor changes the global state of numpy.random"),
    (flawed.ForgetsAnArgument, "constructor-stores", "does not store its argument 'power'"),
    (flawed.RemembersRows, "forgets", "such as a module-level variable"),
    (flawed.RemembersPredictions, "forgets", "predicting other rows in between"),
    (flawed.StartsWarm, "forgets", "expected fit to start anew"),
    (flawed.KnowsTheVoices, "permuted-labels", "it knows the labels from elsewhere"),
    (flawed.LearnsNothing, "overfits", "on 32 clips it was fitted on is 0.25"),
    (flawed.LearnsNothing, "beats-majority", "is 0.25, expected 0.5 or more"),
    (flawed.ReturnsNothing, "fit-returns-self", "returns NoneType, expected self"),
    (flawed.NamesBadly, "fit-returns-self", "fit sets rows"),
    (flawed.ScalesInPlace, "inputs-left-alone", "the table train was changed in place"),
    (flawed.AnswersUnfitted, "not-fitted", "answers, expected NotFittedError"),
    (flawed.CrashesUnfitted, "not-fitted", "raises AttributeError"),
    (flawed.DrawsUnseeded, "same-seed-same-scores", "two fits with seed 0"),
    (flawed.SeededAfterAll, "seed-as-declared", "the card says seeded=False"),
    (flawed.WantsEveryClass, "missing-class", "IndexError"),
    (flawed.LiesOfItsSize, "size-and-history", "trainable within total"),
    (flawed.RestoresHalf, "state-restores", "scores otherwise"),
    (flawed.ExemptFromNothing, "card", "did you mean 'overfits'?"),
    (flawed.ExemptWithoutReason, "card", "without a reason"),
    (flawed.QuickByNobody, "card", "unknown argument of quick-by-nobody 'epochs'"),
    (flawed.QuickForAnother, "card", "quick names an argument of mfcc, expected one of ['quick-for-another', 'bands']"),
    (flawed.WantsAnotherFeature, "card", "unknown feature 'band'"),
]


@pytest.fixture(scope="module", autouse=True)
def _imported():
    """Import once what draws from the global generators while it is imported."""
    import torch  # noqa: F401


def outcomes(cls):
    return {case.check.name: case.run() for case in cases_of(cls, REGISTRY)}


def test_a_sound_model_passes():
    found = outcomes(flawed.Sound)
    assert {name for name, each in found.items() if each.status == "failed"} == set()
    assert {name for name, each in found.items() if each.status == "exempt"} <= {"devices-agree", "state-restores"}


@pytest.mark.parametrize(("cls", "name", "words"), DEFECTS, ids=[f"{cls.__name__}-{name}" for cls, name, _ in DEFECTS])
def test_a_defect_is_found_by_name(cls, name, words):
    case = next(case for case in cases_of(cls, REGISTRY) if case.check.name == name)
    outcome = case.run()
    assert outcome.status == "failed"
    assert words in outcome.reason
    assert "\n" not in outcome.reason


def test_a_memory_is_found_every_time():
    """What a first check leaves behind in a module must not hide the memory from the next."""
    case = next(case for case in cases_of(flawed.RemembersRows, REGISTRY) if case.check.name == "forgets")
    assert [case.run().status for _ in range(3)] == ["failed"] * 3


def test_a_case_raises_inside_a_test():
    case = next(case for case in cases_of(flawed.Reverses, REGISTRY) if case.check.name == "ids-in-order")
    with pytest.raises(PluginError, match=r"^reverses: ids-in-order: predict was given 16 ids and returns"):
        case()


def test_a_case_skips_inside_a_test_with_the_reason():
    case = next(case for case in cases_of(flawed.Sound, REGISTRY) if case.check.name == "devices-agree")
    if case.run().status == "exempt":
        with pytest.raises(pytest.skip.Exception, match="no accelerator"):
            case()


def test_what_a_plugin_does_to_the_global_generators_ends_with_its_check():
    before = random_states()
    for cls in (flawed.SeedsNumpy, flawed.DrawsFromRandom, flawed.SeedsTorch):
        next(case for case in cases_of(cls, REGISTRY) if case.check.name == "global-random-state").run()
    assert random_states() == before


def test_an_exemption_on_the_card_is_not_run(monkeypatch):
    monkeypatch.setattr(
        flawed.LearnsNothing, "card", flawed.card("learns-nothing", exempt={"overfits": "it is a floor"})
    )
    outcome = outcomes(flawed.LearnsNothing)["overfits"]
    assert (outcome.status, outcome.reason) == ("exempt", "it is a floor")


def test_watching_sees_each_generator():
    import torch

    before, states = random_states(), (random.getstate(), np.random.get_state(), torch.random.get_rng_state())  # noqa: NPY002
    random.random()
    np.random.standard_normal()  # noqa: NPY002
    torch.rand(1)
    after = random_states()
    random.setstate(states[0])
    np.random.set_state(states[1])  # noqa: NPY002
    torch.random.set_rng_state(states[2])
    assert [name for name in before if before[name] != after[name]] == ["random", "numpy.random", "torch"]
    assert "torch" in sys.modules
