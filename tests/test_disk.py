"""A file of ours on a disk that refuses: as it was before, and named."""

from __future__ import annotations

import errno
import os
import sys

import pytest

from serbench.files import atomic_folder, atomic_write, sweep, write_text


def refusing(number):
    def refuse(*arguments, **options):
        raise OSError(number, os.strerror(number))

    return refuse


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT, errno.EIO, errno.EFBIG])
@pytest.mark.parametrize("call", ["os.fsync", "tempfile.mkstemp", "pathlib.Path.replace", "pathlib.Path.chmod"])
def test_a_file_that_cannot_be_written_is_named_and_left_as_it_was(tmp_path, monkeypatch, number, call):
    path = tmp_path / "records" / "a.json"
    write_text(path, "old")
    with monkeypatch.context() as patch:
        patch.setattr(call, refusing(number))
        with pytest.raises(OSError, match=os.strerror(number)) as caught:
            write_text(path, "new")
    assert (caught.value.errno, caught.value.filename) == (number, str(path))
    assert path.read_text() == "old"
    assert list(path.parent.iterdir()) == [path]


def test_a_folder_that_cannot_be_made_is_named(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(NotADirectoryError, match=str(tmp_path / "file")):
        write_text(tmp_path / "file" / "records" / "a.json", "new")


def test_what_is_raised_inside_keeps_its_own_name(tmp_path):
    with pytest.raises(FileNotFoundError, match="elsewhere"), atomic_write(tmp_path / "a"):
        (tmp_path / "elsewhere").read_bytes()
    assert list(tmp_path.iterdir()) == []


def test_what_a_writer_left_is_swept_away_and_what_is_written_is_left_alone(tmp_path):
    left = tmp_path / ".a.json.x1.part"
    left.write_text("half")
    others = [tmp_path / name for name in ("a.part", ".hidden", "b.json")]
    for path in others:
        path.touch()
    with atomic_write(tmp_path / "c.json") as stream:
        stream.write(b"whole")
        sweep([tmp_path, tmp_path / "missing"])
        assert not left.exists()
    assert (tmp_path / "c.json").read_text() == "whole"
    assert all(path.exists() for path in others)


@pytest.mark.skipif(sys.platform == "win32", reason="Windows removes no file that is open")
def test_a_file_that_is_swept_away_before_it_is_held_is_begun_anew(tmp_path, monkeypatch):
    import fcntl

    hold, names = fcntl.flock, []

    def slow(handle, how):
        if not names:
            names.extend(path.name for path in tmp_path.iterdir())
            sweep([tmp_path])
        hold(handle, how)

    monkeypatch.setattr("fcntl.flock", slow)
    write_text(tmp_path / "a.json", "new")
    assert len(names) == 1
    assert [path.name for path in tmp_path.iterdir()] == ["a.json"]


@pytest.mark.skipif(sys.platform == "win32", reason="Windows removes no file that is open")
def test_a_file_system_without_locks_is_written_and_nothing_is_swept_there(tmp_path, monkeypatch):
    left = tmp_path / ".a.json.x1.part"
    left.touch()
    monkeypatch.setattr("fcntl.flock", refusing(errno.ENOLCK), raising=False)
    write_text(tmp_path / "a.json", "new")
    sweep([tmp_path])
    assert {path.name for path in tmp_path.iterdir()} == {"a.json", left.name}


def test_a_folder_is_there_whole_or_not_at_all(tmp_path):
    path = tmp_path / "made" / "corpus"

    def half(folder):
        (folder / "a").touch()
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError), atomic_folder(path) as folder:
        half(folder)
    assert list(path.parent.iterdir()) == []
    with atomic_folder(path) as folder:
        (folder / "a").touch()
        assert not path.exists()
    assert [each.name for each in path.iterdir()] == ["a"]
    assert list(path.parent.iterdir()) == [path]


@pytest.mark.skipif(sys.platform == "win32", reason="Windows cannot hold a folder")
def test_a_folder_that_a_killed_writer_left_is_swept_away_and_one_that_is_filled_is_left_alone(tmp_path):
    left = tmp_path / ".corpus.x1.part"
    left.mkdir()
    (left / "a").touch()
    with atomic_folder(tmp_path / "corpus") as folder:
        assert not left.exists()
        (folder / "b").touch()
        sweep([tmp_path])
    assert [each.name for each in tmp_path.rglob("*")] == ["corpus", "b"]


def test_a_folder_that_another_process_made_first_stays_as_it_is(tmp_path):
    path = tmp_path / "corpus"
    with atomic_folder(path) as folder:
        (folder / "mine").touch()
        path.mkdir()
        (path / "theirs").touch()
    assert [each.name for each in tmp_path.rglob("*")] == ["corpus", "theirs"]


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT, errno.EIO])
@pytest.mark.parametrize("call", ["tempfile.mkdtemp", "pathlib.Path.rename"])
def test_a_folder_that_cannot_be_made_whole_is_named(tmp_path, monkeypatch, number, call):
    monkeypatch.setattr(call, refusing(number))
    with pytest.raises(OSError, match=os.strerror(number)) as caught, atomic_folder(tmp_path / "corpus"):
        pass
    assert (caught.value.errno, caught.value.filename) == (number, str(tmp_path / "corpus"))
    assert list(tmp_path.iterdir()) == []
