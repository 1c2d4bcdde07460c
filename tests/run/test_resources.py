"""A machine that refuses: one line that says what, and what to name instead, or work goes on; nothing is left wrong.

Every case is repeated without its fault, and then comes to what an undisturbed command comes to.
"""

from __future__ import annotations

import errno
import os
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from serbench.results.store import Store
from tests.adversity import Adversary
from tests.run import toy

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="processes are watched by Linux's /proc")

TOY = ["--plugin", toy.__file__, "--no-plugins"]
RUN = ["run", "--no-floors", "--dataset", "toy", "--seeds", "1", "--jobs", "1", "--data-root", "{data}", *TOY]
#: By name: what is carried out below a folder of its own.
COMMANDS = {
    "run": [*RUN, "--model", "majority", "--model", "prior", "--save-models", "--out", "{out}"],
    "run apart": [*RUN, "--model", "nearest", "--out", "{out}"],
    "plan": ["plan", *RUN[1:], "--model", "majority", "--out", "{out}"],
    "audit": ["audit", "toy", "--protocol", "si", "--data-root", "{data}", *TOY],
    "predict": ["predict", "{data}/toy/spk0", "--model", "{runs}/models/toy/si/majority", "--csv", *TOY],
    "profile": ["profile", "--model", "majority", "--runs", "1", "--json"],
    "plot": ["plot", "pareto", "{runs}", "--to", "{out}/figure.svg"],
    "compare": ["compare", "majority", "prior", "{runs}"],
    "check": ["check", "majority"],
    "new": ["new", "dataset", "my-corpus", "--to", "{out}"],
    "cache info": ["cache", "info"],
    "cache verify": ["cache", "verify"],
    "cache prune": ["cache", "prune", "--yes"],
    "data": ["data", "where", "--data-root", "{data}"],
    "show": ["show", "synth"],
    "list": ["list", "models"],
    "board show": ["leaderboard", "show", "{runs}"],
    "build": ["leaderboard", "build", "{board}", "--to", "{out}"],
    "add": ["leaderboard", "add", "{runs}", "--to", "{out}"],
    "merge": ["leaderboard", "merge", "{board}", "{board}", "--to", "{out}"],
    "export": [
        *("leaderboard", "export", "--format", "hf-model-index", "--model", "majority", "{runs}"),
        *("--to", "{out}/index.yml"),
    ],
    "verify": ["leaderboard", "verify", "{board}", "--data-root", "{data}", *TOY],
    "reproduce": [
        "leaderboard",
        "reproduce",
        "toy/si/majority",
        "{board}",
        "--cells",
        "1",
        "--data-root",
        "{data}",
        *TOY,
    ],
}
#: Tones are nearly alike, which an audit calls a leak.
CODES = {"audit": 1}
FULL = {"full": errno.ENOSPC, "quota": errno.EDQUOT, "damaged": errno.EIO, "read-only": errno.EROFS}
REFUSALS = {**FULL, "closed": errno.EACCES}
LIMITS = {"RLIMIT_NOFILE": 20, "RLIMIT_FSIZE": 2_000}


@pytest.fixture(scope="module")
def adversary(tmp_path_factory):
    with Adversary(tmp_path_factory.mktemp("resources")) as adversary:
        yield adversary


class Machine:
    """A corpus, what a run of it left, a board; and commands on it, each with a folder and a cache of its own."""

    def __init__(self, adversary):
        self.adversary, self.number = adversary, 0
        self.top = adversary.folder / "machine"
        self.top.mkdir()
        (adversary.folder / "home").mkdir()
        self.places = {name: self.top / name for name in ("data", "runs", "board")}
        toy.make_corpus(self.places["data"], speakers=3, takes=1)
        self.ends = {}
        for name, out in (("run", "runs"), ("add", "board")):
            self.ends[name] = self.carry_out(name, self.places[out], self.top / "cache")
            assert self.ends[name].code == 0, self.ends[name].stderr
        self.results = {}

    def place(self):
        self.number += 1
        folder = self.top / f"place-{self.number}"
        folder.mkdir()
        return folder

    def carry_out(self, name, out, cache, **circumstances):
        words = [word.format(**self.places, out=out) for word in COMMANDS[name]]
        usual = {"SERBENCH_CACHE": str(cache), "HOME": str(self.adversary.folder / "home")}
        return self.adversary.run(*words, **{**usual, **circumstances})

    def undisturbed(self, name):
        """Return what a command comes to on a machine that refuses nothing."""
        if name not in self.results:
            folder = self.place()
            end = self.carry_out(name, folder / "out", folder / "cache")
            assert (end.code, "Traceback" in end.stderr) == (CODES.get(name, 0), False), end.stderr
            self.results[name] = result(folder / "out")
            shutil.rmtree(folder)
        return self.results[name]

    def expect_well(self, name, folder, out=None, cache=None):
        """Repeat a command without its fault: it comes to what an undisturbed one comes to."""
        end = self.carry_out(name, out or folder / "out", cache or folder / "cache")
        assert (end.code, "Traceback" in end.stderr) == (CODES.get(name, 0), False), end.stderr
        assert result(out or folder / "out") == self.undisturbed(name)
        assert not list(folder.rglob("*.part"))


@pytest.fixture(scope="module")
def machine(adversary):
    return Machine(adversary)


def result(out):
    """Return what lies in a folder, but for what is not the same twice: times, and the moment a figure was drawn."""
    if (out / "models").is_dir() or list(out.glob("records/*/*/*/*.json")):
        records = [replace(record, cost={}, environment=None, history=()) for record in Store(out).records()]
        return records, {path.name: path.read_bytes() for path in sorted(out.rglob("*.parquet"))}
    return {
        path.relative_to(out).as_posix(): path.suffix == ".svg" or path.read_bytes()
        for path in sorted(out.rglob("*"))
        if path.is_file() and path.name != ".lock"
    }


def expect_one_line(end, *words, codes=(9,), notices=0):
    """The program ends with one of the codes, and with one line that says why, after so many others at most."""
    assert "Traceback" not in end.stderr
    assert end.code in codes, end.stderr
    lines = end.stderr.splitlines()
    assert len(lines) <= notices + (end.code > 1), end.stderr
    if end.code > 1:
        assert lines[-1].startswith("error: ")
    for word in words:
        assert word in end.stderr


def no_folder(folder, kind):
    """Return a place where no folder can be made."""
    (folder / "file").touch()
    places = {"file": folder / "file", "below file": folder / "file" / "a", "device": Path("/dev/null/x")}
    return {**places, "proc": Path("/proc/serbench")}[kind]


CACHED = ["run", "run apart", "plan", "audit", "profile", "check", "reproduce"]
#: Which cases the ordinary run takes; the long one takes all.
SOME = {
    *("plan file", "audit device", "plan full", "audit quota"),
    *("run full 9", "add quota 9", "build read-only 9", "new damaged 9", "merge closed 1", "export full 1"),
    *("list /dev/full", "list broken", "predict closed", "plan RLIMIT_NOFILE", "add RLIMIT_FSIZE", "audit threads"),
    *("plan", "plan none", "build small", "merge read-only", "plan read-only"),
}


def cases(*lists):
    """Return every combination of words, those of ``SOME`` for the ordinary run."""
    found = [[]]
    for words in lists:
        found = [[*each, word] for each in found for word in words]
    return [
        pytest.param(*each, marks=() if name in SOME else [pytest.mark.long, pytest.mark.slow], id=name)
        for each in found
        for name in [" ".join(map(str, each))]
    ]


@pytest.mark.parametrize(("name", "kind"), cases(CACHED, ["file", "below file", "device", "proc"]))
def test_work_goes_on_without_a_cache(machine, name, kind):
    folder = machine.place()
    cache = no_folder(folder, kind)
    end = machine.carry_out(name, folder / "out", cache)
    expect_one_line(
        end, f"the cache {cache} cannot be written", "SERBENCH_CACHE", codes=(CODES.get(name, 0),), notices=1
    )
    machine.expect_well(name, folder)


@pytest.mark.parametrize(("name", "kind"), cases(["run", "run apart", "plan", "audit"], REFUSALS))
def test_work_goes_on_where_a_cache_is_refused_later(machine, name, kind):
    """The disk is as it should be when it is tried, and refuses afterwards."""
    folder = machine.place()
    refused = {"refusal": REFUSALS[kind], "at": 4, "below": folder / "cache"}
    end = machine.carry_out(name, folder / "out", folder / "cache", **refused)
    reason = os.strerror(REFUSALS[kind])[1:]
    expect_one_line(end, f"{folder / 'cache'}/", "cannot be written (", reason, codes=(CODES.get(name, 0),), notices=4)
    machine.expect_well(name, folder)


WRITING = ["run", "run apart", "plot", "new", "build", "add", "merge", "export"]


@pytest.mark.parametrize(("name", "kind", "at"), cases(WRITING, REFUSALS, [1, 9]))
def test_a_folder_that_refuses_is_named(machine, name, kind, at):
    folder = machine.place()
    refused = {"refusal": REFUSALS[kind], "at": at, "below": folder / "out"}
    end = machine.carry_out(name, folder / "out", folder / "cache", **refused)
    if end.code == 0:
        assert end.changes["main"] < at, "it had nothing left to write"
    else:
        expect_one_line(end, str(folder / "out"), os.strerror(REFUSALS[kind])[1:], "--out" if "run" in name else "--to")
    if name == "new":  # it makes nothing where something lies
        shutil.rmtree(folder / "out", ignore_errors=True)
    machine.expect_well(name, folder)


SAYING = ["plan", "audit", "predict", "compare", "check", "cache info", "cache verify", "data", "show", "list"]


@pytest.mark.parametrize(
    ("name", "stdout"), cases([*SAYING, "board show", "verify"], ["/dev/full", "closed", "broken"])
)
def test_an_answer_that_nobody_takes(machine, name, stdout):
    folder = machine.place()
    end = machine.carry_out(name, folder / "out", folder / "cache", stdout=stdout)
    code = {"/dev/full": 9, "closed": CODES.get(name, 0), "broken": 1}[stdout]
    assert (end.code, "Traceback" in end.stderr) == (code, False), end.stderr
    assert ("error: " in end.stderr) == (stdout == "/dev/full")
    if stdout == "/dev/full":
        assert "no space left on device" in end.stderr


EVERY = [name for name in COMMANDS if name not in ("profile", "check")]


@pytest.mark.parametrize(("name", "limit"), cases(EVERY, LIMITS))
def test_a_limit_that_is_too_low_is_said(machine, name, limit):
    """Too few open files are said before anything is done; short files do for whom writes none that is long."""
    folder = machine.place()
    end = machine.carry_out(name, folder / "out", folder / "cache", limits={limit: LIMITS[limit]})
    expect_one_line(end, codes=(9,) if limit == "RLIMIT_NOFILE" else (CODES.get(name, 0), 7, 9), notices=9)
    if limit == "RLIMIT_NOFILE":
        assert "raise the limit with ulimit -n" in end.stderr
    if name == "new":
        shutil.rmtree(folder / "out", ignore_errors=True)
    machine.expect_well(name, folder)


@pytest.mark.parametrize(("name", "number"), cases(EVERY, [48]))
def test_few_open_files_are_enough(machine, name, number):
    folder = machine.place()
    end = machine.carry_out(name, folder / "out", folder / "cache", limits={"RLIMIT_NOFILE": number})
    assert end.code == CODES.get(name, 0), end.stderr
    assert result(folder / "out") == machine.undisturbed(name)


@pytest.mark.parametrize(("name", "what"), cases(["run", "run apart", "plan", "audit", "predict"], ["threads"]))
def test_threads_that_cannot_be_started_are_said(machine, name, what):
    folder = machine.place()
    end = machine.carry_out(name, folder / "out", folder / "cache", threads=False)
    expect_one_line(end, "can't start new thread", "raise the limits")
    machine.expect_well(name, folder)


@pytest.mark.parametrize(("name", "mebibytes"), cases(["run", "plan", "audit", "predict", "build", "add"], [1, 32, 64]))
def test_too_little_memory_is_said(machine, name, mebibytes):
    """With room for the stack of a thread and for nothing else, Python itself waits for that thread for ever."""
    folder = machine.place()
    limits = {"RLIMIT_AS": mebibytes << 20}
    end = machine.carry_out(name, folder / "out", folder / "cache", limits=limits, OPENBLAS_NUM_THREADS="1")
    expect_one_line(end, codes=(CODES.get(name, 0), 3, 7, 9), notices=20)
    machine.expect_well(name, folder)


@pytest.mark.parametrize(
    ("name", "home"), cases(["run", "plan", "audit", "data", "cache info", "list", "build"], ["none", "proc", "file"])
)
def test_no_home_and_no_folder_for_temporary_files(machine, name, home):
    folder = machine.place()
    place = None if home == "none" else str(no_folder(folder, home))
    variables = {"HOME": place, "TMPDIR": str(folder / "missing")}
    end = machine.carry_out(name, folder / "out", folder / "cache", **variables)
    expect_one_line(end, codes=(CODES.get(name, 0),))
    machine.expect_well(name, folder)


@pytest.mark.parametrize("name", cases(["plan", "audit"]))
def test_neither_a_cache_nor_a_folder_for_temporary_files(machine, name):
    folder = machine.place()
    end = machine.carry_out(name, folder / "out", "/dev/null/x", refusal=errno.EROFS, at=1, below="/")
    expect_one_line(end, "neither the cache /dev/null/x", "SERBENCH_CACHE")


@pytest.fixture
def disk(machine):
    """Return a function that mounts a small disk of its own, and makes it read-only where asked; or skip."""
    mounted = []

    def disk(size, *, readonly=False):
        folder = machine.place()
        words = ["mount", "-t", "tmpfs", "-o", f"size={size}{',ro' if readonly else ''}", "none", str(folder)]
        if shutil.which("mount") is None or subprocess.run(words, capture_output=True, check=False).returncode:
            pytest.skip("nothing can be mounted here")
        mounted.append(folder)
        return folder

    yield disk
    for folder in mounted:
        subprocess.run(["umount", "-l", str(folder)], check=True)


@pytest.mark.parametrize(
    ("name", "kind"), cases(["run", "build", "add", "merge", "plot", "export"], ["small", "read-only"])
)
def test_a_real_disk_that_is_full_or_read_only(machine, disk, name, kind):
    full = disk("8k", readonly=kind == "read-only")
    folder = machine.place()
    end = machine.carry_out(name, full / "out", folder / "cache")
    if name == "export" and kind == "small":
        assert end.code == 0
        return
    reason = "no space left on device" if kind == "small" else "read-only file system"
    expect_one_line(end, str(full), reason, "--out" if name == "run" else "--to")
    assert not list(full.rglob("*.part"))
    machine.expect_well(name, folder)


@pytest.mark.parametrize(("name", "kind"), cases(CACHED, ["small", "read-only"]))
def test_a_cache_on_a_real_disk_that_is_full_or_read_only(machine, disk, name, kind):
    cache = disk("8k", readonly=kind == "read-only")
    folder = machine.place()
    end = machine.carry_out(name, folder / "out", cache)
    expect_one_line(end, f"the cache {cache} cannot be written", codes=(CODES.get(name, 0),), notices=1)
    machine.expect_well(name, folder)
