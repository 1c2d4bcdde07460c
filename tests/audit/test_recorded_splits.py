"""Splits made again from what records say."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from serbench.audit.recorded_splits import RecordedSplits
from serbench.errors import DatasetMissingError, FormatError, UnknownNameError
from serbench.locations import Locations
from serbench.plugin.registry import load_registry
from serbench.results.store import Store
from serbench.run.workspace import Workspace
from tests.run import toy
from tests.run.conftest import World
from tests.run.test_crossing import PITCHES, Corpora

BOARD = Store(Path(__file__).parents[2] / "leaderboard")
#: A record of each published task, by dataset and protocol.
PUBLISHED = {f"{each.key.dataset.name}-{each.key.protocol.name}": each for each in BOARD.records()}


@pytest.fixture(scope="module")
def published(data_root, tmp_path_factory):
    locations = Locations((data_root,), tmp_path_factory.mktemp("cache"))
    return RecordedSplits(Workspace(registry=load_registry(only=()), locations=locations))


@pytest.mark.corpus
@pytest.mark.parametrize("task", PUBLISHED)
def test_the_split_of_every_published_task_is_made_again(task, published):
    record = PUBLISHED[task]
    made = published.make(record)
    assert made.split.digest == record.key.protocol.split
    assert made.corpus.manifest.digest == record.key.dataset.manifest


def test_every_published_task_has_one_split():
    splits = {(each.key.dataset.name, each.key.protocol.name, each.key.task) for each in BOARD.records()}
    assert len(splits) == len(PUBLISHED)


def made_again(world, record):
    return RecordedSplits(world.workspace()).make(record)


@pytest.mark.parametrize("name", ["si", "random", "replica-2507.03251"])
def test_the_split_of_a_run_is_made_again(world, name):
    (record, *_) = world.run("nearest", protocols=(name,), seeds=1).done
    (cell, *_) = world.plan("nearest", protocols=(name,), seeds=1).cells
    made = made_again(world, record)
    assert made.split == cell.split
    assert made.corpus.facts() == cell.corpus.facts()


def test_what_a_record_left_out_is_in_neither_corpus_nor_split(world):
    path = world.folder / "toy" / "spk1" / "calm-0.wav"
    path.write_bytes(path.read_bytes()[:-100])
    request = {"seeds": 1, "skip_bad_audio": True}
    (record, *_) = world.run("nearest", **request).done
    (cell, *_) = world.plan("nearest", **request).cells
    made = made_again(world, record)
    assert made.split == cell.split
    assert (made.corpus.facts(), made.corpus.left_out) == (cell.corpus.facts(), cell.corpus.left_out)


def test_arguments_of_a_dataset_are_those_of_the_record(tmp_path):
    world = World(tmp_path, load_registry(only=()))
    settings = {"synth": {"speakers": 4, "sentences": 1, "takes": 1}}
    (record, *_) = world.run("majority", datasets=("synth",), settings=settings, seeds=1).done
    assert made_again(world, record).split.digest == record.key.protocol.split


@pytest.fixture
def crossed(tmp_path):
    """Return a world of three corpora, a recording of which cannot be read, and a record of each of their crossings."""
    for seed, name in enumerate(("east", "west", "north")):
        toy.make_corpus(tmp_path, name=name, pitches=PITCHES, seed=seed)
    path = tmp_path / "west" / "spk1" / "low-0.wav"
    path.write_bytes(path.read_bytes()[:-100])
    world = World(tmp_path, load_registry(only=(), extra=[toy, Corpora()]))
    request = {"datasets": ("east", "west", "north"), "protocols": ("cross",), "seeds": 1, "skip_bad_audio": True}
    done = world.run("nearest", **request).done
    return world, {record.key.dataset.name: record for record in done}


def test_crossings_are_made_again(crossed):
    world, records = crossed
    splits = RecordedSplits(world.workspace())
    assert len(records) == 12
    for record in records.values():
        made = splits.make(record)
        assert made.split.digest == record.key.protocol.split
        assert made.corpus.left_out.keys() == record.left_out.keys()
        assert made.corpus.facts().corpora == record.key.dataset.corpora


def altered(record, **facts):
    return replace(record, key=replace(record.key, dataset=replace(record.key.dataset, **facts)))


def test_a_crossing_of_which_a_corpus_is_unknown_is_refused(crossed):
    world, records = crossed
    record = records["east-to-west"]
    corpora = {"east": record.key.dataset.corpora["east"]}
    with pytest.raises(FormatError, match=r"east-to-west knows the corpora \['east'\], expected \['east', 'west'\]"):
        made_again(world, altered(record, corpora=corpora))


def test_a_crossing_is_read_by_the_shared_classes_whatever_its_record_says(crossed):
    world, records = crossed
    record = records["east-to-north"]
    corpora = {name: replace(each, params={"labels": f"{name}-5"}) for name, each in record.key.dataset.corpora.items()}
    made = made_again(world, altered(record, corpora=corpora))
    assert made.split.digest == record.key.protocol.split


def test_an_unknown_protocol_and_a_corpus_that_is_gone_are_named(world):
    (record, *_) = world.run("nearest", seeds=1).done
    unknown = replace(record, key=replace(record.key, protocol=replace(record.key.protocol, name="sii")))
    with pytest.raises(UnknownNameError, match="unknown protocol 'sii'"):
        made_again(world, unknown)
    with pytest.raises(DatasetMissingError):
        RecordedSplits(world.workspace(world.folder / "nowhere")).make(record)
