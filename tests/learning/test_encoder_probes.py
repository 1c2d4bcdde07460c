"""Probes on frozen encoders: sizes as published, averages that change nothing, and encoders that are passed on."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from serbench_plugins.models.emobox_probe import EmoBoxProbe, Emotion2vecProbe
from serbench_plugins.models.linear_probe import LinearProbe, LinearProbeDev
from serbench_plugins.models.speaker_probe import SpeakerProbe
from serbench_plugins.models.superb_probe import SuperbProbe
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import StandardScaler

from serbench.api import Column, FeatureTable
from serbench.errors import UsageError
from serbench.plugin.registry import load_registry
from serbench.plugin.uses import make_features

LABELS = ("angry", "calm", "happy")
ON_ENCODERS = [LinearProbe, LinearProbeDev, SuperbProbe, EmoBoxProbe, Emotion2vecProbe]


def parameters(network):
    return sum(each.numel() for each in network.parameters())


def states(n, seed=0, *, telling=2):
    """Return a table of ``n`` rows, 4 layers of width 6, of which one tells the classes."""
    rng = np.random.default_rng(seed)
    codes = np.arange(n) % 3
    values = rng.normal(size=(n, 1, 4, 6)).astype(np.float32)
    values[np.arange(n), 0, telling, codes] += 4
    ids = tuple(f"row-{row}" for row in range(n))
    return FeatureTable(ids, {"encoder-mean": Column("image", values)}, LABELS, np.array(LABELS)[codes])


def test_superb_s_head_has_the_published_size():
    assert parameters(SuperbProbe().build((1, 13, 768), 4)) == 197_905


@pytest.mark.parametrize("model", [EmoBoxProbe, Emotion2vecProbe])
def test_the_frame_probes_have_a_fifth_of_a_million(model):
    assert parameters(model().build((None, 768), 4)) == 768 * 256 + 256 + 256 * 4 + 4


def test_superb_s_recipe_is_as_published():
    recipe = SuperbProbe().recipe

    assert (recipe.optimizer, recipe.learning_rate, recipe.batch_size, recipe.clip_gradient) == ("adam", 1e-4, 32, 1.0)
    folds = 5531 * 4 / 5 * 0.8 / 32  # steps an epoch: four sessions of five, 80 % of them
    assert recipe.epochs * folds == pytest.approx(30_000, rel=0.01)


def test_emotion2vec_s_recipe_is_as_published():
    recipe = Emotion2vecProbe().recipe

    assert (recipe.learning_rate, recipe.weight_decay, recipe.batch_size, recipe.epochs) == (5e-4, 1e-5, 128, 100)


def test_averaging_over_time_first_changes_neither_logits_nor_gradients():
    with torch.random.fork_rng():
        torch.manual_seed(0)
        network = SuperbProbe().build((1, 3, 8), 4)
        frames = torch.randn(2, 3, 50, 8)  # (b, layers, t, d)
        with torch.no_grad():
            network.weights.copy_(torch.randn(3))

    mixed = torch.einsum("l,bltd->btd", network.weights.softmax(0), frames)
    slow = network.last(network.projection(mixed).mean(1))  # as SUPERB writes it
    fast = network(frames.mean(2)[:, None])

    torch.testing.assert_close(fast, slow)
    gradients = [torch.autograd.grad(out.square().sum(), list(network.parameters())) for out in (fast, slow)]
    torch.testing.assert_close(*gradients)


def test_what_fills_up_a_row_has_no_part_in_the_mean():
    with torch.random.fork_rng():
        torch.manual_seed(0)
        network = EmoBoxProbe().build((None, 8), 4)
        x = torch.randn(2, 9, 8)
    mask = torch.arange(9)[None] < torch.tensor([[9], [5]])

    together = network(x, mask)

    torch.testing.assert_close(together[1:], network(x[1:, :5], mask[1:, :5]))
    hidden = torch.relu(x[1, :5] @ network.hidden.weight.T + network.hidden.bias).mean(0)
    torch.testing.assert_close(together[1], hidden @ network.last.weight.T + network.last.bias)


@pytest.mark.parametrize("layer", ["mean", 2])
def test_the_linear_probe_is_scikit_learn_s_regression_on_a_layer(layer):
    train, test = states(60), states(30, seed=1)
    x = [(each.x[:, 0].mean(1) if layer == "mean" else each.x[:, 0, layer]) for each in (train, test)]
    scaler = StandardScaler().fit(x[0])
    expected = LogisticRegression(C=0.1, max_iter=2000).fit(scaler.transform(x[0]), train.y)

    said = LinearProbe(layer=layer).fit(train, None, seed=0).predict(test.without_labels())

    np.testing.assert_allclose(said.scores, expected.predict_proba(scaler.transform(x[1])), atol=1e-6)


@pytest.mark.parametrize("telling", [0, 3])
def test_the_layer_is_the_best_one_on_dev(telling):
    train, dev, test = (states(60, seed=seed, telling=telling) for seed in range(3))
    model = LinearProbeDev().fit(train, dev, seed=0)

    assert model.layer_ == telling
    assert [each["layer"] for each in model.history()] == ["mean", 0, 1, 2, 3]
    again = LinearProbeDev().load_state(model.state(), LABELS)
    scores = [each.predict(test.without_labels()).scores for each in (model, again)]
    np.testing.assert_array_equal(*scores)
    np.testing.assert_array_equal(
        scores[0], LinearProbe(layer=telling).fit(train, None, seed=0).predict(test.without_labels()).scores
    )


def test_a_layer_that_is_not_there_is_refused():
    with pytest.raises(ValueError, match="layer is 4, expected 0 to 3"):
        LinearProbe(layer=4).fit(states(30), None, seed=0)
    with pytest.raises(UsageError, match="layer is 'dev'"):
        LinearProbe.create(layer="dev")


@pytest.mark.parametrize("model", ON_ENCODERS)
def test_the_encoder_is_the_feature_s_and_stands_in_the_label(model):
    chosen = model(encoder="wavlm-base-plus")
    (extractor,) = make_features(chosen, load_registry(only=()), {}).values()

    assert chosen.identity.label == f"{model.card.name}[encoder=wavlm-base-plus]"
    assert extractor.checkpoint.name == "microsoft/wavlm-base-plus"
    assert extractor.pretrained_on == ("gigaspeech", "libri-light", "voxpopuli")


@pytest.mark.parametrize("model", ON_ENCODERS)
def test_an_encoder_whose_digest_nobody_knows_is_asked_for(model):
    chosen, registry = model(encoder="hubert-large"), load_registry(only=())
    (feature,) = chosen.uses("features")

    with pytest.raises(UsageError, match="say it as sha256"):
        make_features(chosen, registry, {})
    (extractor,) = make_features(chosen, registry, {feature.name: {"sha256": "a" * 64}}).values()
    assert extractor.checkpoint.sha256 == "a" * 64


def test_the_leak_probe_knows_the_voice_alone():
    (extractor,) = make_features(SpeakerProbe(), load_registry(only=()), {}).values()

    assert extractor.card.name == "ge2e"
    assert extractor.pretrained_on == ("librispeech-other", "voxceleb1", "voxceleb2")
