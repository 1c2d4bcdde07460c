"""LIGHT-SERNET's published numbers of parameters and layers, its L2 term, and what fills up a clip."""

from __future__ import annotations

import pytest
import torch
from serbench_plugins.models.light_sernet import LightSerNet
from serbench_plugins.networks.light_sernet import LightSerNetwork
from torch import nn
from torch.nn.functional import pad


@pytest.mark.parametrize(("classes", "total"), [(7, 461_703), (4, 460_740)])
def test_the_network_has_the_published_number_of_parameters(classes, total):
    network = LightSerNet().build((188, 40), classes)

    assert sum(each.numel() for each in network.parameters()) == total


def test_the_layers_are_the_published_ones():
    network, sizes = LightSerNet().build((188, 40), 7).eval(), []
    for block in network.body:
        block.register_forward_hook(lambda _, __, out: sizes.append(tuple(out.shape[1:])))

    network(torch.zeros(1, 188, 40))

    assert [(path[0].kernel_size, path[0].out_channels) for path in network.paths] == [
        ((11, 1), 32),
        ((1, 9), 32),
        ((3, 3), 32),
    ]
    # 188 x 40, halved behind the paths; then 2 x 2, 2 x 2, 2 x 1, 2 x 1, and a layer of kernel 1
    assert sizes == [(64, 47, 10), (96, 23, 5), (128, 11, 5), (160, 5, 5), (320, 5, 5)]


def test_the_penalty_is_the_sum_of_squares_of_all_kernels():
    network = LightSerNetwork(3, width=8, penalty=0.5)
    kernels = [weight for name, weight in network.named_parameters() if weight.dim() > 1 and name.endswith("weight")]

    assert len(kernels) == 3 + 5 + 1
    torch.testing.assert_close(network.penalty(), 0.5 * sum((kernel**2).sum() for kernel in kernels))


@pytest.mark.parametrize("criterion", ["cross-entropy", "focal"])
def test_the_criterion_is_the_recipe_s_loss(criterion):
    assert LightSerNet(criterion=criterion).recipe.loss == criterion


def test_what_fills_up_a_clip_changes_nothing():
    torch.manual_seed(0)
    network = LightSerNetwork(3, width=8).eval()
    for layer in network.modules():
        if isinstance(layer, nn.BatchNorm2d):
            nn.init.normal_(layer.bias)  # what is nothing comes out of a layer as something
    clips = [torch.randn(1, frames, 12) for frames in (64, 96, 75)]
    together = torch.cat([pad(clip, (0, 0, 0, 96 - clip.shape[1])) for clip in clips])

    torch.testing.assert_close(
        network(together, torch.tensor([64, 96, 75])), torch.cat([network(clip) for clip in clips])
    )
    assert not torch.allclose(network(together)[0], network(clips[0])[0])


def test_a_clip_shorter_than_all_pooling_still_has_a_frame():
    network = LightSerNetwork(3, width=8).eval()

    assert network(torch.zeros(2, 96, 12), torch.tensor([1, 31])).isfinite().all()
