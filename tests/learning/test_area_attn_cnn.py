"""Published numbers of the area attention CNN, its formula by loops, and what fills up a clip."""

from __future__ import annotations

import itertools

import pytest
import torch
from serbench_plugins.models.area_attn_cnn import AreaAttnCnn
from serbench_plugins.networks.area_attention import AreaAttention, areas
from torch import nn
from torch.nn.functional import pad


@pytest.mark.parametrize("mode", ["code", "paper"])
def test_the_network_has_the_published_number_of_parameters(mode):
    network = AreaAttnCnn(mode=mode).build((81, 128), 4)

    assert sum(each.numel() for each in network.parameters()) == 503_108


def test_the_maps_are_the_published_ones():
    network, sizes = AreaAttnCnn().build((81, 128), 4).eval(), []
    for layer in (network.tall, network.long, *network.layers, network.attention):
        layer.register_forward_hook(lambda _, __, out: sizes.append(tuple(out.shape[1:])))

    network(torch.zeros(1, 81, 128))

    assert sizes[:2] == [(16, 128, 81)] * 2
    assert sizes[2:] == [(32, 128, 40), (48, 64, 20), (64, 64, 20), (80, 64, 20), (80, 64, 20)]


def test_a_row_of_20_has_57_areas_of_up_to_3():
    assert areas(torch.zeros(1, 1, 1, 20), 1, 3, "mean").shape == (1, 1, 57)
    assert areas(torch.zeros(1, 1, 64, 20), 3, 3, "mean").shape == (1, 1, (64 + 63 + 62) * 57)


@pytest.mark.parametrize(("key", "value"), [("mean", "sum"), ("max", "mean"), ("mean", "max")])
@pytest.mark.parametrize("height", [1, 2])
def test_attention_follows_its_formula(height, key, value):
    torch.manual_seed(0)
    x = torch.randn(1, 3, 4, 5)
    attention = AreaAttention(height, 2, key=key, value=value, dropout=0.5).eval()
    over = {"mean": lambda v: v.mean(1), "sum": lambda v: v.sum(1), "max": lambda v: v.max(1).values}

    found = attention(x)

    for row, frame in itertools.product(range(4), range(5)):
        keys, values = [], []
        for tall, wide in itertools.product(range(1, height + 1), range(1, 3)):
            for top, left in itertools.product(range(5 - tall), range(6 - wide)):
                if height == 1 and top != row:
                    continue
                area = x[0, :, top : top + tall, left : left + wide].flatten(1)
                keys.append(over[key](area))
                values.append(over[value](area))
        weights = torch.softmax(torch.stack(keys) @ x[0, :, row, frame], dim=0)
        torch.testing.assert_close(found[0, :, row, frame], weights @ torch.stack(values))


@pytest.mark.parametrize("mode", ["code", "paper"])
def test_what_fills_up_a_clip_is_not_attended_to(mode):
    torch.manual_seed(0)
    attention = AreaAttention(1 if mode == "code" else 3, 3, key="mean", value="sum", dropout=0.5).eval()
    x = torch.randn(2, 4, 6, 10)
    filled = torch.cat([x[..., :7], torch.randn(2, 4, 6, 3)], dim=3)

    found = attention(filled, torch.arange(10).expand(2, 10) < 7)

    torch.testing.assert_close(found[..., :7], attention(x[..., :7]))


def test_what_fills_up_a_clip_changes_nothing():
    torch.manual_seed(0)
    network = AreaAttnCnn(width=4).build((24, 16), 3).eval()
    for layer in network.modules():
        if isinstance(layer, nn.BatchNorm2d):
            nn.init.normal_(layer.bias)
    clip, shorter = torch.randn(1, 12, 16), AreaAttnCnn(width=4).build((12, 16), 3).eval()
    mine = network.state_dict()
    # the last layer of a network for the clip alone reads the columns of its own frames
    own = mine["last.weight"].reshape(3, 20, 8, 6)[..., :3].flatten(1)
    shorter.load_state_dict(mine | {"last.weight": own})

    torch.testing.assert_close(network(pad(clip, (0, 0, 0, 12)), torch.tensor([12])), shorter(clip))


def test_copies_of_clips_are_an_argument():
    assert AreaAttnCnn(vtlp=0).augmentations == ()
    (use,) = AreaAttnCnn(vtlp=7).augmentations
    assert (use.part, use.copies, dict(use.arguments)) == ("vtlp", 7, {"lowest": 0.8, "highest": 1.2})
    assert AreaAttnCnn().augmentations == AreaAttnCnn.card.augmentations


def test_a_mode_that_is_not_known_is_refused():
    with pytest.raises(ValueError, match="mode is 'both', expected one of"):
        AreaAttnCnn(mode="both")
