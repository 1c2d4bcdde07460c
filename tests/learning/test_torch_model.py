from __future__ import annotations

import dataclasses
import itertools

import numpy as np
import pytest
import torch

from serbench.api import CopyPaste, CutMix, FeatureTable, Mixup, NotFittedError, Recipe, Shift, SpecAugment
from serbench.errors import PluginError, UsageError
from serbench.features.table import Column
from serbench.learning.batch.resident import ResidentTable, Scaler
from serbench.learning.batch.sampler import Families, batches
from serbench.learning.judging import Choice
from tests.learning.tables import LABELS, sequence_table, vector_table


def fitted(cls, seed=0, **recipe):
    model = cls()
    model.recipe = dataclasses.replace(cls.recipe, **recipe)
    return model.fit(sequence_table(50), sequence_table(12, seed=1), seed=seed)


def test_it_learns_an_easy_task(small):
    test = sequence_table(60, seed=2)
    scores = fitted(small).predict(test.without_labels()).aligned(test.ids, test.labels)

    assert (scores.argmax(1) == test.codes).mean() > 0.8


def test_same_seed_same_bits(small):
    test = sequence_table(20, seed=2, labelled=False)
    first, second, other = (fitted(small, seed).predict(test).scores for seed in (3, 3, 4))

    assert np.array_equal(first, second)
    assert not np.array_equal(first, other)


def test_training_leaves_the_global_generators_alone(small):
    before = torch.random.get_rng_state(), np.random.get_state()[1].copy()  # noqa: NPY002
    fitted(small)

    assert torch.equal(before[0], torch.random.get_rng_state())
    assert np.array_equal(before[1], np.random.get_state()[1])  # noqa: NPY002


def test_a_row_alone_scores_as_in_a_batch(small):
    model, test = fitted(small), sequence_table(20, seed=2, labelled=False)
    together = model.predict(test).scores
    alone = np.concatenate([model.predict(test.take([row])).scores for row in range(len(test))])

    np.testing.assert_allclose(alone, together, atol=1e-6)


def test_best_epoch_by_dev_is_kept(small):
    model = fitted(small, epochs=30, patience=4, smooth=1)
    history = model.history()
    best = max(history, key=lambda row: (row["dev_uar"], -row["dev_loss"]))
    dev = sequence_table(12, seed=1)
    scores = model.predict(dev.without_labels()).scores
    uar = np.mean([(scores.argmax(1)[dev.codes == c] == c).mean() for c in range(len(LABELS))])

    assert uar == pytest.approx(best["dev_uar"])
    assert [row["epoch"] for row in history if row.get("chosen")] == [best["epoch"]]
    assert len(history) == min(30, max(best["epoch"] + 4, 8))


def test_monitoring_the_loss_keeps_its_lowest_epoch(small):
    model = fitted(small, epochs=30, patience=4, monitor="loss", smooth=1)
    best = min(model.history(), key=lambda row: row["dev_loss"])

    assert len(model.history()) == min(30, max(best["epoch"] + 4, 8))


@pytest.mark.parametrize(
    ("uars", "smooth", "epochs", "chosen"),
    [
        ([0.9, 0.2, 0.3, 0.4, 0.5, 0.5, 0.5, 0.5], 1, 8, 1),
        ([0.9, 0.2, 0.3, 0.4, 0.5, 0.5, 0.5, 0.5], 3, 8, 7),  # 0.467 of the first three, 0.5 from the seventh on
        ([0.9, 0.2], 5, 2, 2),  # fewer epochs than are judged together: all of them
    ],
)
def test_an_epoch_is_judged_with_those_before_it(uars, smooth, epochs, chosen):
    choice = Choice(Recipe(smooth=smooth, epochs=epochs, patience=None))
    for uar in uars:
        choice.is_best({"dev_uar": uar, "dev_loss": 1.0})

    assert choice.best_epoch == chosen


def test_training_is_not_stopped_in_the_first_quarter_of_its_epochs():
    choice, over = Choice(Recipe(smooth=1, epochs=40, patience=2)), []
    for uar in [0.9, *[0.1] * 20]:
        choice.is_best({"dev_uar": uar, "dev_loss": 1.0})
        over.append(choice.is_over)

    assert over.index(True) == 10  # after the eleventh epoch


def test_keep_last_ignores_dev(small):
    with_dev = fitted(small, keep="last").predict(sequence_table(9, labelled=False)).scores
    without = small()
    without.recipe = dataclasses.replace(small.recipe, keep="last")
    without.fit(sequence_table(50), None, seed=0)

    assert np.array_equal(with_dev, without.predict(sequence_table(9, labelled=False)).scores)


@pytest.mark.parametrize(
    "change",
    [
        {"optimizer": "sgd"},
        {"optimizer": "adamw", "weight_decay": 0.01},
        {"schedule": "cosine"},
        {"loss": "focal"},
        {"loss": "focal", "class_weights": "balanced"},
        {"class_weights": "balanced"},
        {"label_smoothing": 0.1},
        {"betas": (0.8, 0.99)},
        {"learning_rates": {"out": 0.01}},
        {"freeze": ("norm",), "freeze_epochs": 3},
        {"schedule": "exponential", "decay": 0.8},
        {"warmup": 1.5},
        {"accumulate": 2},
        {"smooth": 1, "patience": 1, "epochs": 6},
        {"average": "ema", "ema_decay": 0.9},
        {"average": "swa", "keep": "last"},
        {"augment": (Mixup(alpha=0.4),)},
        {"augment": (Mixup(within="class"),)},
        {"augment": (CutMix(),)},
        {"augment": (SpecAugment(time_width=4, band_width=2),)},
        {"augment": (Shift(scale=0.2), SpecAugment(time_width=2, band_masks=0))},
        {"augment": (CopyPaste(partner="class"),)},
        {"clip_gradient": 1.0},
        {"precision": "bf16"},
        {"fill": "wrap"},
        {"standardise": False},
        {"batch_size": 47},
    ],
    ids=str,
)
def test_every_word_of_the_recipe_trains(small, change):
    test = sequence_table(60, seed=2)
    scores = fitted(small, **change).predict(test.without_labels()).scores

    assert (scores.argmax(1) == test.codes).mean() > 0.6
    assert not np.array_equal(scores, fitted(small).predict(test.without_labels()).scores)


def test_bf16_scores_nearly_as_fp32_does_and_stays_float32_outside(small):
    test = sequence_table(60, seed=2, labelled=False)
    full, half = fitted(small, epochs=1), fitted(small, epochs=1, precision="bf16")
    scores = half.predict(test).scores

    assert {each.dtype for each in half.network_.state_dict().values()} == {torch.float32, torch.int64}
    assert {each.dtype for each in half.state().values() if each.dtype.kind == "f"} == {np.dtype(np.float32)}
    assert scores.dtype == np.float64
    np.testing.assert_allclose(scores.sum(1), 1, atol=1e-12)
    np.testing.assert_allclose(scores, full.predict(test).scores, atol=0.02)
    assert half.history()[0]["train_loss"] == pytest.approx(full.history()[0]["train_loss"], rel=0.01)


@pytest.mark.parametrize(
    "change",
    [
        {"optimizer": "adm"},
        {"epochs": 0},
        {"keep": "first"},
        {"average": "swa"},
        {"freeze": ("encoder",)},
        {"augment": (Mixup(), CutMix())},
        {"fill": "none", "segment": 8},
    ],
    ids=str,
)
def test_a_recipe_refuses_what_it_does_not_know(change):
    with pytest.raises(UsageError, match=next(iter(change))):
        Recipe(**change)


def test_the_recipe_is_part_of_the_identity(small):
    changed = small()
    changed.recipe = Recipe(segment=16, learning_rate=0.049)

    assert changed.identity.digest != small().identity.digest


def test_predict_before_fit_is_refused(small):
    with pytest.raises(NotFittedError, match="small: predict was called before fit"):
        small().predict(sequence_table(3, labelled=False))


def test_a_loss_that_explodes_is_an_error(small):
    with pytest.raises(PluginError, match="training loss is"):
        fitted(small, optimizer="sgd", learning_rate=1e30)


def test_size_counts_parameters_statistics_and_operations(small):
    size = fitted(small).size(sequence_table(1, labelled=False))

    assert size.trainable == 2 * 5 + 5 * 3 + 3
    assert size.total == size.trainable + 2 * 5
    assert size.bytes == 4 * size.total + 2 * 4 * 5
    assert size.macs % (5 * 3) == 0
    assert size.macs > 0


def test_scaler_agrees_with_scikit_learn():
    from sklearn.preprocessing import StandardScaler

    table = vector_table()
    ours, theirs = Scaler.fit(table.column, standardise=True), StandardScaler().fit(table.x.astype(np.float64))

    np.testing.assert_allclose(ours.mean, theirs.mean_, atol=1e-6)
    np.testing.assert_allclose(ours.std, theirs.scale_, atol=1e-6)


def test_a_constant_coefficient_is_only_centred():
    scaler = Scaler.fit(Column("vector", np.full((4, 2), 3.0, np.float32)), standardise=True)

    assert scaler.std.tolist() == [1.0, 1.0]


def resident(lengths, segment, fill="zero"):
    rows = [np.arange(1, n + 1, dtype=np.float32)[:, None] for n in lengths]
    table = FeatureTable(tuple(map(str, range(len(rows)))), {"f": Column.stack("sequence", rows)}, LABELS)
    recipe = Recipe(segment=segment, fill=fill, standardise=False)
    return ResidentTable(table, {"f": Scaler.fit(table.column, standardise=False)}, recipe, "cpu")


def test_segments_are_cut_where_the_position_says():
    rows = resident([10], 4)
    batch = rows.batch(torch.tensor([0, 0, 0]), torch.tensor([0.0, 0.5, 1.0])).values["f"]

    assert batch[..., 0].tolist() == [[1, 2, 3, 4], [4, 5, 6, 7], [7, 8, 9, 10]]


@pytest.mark.parametrize(("fill", "expected"), [("zero", [1, 2, 0, 0, 0]), ("wrap", [1, 2, 1, 2, 1])])
def test_short_rows_are_filled_up(fill, expected):
    rows = resident([3, 2], 5, fill)

    assert rows.batch(torch.tensor([1]), torch.tensor([0.7])).values["f"][0, :, 0].tolist() == expected


@pytest.mark.parametrize("length", [1, 4, 5, 6, 8, 9, 40])
def test_the_grid_covers_every_frame_and_overlaps_by_half(length):
    rows = resident([length, 3], 4)
    numbers, positions = rows.grid()
    own = positions[numbers == 0]
    starts = torch.round(own * max(0, length - 4)).long().tolist()

    assert starts[0] == 0
    assert starts[-1] == max(0, length - 4)
    assert all(after - before <= 2 for before, after in itertools.pairwise(starts))
    assert int((numbers == 1).sum()) == 1


def test_rows_of_unequal_length_need_a_segment(small):
    with pytest.raises(PluginError, match="segment=frames"):
        fitted(small, segment=None)


def test_an_epoch_shows_every_clip_once_as_itself_or_a_child():
    base = sequence_table(6)
    children = FeatureTable(tuple(f"{uid}+noise" for uid in base.ids), base.columns, LABELS, base.y, base.ids)
    table = FeatureTable.join([base, children])
    families = Families.of(table)
    generator = torch.Generator().manual_seed(0)
    epochs = [families.draw(generator).tolist() for _ in range(20)]

    assert all(sorted(number % 6 for number in epoch) == list(range(6)) for epoch in epochs)
    assert {number for epoch in epochs for number in epoch} == set(range(12))


@pytest.mark.parametrize(("n", "sizes"), [(8, [4, 4]), (9, [4, 5]), (10, [4, 4, 2]), (1, [1])])
def test_no_batch_of_one_beside_others(n, sizes):
    assert [len(part) for part in batches(torch.arange(n), 4)] == sizes


def test_several_features_share_the_position():
    n = 4
    fast = Column.stack("sequence", [np.arange(40, dtype=np.float32)[:, None]] * n)
    slow = Column.stack("sequence", [np.arange(10, dtype=np.float32)[:, None]] * n)
    table = FeatureTable(tuple("abcd"), {"fast": fast, "slow": slow}, LABELS)
    recipe = Recipe(segment={"fast": 8, "slow": 2}, standardise=False)
    scalers = {name: Scaler.fit(column, standardise=False) for name, column in table.columns.items()}
    rows = ResidentTable(table, scalers, recipe, "cpu")
    batch = rows.batch(torch.tensor([2]), torch.tensor([0.5]))

    assert rows.shapes() == {"fast": (8, 1), "slow": (2, 1)}
    assert batch.values["fast"][0, 0, 0] == 16
    assert batch.values["slow"][0, 0, 0] == 4
