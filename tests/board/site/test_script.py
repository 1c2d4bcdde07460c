"""The script that sorts tables: where it comes from, and that it is no view."""

from __future__ import annotations

import importlib.metadata
from pathlib import Path
from types import SimpleNamespace

import pytest

from serbench.board.site.pages import SITE
from serbench.board.site.script import SCRIPT, make_script
from serbench.errors import BoardError
from tests.board.conftest import build, first_stale, make_views


@pytest.fixture
def itables(tmp_path, monkeypatch):
    """Return a function that puts an itables of one module in the place of the installed one."""

    def itables(module):
        if module is not None:
            (tmp_path / "itables" / "html").mkdir(parents=True, exist_ok=True)
            (tmp_path / "itables" / "html" / "dt_bundle.js").write_text(module)
        found = SimpleNamespace(version="9.9", locate_file=lambda name: Path(tmp_path, name))
        monkeypatch.setattr(importlib.metadata, "distribution", lambda _: found)

    return itables


def missing(_name):
    raise importlib.metadata.PackageNotFoundError


def test_the_exports_of_the_module_become_one_name(itables):
    itables("var a=1,b=2;export{a as jQuery,b as default};\n/* MIT */\n")
    assert make_script() == (
        "/* DataTables, jQuery and extensions, from itables 9.9; MIT licences, named at the end */\n"
        '(function(){"use strict";var a=1,b=2;window.DataTable=b;\n/* MIT */\n\n})();\n'
    )


def test_the_module_that_is_installed_is_understood():
    script = make_script()
    assert "window.DataTable=" in script
    assert "export{" not in script
    assert "MIT" in script


@pytest.mark.parametrize("module", [None, "var a=1;", "export{a as jQuery};"], ids=["none", "no export", "no default"])
def test_another_module_is_an_error_that_says_so(itables, module):
    itables(module)
    with pytest.raises(BoardError, match=r"itables 9\.9 has no module itables/html/dt_bundle\.js that exports"):
        make_script()


def test_without_itables_the_pages_are_the_same_and_there_is_no_script(board_rows, board, tmp_path, monkeypatch):
    monkeypatch.setattr(importlib.metadata, "distribution", missing)
    build(board_rows, tmp_path)
    assert not (tmp_path / SITE / SCRIPT).exists()
    assert first_stale(board_rows, tmp_path) is None
    page = f"{SITE}/si-emodb.html"
    assert (tmp_path / page).read_bytes() == (board / page).read_bytes()


def test_a_clone_without_the_script_is_not_stale_but_another_script_is(board_rows, tmp_path):
    build(board_rows, tmp_path)
    script = tmp_path / SITE / SCRIPT
    assert script.is_file()
    assert first_stale(board_rows, tmp_path) is None
    script.write_text("window.DataTable = alert;")
    assert first_stale(board_rows, tmp_path) == f"{script} is stale: it is not that of the itables installed here"
    script.unlink()
    assert first_stale(board_rows, tmp_path) is None


def test_git_ignores_the_script(board):
    assert (board / SITE / ".gitignore").read_text() == "/vendor/\n"
    assert SCRIPT.startswith("vendor/")


@pytest.mark.parametrize("name", ["si-emodb.html", "index.html", "site.css", "site.js", ".gitignore"])
def test_a_file_of_the_site_that_was_altered_is_stale(board_rows, tmp_path, name):
    build(board_rows, tmp_path)
    with (tmp_path / SITE / name).open("a") as stream:
        stream.write("more\n")
    assert first_stale(board_rows, tmp_path).startswith(f"{tmp_path / SITE / name} is stale")
    assert first_stale(board_rows, tmp_path, site=False) is None


def test_pages_of_rows_that_are_gone_are_removed_and_files_of_others_stay(board_rows, tmp_path):
    build(board_rows, tmp_path)
    (tmp_path / SITE / "mine.html").write_text("<!doctype html>\n<title>mine</title>\n")
    fewer = [row for row in board_rows if row.dataset.name != "tess"]
    build(fewer, tmp_path)
    assert not (tmp_path / SITE / "si-tess.html").exists()
    assert (tmp_path / SITE / "mine.html").exists()
    assert first_stale(fewer, tmp_path) is None


def test_the_site_may_be_left_out(board_rows, tmp_path):
    written = build(board_rows, tmp_path, site=False)
    assert not (tmp_path / SITE).exists()
    assert len(written) == len([name for name in make_views(board_rows) if not name.startswith(f"{SITE}/")])
