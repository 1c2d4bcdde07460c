"""A program that is killed, at any moment: nothing lives on, nothing is half, and the same command completes it.

Moments are drawn, seeded, from the changes of the disk that an undisturbed command makes, and from its time.
"""

from __future__ import annotations

import random
import shutil
import sys
from dataclasses import replace

import pytest

from serbench.features.cache import FeatureCache
from serbench.results.store import Store
from tests.adversity import Adversary
from tests.run import toy

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="processes are watched by Linux's /proc")

#: What a run is not the same in twice: times, and the machine's state.
OTHERWISE = {"cost": {}, "environment": None, "history": ()}


@pytest.fixture(scope="module")
def killer(tmp_path_factory):
    folder = toy.make_corpus(tmp_path_factory.mktemp("kills"), speakers=3, takes=2)
    with Adversary(folder) as killer:
        yield killer


def run(killer, place, jobs, **moment):
    words = ["run", "--no-floors", "--dataset", "toy", "--seeds", "2", "--jobs", jobs, "--data-root", killer.folder]
    words += ["--plugin", toy.__file__, "--no-plugins", "--model", "augmented", "--model", "majority"]
    return killer.run(*words, "--out", place / "runs", SERBENCH_CACHE=str(place / "cache"), **moment)


def files(folder, *endings):
    """Return from name to bytes what lies below a folder."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.name.endswith(endings or "") and path.name != ".lock"
    }


def results(folder):
    """Return all that a run came to, but for what it is not the same in twice."""
    records = [replace(record, **OTHERWISE) for record in Store(folder).records()]
    return records, files(folder / "predictions")


def is_done(path):
    return path.name.endswith(".json") and '"status": "done"' in path.read_text()


@pytest.fixture(scope="module")
def undisturbed(killer):
    """Return what undisturbed commands come to: a run, a board that is added to, and its views."""

    class Undisturbed:
        place = killer.folder / "undisturbed"
        place.mkdir()
        run = run(killer, place, 1)
        results = results(place / "runs")
        part, whole = place / "part", place / "whole"

    assert (Undisturbed.run.code, Undisturbed.run.stderr) == (0, "")
    shutil.copytree(Undisturbed.place / "runs", Undisturbed.place / "fewer")
    for path in (Undisturbed.place / "fewer").rglob("*.seed1.*"):
        path.unlink()
    for board, runs in ((Undisturbed.part, ["fewer"]), (Undisturbed.whole, ["fewer", "runs"])):
        for name in runs:
            Undisturbed.add = killer.run("leaderboard", "add", Undisturbed.place / name, "--to", board)
            assert Undisturbed.add.code == 0, Undisturbed.add.stderr
            Undisturbed.build = killer.run("leaderboard", "build", board)
    assert killer.run("leaderboard", "verify", Undisturbed.whole).code == 0
    return Undisturbed


def moment(draw, end, whom):
    """Draw a moment of a command: before one of its changes of the disk, or some seconds after its begin."""
    if draw.random() < 0.7:
        return {"whom": whom, "at": draw.randint(1, end.changes[whom])}
    return {"whom": whom, "after": draw.uniform(0, end.seconds)}


def check_run(killer, undisturbed, place, whom, jobs, when):
    place.mkdir()
    end = run(killer, place, jobs, **when)
    if whom == "main":
        assert end.code == (-9 if end.killed else 0)
        assert end.stderr == ""
    else:
        assert end.code in (0, 7), end.stderr
        assert end.code == 0 or "its process was killed by SIGKILL, perhaps for want of memory" in end.stderr
        assert "Traceback" not in end.stderr
        failed = [record for record in Store(place / "runs").records() if record.status == "failed"]
        assert bool(failed) == (end.code == 7)
        assert all("SIGKILL" in record.reason for record in failed)
    list(Store(place / "runs").records())  # none is half
    done = {path: path.read_bytes() for path in (place / "runs").rglob("*.json") if is_done(path)}
    again = run(killer, place, jobs)
    assert (again.code, again.stderr) == (0, "")
    assert results(place / "runs") == undisturbed.results
    assert {path: path.read_bytes() for path in done} == done
    assert not list(place.rglob("*.part"))
    assert FeatureCache(place / "cache").verify() == []
    shutil.rmtree(place)


def check_build(killer, undisturbed, place, when, before):
    """Kill a build: of new views, of views where those of fewer rows lie."""
    shutil.copytree(undisturbed.whole, place)
    if before == "none":
        for path in place.iterdir():
            if path.name not in ("records", "predictions"):
                shutil.rmtree(path) if path.is_dir() else path.unlink()
    else:
        for path in undisturbed.part.rglob("*.*"):
            if path.parent.name in ("part", "tables", "site") and path.is_file():
                shutil.copy(path, place / path.relative_to(undisturbed.part))
        (place / "tables" / "si-gone.md").write_bytes((place / "tables" / "si-toy.md").read_bytes())
    end = killer.run("leaderboard", "build", place, **when)
    assert end.code == (-9 if end.killed else 0), end.stderr
    assert killer.run("leaderboard", "build", place).code == 0
    assert files(place) == files(undisturbed.whole)
    assert killer.run("leaderboard", "build", place, "--check").code == 0
    shutil.rmtree(place)


def check_add(killer, undisturbed, place, when, before):
    """Kill an addition: to a board that is new, and of further cells to a row that is there."""
    if before == "part":
        shutil.copytree(undisturbed.part, place)
    add = ["leaderboard", "add", undisturbed.place / "runs", "--to", place]
    end = killer.run(*add, **when)
    assert end.code == (-9 if end.killed else 0), end.stderr
    if before == "part":
        # predictions that no record names yet, or none any more, are all that may be wrong before it is repeated
        assert killer.run("leaderboard", "build", place).code == 0
        verified = killer.run("leaderboard", "verify", place)
        assert verified.code == 0 or "belongs to no record" in verified.stderr
    again = killer.run(*add)
    assert again.code == 0, again.stderr
    assert killer.run("leaderboard", "build", place).code == 0
    assert killer.run("leaderboard", "verify", place).code == 0
    assert files(place) == files(undisturbed.whole)
    shutil.rmtree(place)


CHECKS = {"build": check_build, "add": check_add}


@pytest.mark.parametrize(("whom", "jobs"), [("main", 1), ("worker", 1), ("main", 2), ("worker", 2)])
def test_a_killed_run_is_completed_by_the_same_command(killer, undisturbed, whom, jobs):
    draw = random.Random(f"run {whom} {jobs}")
    when = {"whom": whom, "at": draw.randint(1, undisturbed.run.changes[whom] // jobs)}
    check_run(killer, undisturbed, killer.folder / f"{whom}-{jobs}", whom, jobs, when)


@pytest.mark.parametrize("before", ["none", "part"])
@pytest.mark.parametrize("command", CHECKS)
def test_a_killed_change_of_a_board_is_completed_by_the_same_command(killer, undisturbed, command, before):
    draw = random.Random(f"{command} {before}")
    when = {"whom": "main", "at": draw.randint(1, getattr(undisturbed, command).changes["main"])}
    CHECKS[command](killer, undisturbed, killer.folder / f"{command}-{before}", when, before)


@pytest.mark.long
@pytest.mark.slow
@pytest.mark.timeout(300)
@pytest.mark.parametrize("number", range(12))
@pytest.mark.parametrize("jobs", [1, 2])
@pytest.mark.parametrize("whom", ["main", "worker"])
def test_a_run_that_is_killed_at_many_moments(killer, undisturbed, whom, jobs, number):
    draw = random.Random(f"run {whom} {jobs} {number}")
    when = moment(draw, undisturbed.run, whom)
    check_run(killer, undisturbed, killer.folder / f"{whom}-{jobs}-{number}", whom, jobs, when)


@pytest.mark.long
@pytest.mark.slow
@pytest.mark.timeout(300)
@pytest.mark.parametrize("number", range(24))
@pytest.mark.parametrize("before", ["none", "part"])
@pytest.mark.parametrize("command", CHECKS)
def test_a_board_whose_change_is_killed_at_many_moments(killer, undisturbed, command, before, number):
    draw = random.Random(f"{command} {before} {number}")
    when = moment(draw, getattr(undisturbed, command), "main")
    CHECKS[command](killer, undisturbed, killer.folder / f"{command}-{before}-{number}", when, before)
