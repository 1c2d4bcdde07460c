"""Losses for rare classes: the paper's formulas by hand, and when weights come."""

from __future__ import annotations

import pytest
import torch
from serbench_plugins.models.cnn2d import Cnn2d
from serbench_plugins.models.imbalance_cnn import ImbalanceCnn
from serbench_plugins.networks.margin_loss import CosineLinear, balancing, ldam, margins

from serbench.learning.objective import class_weights, loss_of
from serbench.learning.recipe import Recipe

COUNTS = torch.tensor([81.0, 16.0, 1.0, 0.0])


def test_margins_fall_with_the_fourth_root_of_the_rows_and_the_largest_is_given():
    torch.testing.assert_close(margins(COUNTS, 0.5), torch.tensor([1 / 6, 1 / 4, 1 / 2, 0.0]))


def test_weights_are_those_of_balanced_recipes():
    torch.testing.assert_close(balancing(COUNTS), class_weights(COUNTS))


@pytest.mark.parametrize("balanced", [False, True])
def test_the_loss_follows_its_formula(balanced):
    cosines, codes = torch.rand(5, 4) * 2 - 1, torch.tensor([0, 1, 2, 2, 0])
    delta, losses, weights = margins(COUNTS, 0.5), [], []
    for row, code in zip(cosines, codes.tolist(), strict=True):
        own = torch.exp(10 * (row[code] - delta[code]))
        rest = sum(torch.exp(10 * row[other]) for other in range(4) if other != code)
        weights.append(balancing(COUNTS)[code] if balanced else torch.tensor(1.0))
        losses.append(-torch.log(own / (own + rest)) * weights[-1])

    found = ldam(10 * cosines, codes, COUNTS, largest=0.5, scale=10.0, balanced=balanced)

    torch.testing.assert_close(found, sum(losses) / sum(weights))


def test_without_a_margin_it_is_cross_entropy():
    logits, codes = torch.randn(5, 4), torch.tensor([0, 1, 2, 2, 0])

    found = ldam(logits, codes, COUNTS, largest=0.0, scale=30.0, balanced=True)

    torch.testing.assert_close(found, loss_of(logits, codes, COUNTS, Recipe(class_weights="balanced")))


def test_logits_are_scaled_cosines():
    layer, x = CosineLinear(6, 3, 30.0), torch.randn(2, 6)

    expected = 30 * torch.cosine_similarity(x[:, None], layer.weight[None], dim=2)
    torch.testing.assert_close(layer(x), expected)


def test_weights_come_in_the_last_quarter_of_the_epochs():
    early, late = (stage.recipe for stage in ImbalanceCnn(epochs=20).stages)

    assert (early.epochs, early.class_weights, early.schedule) == (15, "none", "constant")
    assert (late.epochs, late.class_weights, late.schedule) == (5, "balanced", "cosine")
    assert [stage.recipe.class_weights for stage in ImbalanceCnn(reweighting="balanced").stages] == ["balanced"]


def test_without_a_loss_of_its_own_it_is_cnn2d():
    plain = ImbalanceCnn(objective="cross-entropy", reweighting="none")

    assert plain.recipe == Cnn2d().recipe
    assert ImbalanceCnn(objective="focal", reweighting="none").recipe.loss == "focal"
    assert str(plain.build((94, 64), 4)) == str(Cnn2d().build((94, 64), 4))
    assert isinstance(ImbalanceCnn().build((94, 64), 4)[-1], CosineLinear)


@pytest.mark.parametrize("given", [{"objective": "hinge"}, {"reweighting": "late"}])
def test_other_words_are_refused(given):
    with pytest.raises(ValueError, match="expected one of"):
        ImbalanceCnn(**given)
