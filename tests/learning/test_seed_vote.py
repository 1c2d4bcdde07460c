"""A vote over seeds is the vote of members trained alone."""

from __future__ import annotations

import numpy as np
import pytest
from serbench_plugins.models.attn1dcnn import Attn1dCnn
from serbench_plugins.models.seed_vote import SeedVote

from serbench.api import derive
from serbench.learning.fusion_rules import fused
from serbench.plugin.members import complete
from serbench.plugin.registry import load_registry
from tests.learning.tables import LABELS, sequence_table


@pytest.fixture(scope="module")
def registry():
    return load_registry(only=("builtin",))


@pytest.mark.parametrize("rule", ["vote", "mean"])
def test_seeds_vote_as_members_trained_alone_would(registry, rule):
    train, test = sequence_table(24), sequence_table(9, seed=1, labelled=False)
    given = {"width": 16, "epochs": 2, "learning_rate": 1e-2}
    alone = [
        Attn1dCnn(**given).fit(train, None, seed=derive(3, f"attn1dcnn-{number}")).predict(test).scores
        for number in (1, 2, 3)
    ]

    model = complete(SeedVote(seeds=3, rule=rule, **given), registry).fit(train, None, seed=3)

    np.testing.assert_allclose(model.predict(test).scores, fused(rule, np.stack(alone), np.full(3, 1 / 3)))
    assert not np.allclose(alone[0], alone[1])
    assert model.augmentations == ("noise", "pitch")
    other = complete(SeedVote(seeds=3, rule=rule, **given), registry).load_state(model.state(), LABELS)
    np.testing.assert_array_equal(other.predict(test).scores, model.predict(test).scores)


def test_seeds_and_rule_are_part_of_the_identity(registry):
    made = [complete(SeedVote(**given), registry) for given in ({}, {"seeds": 4}, {"rule": "mean"}, {"width": 64})]

    assert len({model.identity.digest for model in made}) == 4
    for given in ({"seeds": 0}, {"rule": "median"}):
        with pytest.raises(ValueError, match="expected one or more and one of"):
            SeedVote(**given)
