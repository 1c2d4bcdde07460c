"""HuMP-CAT: shapes of the published table, formulas by hand, and padding that changes nothing."""

from __future__ import annotations

import pytest
import torch
from serbench_plugins.models.humpcat import ENCODER, MFCC, PROSODY, HumpCat
from serbench_plugins.networks.humpcat import (
    CrossAttention,
    HumpCatNetwork,
    StatesConvolution,
    pooled,
    statistics,
    steps_of,
)
from serbench_plugins.networks.own_frames import own_mask

from tests.learning import stand_in_features

NAMES = (ENCODER, MFCC, PROSODY)


def rows(t, m, b=1, states=384):
    values = {ENCODER: torch.randn(b, t, states), MFCC: torch.randn(b, m, 40), PROSODY: torch.randn(b, 103)}
    return values, {ENCODER: torch.full((b,), t), MFCC: torch.full((b,), m)}


def test_the_layers_have_the_sizes_of_the_table():
    network = HumpCat().build({ENCODER: (None, 768), MFCC: (None, 40), PROSODY: (103,)}, 8)

    assert network.states(torch.zeros(1, 149, 768)).shape == (1, 37, 256)
    assert sum(each.numel() for each in network.states.parameters()) == 10 * 15 + 1
    attention = 2 * (4 * 128 * 128 + 4 * 128 + 2 * 128) + 2 * (4 * 256 * 256 + 4 * 256 + 2 * 256)
    lstm = 2 * (256 * (40 + 64) + 512) + 2 * (256 * (128 + 64) + 512)
    assert sum(each.numel() for each in network.parameters()) == (
        151 + lstm + 103 * 128 + 128 + attention + 2 * 512 + 1024 * 8 + 8
    )
    assert network(*rows(149, 151, 2, 768)).shape == (2, 8)


@pytest.mark.parametrize("states", [384, 512, 1280])
def test_other_encoders_have_256_numbers_a_step_too(states):
    assert StatesConvolution(states)(torch.zeros(1, 20, states)).shape == (1, 5, 256)


def test_steps_are_those_of_the_convolution():
    convolution = StatesConvolution(30)
    for frames in (1, 3, 4, 7, 8, 50):
        assert convolution(torch.zeros(1, frames, 30)).shape[1] == int(steps_of(torch.tensor([frames])))


@pytest.mark.parametrize(("frames", "steps"), [(10, 3), (9, 3), (5, 7), (1, 1)])
def test_pooling_is_torchs_adaptive_average_over_a_row_s_own_frames(frames, steps):
    x = torch.randn(1, 12, 4)
    x_own = x[:, :frames]

    found = pooled(x, torch.tensor([frames]), torch.tensor([steps]), 8)

    expected = torch.nn.functional.adaptive_avg_pool1d(x_own.transpose(1, 2), steps).transpose(1, 2)
    torch.testing.assert_close(found[:, :steps], expected)
    assert not found[:, steps:].any()


def test_a_layer_attends_to_the_other_side_and_back_with_the_same_weights():
    layer, first, second = CrossAttention(8, 1, 0.5).eval(), torch.randn(1, 3, 8), torch.randn(1, 3, 8)
    weight, bias = layer.attention.in_proj_weight.chunk(3), layer.attention.in_proj_bias.chunk(3)

    def attended(x, other):
        q, k, v = (y @ w.T + c for y, w, c in zip((x, other, other), weight, bias, strict=True))
        found = torch.softmax(q @ k.transpose(1, 2) / 8**0.5, 2) @ v
        return layer.norm(x + layer.attention.out_proj(found))

    one, two = layer(first, second, torch.zeros(1, 3, dtype=torch.bool))
    torch.testing.assert_close(one, attended(first, second))
    torch.testing.assert_close(two, attended(second, one))


def test_statistics_are_mean_and_variance_of_a_row_s_own_steps():
    x = torch.randn(2, 6, 3)
    found = statistics(x, own_mask(torch.tensor([4, 6]), 6))

    torch.testing.assert_close(found[0], torch.cat([x[0, :4].mean(0), x[0, :4].var(0, correction=0)]))
    torch.testing.assert_close(found[1], torch.cat([x[1].mean(0), x[1].var(0, correction=0)]))


def test_what_fills_up_a_clip_and_other_rows_change_nothing():
    network = HumpCatNetwork(NAMES, (384, 40, 103), 4, 0.5).eval()
    clips = [rows(t, m) for t, m in ((25, 26), (60, 61), (3, 4), (31, 30))]
    sizes = {ENCODER: 64, MFCC: 64}
    padded = {
        name: torch.cat([torch.nn.functional.pad(v[name], (0, 0, 0, sizes[name] - v[name].shape[1])) for v, _ in clips])
        for name in sizes
    }
    padded[PROSODY] = torch.cat([values[PROSODY] for values, _ in clips])
    lengths = {name: torch.cat([each[name] for _, each in clips]) for name in sizes}

    torch.testing.assert_close(network(padded, lengths), torch.cat([network(*clip) for clip in clips]))


def test_the_model_is_trained_on_whole_clips():
    model = HumpCat(epochs=1)
    table = stand_in_features.table(model)

    assert model.fit(table, None, seed=0).predict(table.without_labels()).scores.shape == (12, 4)
    assert [use.name for use in model.uses("features")] == list(NAMES)
