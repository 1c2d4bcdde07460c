"""Corpora that are adapted to: what takes part, what rows say of themselves, and what comes of it."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import numpy as np
import pytest
import soundfile

from serbench.api import LabelMap, ModelCard, Recipe, Stage, TorchModel, hookimpl
from serbench.audit.corpora import audit_several
from serbench.audit.recorded_splits import RecordedSplits
from serbench.audit.runs import audit_run
from serbench.audit.sounds import Sounds
from serbench.errors import LeakError, ProtocolError, UnknownNameError
from serbench.plugin.registry import load_registry
from serbench.protocol.protocols import get_protocol
from serbench.protocol.split import Split
from serbench.results.summary import summarise
from serbench.run.corpora import Corpus
from serbench.run.request import Request
from serbench.run.tables import make_tables
from tests.corpus.voices import voice
from tests.run import toy
from tests.run.conftest import World
from tests.run.test_crossing import PITCHES, WORDS, corpus
from tests.run.test_secrecy import bench


class Staged(toy.Nearest):
    """Learns of the target alone where there is a target."""

    card = ModelCard(name="staged", version="1", summary="in stages", features=("crossings",), seeded=False)

    def fit(self, train, dev, *, seed):
        own = np.flatnonzero(train.domains == "target")
        return super().fit(train.take(own) if len(own) else train, dev, seed=seed)


class TwoStages(TorchModel):
    """A linear network that is trained on the sources, then on the target."""

    card = ModelCard(
        name="two-stages", version="1", summary="in stages", features=("crossings",), chooses_on_dev=True, seeded=True
    )
    recipe = Recipe(epochs=1, batch_size=16)

    @property
    def stages(self):
        return Stage(recipe=self.recipe, rows="source"), Stage(recipe=self.recipe, rows="target")

    def build(self, input_shape, n_classes):
        import torch

        return torch.nn.Linear(input_shape[0], n_classes)


class Corpora:
    """Two sources, a target of ten speakers, and a corpus without the map."""

    @hookimpl
    def serbench_datasets(self):
        yield from (corpus(name, LabelMap("shared4", "1", WORDS)) for name in ("east", "west", "many"))
        yield corpus("plain")

    @hookimpl
    def serbench_models(self):
        yield from (Staged, TwoStages)


@pytest.fixture
def world(tmp_path):
    for seed, (name, speakers) in enumerate({"east": 4, "west": 1, "many": 10, "plain": 2}.items()):
        toy.make_corpus(tmp_path, name=name, speakers=speakers, pitches=PITCHES, seed=seed, takes=2)
    return World(tmp_path, load_registry(only=(), extra=[toy, Corpora()]))


def adapted(world, *models, names=("east", "west", "many"), target="many", **request):
    settings = {"adapt": {"target": target}} if target else {}
    return world.plan(*models, datasets=names, protocols=("adapt",), seeds=1, settings=settings, **request)


def run(world, *models, **request):
    settings = {"adapt": {"target": "many"}}
    request = {"datasets": ("east", "west", "many"), "protocols": ("adapt",), "seeds": 1, **request}
    return world.run(*models, settings=settings, **request)


def test_a_row_for_every_number_of_speakers_that_a_percentage_comes_to(world):
    cells = adapted(world, "nearest").cells
    assert Counter(cell.key.dataset.name for cell in cells) == {
        "east+west-to-many-0-of-10": 1,
        "east+west-to-many-1-of-10": 2,
        "east+west-to-many-2-of-10": 2,
        "east+west-to-many-5-of-10": 2,
    }
    facts = [cell.key.dataset.adapted for cell in cells]
    assert [each.percentages for each in dict.fromkeys(facts)] == [(0,), (5, 10), (20,), (50,)]
    assert cells[1].name == "east+west-to-many-1-of-10/adapt/half-1/seed0/nearest"


def test_each_is_the_target_in_turn_and_one_that_cannot_be_is_skipped(world):
    plan = adapted(world, "nearest", target="")
    assert {cell.key.dataset.tested_on for cell in plan.cells} == {"east", "many"}
    assert [(skip.what, skip.reason.partition(",")[0]) for skip in plan.skips] == [
        ("west/adapt", "west: its 1 speakers cannot be dealt into two halves")
    ]


def test_a_target_that_takes_no_part_is_an_error_that_names_the_others(world):
    with pytest.raises(UnknownNameError, match=r"'north', expected one of \['east', 'many', 'west'\]"):
        adapted(world, "nearest", target="north")
    with pytest.raises(ProtocolError, match=r"protocol adapt needs two corpora or more, got \['many'\]"):
        adapted(world, "nearest", names=("many",))


def test_a_key_holds_what_is_adapted_to_and_not_who_was_asked_for(world):
    named = {cell.key.digest for cell in adapted(world, "nearest").cells}
    assert named < {cell.key.digest for cell in adapted(world, "nearest", target="").cells}
    assert len({cell.key.digest for cell in adapted(world, "nearest").cells}) == 7


def tables_of(world, model):
    cells = adapted(world, model).cells
    return {(cell.key.dataset.adapted.speakers, cell.fold.name): make_tables(cell, bench(world)) for cell in cells}


def test_rows_to_learn_from_say_whether_they_are_source_or_target(world):
    for (speakers, _), tables in tables_of(world, "choosy").items():
        counts = Counter(tables.train.domains.tolist())
        # 8 clips of a speaker; dev: a fifth of the 2 of each class is none, one at least; then a speaker of its own
        own = {0: 0, 1: 4, 2: 12, 5: 32}[speakers]
        assert counts == {"source": 5 * 8 if speakers else 4 * 8} | ({"target": own} if own else {})
        assert set(tables.dev.domains.tolist()) == {"target" if speakers else "source"}
        assert tables.test.domains is None
        assert len(set(tables.train.speakers[tables.train.domains == "target"])) == {0: 0, 1: 1, 2: 2, 5: 4}[speakers]


def test_augmented_rows_are_of_their_parents_domain(world):
    for tables in tables_of(world, "augmented").values():
        domain = dict(zip(tables.train.ids, tables.train.domains, strict=True))
        assert len(tables.train) == 2 * len(tables.train.parents) / 2
        assert all(domain[own] == domain[of] for own, of in zip(tables.train.ids, tables.train.parents, strict=True))


@pytest.mark.parametrize("protocol", ["si", "cross"])
def test_rows_of_other_protocols_say_nothing_of_domains(world, protocol):
    cell = world.plan("choosy", datasets=("east", "many"), protocols=(protocol,), seeds=1).cells[-1]
    tables = make_tables(cell, bench(world))
    assert tables.train.domains is tables.dev.domains is tables.test.domains is None


def test_a_run_has_a_complete_row_per_number_of_speakers_and_says_who(world):
    assert not run(world, "nearest", "staged").failed
    rows = [row for row in summarise(world.store) if row.label == "nearest"]
    assert [(row.dataset.adapted.speakers, row.folds, row.speakers, row.utterances) for row in rows] == [
        (0, 1, 10, 80),
        (1, 2, 10, 80),
        (2, 2, 10, 80),
        (5, 2, 10, 80),
    ]
    assert all(row.is_complete for row in rows)
    assert [row.standing.reason for row in rows[:2]] == [
        "trained on east, west",
        "trained on east, west and 1 of 10 speakers of many",
    ]
    assert any("adapted to 1 of 10 speakers of many (5 % and 10 % of its" in note for note in rows[1].notes)


def test_a_network_is_trained_on_the_sources_first_and_then_on_the_target(world):
    assert not run(world, "two-stages").failed
    stages = {
        (record.key.dataset.adapted.speakers, record.key.fold): [row["stage"] for row in record.history]
        for record in world.store.records()
    }
    assert stages == {(0, "many"): [1]} | {
        (speakers, fold): [1, 2] for speakers in (1, 2, 5) for fold in ("half-1", "half-2")
    }


@pytest.fixture
def spoken(world):
    """Return the world with voices in place of its tones: two tones of one pitch are one sound."""
    for seed, path in enumerate(sorted(world.folder.rglob("*.wav"))):
        soundfile.write(path, voice(seed, 0.4, toy.RATE), toy.RATE)
    return world


def test_the_folds_of_a_finished_run_are_made_again(spoken):
    assert not run(spoken, "nearest").failed
    workspace = spoken.workspace()
    found = audit_run(spoken.store, RecordedSplits(workspace), Sounds(workspace))
    assert {task.dataset.adapted.speakers: task.verdict for task in found} == dict.fromkeys((0, 1, 2, 5), "clean")


def audited(world, name="adapt"):
    request = Request(models=(), datasets=("east", "west", "many", "plain"))
    return audit_several(get_protocol(name), request, world.workspace())


@pytest.mark.parametrize(("name", "crossings"), [("adapt", 3 + 4), ("cross", 12 - 3)])
def test_several_corpora_are_audited_before_any_run(spoken, name, crossings):
    """What west, of one speaker, cannot be is left out: a target, a training set, a diagonal."""
    found = audited(spoken, name)
    assert (found.manifest.dataset, len(found.splits), found.leaks) == ("east+many+west", crossings, False)
    assert "plain" in {skip.what for skip in found.skips}


def test_a_sound_that_source_and_target_share_is_found_before_any_run(spoken):
    source = spoken.folder / "east" / "spk0" / "low-0.wav"
    (spoken.folder / "many" / "spk3" / "low-0.wav").write_bytes(source.read_bytes())
    leaking = {each.split.dataset for each in audited(spoken).splits if each.leaks}
    assert leaking == {f"east+west-to-many-{number}-of-10" for number in (0, 1, 2, 5)} | {
        f"many+west-to-east-{number}-of-4" for number in (0, 1, 2)
    }


def test_a_split_is_not_made_again_of_other_speakers(spoken):
    assert not run(spoken, "nearest").failed
    record = next(each for each in spoken.store.records() if each.key.dataset.adapted.speakers == 2)
    (gone,) = spoken.folder.glob("many/spk7")
    gone.rename(spoken.folder / "elsewhere")
    with pytest.raises(ProtocolError, match="many-2-of-10: the corpora at hand do not come to it under protocol adapt"):
        RecordedSplits(spoken.workspace()).make(record)


@pytest.mark.parametrize("part", ["train", "dev"])
def test_a_target_speaker_on_both_sides_fails_the_cell(world, part):
    """A split that was tampered with after it was made, whatever made it."""
    for cell in adapted(world, "nearest").cells[1:]:
        fold = cell.fold
        moved = next(uid for uid in fold.test if uid.startswith("many/"))
        sides = {"test": tuple(uid for uid in fold.test if uid != moved)}
        sides[part] = tuple(sorted({*getattr(fold, part), moved}))
        bad = replace(fold, **sides)
        split = Split(
            cell.split.protocol,
            cell.split.version,
            cell.split.dataset,
            (bad,),
            dev_shares_speakers=cell.split.dev_shares_speakers,
        )
        with pytest.raises(LeakError, match=f"test and {part} share 1 speaker, expected none: speaker 'many/spk"):
            make_tables(replace(cell, split=split, fold=bad), bench(world))


def test_a_recording_of_a_source_that_the_target_holds_fails_the_cells_that_test_it(world):
    source = world.folder / "east" / "spk0" / "low-0.wav"
    (world.folder / "many" / "spk3" / "low-0.wav").write_bytes(source.read_bytes())
    failed = run(world, "nearest").failed
    assert len({record.key.dataset.name for record in failed}) == 4
    assert all("share 1 recording, expected none" in record.reason for record in failed)


def test_a_corpus_alone_has_no_domains():
    assert Corpus.domain_of(object(), "a") is None
