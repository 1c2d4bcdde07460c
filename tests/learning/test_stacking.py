"""Cells trained together come out as they do one by one."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
import torch
from serbench_plugins.models.attn1dcnn import Attn1dCnn
from serbench_plugins.models.attn1dcnn_paper import Attn1dCnnPaper
from serbench_plugins.models.cnn2d import Cnn2d

from serbench.api import (
    CopyPaste,
    CutMix,
    FeatureTable,
    Mixup,
    Model,
    ModelCard,
    Predictions,
    Recipe,
    Shift,
    SpecAugment,
    TorchModel,
)
from serbench.errors import PluginError
from serbench.features.table import Column
from serbench.learning.stacking.fit import Fit, fit_together, is_stackable
from tests.learning.tables import sequence_table, vector_table

TEST = sequence_table(20, seed=2, labelled=False)


def tables(n, seed, **shape):
    """Rows with a child each, and rows to choose on."""
    base, other = sequence_table(n, seed=seed, **shape), sequence_table(n, seed=seed + 50, **shape)
    children = FeatureTable(tuple(f"{uid}+c" for uid in base.ids), other.columns, base.labels, base.y, base.ids)
    return FeatureTable.join([base, children]), sequence_table(12 + seed, seed=seed + 1, **shape)


#: Three cells with 7, 7 and 6 batches an epoch, the last of them of 2, 6 and 8 rows.
DATA = [tables(50, 0), tables(54, 3), tables(48, 5)]


def both(make, data=DATA):
    """Return the models of three cells trained one by one, and trained together."""
    alone = [make().fit(*each, seed=seed) for seed, each in enumerate(data)]
    together = [make() for _ in data]
    fits = [Fit(model, *each, seed) for seed, (model, each) in enumerate(zip(together, data, strict=True))]
    assert fit_together(fits) == [None] * len(data)
    return alone, together


def assert_equal(alone, together, test=TEST, close=2e-4, *, state=True):
    for one, other in zip(alone, together, strict=True):
        assert [row["epoch"] for row in one.history()] == [row["epoch"] for row in other.history()]
        for row, same in zip(one.history(), other.history(), strict=True):
            assert same == pytest.approx(row, rel=close, abs=close)
        mine, theirs = one.state(), other.state()
        assert mine.keys() == theirs.keys()
        for name, values in mine.items() if state else ():
            np.testing.assert_allclose(theirs[name], values, atol=close, rtol=close, err_msg=name)
        np.testing.assert_allclose(other.predict(test).scores, one.predict(test).scores, atol=close)


def variant(cls, **recipe):
    def make():
        model = cls()
        model.recipe = dataclasses.replace(cls.recipe, **recipe)
        return model

    return make


@pytest.fixture(autouse=True)
def _no_fallback(caplog, request):
    """Fail where cells were quietly trained one by one."""
    yield
    said = [record.message for record in caplog.get_records("call") if "one by one" in record.message]
    assert bool(said) == ("falls_back" in request.node.name)


@pytest.mark.parametrize(
    "change",
    [
        {},
        {"optimizer": "sgd"},
        {"weight_decay": 0.01},
        {"optimizer": "adamw", "weight_decay": 0.01},
        {"schedule": "cosine"},
        {"loss": "focal", "class_weights": "balanced"},
        {"class_weights": "balanced"},
        {"label_smoothing": 0.1},
        {"betas": (0.8, 0.99), "schedule": "exponential", "warmup": 1.5},
        {"average": "ema", "ema_decay": 0.9},
        {"average": "swa", "keep": "last"},
        {"augment": (Mixup(alpha=0.4),)},
        {"augment": (Shift(scale=0.2), SpecAugment(time_width=4, band_width=2), CutMix())},
        {"augment": (CopyPaste(partner="class"),)},
        {"clip_gradient": 0.1},
        {"fill": "wrap"},
        {"keep": "last"},
    ],
    ids=str,
)
def test_three_cells_come_out_as_one_by_one(small, change):
    assert_equal(*both(variant(small, epochs=6, **change)))


def test_in_bf16_they_come_out_nearly_so(small):
    assert_equal(*both(variant(small, epochs=2, precision="bf16")), close=0.02)


class OfAnyLength(TorchModel):
    """Attends to the frames of whole clips, and has a loss of its own."""

    card = ModelCard(name="any", version="1", summary="a test model", features=("mfcc",), chooses_on_dev=True)
    recipe = Recipe(epochs=4, batch_size=8, learning_rate=0.02)

    def build(self, input_shape, n_classes):
        class Attend(torch.nn.Module):
            def __init__(self):
                super().__init__()
                self.score = torch.nn.Linear(input_shape[1], 1, bias=False)
                self.drop = torch.nn.Dropout(0.2)
                self.out = torch.nn.Linear(input_shape[1], n_classes)

            def forward(self, x, mask):
                weight = self.score(x)[..., 0].masked_fill(~mask, -torch.inf).softmax(1)
                return self.out((self.drop(x) * weight[..., None]).sum(1))

        return Attend()

    def loss(self, logits, codes, counts, recipe):
        return super().loss(logits - 0.1 * counts.log(), codes, counts, recipe)


def test_whole_clips_of_any_length_come_out_as_one_by_one():
    assert_equal(*both(OfAnyLength))


def test_each_cell_stops_when_its_own_patience_ends(small):
    alone, together = both(variant(small, epochs=60, patience=3, monitor="loss"))

    assert_equal(alone, together)
    assert len({len(model.history()) for model in together}) > 1


@pytest.mark.parametrize(
    ("make", "shape"),
    [
        (lambda: Attn1dCnn(width=32, epochs=3), {}),
        (lambda: Cnn2d(width=4, epochs=2), {"d": 16}),
    ],
    ids=["attn1dcnn", "cnn2d"],
)
def test_networks_of_ours_come_out_as_one_by_one(make, shape):
    test = sequence_table(20, seed=2, labelled=False, **shape)

    # a bias before batch norm changes nothing, so its gradient is rounding alone, and Adam makes steps of that
    assert_equal(*both(make, [tables(34, 0, **shape), tables(40, 3, **shape)]), test, close=2e-3, state=False)


def test_a_networks_own_penalty_counts():
    data = [(vector_table(n, seed=n, d=30), None) for n in (20, 24)]
    data = [(FeatureTable(table.ids, {"paper-mfcc": table.column}, table.labels, table.y), dev) for table, dev in data]

    assert_equal(*both(lambda: Attn1dCnnPaper(epochs=2), data), data[0][0].without_labels(), close=2e-3)


class TwoFeatures(TorchModel):
    """Takes two features, and drops whole channels of one."""

    card = ModelCard(name="two", version="1", summary="a test model", features=("fast", "slow"))
    recipe = Recipe(epochs=3, batch_size=8, learning_rate=0.02, segment={"fast": 8, "slow": 2}, keep="last")

    def build(self, input_shape, n_classes):
        class Two(torch.nn.Module):
            def __init__(self):
                super().__init__()
                self.fixed = torch.nn.Parameter(torch.ones(5), requires_grad=False)
                self.out = torch.nn.Linear(10, n_classes)

            def forward(self, x):
                fast = torch.nn.functional.dropout1d(x["fast"].transpose(1, 2), 0.3, self.training)
                slow = torch.nn.functional.dropout(x["slow"], training=self.training)
                return self.out(torch.cat([fast.mean(2) * self.fixed, slow.mean(1)], dim=1))

        return Two()


def test_several_features_and_dropout_by_function():
    def pair(n, seed):
        table = sequence_table(n, seed=seed)
        columns = {"fast": table.column, "slow": sequence_table(n, seed=seed + 9).column}
        return FeatureTable(table.ids, columns, table.labels, table.y)

    assert_equal(*both(TwoFeatures, [(pair(n, n), None) for n in (20, 26)]), pair(7, 7).without_labels())


def test_a_cell_whose_loss_explodes_fails_alone(small):
    bad, dev = DATA[1]
    values = np.where(np.arange(len(bad.column.values))[:, None] == 3, np.float32(np.nan), bad.column.values)
    column = Column("sequence", values, bad.column.lengths)
    data = [DATA[0], (dataclasses.replace(bad, columns={"mfcc": column}), dev), DATA[2]]
    make = variant(small, epochs=3, standardise=False)
    models = [make() for _ in data]
    fits = [Fit(model, *each, seed) for seed, (model, each) in enumerate(zip(models, data, strict=True))]
    answers = fit_together(fits)

    assert [type(answer) for answer in answers] == [type(None), PluginError, type(None)]
    assert "training loss is" in str(answers[1])
    assert_equal([make().fit(*DATA[seed], seed=seed) for seed in (0, 2)], [models[0], models[2]])


class Noisy(TorchModel):
    """Draws in its network what no stack can draw for it."""

    card = ModelCard(name="noisy", version="1", summary="a test model", features=("mfcc",), chooses_on_dev=True)
    recipe = Recipe(epochs=2, segment=8)

    def build(self, input_shape, n_classes):
        class Net(torch.nn.Module):
            def __init__(self):
                super().__init__()
                self.out = torch.nn.Linear(input_shape[1], n_classes)

            def forward(self, x):
                noise = torch.randn_like(x[:, 0]) if self.training else 0
                return self.out(x.mean(1) + noise)

        return Net()


def test_what_cannot_be_stacked_falls_back(caplog):
    alone, together = both(Noisy)

    for one, other in zip(alone, together, strict=True):
        assert np.array_equal(one.predict(TEST).scores, other.predict(TEST).scores)
        assert one.history() == other.history()
    assert "noisy cannot be trained as a stack" in caplog.text


class Own(TorchModel):
    card = ModelCard(name="own", version="1", summary="a test model", features=("mfcc",))

    def fit(self, train, dev, *, seed):
        raise RuntimeError("no luck")


class Plain(Model):
    card = ModelCard(name="plain", version="1", summary="a test model")

    def fit(self, train, dev, *, seed):
        return self

    def predict(self, test):
        return Predictions(test.ids, np.ones((len(test), 1)), test.labels[:1])


def test_only_what_the_harness_trains_is_stacked(small):
    assert [is_stackable(each()) for each in (small, Own, Plain)] == [True, False, False]
    answers = fit_together([Fit(Own(), *DATA[0], 0), Fit(Own(), *DATA[1], 0)])

    assert [str(answer) for answer in answers] == ["no luck", "no luck"]


def test_torchs_own_generators_are_left_alone(small):
    before = torch.random.get_rng_state()
    both(variant(small, epochs=1))

    assert torch.equal(before, torch.random.get_rng_state())
