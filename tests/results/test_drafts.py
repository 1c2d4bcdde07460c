"""Drafts: what was kept of a trained cell comes back as it was, or not at all."""

from __future__ import annotations

import random
from dataclasses import replace

import numpy as np
import pytest

from serbench.errors import FormatError
from serbench.results.drafts import Draft, Drafts
from serbench.results.store import Store
from tests.damage import DAMAGES

STATE = {
    "weights": np.arange(6, dtype=np.float32).reshape(2, 3) / 7,
    "steps": np.array(12, dtype=np.int64),
    "mask": np.array([True, False]),
}


@pytest.fixture
def draft(cells):
    predictions = replace(cells.predictions(0, 0), ids=tuple("ü" + uid for uid in cells.predictions(0, 0).ids))
    return Draft(record=cells.record(), predictions=predictions, state=STATE)


@pytest.fixture
def drafts(tmp_path):
    return Drafts(tmp_path / "runs")


def find(drafts, draft):
    return drafts.find(draft.record.key, draft.record.label)


def test_a_draft_comes_back_to_the_bit(drafts, draft):
    drafts.write(draft)
    found = find(drafts, draft)

    assert found.record == draft.record
    assert found.predictions.digest == draft.predictions.digest
    assert found.predictions.scores.tobytes() == draft.predictions.scores.tobytes()
    assert {name: (values.dtype, values.shape) for name, values in found.state.items()} == {
        name: (values.dtype, values.shape) for name, values in STATE.items()
    }
    assert all(np.array_equal(found.state[name], STATE[name]) for name in STATE)


@pytest.mark.parametrize("state", [None, {}])
def test_no_state_is_not_an_empty_one(drafts, draft, state):
    drafts.write(Draft(record=draft.record, predictions=draft.predictions, state=state))
    assert find(drafts, draft).state == state


def test_a_state_that_is_no_numbers_is_refused_and_nothing_is_left(drafts, draft):
    with pytest.raises(FormatError, match=r"'state\.words' is list, expected an array of numbers"):
        drafts.write(Draft(record=draft.record, predictions=draft.predictions, state={"words": ["a"]}))
    assert not drafts.folder.exists()


def test_a_draft_that_is_removed_leaves_no_folder_behind(drafts, draft):
    drafts.write(draft)
    assert drafts.has(draft.record.key, draft.record.label)
    drafts.remove(draft.record)
    drafts.remove(draft.record)
    assert not drafts.has(draft.record.key, draft.record.label)
    assert list(drafts.folder.iterdir()) == []
    assert find(drafts, draft) is None


def test_what_a_killed_writer_left_is_swept_away(drafts, draft):
    path = drafts.path(draft.record)
    path.parent.mkdir(parents=True)
    left = path.parent / f".{path.name}.abc.part"
    left.write_bytes(b"half of it")
    Store(drafts.folder).sweep()
    assert not left.exists()


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_draft_counts_as_none_or_says_what_it_said(drafts, draft, damage):
    drafts.write(draft)
    path, whole = drafts.path(draft.record), drafts.path(draft.record).read_bytes()
    lost = 0
    for number in range(20):
        path.write_bytes(damage(whole, random.Random(number)))
        found = find(drafts, draft)
        lost += found is None
        assert found is None or (found.record, found.predictions.digest) == (draft.record, draft.predictions.digest)
    assert lost > 15


def test_a_draft_that_lies_where_another_belongs_is_not_taken(drafts, draft, cells):
    drafts.write(draft)
    other = cells.record(key=cells.key(seed=1))
    drafts.path(draft.record).rename(drafts.path(other))
    assert drafts.find(other.key, other.label) is None
