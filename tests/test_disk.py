"""A file of ours on a disk that refuses: as it was before, and named."""

from __future__ import annotations

import errno
import os
import sys

import pytest

from serbench.files import atomic_write, sweep, write_text


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
