"""A malicious model: everything it is handed, turned over, says nothing of the test labels."""

from __future__ import annotations

import gc
import types

import numpy as np
import pytest

from serbench.api import ModelCard
from serbench.errors import LeakError
from serbench.features.table import FeatureTable
from serbench.protocol.split import Fold, Split
from serbench.results.facts import Environment
from serbench.run.tables import Workbench, make_tables
from serbench.run.timing import run_cell
from serbench.run.workspace import silent
from tests.run import toy


def bench(world):
    from serbench.features.cache import FeatureCache

    metrics = [offer.part for offer in world.registry.metrics.values()]
    return Workbench(FeatureCache(world.folder / "cache"), "cpu", metrics, Environment(), silent)


def reachable(*roots):
    """Return all strings that data reachable from the roots holds; code, modules and types are not followed."""
    skipped = (type, types.ModuleType, types.FunctionType, types.BuiltinFunctionType, types.MethodType)
    seen, queue, words = set(), list(roots), set()
    while queue:
        thing = queue.pop()
        if id(thing) in seen or isinstance(thing, skipped):
            continue
        seen.add(id(thing))
        if isinstance(thing, str):
            words.add(thing)
        elif isinstance(thing, np.ndarray) and thing.dtype.kind == "U":
            words.update(thing.tolist())
        queue.extend(gc.get_referents(thing))
    return words


@pytest.fixture
def cells(world):
    return world.plan("choosy", "augmented", seeds=1).cells


def test_a_test_table_leads_to_no_label_file_or_speaker(world, cells):
    for cell in cells:
        tables = make_tables(cell, bench(world))
        words = reachable(tables.test) | {part for word in reachable(tables.test) for part in word.split("-")}
        manifest = cell.corpus.manifest

        assert tables.test.y is None
        assert words.isdisjoint(manifest.by_id)
        assert words.isdisjoint(manifest.speakers)
        assert words.isdisjoint(utterance.path for utterance in manifest.utterances)


def test_training_tables_lead_to_no_test_row(world, cells):
    for cell in cells:
        tables = make_tables(cell, bench(world))
        test_rows = {row.tobytes() for row in tables.test.x}
        for table in (tables.train, tables.dev):
            if table is not None:
                assert test_rows.isdisjoint(row.tobytes() for row in table.x)
                assert set(table.ids).isdisjoint(cell.corpus.manifest.by_id)


def test_columns_hold_no_row_of_the_other_parts(world, cells):
    """A view into the corpus's whole column would let a model walk back to the test rows."""
    tables = make_tables(cells[0], bench(world))
    for table in (tables.train, tables.test):
        values = table.x
        while values.base is not None:
            values = values.base
        assert values.size == table.x.size


def test_the_order_of_test_rows_says_nothing(world, cells):
    """Ids of the toy corpus begin with the label, so an unshuffled table would come sorted by label."""
    tables = make_tables(cells[0], bench(world))
    labels = [cells[0].corpus.manifest.by_id[uid].label for uid in tables.tested]

    assert sorted(tables.tested) == list(cells[0].fold.test)
    assert labels != sorted(labels)
    assert tables.test.ids == tuple(f"test-{n:06d}" for n in range(len(labels)))


class Thief(toy.Nearest):
    """Looks for the truth wherever the contract leads."""

    card = ModelCard(name="thief", version="1", summary="steals", features=("crossings",), seeded=False)

    def predict(self, test):
        loot = []
        loot.append(test.y)
        for name in ("codes", "label", "truth", "speakers", "manifest", "base", "parent", "path"):
            try:
                loot.append(getattr(test, name))
            except Exception:  # noqa: BLE001
                loot.append(None)
        loot += [value for name, value in vars(test).items() if name in {"y", "parents"} and value]
        assert all(each is None for each in loot), loot
        return super().predict(test)


def test_a_thief_comes_away_empty(world_with):
    from serbench.plugin.hookspecs import hookimpl

    class Plugin:
        @hookimpl
        def serbench_models(self):
            yield Thief

    outcome = world_with(Plugin()).run("thief")

    assert len(outcome.done) == 4
    assert not outcome.failed


class Forger(toy.Nearest):
    """Answers with the rows in another order."""

    card = ModelCard(name="forger", version="1", summary="reorders", features=("crossings",), seeded=False)

    def predict(self, test):
        return super().predict(test.take(range(len(test))[::-1]))


def test_answers_in_another_order_are_refused(world_with):
    from serbench.plugin.hookspecs import hookimpl

    class Plugin:
        @hookimpl
        def serbench_models(self):
            yield Forger

    outcome = world_with(Plugin()).run("forger")

    assert not outcome.done
    assert "in an order of their own" in outcome.failed[0].reason


def test_children_are_made_of_training_rows_alone(world):
    cell = next(cell for cell in world.plan("augmented").cells if cell.label == "augmented")
    tables = make_tables(cell, bench(world))
    clips = len(cell.fold.train) + len(cell.fold.dev)

    assert tables.children == clips
    assert tables.train.parents[:clips] == tables.train.ids[:clips]
    assert set(tables.train.parents) == set(tables.train.ids[:clips])
    assert len(tables.test) == len(cell.fold.test)
    assert not tables.test.parents


def test_a_leaking_split_is_stopped_before_the_fit(world):
    from dataclasses import replace

    cell = world.plan("nearest").cells[0]
    shared = tuple(sorted((*cell.fold.train, cell.fold.test[0])))
    fold = Fold(cell.fold.name, shared, cell.fold.dev, cell.fold.test)
    leaky = replace(cell, fold=fold, split=Split("si", "1", "toy", (fold,)))

    with pytest.raises(LeakError):
        make_tables(leaky, bench(world))
    record, predictions = run_cell(leaky, bench(world))
    assert record.status == "failed"
    assert "LeakError" in record.reason
    assert predictions is None


def test_a_table_is_not_changed_by_its_reader(world, cells):
    tables = make_tables(cells[0], bench(world))

    assert isinstance(tables.test, FeatureTable)
    with pytest.raises(AttributeError):
        tables.test.y = np.array(["angry"])
