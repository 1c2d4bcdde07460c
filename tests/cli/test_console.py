from __future__ import annotations

import io
import json
import logging
import sys
from pathlib import PurePosixPath
from types import MappingProxyType

import pytest

from serbench.cli import console
from tests.test_text import HOSTILE, banned


class Terminal(io.StringIO):
    def isatty(self):
        return True


#: Every way in which a name comes to a terminal.
PRINTS = {
    "line": lambda name: console.line(f"a {name} b"),
    "verbatim": lambda name: console.verbatim(f"next: serbench {name}"),
    "prose": lambda name: console.prose(f"a {name} b", indent=2, hanging=2),
    "notice": lambda name: console.notice(f"a {name} b"),
    "error": lambda name: console.error(f"a {name} b"),
    "table": lambda name: console.table((name, "n"), [(name, 1)], title=name, right=("n",)),
    "a table on its side": lambda name: console.table((name, "n"), [(f"{name}{'1' * 99}", 1)], title=name),
    "fields": lambda name: console.fields([(name, name)]),
    "warnings": lambda name: console.Notices().handle(logging.makeLogRecord({"msg": "%s", "args": (name,)})),
}


@pytest.mark.parametrize("end", ["pipe", "terminal"])
@pytest.mark.parametrize("how", PRINTS)
def test_no_name_controls_a_terminal(how, end, monkeypatch, capsys):
    if end == "terminal":
        monkeypatch.setattr(sys, "stdout", Terminal())
        monkeypatch.setenv("TERM", "dumb")  # which gets no codes of ours
    PRINTS[how](HOSTILE)
    read = capsys.readouterr()
    text = f"{sys.stdout.getvalue() if end == 'terminal' else read.out}{read.err}"
    assert "[U+202E]" in text.replace("\n", "").replace(" ", "")
    assert banned(text) == set()
    assert "\nend" not in text or how in ("table", "a table on its side", "fields")


def test_no_name_in_a_bar_controls_a_terminal(monkeypatch):
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    monkeypatch.setenv("TERM", "xterm")
    with console.progress(4, HOSTILE) as bar, bar.task(10, HOSTILE) as inner:
        inner.reach(5)
        bar.relabel(HOSTILE)
    text = terminal.getvalue()
    assert "[U+202E]" in text
    assert not banned(text) & set("\x07\x9b\x85\u202e\u2066\u200b\u2028\ufeff")
    assert "\x1b[2J" not in text


def test_json_says_every_name_exactly_and_controls_nothing(capsys):
    console.print_json({HOSTILE: [HOSTILE, "\udce9"]})
    out = capsys.readouterr().out
    assert json.loads(out) == {HOSTILE: [HOSTILE, "\udce9"]}
    assert banned(out) == set()


@pytest.mark.parametrize(
    ("name", "shown"),
    [("שלום", "שלום\u200e"), ("שלום עולם", "שלום עולם\u200e"), ("x", "x"), ("é", "é"), ("日本", "日本")],
)
def test_words_from_right_to_left_turn_no_number_beside_them(name, shown, capsys):
    console.table(("name", "UAR %"), [(name, "12.3")], right=("UAR %",))
    assert capsys.readouterr().out.splitlines()[1].split("  ")[0].rstrip() == shown


def test_a_paragraph_of_a_stranger_is_one(capsys):
    console.prose("left out: a\n\nerror: b")
    assert capsys.readouterr().out == "left out: a error: b\n"


@pytest.mark.parametrize("width", [20, 40, 79])
def test_a_line_wraps_between_words_on_a_narrow_terminal_alone(width, monkeypatch, capsys):
    text = "  emodb is left out: there are 12,345 clips of 3.25 seconds"
    console.line(text)
    assert capsys.readouterr().out == f"{text}\n"
    terminal = Terminal()
    monkeypatch.setattr(sys, "stdout", terminal)
    monkeypatch.setenv("COLUMNS", str(width))
    console.line(text)
    lines = terminal.getvalue().splitlines()
    assert max(map(len, lines)) <= width
    assert " ".join(line.strip() for line in lines) == text.strip()
    assert all(line.startswith("  ") for line in lines)


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
