"""Parameters of the recurrent networks, the formula of soft attention, and what fills up a clip."""

from __future__ import annotations

import pytest
import torch
from serbench_plugins.models.gru import Gru
from serbench_plugins.models.reslstm_sa import ResLstmSa
from torch.nn.functional import pad


def parameters(network):
    return sum(each.numel() for each in network.parameters())


@pytest.mark.parametrize(("width", "total"), [(32, 27_988), (64, 46_772), (128, 108_916)])
def test_reslstm_sa_has_the_published_number_of_parameters(width, total):
    assert parameters(ResLstmSa(width=width).build((None, 46), 8)) == total


def test_the_gru_has_the_parameters_of_its_gates():
    def gates(into):
        return 3 * 64 * (into + 64 + 2)  # two biases each, as torch has them

    assert parameters(Gru().build((94, 40), 7)) == gates(40) + gates(64) + 64 * 7 + 7


def test_soft_attention_follows_its_formula():
    torch.manual_seed(0)
    network, x = ResLstmSa(width=8).build((None, 5), 3).eval(), torch.randn(2, 9, 5)
    heard = (x + network.first(x)[0]) / (1 + 1e-5) ** 0.5  # batch norm before it has seen anything
    frames = network.second(heard)[0]
    weights = torch.softmax(torch.einsum("bth,h->bt", frames, network.attention[:, 0]), dim=1)

    torch.testing.assert_close(network(x), network.last(torch.einsum("bt,bth->bh", weights, frames)))


def test_the_forget_gates_begin_open():
    network = ResLstmSa().build((None, 46), 8)

    for units, size in ((network.first, 46), (network.second, 64)):
        for bias in (units.bias_ih_l0, units.bias_hh_l0):
            assert bias.view(4, size).sum(1).tolist() == [0, size, 0, 0]


@pytest.mark.parametrize("model", [Gru(width=8), ResLstmSa(width=8)], ids=lambda model: model.card.name)
def test_what_fills_up_a_clip_changes_nothing(model):
    torch.manual_seed(0)
    network = model.build((40, 5), 3).eval()
    clips = [torch.randn(1, frames, 5) for frames in (30, 40, 1)]
    together = torch.cat([pad(clip, (0, 0, 0, 40 - clip.shape[1]), value=9.0) for clip in clips])

    torch.testing.assert_close(
        network(together, torch.tensor([30, 40, 1])), torch.cat([network(clip) for clip in clips])
    )
    assert not torch.allclose(network(together)[0], network(clips[0])[0])
