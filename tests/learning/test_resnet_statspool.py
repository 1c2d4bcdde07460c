"""Sizes of the residual network, its pooling over a clip's own frames, and its stages."""

from __future__ import annotations

import pytest
import torch
from serbench_plugins.models.resnet_statspool import ResNetStatsPool
from serbench_plugins.networks.residual import StatisticsResNet
from torch import nn
from torch.nn.functional import pad

from serbench.learning.recipe import Recipe
from serbench.learning.stages import Stage


def test_the_large_network_has_the_weights_of_speaker_recognition():
    with torch.device("meta"):
        network = ResNetStatsPool(depth=34, width=32).build((None, 64), 4)

    kernels = sum(each.weight.numel() for each in network.modules() if isinstance(each, nn.Conv2d))
    assert kernels == 5_314_848  # about 5.3 million
    assert network.embedding[0].in_features == 2 * 256 * 8
    assert len(network.blocks) == 3 + 4 + 6 + 3


def test_what_fills_up_a_clip_changes_nothing():
    torch.manual_seed(0)
    network = StatisticsResNet(12, 3, depth=10, width=4).eval()
    for layer in network.modules():
        if isinstance(layer, nn.BatchNorm2d):
            nn.init.normal_(layer.bias)  # what is nothing comes out of a layer as something
    clips = [torch.randn(1, frames, 12) for frames in (33, 48, 2)]
    together = torch.cat([pad(clip, (0, 0, 0, 48 - clip.shape[1])) for clip in clips])

    torch.testing.assert_close(
        network(together, torch.tensor([33, 48, 2])), torch.cat([network(clip) for clip in clips])
    )
    assert not torch.allclose(network(together)[0], network(clips[0])[0])


def test_the_embedding_hears_mean_and_deviation_of_every_channel_and_band():
    torch.manual_seed(0)
    network, heard = StatisticsResNet(8, 3, depth=10, width=4).eval(), {}
    network.blocks[-1].register_forward_hook(lambda _, __, out: heard.update(map=out[0]))
    network.embedding.register_forward_pre_hook(lambda _, given: heard.update(statistics=given[0]))

    network(torch.randn(2, 40, 8))

    frames = heard["map"].transpose(2, 3).flatten(1, 2)  # (b, channels x bands, t)
    expected = torch.cat([frames.mean(2), (frames.var(2, correction=0) + 1e-5).sqrt()], dim=1)
    torch.testing.assert_close(heard["statistics"], expected)


def test_speakers_are_learned_first_where_asked_for():
    one, two = ResNetStatsPool(), ResNetStatsPool(pretrain="speakers")

    assert one.stages == (Stage(recipe=one.recipe),)
    assert [stage.learns for stage in two.stages] == ["speaker", "class"]
    assert [stage.recipe.learning_rate for stage in two.stages] == pytest.approx([1e-3, 1e-4])
    assert ResNetStatsPool(spec_augment=False).recipe.augment == Recipe().augment
    with pytest.raises(ValueError, match="depth is 50, expected one of"):
        ResNetStatsPool(depth=50)
