"""What lies below a folder: the one rule of corpora, tables and predictions."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from serbench.corpus.walk import files_below, is_passed_over
from serbench.errors import DatasetError
from tests.sample_trees import write_empty


@pytest.mark.parametrize("name", ["._a.wav", ".hidden.wav", ".Trash", "__MACOSX", "__macosx"])
def test_what_is_hidden_or_a_fork_is_passed_over(tmp_path, name):
    write_empty(tmp_path, ["a.wav", f"{name}/b.wav", f"deep/{name}/b.wav", f"deep/er/{name}x"])

    assert is_passed_over(name)
    shown = {place for place in files_below(tmp_path) if "b.wav" not in place}
    assert "a.wav" in shown
    assert not [place for place in files_below(tmp_path) if "b.wav" in place]


def test_other_folders_are_passed_over_in_any_case(tmp_path):
    write_empty(tmp_path, ["wav/a.wav", "Laryngo/a.wav", "deep/LARYNGO/a.wav"])

    assert files_below(tmp_path, {"laryngo"}) == ["wav/a.wav"]


def test_a_linked_folder_is_followed_once_and_a_circle_ends(tmp_path):
    write_empty(tmp_path, ["elsewhere/b.wav", "in/a.wav"])
    for link in ("day1", "day2"):
        (tmp_path / "in" / link).symlink_to(tmp_path / "elsewhere")
    (tmp_path / "elsewhere" / "back").symlink_to(tmp_path / "in")

    assert sorted(files_below(tmp_path / "in")) == ["a.wav", "day1/b.wav"]


def test_a_folder_is_called_by_its_own_path_where_it_has_one(tmp_path):
    write_empty(tmp_path, ["wav/a.wav"])
    (tmp_path / "alias").symlink_to(tmp_path / "wav")

    assert files_below(tmp_path) == ["wav/a.wav"]


@pytest.mark.parametrize("target", ["nowhere.wav", "a.wav"])
def test_a_link_that_leads_nowhere_is_a_file_whose_reader_says_so(tmp_path, target):
    (tmp_path / "a.wav").symlink_to(tmp_path / target)

    assert files_below(tmp_path) == ["a.wav"]


def test_names_that_are_no_utf_8_are_found(tmp_path):
    folder = tmp_path / os.fsdecode(b"Aufnahmen \xfcber")
    folder.mkdir()
    (folder / os.fsdecode(b"f\xfcr.wav")).touch()

    assert files_below(tmp_path) == ["Aufnahmen \udcfcber/f\udcfcr.wav"]
    assert (tmp_path / files_below(tmp_path)[0]).is_file()


@pytest.mark.parametrize("make", [lambda path: None, Path.touch], ids=["missing", "a file"])
def test_no_folder_holds_nothing(tmp_path, make):
    make(tmp_path / "root")

    assert files_below(tmp_path / "root") == []


def test_a_folder_that_cannot_be_listed_is_named(tmp_path, monkeypatch):
    write_empty(tmp_path, ["locked/a.wav"])
    scandir = os.scandir

    def refuse(path):
        if Path(path).name == "locked":
            raise PermissionError(13, "Permission denied", path)
        return scandir(path)

    monkeypatch.setattr(os, "scandir", refuse)
    with pytest.raises(DatasetError, match=r"cannot list .*locked: Permission denied"):
        files_below(tmp_path)
