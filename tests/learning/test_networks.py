"""Parameter counts of the released network (its own model summaries) and operations counted by hand."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from serbench_plugins.features.mfcc import Mfcc
from serbench_plugins.models.attn1dcnn import Attn1dCnn
from serbench_plugins.models.cnn2d import Cnn2d
from serbench_plugins.networks.attention_cnn import AttentionCnn, ChannelAttention, PaperAttentionCnn, SpatialAttention
from torch.utils.flop_counter import FlopCounterMode

from serbench.cost.efficiency import macs_per_second, size_figures
from serbench.cost.noise_clip import NoiseClips
from serbench.errors import UsageError

RELEASED = [
    (108, "both", 2_045_221),
    (251, "channel", 4_388_119),
    (251, "spatial", 4_379_669),
    (1236, "both", 20_526_373),
    (1296, "both", 21_509_413),
    (2060, "spatial", 34_018_325),
    (2268, "both", 37_434_661),
]


def statistics(network):
    return sum(each.numel() for each in network.buffers() if each.is_floating_point())


@pytest.mark.parametrize(("length", "attention", "total"), RELEASED)
def test_the_released_network_has_the_released_number_of_parameters(length, attention, total):
    with torch.device("meta"):
        network = PaperAttentionCnn(length, 7, attention=attention)

    assert sum(each.numel() for each in network.parameters()) + statistics(network) == total
    assert statistics(network) == 1_152


def test_the_released_network_runs_and_has_a_penalty():
    network = PaperAttentionCnn(40, 3, attention="both").eval()

    assert network(torch.zeros(2, 40)).shape == (2, 3)
    assert float(network.penalty().detach()) > 0


@pytest.mark.parametrize(("attention", "extra"), [("none", 0), ("channel", 8_464), ("spatial", 14), ("both", 8_478)])
def test_attention_adds_what_it_should(attention, extra):
    def count(which):
        network = AttentionCnn(40, 7, attention=which, width=256, dropout=0.0)
        return sum(each.numel() for each in network.parameters())

    assert count(attention) - count("none") == extra


def by_hand(classes):
    return (
        94 * 40 * 256 * 7  # first convolution, 94 frames
        + 47 * 256 * 256 * 7  # second, after pooling by 2
        + 2 * 2 * 256 * 16  # perceptron, both layers, mean and maximum
        + 23 * 2 * 7  # spatial convolution, after pooling by 4
        + 256 * 64
        + 64 * classes
    )


def test_operations_of_a_segment_agree_with_a_count_by_hand():
    network = Attn1dCnn().build((94, 40), 7).eval()
    with FlopCounterMode(display=False) as counter:
        network(torch.zeros(1, 94, 40))

    assert counter.get_total_flops() // 2 == by_hand(7)


def test_a_clip_of_3_s_is_one_segment_and_30_s_are_as_many_as_overlap_by_half():
    noise = NoiseClips({"mfcc": Mfcc()}, ("angry", "calm"))
    clips = replace(noise.table(4), y=np.array(["angry", "calm"] * 2))
    model = Attn1dCnn(epochs=1).fit(clips, clips, seed=0)

    assert size_figures(model, noise)["macs_3s"].value == by_hand(2)
    frames = len(noise.table(seconds=30.0).column.row(0))
    segments = 1 + -(-(frames - 94) // 47)
    assert macs_per_second(model, noise).value == pytest.approx(segments * by_hand(2) / 30)


@pytest.mark.parametrize("cls", [Attn1dCnn, Cnn2d])
def test_precision_is_an_argument_and_nothing_else_of_the_recipe(cls):
    full, half = cls(), cls(precision="bf16")

    assert half.recipe == replace(full.recipe, precision="bf16")
    assert half.identity.label == f"{cls.card.name}[precision=bf16]"
    with pytest.raises(UsageError, match="precision is 'fp8', expected one of"):
        cls(precision="fp8").identity  # noqa: B018  (read for its error)


def test_channel_attention_follows_its_formula():
    attention, x = ChannelAttention(32), torch.randn(2, 32, 9, generator=torch.Generator().manual_seed(0))
    first, last = attention.perceptron[0], attention.perceptron[2]

    def g(a):
        return torch.relu(a @ first.weight.T + first.bias) @ last.weight.T + last.bias

    gate = torch.sigmoid(g(x.mean(2)) + g(x.max(2).values))
    torch.testing.assert_close(attention(x), x * gate[:, :, None])


def test_spatial_attention_follows_its_formula():
    attention, x = SpatialAttention(), torch.randn(1, 8, 11, generator=torch.Generator().manual_seed(0))
    summary = torch.nn.functional.pad(torch.stack([x.mean(1), x.max(1).values], 1), (3, 3))
    kernel = attention.convolution.weight[0]
    gate = torch.stack([(summary[0, :, t : t + 7] * kernel).sum() for t in range(11)])
    torch.testing.assert_close(attention(x)[0], x[0] * torch.sigmoid(gate))
