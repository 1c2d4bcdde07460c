from __future__ import annotations

from dataclasses import replace

import pytest

from serbench.board.wording import declared_marks
from serbench.plugin.hookspecs import hookimpl
from serbench.results.summary import summarise
from tests.run import toy


class Embedding(toy.Crossings):
    """Weights that heard the corpus."""

    card = replace(toy.Crossings.card, name="embedding", pretrained_on=("toy", "books"))


class Tuned(toy.Nearest):
    """Pretrained itself, on a feature that is."""

    card = replace(
        toy.Nearest.card, name="tuned", features=("embedding",), pretrained_on=("radio",), uses_test_statistics=True
    )


class Extra:
    @hookimpl
    def serbench_features(self):
        yield Embedding

    @hookimpl
    def serbench_models(self):
        yield Tuned


def renewed(version):
    """Return a plugin that offers the nearest mean under another name and in a version of its own."""

    class Renewed(toy.Nearest):
        card = replace(toy.Nearest.card, name="renewed", version=version)

    class Plugin:
        @hookimpl
        def serbench_models(self):
            yield Renewed

    return Plugin()


def test_what_the_cards_of_model_and_feature_declare_reaches_record_and_row(world_with):
    world = world_with(Extra())
    world.run("tuned", "augmented", seeds=1)
    records = {record.label: record for record in world.store.records()}
    assert records["tuned"].standing.declared.facts() == {
        "seeded": False,
        "uses_test_statistics": True,
        "pretrained_on": ["books", "radio", "toy"],
    }
    assert records["augmented"].standing.declared.facts() == {
        "seeded": True,
        "uses_test_statistics": False,
        "pretrained_on": [],
    }
    assert {row.label: declared_marks(row) for row in summarise(world.store)} == {"tuned": "‡¶", "augmented": ""}


def test_a_raised_version_runs_anew_and_old_records_stand_apart(world_with):
    assert len(world_with(renewed("1")).run("renewed").done) == 4
    assert len(world_with(renewed("1")).run("renewed").done) == 0
    world = world_with(renewed("2"))
    assert len(world.run("renewed").done) == 4
    rows = summarise(world.store)
    assert sorted(row.model.version for row in rows) == ["1", "2"]
    assert [row.cells["done"] for row in rows] == [4, 4]
    assert all(row.is_complete for row in rows)


@pytest.mark.parametrize("card", [toy.Nearest.card, toy.Crossings.card], ids=["model", "feature"])
def test_nothing_is_declared_unless_it_is(card):
    assert card.pretrained_on == ()
