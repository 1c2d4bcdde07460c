"""Every built-in plugin, held to every check of its contract."""

from __future__ import annotations

import pytest

from serbench.plugin.registry import load_registry
from serbench.testing import CHECKS, cases_of, kind_of
from tests.sample_trees import DATASETS, SAMPLES

#: Filled when the first test of a dataset runs: the sample trees are made then.
ROOTS = []

REGISTRY = load_registry(only=())
PARTS = [offer.part for shelf in REGISTRY.shelves.values() for offer in shelf.values()]


@pytest.fixture(scope="session")
def _samples(tmp_path_factory):
    root = tmp_path_factory.mktemp("samples")
    for name, make in SAMPLES.items():
        if folders := DATASETS[name].card.folders:
            make(root / folders[0])
    ROOTS.append(root)


@pytest.fixture(scope="session", autouse=True)
def _imported():
    """Import once what draws from the global generators while it is imported."""
    import librosa  # noqa: F401
    import sklearn.linear_model  # noqa: F401
    import torch  # noqa: F401


@pytest.mark.usefixtures("_samples")
@pytest.mark.parametrize("check", [case for part in PARTS for case in cases_of(part, REGISTRY, ROOTS)], ids=str)
def test_a_built_in_holds_its_contract(check):
    check()


def test_every_kind_is_held_to_something():
    assert {kind_of(part) for part in PARTS} == set(CHECKS)


@pytest.mark.parametrize("kind", CHECKS)
def test_checks_have_names_of_their_own_and_fit_a_line(kind):
    assert len({check.name for check in CHECKS[kind]}) == len(CHECKS[kind])
    assert max(len(check.name) for check in CHECKS[kind]) <= 24
    assert max(len(check.summary) for check in CHECKS[kind]) <= 48


def test_exemptions_are_few():
    """Who is exempt, and from what: a new line here wants a reason that convinces a reader."""
    found = {part.card.name: sorted(part.card.exempt) for part in PARTS if part.card.exempt}

    assert found == {"attn1dcnn-paper": ["beats-majority", "overfits"]}
