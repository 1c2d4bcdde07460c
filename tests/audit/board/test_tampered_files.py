"""A board whose files and views were exchanged, added, left away or changed: verification names it."""

from __future__ import annotations

import shutil

import pytest

from serbench.audit.board.verify import verify
from serbench.board.leaderboard import Leaderboard
from serbench.board.rows import stored_rows
from serbench.board.views import build, make_views
from serbench.errors import SerbenchError
from serbench.plugin.registry import load_registry
from serbench.results.store import Store
from serbench.results.transfer import transfer
from tests.run import toy
from tests.run.conftest import World


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    """Return a world with a board of two rows and its views but the site."""
    folder = tmp_path_factory.mktemp("world")
    world = World(toy.make_corpus(folder, speakers=3, takes=2), load_registry(only=(), extra=[toy]))
    assert world.run("nearest", "augmented").failed == []
    transfer([world.store], Store(folder / "board"))
    rows, _ = stored_rows(folder / "board", world.registry)
    build(Leaderboard.of(rows), folder / "board", site=False)
    return world


@pytest.fixture
def board(world, tmp_path):
    return shutil.copytree(world.folder / "board", tmp_path / "board")


def said(world, board):
    """Return what verification says against a board, or None."""
    try:
        verify(board, world.workspace(), is_strict=True)
    except SerbenchError as error:
        return str(error)
    return None


def paths(board, room, ending):
    return sorted((board / room).rglob(f"*{ending}"))


def exchanged(board, room, ending):
    one, other = paths(board, room, ending)
    data = one.read_bytes()
    one.write_bytes(other.read_bytes())
    other.write_bytes(data)


def doubled(board, room, ending, name=None):
    path = paths(board, room, ending)[0]
    shutil.copy(path, path.with_name(name or f"other{ending}"))


def moved(board, room, ending, folder=None):
    path = paths(board, room, ending)[0]
    place = board / room / (folder or f"{path.parent.relative_to(board / room)}/other") / path.name
    place.parent.mkdir(parents=True)
    path.rename(place)


def linked(board, room, ending):
    path = paths(board, room, ending)[0]
    path.symlink_to(path.rename(board / f"away{ending}"))


def emptied(board, room, ending):
    paths(board, room, ending)[0].write_bytes(b"")


#: What is done to the files of a room, the records or the predictions.
DEEDS = {
    "one is gone": lambda *at: paths(*at)[0].unlink(),
    "the folder is gone": lambda board, room, _: shutil.rmtree(board / room),
    "two are exchanged": exchanged,
    "one is doubled": doubled,
    "one is doubled under the name of a cell": lambda *at: doubled(*at, f"nearest.seed0.0123456789ab{at[-1]}"),
    "one is renamed": lambda *at: paths(*at)[0].rename(paths(*at)[0].with_name(f"other{at[-1]}")),
    "one lies in another corpus": lambda *at: moved(*at, "ours/si"),
    "one lies under another protocol": lambda *at: moved(*at, "toy/random"),
    "one lies deeper": moved,
    "one is a link": linked,
    "one is empty": emptied,
    "a stranger lies there": lambda board, room, ending: (board / room / f"stranger{ending}").write_bytes(b"{}"),
}
ROOMS = {"records": ".json", "predictions": ".parquet"}


def test_the_honest_board_holds(world, board):
    assert said(world, board) is None


@pytest.mark.parametrize("room", ROOMS)
@pytest.mark.parametrize("deed", DEEDS)
def test_files_that_were_moved_about_are_named(world, board, deed, room):
    DEEDS[deed](board, room, ROOMS[room])
    assert said(world, board)


def views(world):
    rows, _ = stored_rows(world.folder / "board", world.registry)
    return make_views(Leaderboard.of(rows), site=False)


def changed(text):
    """Return text with another digit in the middle, where it has one."""
    place = next((at for at in range(len(text) // 2, len(text)) if text[at].isdigit()), len(text) - 2)
    return f"{text[:place]}{'7' if text[place] != '7' else '8'}{text[place + 1 :]}"


VIEWS = {
    "changed": lambda path: path.write_text(changed(path.read_text())),
    "cut short": lambda path: path.write_text(path.read_text()[:-20]),
    "gone": lambda path: path.unlink(),
}


@pytest.mark.parametrize("deed", VIEWS)
def test_every_view_that_was_changed_is_named(world, board, deed):
    made = views(world)
    assert len(made) > 5
    for name, text in made.items():
        VIEWS[deed](board / name)
        assert name in (said(world, board) or ""), name
        (board / name).write_text(text)


@pytest.mark.parametrize("ending", [".md", ".tex"])
def test_a_view_of_a_row_that_is_not_there_is_named(world, board, ending):
    path = next((board / "tables").glob(f"*{ending}"))
    shutil.copy(path, path.with_name(f"si-ghost{ending}"))
    assert f"si-ghost{ending} is stale: the board has no rows for it" in said(world, board)
