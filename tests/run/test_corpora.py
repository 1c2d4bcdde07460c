"""What becomes of a corpus that is not as it should be: a part, of one class, broken, unreadable, changed meanwhile."""

from __future__ import annotations

import os
from dataclasses import replace
from types import SimpleNamespace

import pytest

from serbench.api import hookimpl
from serbench.errors import DatasetError, PluginError
from serbench.results.summary import summarise
from serbench.run.plan import make_plan
from tests.run import toy

#: Four speakers say three takes of three labels.
COUNTS = {"angry": 12, "calm": 12, "sad": 12}


def plugin(cls):
    """Return a plugin that offers one dataset."""

    @hookimpl
    def serbench_datasets():
        yield cls

    return SimpleNamespace(__name__=cls.card.name, serbench_datasets=serbench_datasets)


def counted(**changed):
    """Return the toy corpus under another name, with published counts."""

    class Counted(toy.Toy):
        card = replace(toy.Toy.card, name="counted", clips={**COUNTS, **changed}, speakers=4)

    return Counted


class Broken(toy.Toy):
    card = replace(toy.Toy.card, name="broken")

    def utterances(self, root):
        raise DatasetError(f"{root / 'table.csv'}, line 3: Sex is empty, expected Female|Male")


class Buggy(toy.Toy):
    card = replace(toy.Toy.card, name="buggy")

    def utterances(self, root):
        yield from ({}["no such column"] for _ in "a")


@pytest.mark.parametrize(
    ("change", "part"),
    [({}, None), ({"sad": 13}, None), ({"sad": 60}, "part of the corpus: sad 12 of 60 clips (2 % are tolerated)")],
)
def test_rows_on_a_part_of_a_corpus_say_so_and_enter_no_average(world_with, change, part):
    world = world_with(plugin(counted(**change)))
    world.run("nearest", datasets=("counted",))
    (row,) = summarise(world.store)

    assert row.standing.parts == ({"counted": part} if part else {})
    assert (row.standing.headline, row.standing.reason) == (part is None, part)


@pytest.mark.parametrize(("bad", "is_part"), [(1, False), (2, True)])
def test_what_is_left_out_is_missing(world_with, bad, is_part):
    world = world_with(plugin(counted()))
    for path in sorted((world.folder / "toy").rglob("sad-*.wav"))[:bad]:
        path.write_bytes(b"no sound")
    world.run("nearest", datasets=("counted",), skip_bad_audio=True)

    assert [bool(row.standing.parts) for row in summarise(world.store)] == [is_part]


@pytest.mark.parametrize("protocol", ["si", "random", "replica-2507.03251"])
def test_a_task_of_one_class_is_refused(world, protocol):
    for path in [*(world.folder / "toy").rglob("calm-*.wav"), *(world.folder / "toy").rglob("sad-*.wav")]:
        path.unlink()
    plan = world.plan("nearest", protocols=(protocol,))

    assert plan.cells == ()
    assert [skip.what for skip in plan.skips] == [f"toy/{protocol}"]
    assert "are all 'angry', expected two classes or more" in plan.skips[0].reason


@pytest.mark.parametrize(("cls", "said"), [(Broken, "table.csv, line 3: Sex is empty"), (Buggy, "KeyError: 'no such")])
def test_one_broken_corpus_leaves_the_others_alone(world_with, cls, said):
    world = world_with(plugin(cls))
    plan = world.plan("nearest", datasets=(), all_datasets=True)

    (broken,) = [skip for skip in plan.skips if skip.is_broken]
    assert broken.what == cls.card.name
    assert said in broken.reason
    assert {corpus.manifest.dataset for corpus in plan.corpora} == {"synth", "toy"}


@pytest.mark.parametrize(("cls", "error"), [(Broken, DatasetError), (Buggy, PluginError)])
def test_a_broken_corpus_that_was_named_is_an_error(world_with, cls, error):
    with pytest.raises(error, match=f"table.csv|{cls.card.name} cannot read .*toy: KeyError"):
        world_with(plugin(cls)).plan("nearest", datasets=(cls.card.name,))


def test_a_corpus_of_which_nothing_can_be_read_is_named(world):
    for path in (world.folder / "toy").rglob("*.wav"):
        path.write_bytes(b"no sound")

    with pytest.raises(DatasetError, match=r"toy: none of 36 recordings can be read: .*\.wav"):
        world.plan("nearest", skip_bad_audio=True)
    plan = world.plan("nearest", datasets=(), all_datasets=True, skip_bad_audio=True)
    assert [skip.what for skip in plan.skips if skip.is_broken] == ["toy"]


def test_a_recording_that_changes_during_a_run_fails_its_cells_by_name(world):
    """The corpus was looked over for the plan; then one file is exchanged for another under its time."""
    setup = world.setup("nearest", seeds=1)
    first, other = sorted((world.folder / "toy").rglob("*.wav"))[:2]

    def planned(*arguments):
        plan = make_plan(*arguments)
        stat = first.stat()
        first.write_bytes(other.read_bytes())
        os.utime(first, ns=(stat.st_atime_ns, stat.st_mtime_ns))
        return plan

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("serbench.run.setup.make_plan", planned)
        outcome = world.run("nearest", seeds=1)
    assert len(outcome.failed) == 4
    assert all(
        f"{first.relative_to(world.folder / 'toy').as_posix()} holds another sound" in record.reason
        for record in outcome.failed
    )

    again = world.run("nearest", seeds=1)
    empty = replace(setup, locations=replace(setup.locations, cache=world.folder / "empty"), out=world.folder / "new")
    keys = {cell.key.digest for cell in empty.plan(world.registry, world.workspace().progress).cells}
    assert again.failed == []
    assert {record.key.digest for record in again.done} == keys
