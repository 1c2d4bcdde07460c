"""The formulas of the capsule network, its sizes, its loss, and what fills up a clip."""

from __future__ import annotations

import pytest
import torch
from serbench_plugins.models.cpac import Cpac
from serbench_plugins.networks.capsules import Routing, SelfAttention, margin_loss, squash
from torch import nn
from torch.nn.functional import pad

from serbench.learning.torch_model import TorchModel

ALL = torch.ones(1, 1, dtype=torch.bool)


def test_a_squashed_vector_keeps_its_direction_and_has_a_length_below_1():
    found = squash(torch.tensor([[3.0, 4.0], [0.0, 0.0], [0.03, 0.04]]))

    torch.testing.assert_close(found.norm(dim=1), torch.tensor([25 / 26, 0.0, 0.0025 / 1.0025]), rtol=1e-4, atol=1e-6)
    torch.testing.assert_close(found[0] / found[0].norm(), torch.tensor([0.6, 0.8]))


def test_the_margin_is_a_margin():
    sure, even = torch.tensor([[9.0, 0.0, 0.0]]), torch.zeros(1, 3)

    assert float(margin_loss(sure, torch.tensor([0]))) == pytest.approx(0.0, abs=1e-6)
    assert float(margin_loss(even, torch.tensor([1]))) == pytest.approx((0.9 - 1 / 3) ** 2 + (1 / 3 - 0.1) ** 2)
    assert Cpac.loss is not TorchModel.loss
    assert Cpac().settings()["loss"] == "its own"


def test_attention_multiplies_what_it_attends_to():
    x = torch.randn(2, 5, 4, generator=torch.Generator().manual_seed(0))
    attended = nn.functional.scaled_dot_product_attention(x, x, x)

    torch.testing.assert_close(SelfAttention()(x, ALL.expand(1, 5)), x * attended)


def test_routing_follows_its_steps():
    torch.manual_seed(0)
    routing, x = Routing(4, 2, steps=2), torch.randn(1, 6, 4)
    matrices = routing.votes.weight.reshape(2, 4, 4)
    votes = torch.stack([x[0] @ matrix.T for matrix in matrices], dim=1)  # (n, 2, 4)
    first = squash(votes.mul(0.5).sum(0))
    shares = torch.softmax((votes * first).sum(2), dim=1)
    second = squash((shares[..., None] * votes).sum(0))

    torch.testing.assert_close(routing(x, ALL.expand(1, 6))[0], second)


def test_the_network_has_the_parameters_of_its_layers():
    network = Cpac().build((241, 39), 7)
    convolutions = (9 + 1) * 64 + 2 * (9 * 64 + 1) * 64 + 3 * 2 * 64
    capsules = (64 + 1) * 6 * 64 + 64 * 6 * 64

    assert sum(each.numel() for each in network.parameters()) == convolutions + capsules + (64 + 1) * 7


def test_what_fills_up_a_clip_changes_nothing():
    torch.manual_seed(0)
    network = Cpac(width=8, capsules=2).build((40, 16), 3).eval()
    for layer in network.modules():
        if isinstance(layer, nn.BatchNorm2d):
            nn.init.normal_(layer.bias)  # what is nothing comes out of a layer as something
    clips = [torch.randn(1, frames, 16) for frames in (30, 40, 8)]
    together = torch.cat([pad(clip, (0, 0, 0, 40 - clip.shape[1])) for clip in clips])

    torch.testing.assert_close(
        network(together, torch.tensor([30, 40, 8])), torch.cat([network(clip) for clip in clips])
    )
    assert not torch.allclose(network(together)[0], network(clips[0])[0])
