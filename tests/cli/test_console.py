from __future__ import annotations

import io
import json
import sys
from pathlib import PurePosixPath
from types import MappingProxyType

import pytest

from serbench.cli import console


class Terminal(io.StringIO):
    def isatty(self):
        return True


def test_json_takes_paths_mappings_and_tuples(capsys):
    console.print_json({"b": PurePosixPath("x/y"), "a": MappingProxyType({"n": (1, None)}), "ü": "ü"})
    out = capsys.readouterr().out
    assert json.loads(out) == {"b": "x/y", "a": {"n": [1, None]}, "ü": "ü"}
    assert "ü" in out


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_json_has_no_word_for_what_is_not_finite(value):
    with pytest.raises(ValueError, match="not JSON compliant"):
        console.print_json(value)


def test_json_refuses_what_has_no_form():
    with pytest.raises(TypeError, match="set has no JSON form"):
        console.print_json({1})


def test_a_table_wraps_its_cells_and_keeps_its_names_whole(capsys):
    name = "a-name-of-quite-some-length"
    console.table(("name", "text", "n"), [(name, "word " * 60, 7), ("b", None, 1234)], right=("n",))
    lines = capsys.readouterr().out.splitlines()
    assert max(map(len, lines)) <= 80
    assert lines[1].startswith(name)
    assert lines[-1].split() == ["b", "-", "1234"]
    assert lines[1].endswith("   7")


def test_numbers_stay_whole_beside_a_long_name(capsys):
    console.table(("name", "95 %"), [("model[" + "argument=1," * 9 + "]", "61.5 to 75.5")], right=("95 %",))
    lines = capsys.readouterr().out.splitlines()
    assert max(map(len, lines)) <= 80
    assert lines[1].endswith(" 61.5 to 75.5")


def test_markup_in_a_cell_is_text(capsys):
    console.table(("name",), [("logreg[c=2]",), ("[bold]x[/bold]",)])
    assert capsys.readouterr().out.splitlines()[1:] == ["logreg[c=2]", "[bold]x[/bold]"]


def test_fields_leave_out_what_is_none(capsys):
    console.fields([("a", 1), ("b", None), ("long name", "x")])
    assert [row.split() for row in capsys.readouterr().out.splitlines()] == [["a", "1"], ["long", "name", "x"]]


def test_an_error_is_one_line_on_standard_error(capsys):
    console.error("two\n  lines")
    assert capsys.readouterr() == ("", "error: two lines\n")


def test_progress_hides_off_a_terminal(capsys):
    with console.progress(2, "cells") as bar, bar.task(None, "clips") as inner:
        bar.advance()
        bar.reach(2, 3)
        bar.relabel("other")
        inner.advance()
    assert capsys.readouterr() == ("", "")


def test_progress_shows_several_tasks_on_a_terminal(monkeypatch):
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    monkeypatch.setenv("TERM", "xterm")
    with console.progress(4, "cells [0]") as bar:
        bar.advance()
        with bar.task(10, "clips") as inner:
            inner.reach(5)
            bar.relabel("emodb/si")
            bar.advance(3)
    text = terminal.getvalue()
    assert "clips" in text
    assert "100%" in text


def test_names_give_way_before_numbers_do(capsys):
    columns = ("model", *"abcdef")
    numbers = ["61.5 to 75", "◆ 0.00327", "0.000161", "68.8", "◆ 484", "2="]
    console.table(columns, [("nearest-mean[standardise=False]", *numbers)], right=columns[1:])
    first, second = capsys.readouterr().out.split("model", maxsplit=2)[1:]
    assert max(map(len, (first + second).splitlines())) <= 80
    shown = [word for half in (first, second) for word in half.splitlines()[1].split()[1:]]
    assert shown == " ".join(numbers).split()
    name = "".join(line.split()[0] for line in first.splitlines()[1:])
    assert name == "nearest-mean[standardise=False]"
