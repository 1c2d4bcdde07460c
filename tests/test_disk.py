"""A file of ours on a disk that refuses: as it was before, and named."""

from __future__ import annotations

import errno
import os

import pytest

from serbench.files import write_text


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
    from serbench.files import atomic_write

    with pytest.raises(FileNotFoundError, match="elsewhere"), atomic_write(tmp_path / "a"):
        (tmp_path / "elsewhere").read_bytes()
    assert list(tmp_path.iterdir()) == []
