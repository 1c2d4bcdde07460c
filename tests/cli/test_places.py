"""What the machine refuses: a cache, a folder, room, open files. One line that says what to name, or work goes on."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from serbench.cli import places
from serbench.errors import ResourceError, UsageError

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="limits and modes are those of POSIX")

SMALL = ["--set", "synth.sentences=1", "--set", "synth.takes=1"]
RUN = ["run", "--model", "logreg", "--no-floors", "--dataset", "synth", *SMALL, "--seeds", "1", "--jobs", "1"]


def limited(kind, number):
    """Return what lowers a limit in a process that is about to begin."""
    import resource

    return lambda: resource.setrlimit(getattr(resource, kind), (number, number))


@pytest.fixture
def program(tmp_path):
    """Return a function that runs the program in a process of its own, with its variables and limits."""

    def program(*arguments, out=None, before=None, **variables):
        env = {**os.environ, "SERBENCH_CACHE": str(tmp_path / "cache"), "TMPDIR": str(tmp_path), **variables}
        return subprocess.run(
            [sys.executable, "-m", "serbench", *map(str, arguments)],
            stdout=out or subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
            timeout=120,
            env={name: value for name, value in env.items() if value is not None},
            preexec_fn=before,
        )

    return program


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "file"
    path.touch()
    return path


def no_folder(tmp_path, kind):
    """Return a place where no folder can be made."""
    (tmp_path / "file").touch()
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o555)
    if kind == "closed" and os.access(closed, os.W_OK):
        pytest.skip("this user may write everywhere")
    if kind == "/proc" and not Path("/proc/self").exists():
        pytest.skip("there is no /proc here")
    return {
        "a file": tmp_path / "file",
        "below a file": tmp_path / "file" / "a" / "b",
        "closed": closed,
        "/proc": Path("/proc/serbench"),
        "a name that is too long": tmp_path / ("x" * 300),
    }[kind]


KINDS = ["a file", "below a file", "closed", "/proc", "a name that is too long"]


@pytest.mark.parametrize("kind", KINDS)
def test_work_goes_on_without_a_cache(program, tmp_path, kind):
    cache = no_folder(tmp_path, kind)
    done = program(*RUN, "--out", tmp_path / "runs", SERBENCH_CACHE=str(cache))
    assert done.returncode == 0, done.stderr
    assert done.stderr.startswith(f"the cache {cache} cannot be written (")
    assert done.stderr.endswith("name another folder in SERBENCH_CACHE\n")
    assert done.stderr.count("\n") == 1
    assert len(list((tmp_path / "runs" / "records").rglob("*.json"))) == 5
    assert not list(tmp_path.glob("serbench-cache-*"))


def test_work_goes_on_without_a_home(program, tmp_path):
    done = program(*RUN, "--out", tmp_path / "runs", SERBENCH_CACHE=None, HOME="/proc/nobody", XDG_CACHE_HOME=None)
    assert done.returncode == 0, done.stderr
    assert "the cache /proc/nobody/" in done.stderr
    assert not Path("~").exists()


@pytest.mark.parametrize("variable", ["SERBENCH_CACHE", "SERBENCH_DATA"])
def test_a_home_that_there_is_not_is_said(program, tmp_path, variable):
    done = program(*RUN, "--out", tmp_path / "runs", **{variable: "~nobody-of-this-name/x"})
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith(f"error: {variable} names '~nobody-of-this-name/x', and there is no such home")
    assert done.stderr.count("\n") == 1


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    "command",
    [
        [*RUN, "--out"],
        ["inflate", *RUN[1:3], *RUN[4:], "--out"],
        ["leaderboard", "build", "{runs}", "--to"],
        ["leaderboard", "add", "{runs}", "--to"],
        ["leaderboard", "merge", "{runs}", "{runs}", "--to"],
        ["new", "model", "my-model", "--to"],
    ],
    ids=lambda command: " ".join(command[:2]),
)
def test_a_folder_to_write_to_is_tried_before_the_work(serbench, records, tmp_path, command, kind):
    place = no_folder(tmp_path, kind)
    result = serbench(*[word.format(runs=records) for word in command], place)
    assert result.exit_code in (UsageError.exit_code, ResourceError.exit_code)
    assert result.stdout == ""
    assert result.stderr.startswith("error: ")
    assert result.stderr.count("\n") == 1
    assert str(place) in result.stderr
    assert command[-1] in result.stderr


@pytest.mark.parametrize(
    "command",
    [
        ["plot", "pareto", "{runs}", "--to"],
        ["leaderboard", "export", "--format", "hf-model-index", "--model", "logreg", "{runs}", "--to"],
    ],
    ids=lambda command: " ".join(command[:2]),
)
def test_a_file_that_cannot_be_written_is_named_with_its_option(serbench, records, file, command):
    result = serbench(*[word.format(runs=records) for word in command], file / "figure.svg")
    assert (result.exit_code, result.stderr.count("\n")) == (9, 1)
    assert (
        f"{file / 'figure.svg'} cannot be written: {file} is no folder; name another place with --to" in result.stderr
    )


@pytest.fixture(scope="session")
def records(tmp_path_factory):
    """Return a folder of records."""
    from serbench.results.store import Store
    from tests.results.conftest import add_cells

    folder = tmp_path_factory.mktemp("records")
    cost = {"latency_p50_ms": {"value": 1.0}}
    for name in ("logreg", "majority"):
        model = {"name": name, "version": "1", "params": {}}
        add_cells(Store(folder), key={"model": model}, label=name, cost=cost)
    return folder


def test_a_disk_that_fills_up_keeps_what_is_done(program, tmp_path):
    out = tmp_path / "runs"
    done = program(*RUN, "--out", out)
    assert done.returncode == 0
    more = [*RUN, "--model", "mlp", "--out", out]
    done = program(*more, before=limited("RLIMIT_FSIZE", 2_000))
    assert (done.returncode, done.stderr.count("\n")) == (9, 1)
    assert done.stderr.startswith(f"error: {out}")
    assert "; finished cells are kept in " in done.stderr
    assert "the same command goes on from there" in done.stderr
    assert "--out" in done.stderr
    assert not list(tmp_path.rglob("*.part"))
    again = program(*more)
    assert again.returncode == 0
    assert "5 cells run, 5 were done before" in again.stdout


def test_a_model_that_finds_no_room_fails_its_cell(program, tmp_path):
    assert program(*RUN, "--out", tmp_path / "other").returncode == 0
    mlp = [word if word != "logreg" else "mlp" for word in RUN]
    done = program(*mlp, "--save-models", "--out", tmp_path / "runs", before=limited("RLIMIT_FSIZE", 20_000))
    assert done.returncode == 7
    *failed, last = done.stderr.splitlines()
    assert all(line.startswith("failed: synth/si/group-") and "File too large" in line for line in failed)
    assert last.startswith("error: 5 of 5 cells failed")


@pytest.mark.parametrize("number", [16, 48, 64, 256])
def test_few_open_files_are_enough_or_too_few(program, tmp_path, number):
    done = program(*RUN, "--out", tmp_path / "runs", before=limited("RLIMIT_NOFILE", number))
    if number < 48:
        assert (done.returncode, done.stdout) == (9, "")
        assert done.stderr == (
            f"error: {number} files may be open at once, expected 48 or more; raise the limit with ulimit -n 1024\n"
        )
    else:
        assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no full device here")
@pytest.mark.parametrize("arguments", [["list", "models"], ["--version"], ["list", "models", "--json"], ["--help"]])
def test_standard_output_without_room_is_said(program, arguments):
    with Path("/dev/full").open("w") as full:
        done = program(*arguments, out=full)
    assert done.returncode == 9
    assert done.stderr.startswith("error: ")
    assert "no space left on device" in done.stderr
    assert done.stderr.count("\n") == 1


def test_a_reader_that_goes_is_told_nothing(program, tmp_path):
    reading, writing = os.pipe()
    os.close(reading)
    with os.fdopen(writing, "w") as nobody:
        done = program("list", "models", out=nobody)
    assert (done.returncode, done.stderr) == (1, "")


@pytest.fixture
def cache(monkeypatch, tmp_path):
    """Return a cache that holds something, and cannot be written."""
    folder = tmp_path / "cache"
    for name in ("features/mfcc-0123/shard-a.npy", "synth/0123/a.wav", "inventory/0123.json", "times.json"):
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(name)
    monkeypatch.setenv("SERBENCH_CACHE", str(folder))
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    return folder


def test_what_a_cache_holds_is_read_where_it_cannot_be_written(cache, monkeypatch, capsys):
    monkeypatch.setattr(places, "_why_not", lambda folder: "read-only file system")
    places.open_cache()
    spare = Path(os.environ["SERBENCH_CACHE"])
    assert spare != cache
    found = {path.relative_to(spare).as_posix(): path.read_text() for path in spare.rglob("*") if path.is_file()}
    assert all(name == text for name, text in found.items())
    assert {"features/mfcc-0123/shard-a.npy", "inventory/0123.json", "times.json"} <= set(found)
    assert (spare / "synth" / "0123" / "a.wav").is_file()
    (spare / "features" / "mfcc-0123" / "shard-b.npy").write_text("new")
    assert [path.name for path in (cache / "features" / "mfcc-0123").iterdir()] == ["shard-a.npy"]
    assert capsys.readouterr().err.count("\n") == 1


def test_a_cache_that_is_nearly_full_is_left_alone(cache, monkeypatch, capsys):
    monkeypatch.setattr("shutil.disk_usage", lambda folder: type("Usage", (), {"free": 5 << 20}))
    places.open_cache()
    assert "(5 MiB are free, 32 are needed)" in capsys.readouterr().err


def test_a_cache_that_can_be_written_is_used(cache, capsys):
    places.open_cache()
    assert os.environ["SERBENCH_CACHE"] == str(cache)
    assert capsys.readouterr() == ("", "")


def test_no_place_at_all_is_an_error(cache, monkeypatch):
    def refuse(**options):
        raise PermissionError(13, "Permission denied", "/tmp")

    monkeypatch.setattr(places, "_why_not", lambda folder: "no space left on device")
    monkeypatch.setattr("tempfile.mkdtemp", refuse)
    with pytest.raises(ResourceError, match=r"no space left on device.*permission denied.*SERBENCH_CACHE"):
        places.open_cache()


def test_a_run_folder_without_room_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr("shutil.disk_usage", lambda folder: type("Usage", (), {"free": 1000}))
    with pytest.raises(ResourceError, match="no space left on device; free some, or name another folder with --out"):
        places.expect_writable(tmp_path, "--out")
