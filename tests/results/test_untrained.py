"""Which trainings came to nothing, by their histories."""

from __future__ import annotations

import math

import pytest

from serbench.results.facts import PartFacts
from serbench.results.summary import summarise
from serbench.results.untrained import untrained

LN_K = math.log(3)


def history(*losses, chosen=None, **facts):
    rows = [{"epoch": epoch, "train_loss": loss, **facts} for epoch, loss in enumerate(losses, start=1)]
    return tuple(row | ({"chosen": True} if row["epoch"] == chosen else {}) for row in rows)


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        ((), None),
        (history(1.0, 0.5, 0.4, 0.3, 0.2), None),
        (history(1.0, 0.5, 0.4, 0.3, 0.2, chosen=5), None),
        (history(1.0, 0.5, 0.4, 0.3, 0.2, chosen=3), "epoch 3 of 5 was chosen"),
        (history(1.0, 0.5, 0.4, chosen=2), None),  # of three epochs each is among the first three
        (history(1.0, 0.97 * LN_K, 0.96 * LN_K), "a training loss of 1.05 was kept, where guessing has 1.10"),
        (
            history(0.2, 0.2, 0.2, 0.97 * LN_K, 0.2, chosen=4),
            "a training loss of 1.07 was kept, where guessing has 1.10",
        ),
        (history(2.0, stage=1) + history(0.5, stage=2), None),
        (history(0.5, stage=1) + history(2.0, stage=2), "a training loss of 2.00 was kept, where guessing has 1.10"),
    ],
)
def test_a_history_says_whether_anything_was_learned(cells, rows, said):
    assert untrained(cells.record(cells.key(), history=rows)) == said


@pytest.mark.parametrize("settings", [{"recipe": {"loss": "focal"}}, {"loss": "its own"}])
def test_a_loss_of_another_scale_is_not_held_to_guessing(cells, settings):
    key = cells.key(model=PartFacts(name="net", version="1", params={}, settings=settings))

    assert untrained(cells.record(key, history=history(9.0, 9.0))) is None


def test_a_row_says_how_many_of_its_cells_learned_nothing(store, cells):
    cells.add(store, seeds=(0,), history=history(2.0))
    (row,) = summarise(store)

    assert row.untrained == (
        "3 of 3 cells may have learned nothing: fold group-1 of seed 0: a training loss of 2.00 was kept, "
        "where guessing has 1.10"
    )


def test_a_row_whose_cells_learned_says_nothing(store, cells):
    cells.add(store, seeds=(0,), history=history(0.5))
    (row,) = summarise(store)

    assert row.untrained is None
