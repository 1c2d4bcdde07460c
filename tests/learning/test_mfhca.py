"""MFHCA and its spectrum branch: the published numbers of parameters, maps, and formulas by hand."""

from __future__ import annotations

import pytest
import torch
from serbench_plugins.models.mf_only import MfOnly
from serbench_plugins.models.mfhca import ENCODER, SPECTRUM, Mfhca
from serbench_plugins.networks.mfhca import (
    CooperativeAttention,
    CoordinateAttention,
    MultiSpatialFusion,
    ReceptiveBlock,
    picture,
    square,
)

from serbench.learning.model import Model
from tests.learning import stand_in_features


def count(network):
    return sum(each.numel() for each in network.parameters())


def published(model, states=768):
    shapes = {SPECTRUM: (300, 200), ENCODER: (149, states)}
    with torch.device("meta"):
        return model.build(shapes, 4)


def test_the_fusion_module_has_the_published_parameters():
    assert count(MultiSpatialFusion()) == 119_592


def test_everything_behind_hubert_has_the_published_parameters():
    network = published(Mfhca())

    unused = 256 * 149 + 149  # a layer of the released code that no forward pass goes through
    assert count(network) + unused == 4_718_582
    assert count(network.attention.recurrent) == 3_545_088
    assert count(network.attention) - 3_545_088 + unused == 1_053_902


def test_the_maps_have_the_published_sizes():
    fusion, image = MultiSpatialFusion().eval(), torch.zeros(1, 3, 256, 384)

    assert fusion.tall(image).shape == fusion.wide(image).shape == (1, 8, 255, 383)
    assert fusion.stages[:1](torch.zeros(1, 16, 255, 383)).shape == (1, 16, 128, 192)
    assert fusion(image[..., :64, :96]).shape == (1, 288)


def test_matrices_are_those_of_the_published_width_and_fit_any_other():
    assert [square(size) for size in (768, 384, 1280, 7)] == [(24, 32), (16, 24), (32, 40), (1, 7)]
    for states in (384, 512):
        network = CooperativeAttention(12, 10, states, 3, 0.0)
        assert network(torch.randn(2, 12), torch.randn(2, 10, states)).shape == (2, 3)


def test_cooperative_attention_follows_its_formula():
    network = CooperativeAttention(6, 5, 12, 3, 0.5).eval()
    vector, frames = torch.randn(2, 6), torch.randn(2, 5, 12)

    weights = torch.relu(vector @ network.weights[0].weight.T + network.weights[0].bias)  # (b, t)
    query = (weights[:, :, None] * network.recurrent(frames)[0]).sum(1).reshape(2, 3, 4)
    keys = torch.stack([torch.nn.functional.adaptive_avg_pool2d(each[None], (4, 3))[0] for each in frames])
    heard = network.heard(torch.einsum("bij,bjk->bik", keys, query).reshape(2, 16))
    seen = torch.relu(vector @ network.seen[0].weight.T + network.seen[0].bias)
    torch.testing.assert_close(network(vector, frames), network.head(torch.cat([seen, heard], 1)))


def test_coordinate_attention_gates_rows_and_columns():
    attention, x = CoordinateAttention(16).eval(), torch.randn(2, 16, 5, 7)
    gates = attention(x) / x

    rows = torch.sigmoid(attention.rows(attention.shared(x.mean(3, keepdim=True))))
    columns = torch.sigmoid(attention.columns(attention.shared(x.mean(2, keepdim=True))))
    torch.testing.assert_close(gates, rows * columns, rtol=1e-3, atol=1e-5)


def test_a_block_adds_its_input_twice_and_the_pooled_branch():
    block, x = ReceptiveBlock(16, pool=2).eval(), torch.randn(1, 16, 4, 6)
    side = block.side(torch.nn.functional.avg_pool2d(x, 2)).repeat_interleave(2, 2).repeat_interleave(2, 3)

    torch.testing.assert_close(block(x), torch.relu(block.main(block.attended(block.attention(x))) + 2 * x + side))


def test_a_picture_has_low_frequencies_below_and_time_from_left_to_right():
    frames = torch.zeros(1, 4, 6)  # (b, t, f)
    frames[0, 0, 0] = 1.0
    image = picture(frames, 6, 4)

    assert image.shape == (1, 3, 6, 4)
    assert [tuple(place) for place in image.nonzero().tolist()] == [(0, channel, 5, 0) for channel in range(3)]


def test_arguments_change_features_and_sizes():
    (mel,) = MfOnly(spectrum="mel").uses("features")
    assert (mel.part, mel.arguments["n_mels"]) == ("log-mel", 128)
    assert str(Mfhca(encoder="wide").uses("features")[1]) == "encoder-frames[encoder=wide]"
    assert count(published(Mfhca(), 384)) < count(published(Mfhca()))
    with pytest.raises(ValueError, match="spectrum is 'bark', expected one of"):
        MfOnly(spectrum="bark")


@pytest.mark.parametrize("model", [MfOnly(height=16, width=4, epochs=1), Mfhca(height=16, width=4, epochs=1)])
def test_the_models_are_trained_on_segments(model: Model):
    rows = stand_in_features.table(model)

    scores = model.fit(rows, None, seed=0).predict(rows.without_labels()).scores

    assert scores.shape == (12, 4)
