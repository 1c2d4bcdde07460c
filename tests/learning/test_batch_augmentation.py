"""What is done to a batch, by hand."""

from __future__ import annotations

import pytest
import torch

from serbench.api import CopyPaste, CutMix, Mixup, OneOf, Rows, Shift, SpecAugment
from serbench.errors import PluginError
from serbench.learning.batch.augmentation import Mixing

LABELS = ("angry", "neutral", "sad")


def rows(**features):
    """Two rows of four frames, the second of which has three of its own; ``codes`` are angry and neutral."""
    values = features or {"f": torch.tensor([[1.0, 2, 3, 4], [5, 6, 7, 0]])[..., None]}
    lengths = {name: torch.tensor([4, 3]) for name, each in values.items() if each.dim() == 3 or name == "wave"}
    return Rows(values, lengths, torch.tensor([0, 1]), LABELS)


def generator():
    return torch.Generator().manual_seed(0)


def test_copy_paste_puts_the_partners_first_frames_behind_the_rows_own_last_ones():
    values, lengths = CopyPaste().apply(rows(), (torch.tensor([1, 0]), torch.tensor([0.5, 0.25])))

    assert values["f"][..., 0].tolist() == [[3, 4, 5, 6], [5, 6, 7, 1]]
    assert lengths["f"].tolist() == [4, 4]


def test_copy_paste_of_nothing_changes_nothing():
    values, lengths = CopyPaste().apply(rows(), (torch.tensor([1, 0]), torch.zeros(2)))

    assert torch.equal(values["f"], rows().values["f"])
    assert lengths["f"].tolist() == [4, 3]


@pytest.mark.parametrize(("kind", "allowed"), [("class", {0}), ("neutral", {1}), ("both", {0, 1})])
def test_copy_paste_takes_partners_whose_label_may_follow(kind, allowed):
    batch = Rows({"f": torch.zeros(40, 4, 1)}, {"f": torch.full((40,), 4)}, torch.tensor([0, 1, 2, 0] * 10), LABELS)
    partner, shares = CopyPaste(partner=kind, share=1.0).draw(batch, generator())

    assert {int(batch.codes[partner[row]]) for row in range(40) if batch.codes[row] == 0} == allowed
    assert all(partner[row] != row for row in range(40))
    assert ((shares > 0) & (shares < 1)).all()


def test_copy_paste_needs_the_class_that_it_names():
    with pytest.raises(PluginError, match="no class is named 'calm', expected one of"):
        CopyPaste(neutral="calm").draw(rows(), generator())


def test_mixup_is_a_weighted_mean_and_as_long_as_the_longer_row():
    values, lengths = Mixup().apply(rows(), Mixing(torch.tensor([1, 0]), 0.75))

    assert values["f"][..., 0].tolist() == [[2, 3, 4, 3], [4, 5, 6, 1]]
    assert lengths["f"].tolist() == [4, 4]


def test_cutmix_puts_in_the_same_stretch_of_the_partner():
    values, lengths = CutMix().apply(rows(), (Mixing(torch.tensor([1, 0]), 0.5), 0.99))

    assert values["f"][..., 0].tolist() == [[1, 2, 7, 0], [5, 6, 3, 4]]
    assert lengths["f"].tolist() == [4, 4]


def test_one_of_shows_each_row_by_one_feature():
    batch = rows(short=torch.zeros(2, 4, 1), long=torch.ones(2, 4, 1))
    change = OneOf(features=("short", "long"))
    values, _ = change.apply(batch, torch.tensor([1, 0]))

    assert values["short"][:, 0, 0].tolist() == [1, 0]
    assert change.unseen == ("long",)


def test_one_of_wants_features_of_one_shape():
    with pytest.raises(PluginError, match="expected two or more of one shape"):
        OneOf(features=("a", "b")).draw(rows(a=torch.zeros(2, 4, 1), b=torch.zeros(2, 4, 2)), generator())


def test_masks_are_as_many_and_as_wide_as_was_asked_and_leave_torch_alone():
    batch = Rows(
        {"f": torch.ones(64, 50, 30)}, {"f": torch.full((64,), 50)}, torch.zeros(64, dtype=torch.int64), LABELS
    )
    before = torch.random.get_rng_state()
    change = SpecAugment(time_masks=1, time_width=10, band_masks=1, band_width=5)
    values, _ = change.apply(batch, change.draw(batch, generator()))
    frames = (values["f"] == 0).all(2).sum(1)
    bands = (values["f"] == 0).all(1).sum(1)

    assert torch.equal(before, torch.random.get_rng_state())
    assert 0 < int(frames.max()) < 10
    assert 0 < int(bands.max()) < 5
    assert len(set(frames.tolist())) > 3  # each row's own


def test_a_shift_is_one_draw_for_each_coefficient_and_ends_with_the_clip():
    batch = rows(f=torch.zeros(2, 4, 3), vector=torch.zeros(2, 5), wave=torch.zeros(2, 8))
    change = Shift(scale=1.0)
    values, _ = change.apply(batch, change.draw(batch, generator()))

    assert torch.equal(values["f"][0, 0], values["f"][0, 3])
    assert len(set(values["f"][0, 0].tolist())) == 3
    assert values["f"][1, 3].tolist() == [0, 0, 0]  # behind its end
    assert values["vector"].abs().min() > 0
    assert not values["wave"].any()  # a waveform has no coefficients


@pytest.mark.parametrize(
    "change", [CopyPaste(partner="class"), CutMix(), SpecAugment()], ids=lambda each: type(each).__name__
)
def test_a_vector_has_no_frames_to_change(change):
    batch = Rows({"v": torch.zeros(2, 5)}, {}, torch.tensor([0, 1]), LABELS)
    with pytest.raises(PluginError, match=r"cannot change \['v'\], expected features out of \[\]"):
        change.apply(batch, change.draw(batch, generator()))
