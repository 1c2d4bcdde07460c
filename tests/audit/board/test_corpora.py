"""A board against recordings of which some cannot be read, and against crossed corpora."""

from __future__ import annotations

import shutil
from dataclasses import replace

import pytest

from serbench.audit.board.verify import verify
from serbench.errors import BoardError
from serbench.plugin.registry import load_registry
from tests.run import toy
from tests.run.conftest import World
from tests.run.test_crossing import PITCHES, Corpora

NO_VIEWS = ["views: there are none; serbench leaderboard build makes them"]


@pytest.fixture
def broken(tmp_path):
    """Return a world with two corpora to cross, and the recording in one of them that cannot be read."""
    for seed, name in enumerate(("east", "west")):
        toy.make_corpus(tmp_path, name=name, pitches=PITCHES, seed=seed)
    path = tmp_path / "west" / "spk1" / "low-0.wav"
    path.write_bytes(path.read_bytes()[:-100])
    return World(tmp_path, load_registry(only=(), extra=[toy, Corpora()])), path


REQUESTS = [{"datasets": ("west",)}, {"datasets": ("east", "west"), "protocols": ("cross",)}]


@pytest.mark.parametrize("request_", REQUESTS, ids=["alone", "crossed"])
def test_a_board_that_left_recordings_out_holds(broken, request_):
    world, _ = broken
    assert not world.run("nearest", seeds=1, skip_bad_audio=True, **request_).failed
    ledger = verify(world.store.folder, world.workspace())
    assert ledger.unchecked == NO_VIEWS
    assert ledger.checked["recordings left out"] > 0
    assert ledger.checked["splits"] == (1 if request_ == REQUESTS[0] else 4)


@pytest.mark.parametrize("request_", REQUESTS, ids=["alone", "crossed"])
def test_nobody_leaves_out_what_can_be_read(broken, request_):
    world, path = broken
    world.run("nearest", seeds=1, skip_bad_audio=True, **request_)
    original = world.folder / "west" / "spk2" / "low-0.wav"
    path.write_bytes(original.read_bytes())
    with pytest.raises(BoardError, match="low-spk1-0 was left out, expected otherwise: it can be read here"):
        verify(world.store.folder, world.workspace())


def test_what_cannot_be_read_here_and_was_tested_is_named(broken):
    world, _ = broken
    world.run("nearest", seeds=1, skip_bad_audio=True, datasets=("west",))
    other = world.folder / "west" / "spk0" / "low-0.wav"
    other.write_bytes(other.read_bytes()[:-100])
    with pytest.raises(BoardError, match="low-spk0-0 was kept, expected otherwise: it cannot be read here"):
        verify(world.store.folder, world.workspace())


def test_a_record_that_hides_what_it_left_out_does_not_hold_beside_one_that_says_it(broken):
    """Two records of one task may say of their recordings what they like: each is held to what it says itself."""
    world, _ = broken
    world.run("nearest", seeds=1, skip_bad_audio=True, datasets=("west",))
    *_, last = world.store.records()
    world.store.write(replace(last, left_out={}), world.store.predictions(last))
    with pytest.raises(BoardError, match="it says 44 train rows, its fold has 45"):
        verify(world.store.folder, world.workspace())


def test_of_a_crossing_whose_corpus_is_gone_nothing_is_checked_and_the_rest_is(broken):
    world, _ = broken
    world.run("nearest", seeds=1, skip_bad_audio=True, datasets=("east", "west"), protocols=("cross",))
    shutil.rmtree(world.folder / "west")
    ledger = verify(world.store.folder, world.workspace())
    assert ledger.checked["splits"] == 1
    skipped = [sentence.partition(":")[0] for sentence in ledger.unchecked if "under cross" in sentence]
    assert skipped == [
        f"labels, speakers, folds and recordings of {name} under cross"
        for name in ("east-to-west", "west-to-east", "west-to-west")
    ]
