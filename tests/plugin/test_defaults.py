"""An identity holds what differs from the defaults, so no default may change under one version."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import pytest

from serbench.learning.recipe import Recipe
from serbench.part import Card, Part
from serbench.plugin.registry import load_registry
from tests.golden.make_defaults import KINDS, defaults

GOLDEN = json.loads((Path(__file__).parents[1] / "golden" / "defaults.json").read_text(encoding="utf-8"))
TODAY = json.loads(json.dumps(defaults()))
PARTS = [(kind, name) for kind in KINDS for name in TODAY[kind]]


def changed(pinned, today):
    """Return which of the pinned values are others today, or gone; what is new is none of them."""
    gone = object()
    return {name: value for name, value in (pinned or {}).items() if (today or {}).get(name, gone) != value}


@pytest.mark.parametrize(("kind", "name"), PARTS)
def test_no_default_changes_under_one_version(kind, name):
    pinned, today = GOLDEN[kind].get(name), TODAY[kind][name]
    assert pinned is not None, "a new part: python -m tests.golden.make_defaults"
    if pinned["version"] == today["version"]:
        assert changed(pinned["arguments"], today["arguments"]) == {}, "raise the version on the card"
        assert changed(pinned["recipe"], today["recipe"]) == {}, "raise the version on the card"
    else:
        pytest.fail("its version was raised: python -m tests.golden.make_defaults")


def test_no_default_of_the_recipe_changes():
    assert changed(GOLDEN["recipe"], TODAY["recipe"]) == {}, "every trained network would change its identity"


@pytest.mark.parametrize(
    ("pinned", "today", "found"),
    [
        ({"c": 1.0}, {"c": 1.0, "penalty": "l2"}, {}),
        ({"c": 1.0}, {"c": 2.0}, {"c": 1.0}),
        ({"c": None}, {}, {"c": None}),
        (None, {"c": 1.0}, {}),
    ],
)
def test_what_is_new_changes_nothing_and_what_is_other_or_gone_does(pinned, today, found):
    assert changed(pinned, today) == found


class Before(Part):
    card = Card(name="growing", version="1", summary="before an argument was added")

    def __init__(self, *, c: float = 1.0):
        self.c = c


class After(Part):
    card = Card(name="growing", version="1", summary="after it was")

    def __init__(self, *, c: float = 1.0, penalty: str = "l2"):
        self.c = c
        self.penalty = penalty


@pytest.mark.parametrize("given", [{}, {"c": 0.5}])
def test_an_argument_that_is_added_leaves_every_key_as_it_is(given):
    before, after = Before(**given).identity, After(**given).identity
    assert (before.digest, before.label) == (after.digest, after.label)
    assert After(penalty="l1", **given).identity.digest != after.digest


@pytest.mark.parametrize("value", [1, True, "1.0", None])
def test_a_value_of_another_type_is_another_identity(value):
    assert Before(c=value).identity.digest != Before().identity.digest


def test_a_field_that_is_added_to_the_recipe_leaves_every_key_as_it_is():
    @dataclass(frozen=True, kw_only=True)
    class Grown(Recipe):
        warm_up: int = 0

    assert Grown(epochs=3).facts() == Recipe(epochs=3).facts() == {"epochs": 3}
    assert Grown(warm_up=5).facts() == {"warm_up": 5}


@pytest.mark.parametrize("name", sorted(load_registry(only=("builtin",)).models))
def test_a_system_with_its_defaults_has_no_arguments_in_its_key(name):
    model = load_registry(only=("builtin",)).get("model", name)()
    assert model.identity.params == {}
    assert model.identity.label == name
