"""Graph attention, quantised pitch, SwiGLU and SeqAug: formulas by hand, and padding that changes nothing."""

from __future__ import annotations

import torch
from serbench_plugins.augmentations.seq_aug import SeqAug
from serbench_plugins.models.graph_fusion import ENCODER, PITCH, GraphFusion
from serbench_plugins.networks.graph_fusion import (
    AttentivePooling,
    GraphAttention,
    GraphFusionNetwork,
    QuantisedPitch,
    SwiGlu,
)

from serbench.api import Rows
from tests.learning import stand_in_features


def count(network):
    return sum(each.numel() for each in network.parameters())


def test_the_layers_have_the_published_sizes():
    with torch.device("meta"):
        network = GraphFusion().build({ENCODER: (None, 1280), PITCH: (None, 1)}, 8)

    assert count(network.project) == 1280 * 512 + 512
    assert count(network.graph) == 512 * 512 + 2 * 512
    assert count(network.transformer) == 4 * (512 * 512 + 512) + 2 * 512 * 2048 + 2048 + 512 + 4 * 512
    assert count(network.pool) == 512 * 512 + 512
    assert count(network.pitch) == 257 * 512 + 512 * 512 + 512
    assert count(network.head) == 2 * (1024 * 768 + 768) + 768 * 8 + 8


def test_graph_attention_follows_its_formula():
    layer, x = GraphAttention(6), torch.randn(1, 4, 6)
    layer.requires_grad_(False)
    nodes = x[0] @ layer.project.weight.T
    a = torch.cat([layer.own.weight[0], layer.other.weight[0]])
    scores = torch.tensor([[float(torch.cat([i, j]) @ a) for j in nodes[:3]] for i in nodes])  # the last is nobody's

    expected = torch.softmax(torch.where(scores > 0, scores, 0.2 * scores), 1) @ nodes[:3]
    torch.testing.assert_close(layer(x, torch.tensor([[True, True, True, False]]))[0], expected)


def test_pooling_weighs_every_channel_by_itself():
    pool, x = AttentivePooling(5), torch.randn(2, 7, 5)
    mask = torch.arange(7) < torch.tensor([[7], [4]])
    scores = x @ pool.scores.weight.T + pool.scores.bias

    expected = (torch.softmax(scores[1, :4], 0) * x[1, :4]).sum(0)
    torch.testing.assert_close(pool(x, mask)[1], expected)


def test_a_pitch_is_its_number_in_the_table():
    pitch, frames = QuantisedPitch(3), torch.tensor([[[0.0], [255.0], [7.0]]])

    expected = pitch.project(pitch.embedding.weight[[0, 255]]).mean(0)
    torch.testing.assert_close(pitch(frames, torch.tensor([[True, True, False]]))[0], expected)


def test_swiglu_follows_its_formula():
    head, x = SwiGlu(4, 6, 3, 0.5).eval(), torch.randn(2, 4)
    gate = head.gate(x)

    torch.testing.assert_close(head(x), head.out(gate * torch.sigmoid(gate) * head.value(x)))


def test_what_fills_up_a_clip_changes_nothing():
    network = GraphFusionNetwork((ENCODER, PITCH), 12, 4, width=16, dropout=0.5).eval()
    clips = [{ENCODER: torch.randn(1, t, 12), PITCH: torch.randint(256, (1, t + 2, 1)).float()} for t in (9, 30, 1)]
    alone = [
        network(clip, {name: torch.ones(each.shape[:2], dtype=torch.bool) for name, each in clip.items()})
        for clip in clips
    ]
    padded, masks = {}, {}
    for name in (ENCODER, PITCH):
        lengths = torch.tensor([clip[name].shape[1] for clip in clips])
        padded[name] = torch.nn.utils.rnn.pad_sequence([clip[name][0] for clip in clips], batch_first=True)
        masks[name] = torch.arange(padded[name].shape[1]) < lengths[:, None]

    torch.testing.assert_close(network(padded, masks), torch.cat(alone))


def test_seq_aug_moves_own_frames_of_some_coefficients_in_some_rows():
    frames = torch.arange(5.0)[None, :, None] + 10 * torch.arange(40.0)[None, None] + torch.zeros(400, 1, 1)
    lengths = torch.full((400,), 4)
    frames[:, 4] = 0
    rows = Rows({"f": frames}, {"f": lengths}, torch.zeros(400, dtype=torch.int64), ("angry",))
    change, before = SeqAug(), frames.clone()

    drawn = change.draw(rows, torch.Generator().manual_seed(0))
    values, after = change.apply(rows, drawn)

    moved = (values["f"] != before).any(1)  # (b, d)
    share = drawn["f"][0][:, 0].float().mean(1)
    assert torch.equal(frames, before)
    assert torch.equal(values["f"].sort(1).values, before.sort(1).values)  # in every coefficient the same values
    assert not values["f"][:, 4].any()
    assert after is rows.lengths
    assert 0.4 < float((share > 0).float().mean()) < 0.6
    assert not moved[share == 0].any()
    assert 0.4 < float(share[share > 0].mean()) < 0.65  # of Beta(.5, .5), where most shares are near 0 or 1
    assert float(((share > 0.1) & (share < 0.9)).float().mean()) < 0.35
    assert torch.equal(values["f"][0] - before[0], change.apply(rows, drawn)[0]["f"][0] - before[0])


def test_the_model_is_trained_on_pitches_as_they_are():
    model = GraphFusion(width=8, epochs=1)
    table = stand_in_features.table(model)

    assert model.fit(table, None, seed=0).predict(table.without_labels()).scores.shape == (12, 4)
    assert model.recipe.facts()["augment"] == [{"name": "SeqAug", "features": ("encoder-frames",)}]
    assert "augment" not in GraphFusion(seq_aug=False).recipe.facts()
