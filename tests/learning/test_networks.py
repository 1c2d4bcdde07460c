"""Parameter counts of the released network (its own model summaries) and operations counted by hand."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from serbench_plugins.features.mfcc import Mfcc
from serbench_plugins.models.attn1dcnn import Attn1dCnn
from serbench_plugins.models.attn1dcnn_paper import Attn1dCnnPaper
from serbench_plugins.models.cnn2d import Cnn2d
from serbench_plugins.networks.attention_cnn import (
    AttentionCnn,
    ChannelAttention,
    PaperAttentionCnn,
    SpatialAttention,
    deviation_over_time,
    mean_over_time,
)
from serbench_plugins.networks.released_cnn import ReleasedCnn
from torch.utils.flop_counter import FlopCounterMode

from serbench.cost.efficiency import size_figures
from serbench.cost.noise_clip import NoiseClips
from serbench.cost.streams import Length, macs_per_audio_second
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


def test_the_released_network_begins_as_keras_begins_it():
    network = Attn1dCnnPaper().build((40,), 7)
    # Glorot: uniform within sqrt(6 / (fan in + fan out)); of a convolution both times its kernel of 7
    fans = {
        "convolutions.0": (1 * 7, 256 * 7),
        "convolutions.3": (256 * 7, 256 * 7),
        "dense.0": (256 * 28, 64),
        "dense.3": (64, 7),
    }

    assert isinstance(network, ReleasedCnn)
    for name, (into, out) in fans.items():
        layer, limit = network.get_submodule(name), (6 / (into + out)) ** 0.5
        assert not layer.bias.any()
        assert 0.9 * limit < float(layer.weight.detach().abs().max()) <= limit
    spatial = [layer for layer in network.modules() if isinstance(layer, SpatialAttention)]
    assert float(spatial[0].convolution.weight.detach().abs().max()) <= (6 / (2 * 7 + 7)) ** 0.5
    (channel,) = [layer for layer in network.modules() if isinstance(layer, ChannelAttention)]
    assert float(channel.perceptron[0].weight.detach().std()) == pytest.approx((2 / 256) ** 0.5, rel=0.05)


def test_the_released_vector_of_emodb_begins_with_zero_crossings():
    assert Attn1dCnnPaper().features == ("paper-mfcc",)
    assert Attn1dCnnPaper(zero_crossings=True).features == ("paper-zcr-mfcc",)
    assert Attn1dCnnPaper(zero_crossings=True).identity.label == "attn1dcnn-paper[zero_crossings=True]"


@pytest.mark.parametrize(("attention", "extra"), [("none", 0), ("channel", 8_464), ("spatial", 14), ("both", 8_478)])
def test_attention_adds_what_it_should(attention, extra):
    def count(which):
        network = AttentionCnn(40, 7, attention=which, width=256, dropout=0.0)
        return sum(each.numel() for each in network.parameters())

    assert count(attention) - count("none") == extra


@pytest.mark.parametrize("pooling", ["mean", "mean-std"])
@pytest.mark.parametrize("attention", ["none", "channel", "spatial", "both"])
def test_what_fills_up_a_clip_changes_nothing(attention, pooling):
    torch.manual_seed(0)
    network = AttentionCnn(5, 3, attention=attention, pooling=pooling, width=16, dropout=0.5).eval()
    clips = [torch.randn(1, frames, 5) for frames in (60, 94, 8)]
    padded = torch.cat([torch.nn.functional.pad(clip, (0, 0, 0, 94 - clip.shape[1])) for clip in clips])

    together = network(padded, torch.tensor([60, 94, 8]))

    torch.testing.assert_close(together, torch.cat([network(clip) for clip in clips]))
    assert not torch.allclose(together[0], network(padded)[0])


def test_statistics_pooling_is_the_mean_and_the_deviation_of_a_clip_s_own_frames():
    x, mask = torch.randn(2, 3, 9, generator=torch.Generator().manual_seed(0)), torch.arange(9) < 6
    mask = mask.expand(2, 1, 9)

    torch.testing.assert_close(mean_over_time(x, mask), x[..., :6].mean(2))
    torch.testing.assert_close(deviation_over_time(x, mask), x[..., :6].std(2, correction=0), rtol=1e-4, atol=1e-5)
    torch.testing.assert_close(deviation_over_time(x, None), x.std(2, correction=0), rtol=1e-4, atol=1e-5)


def by_hand(classes):
    return (
        94 * 40 * 128 * 7  # first convolution, 94 frames
        + 47 * 128 * 128 * 7  # second, after pooling by 2
        + 2 * 2 * 128 * 8  # perceptron, both layers, mean and maximum
        + 23 * 2 * 7  # spatial convolution, after pooling by 4
        + 128 * 64
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
    streamed = macs_per_audio_second(model, noise, (Length(30.0, 1), Length(3.0, 2)), str)
    assert streamed.value == pytest.approx((segments + 2) * by_hand(2) / 36)


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
