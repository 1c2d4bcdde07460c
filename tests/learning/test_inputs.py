"""What reaches a network: masks, lengths, batches of like length, stages, weights that were there before."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
import torch

from serbench.api import FeatureTable, ModelCard, Recipe, Stage, TorchModel
from serbench.errors import PluginError, UsageError
from serbench.learning.batch.sampler import Families, draw_batches
from serbench.learning.stacking.fit import is_stackable
from serbench.learning.torch_model import TorchModel as Base
from tests.learning.tables import LABELS, sequence_table


class Pooled(TorchModel):
    """A mean over the frames that a row has, by its mask or by its lengths."""

    card = ModelCard(name="pooled", version="1", summary="a test model", features=("mfcc",))
    recipe = Recipe(epochs=8, batch_size=8, learning_rate=0.05, keep="last")
    asks = "mask"

    def build(self, input_shape, n_classes):
        class Mean(torch.nn.Module):
            def __init__(self):
                super().__init__()
                self.encoder = torch.nn.Linear(input_shape[1], 6)
                self.out = torch.nn.Linear(6, n_classes)

        class Masked(Mean):
            def forward(self, x, mask):
                return self.out((self.encoder(x) * mask[..., None]).sum(1) / mask.sum(1, keepdim=True))

        class Measured(Mean):
            def forward(self, x, lengths):
                inside = torch.arange(x.shape[1])[None] < lengths[:, None]
                return self.out((self.encoder(x) * inside[..., None]).sum(1) / lengths[:, None])

        class Blind(Mean):
            def forward(self, x):
                return self.out(self.encoder(x).mean(1))

        return {"mask": Masked, "lengths": Measured, "nothing": Blind}[self.asks]()


def fitted(asks="mask", table=None, dev=None, **recipe):
    model = Pooled()
    model.asks = asks
    model.recipe = dataclasses.replace(Pooled.recipe, **recipe)
    return model.fit(table or sequence_table(50), dev, seed=0)


@pytest.mark.parametrize("asks", ["mask", "lengths"])
@pytest.mark.parametrize("segment", [None, 16])
def test_a_row_alone_scores_as_it_does_padded_among_longer_ones(asks, segment):
    model, test = fitted(asks, segment=segment), sequence_table(20, seed=2, labelled=False)
    together = model.predict(test).scores
    alone = np.concatenate([model.predict(test.take([row])).scores for row in range(len(test))])

    np.testing.assert_allclose(alone, together, atol=1e-6)


def test_masks_and_lengths_say_the_same():
    test = sequence_table(20, seed=2, labelled=False)
    by_mask, by_lengths = fitted("mask").predict(test).scores, fitted("lengths").predict(test).scores

    np.testing.assert_allclose(by_mask, by_lengths, atol=1e-6)


def test_a_network_that_asks_for_nothing_is_not_given_padding():
    with pytest.raises(PluginError, match="forward takes lengths or mask"):
        fitted("nothing")


def test_without_padding_batches_hold_clips_of_one_length():
    model = fitted("nothing", fill="none", epochs=2)
    test = sequence_table(20, seed=2, labelled=False)
    alone = np.concatenate([model.predict(test.take([row])).scores for row in range(len(test))])

    np.testing.assert_allclose(model.predict(test).scores, alone, atol=1e-6)


def test_whole_clips_come_in_batches_of_like_length_each_once():
    table = sequence_table(200, longest=100)
    lengths = torch.from_numpy(table.column.lengths)
    recipe = Recipe(batch_size=8)
    drawn = draw_batches(Families.of(table), recipe, torch.Generator().manual_seed(0), lengths)
    mixed = draw_batches(Families.of(table), recipe, torch.Generator().manual_seed(0))

    def padding(draws):
        return sum(int(lengths[draw.rows].max()) * len(draw.rows) for draw in draws) / int(lengths.sum())

    assert sorted(row for draw in drawn for row in draw.rows.tolist()) == list(range(200))
    assert padding(drawn) < 1.2 < padding(mixed)


def test_a_saved_model_of_whole_clips_predicts_the_same():
    model, test = fitted(), sequence_table(9, seed=3, labelled=False)
    again = Pooled().load_state(model.state(), LABELS)

    assert np.array_equal(again.predict(test).scores, model.predict(test).scores)


def test_a_frozen_part_stays_as_it_was_and_the_rest_moves():
    first = fitted(freeze=("encoder",), freeze_epochs=8).state()
    begun = fitted(learning_rate=1e-9).state()

    np.testing.assert_allclose(first["network.encoder.weight"], begun["network.encoder.weight"], atol=1e-6)
    assert not np.allclose(first["network.out.weight"], begun["network.out.weight"], atol=1e-3)


def test_a_part_has_a_rate_of_its_own():
    slow = fitted(learning_rates={"encoder": 1e-9}).state()
    begun = fitted(learning_rate=1e-9).state()

    np.testing.assert_allclose(slow["network.encoder.weight"], begun["network.encoder.weight"], atol=1e-6)
    assert not np.allclose(slow["network.out.weight"], begun["network.out.weight"], atol=1e-3)


def test_a_part_that_is_not_there_is_named_with_those_that_are():
    with pytest.raises(PluginError, match=r"the part 'encodr' .* expected one such as \['encoder', 'out'\]"):
        fitted(freeze=("encodr",), freeze_epochs=1)


def test_accumulated_batches_step_as_one_of_their_size():
    table = sequence_table(48)
    together = fitted(table=table, batch_size=16, epochs=1, segment=16).state()
    in_parts = fitted(table=table, batch_size=8, accumulate=2, epochs=1, segment=16).state()

    for name, values in together.items():
        np.testing.assert_allclose(in_parts[name], values, atol=2e-2, err_msg=name)  # segments lie elsewhere


def test_averaging_is_torch_s_own():
    from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

    class Watched(Pooled):
        def optimizer(self, network, recipe):
            made = super().optimizer(network, recipe)
            self.reference_ = AveragedModel(network, multi_avg_fn=get_ema_multi_avg_fn(0.9), use_buffers=True)
            made.register_step_post_hook(lambda *_: self.reference_.update_parameters(network))
            return made

    model = Watched()
    model.recipe = dataclasses.replace(Pooled.recipe, average="ema", ema_decay=0.9)
    model.fit(sequence_table(50), None, seed=0)

    for name, values in model.reference_.module.state_dict().items():
        assert torch.equal(model.network_.state_dict()[name], values)


class Twice(Pooled):
    """First who speaks, or the source; then the classes."""

    first = "speaker"

    @property
    def stages(self):
        once = dataclasses.replace(self.recipe, epochs=2)
        if self.first == "speaker":
            return Stage(recipe=once, learns="speaker"), Stage(recipe=self.recipe)
        return Stage(recipe=once, rows="source"), Stage(recipe=self.recipe, rows="target")


def with_facts(**facts):
    table = sequence_table(48)
    return dataclasses.replace(table, **facts)


def test_speakers_are_learned_first_and_the_classes_last():
    table = with_facts(speakers=np.array([f"speaker-{row % 4}" for row in range(48)]))
    model = Twice().fit(table, None, seed=0)

    assert [row["stage"] for row in model.history()] == [1, 1] + [2] * 8
    assert model.predict(sequence_table(4, labelled=False)).labels == LABELS
    assert model.network_.out.out_features == len(LABELS)


def test_a_later_stage_begins_with_what_the_one_before_learned(monkeypatch):
    table = with_facts(speakers=np.array([f"speaker-{row % 4}" for row in range(48)]))
    seen = []
    monkeypatch.setattr(Base, "initialise", lambda _, network: seen.append(network))
    Twice().fit(table, None, seed=0)

    assert len(seen) == 2


def test_source_and_target_are_learned_in_turn():
    table = with_facts(domains=np.array(["source"] * 30 + ["target"] * 18))
    model = Twice()
    model.first = "source"

    assert {row["stage"] for row in model.fit(table, None, seed=0).history()} == {1, 2}
    # without a target's rows the source alone; without domains all rows are the target's
    alone = with_facts(domains=np.array(["source"] * 48))
    assert {row["stage"] for row in model.fit(alone, None, seed=0).history()} == {1}
    assert {row["stage"] for row in model.fit(sequence_table(48), None, seed=0).history()} == {2}


def test_stages_are_part_of_the_identity_and_are_not_stacked():
    model = Twice()

    assert model.identity.settings["stages"][0] == {
        "recipe": {**Pooled.recipe.facts(), "epochs": 2},
        "learns": "speaker",
    }
    assert "stages" not in Pooled().identity.settings
    assert not is_stackable(model)


@pytest.mark.parametrize(
    ("facts", "said"),
    [({}, "do not say whose they are"), ({"speakers": None}, "do not say whose they are")],
)
def test_speakers_cannot_be_learned_where_nobody_knows_them(facts, said):
    with pytest.raises(PluginError, match=said):
        Twice().fit(with_facts(**facts), None, seed=0)


def test_a_stage_of_speakers_has_no_dev():
    with pytest.raises(UsageError, match="keep='last'"):
        Stage(recipe=Recipe(), learns="speaker")


def test_weights_from_before_are_taken_up_and_not_asked_for_again():
    class Begun(Pooled):
        asked = 0

        def initialise(self, network):
            type(self).asked += 1
            torch.nn.init.zeros_(network.encoder.weight)

    model = Begun()
    model.recipe = dataclasses.replace(Pooled.recipe, freeze=("encoder",), freeze_epochs=8)
    model.fit(sequence_table(48), None, seed=0)

    assert not model.state()["network.encoder.weight"].any()
    Begun().load_state(model.state(), LABELS)
    assert Begun.asked == 1


def test_a_table_takes_and_joins_what_it_says_of_rows():
    table = with_facts(speakers=np.array(["a", "b"] * 24), domains=np.array(["source"] * 48))

    assert table.take([1, 2]).speakers.tolist() == ["b", "a"]
    assert FeatureTable.join([table, table]).domains.tolist() == ["source"] * 96
    assert FeatureTable.join([table, sequence_table(3)]).speakers is None
    assert table.without_labels().speakers is None
