"""TIM-Net's published numbers of parameters, its formula, and what fills up a clip."""

from __future__ import annotations

import torch
from serbench_plugins.models.tim_net import TimNet
from serbench_plugins.networks.tim_net import TemporalBlock, TimNetwork, backwards
from torch.nn.functional import pad


def test_the_network_has_the_published_number_of_parameters():
    network = TimNet().build((136, 39), 7)

    assert sum(each.numel() for each in network.parameters()) == 104_496
    statistics = sum(each.numel() for each in network.buffers() if each.is_floating_point())
    assert 104_496 + statistics == 106_992


def test_the_dilations_double_from_level_to_level():
    network = TimNet().build((136, 39), 7)

    for stream in network.streams:
        assert [block.layers[1].dilation for block in stream] == [(2**level,) for level in range(8)]


def test_a_block_gates_its_input_by_two_causal_convolutions():
    torch.manual_seed(0)
    block, x = TemporalBlock(3, 4, 0.1).eval(), torch.randn(2, 3, 20)
    inside = x
    for convolution in (block.layers[1], block.layers[6]):
        before = pad(inside, (4, 0))[:, :, :20]  # the frame 4 earlier, 0 before the first
        weight, bias = convolution.weight, convolution.bias[:, None]
        sums = weight[:, :, 0] @ before + weight[:, :, 1] @ inside + bias
        inside = torch.relu(sums / (1 + 1e-5) ** 0.5)  # batch norm before it has seen anything

    torch.testing.assert_close(block(x), x * torch.sigmoid(inside))


def test_the_future_does_not_reach_the_past():
    torch.manual_seed(0)
    block, x = TemporalBlock(3, 2, 0.1).eval(), torch.randn(1, 3, 20)
    changed = torch.cat([x[:, :, :12], torch.randn(1, 3, 8)], dim=2)

    torch.testing.assert_close(block(x)[:, :, :12], block(changed)[:, :, :12])


def test_a_clip_s_own_frames_are_reversed_and_what_fills_it_up_stays_behind():
    x = torch.arange(1.0, 7.0).expand(2, 1, 6)

    found = backwards(x, torch.tensor([4, 6]))

    assert found.tolist() == [[[4, 3, 2, 1, 6, 5]], [[6, 5, 4, 3, 2, 1]]]


def test_what_fills_up_a_clip_changes_nothing():
    torch.manual_seed(0)
    network = TimNetwork(5, 3, width=8, levels=4, dropout=0.1).eval()
    clips = [torch.randn(1, frames, 5) for frames in (30, 40, 3)]
    together = torch.cat([pad(clip, (0, 0, 0, 40 - clip.shape[1]), value=9.0) for clip in clips])

    torch.testing.assert_close(
        network(together, torch.tensor([30, 40, 3])), torch.cat([network(clip) for clip in clips])
    )
    assert not torch.allclose(network(together)[0], network(clips[0])[0])
