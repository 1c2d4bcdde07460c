"""Parameters of the six-layer CNN, the formula of its attention, its windows, and what fills up a clip."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from serbench_plugins.features.log_mel import LogMel
from serbench_plugins.models.eca_cnn6 import WINDOWS, EcaCnn6
from serbench_plugins.networks.eca_cnn import PLACES, EcaCnn, EfficientChannelAttention, kernel_of
from torch import nn
from torch.nn.functional import pad


def parameters(network):
    return sum(each.numel() for each in network.parameters())


def test_the_network_has_the_parameters_of_its_definition():
    assert parameters(EcaCnn6().build((150, 64), 4)) == 287_406


@pytest.mark.parametrize(("attention", "kernels"), [("none", []), ("shallow", [3, 3]), ("deep", [5, 5])])
def test_attention_stands_where_the_argument_says(attention, kernels):
    network = EcaCnn6(attention=attention).build((150, 64), 4)

    assert [layer.convolution.kernel_size[0] for layer in network.attention.values()] == kernels
    assert tuple(int(name) for name in network.attention) == PLACES[attention]
    assert parameters(network) == 287_396 + sum(kernels)
    assert len(EcaCnn6(attention="all").build((150, 64), 4).attention) == 6
    with pytest.raises(ValueError, match="attention is 'some', expected one of"):
        EcaCnn6(attention="some")


def test_the_kernel_follows_the_number_of_channels():
    assert [kernel_of(channels) for channels in (64, 128, 256)] == [3, 5, 5]


def test_attention_follows_its_formula():
    torch.manual_seed(0)
    attention, x = EfficientChannelAttention(64), torch.randn(2, 64, 5, 4)
    means, kernel = pad(x.mean((2, 3)), (1, 1)), attention.convolution.weight[0, 0]
    sums = torch.stack([means[:, c : c + 3] @ kernel for c in range(64)], dim=1)

    torch.testing.assert_close(attention(x), x * torch.sigmoid(sums)[:, :, None, None])


def test_the_maps_are_halved_four_times():
    network, sizes = EcaCnn6().build((150, 64), 4).eval(), []
    for layer in network.layers:
        layer.register_forward_hook(lambda _, __, out: sizes.append(tuple(out.shape[1:])))

    network(torch.zeros(1, 150, 64))

    assert sizes == [(32, 75, 32), (32, 37, 16), (64, 18, 8), (64, 9, 4), (128, 9, 4), (128, 9, 4)]


def test_the_windows_are_of_one_shape_and_frame_rate():
    wave = np.random.default_rng(0).standard_normal(16_000).astype(np.float32)
    many = EcaCnn6(multi_stft=True)

    found = [LogMel(**use.arguments).extract(wave) for use in many.features]

    assert {values.shape for values in found} == {(51, 64)}
    assert sorted(WINDOWS) == list(range(15, 55, 5))
    assert not any(np.allclose(found[0], other) for other in found[1:])
    assert many.recipe.unseen == tuple(use.name for use in many.features[1:])
    assert [use.name for use in EcaCnn6().features] == ["log-mel"]


@pytest.mark.parametrize("attention", PLACES)
def test_what_fills_up_a_clip_changes_nothing(attention):
    torch.manual_seed(0)
    network = EcaCnn(3, attention=attention, width=8, dropout=0.3).eval()
    for layer in network.modules():
        if isinstance(layer, nn.BatchNorm2d):
            nn.init.normal_(layer.bias)  # what is nothing comes out of a layer as something
    clips = [torch.randn(1, frames, 16) for frames in (32, 64, 47)]
    together = torch.cat([pad(clip, (0, 0, 0, 64 - clip.shape[1])) for clip in clips])

    torch.testing.assert_close(
        network(together, torch.tensor([32, 64, 47])), torch.cat([network(clip) for clip in clips])
    )
    assert not torch.allclose(network(together)[0], network(clips[0])[0])
