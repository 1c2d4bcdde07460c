"""Every table of the program at every width: no number is cropped, none is broken, nothing is lost."""

from __future__ import annotations

import ast
import re
import sys
from collections import Counter
from pathlib import Path

import pytest
from typer.testing import CliRunner

from serbench import cli
from serbench.cli import console, layout
from serbench.cli.app import app
from serbench.cli.curves import print_curves
from serbench.cli.layout import width_of
from serbench.cli.matrix import print_matrices
from tests.board.ranking.test_adaptation import adapted_rows, add_adapted
from tests.board.ranking.test_matrix import add, rows
from tests.results.conftest import cells, store

#: Fixtures that those below ask for.
__all__ = ["adapted_rows", "add", "add_adapted", "cells", "rows", "store"]

WIDTHS = [*range(layout.NARROWEST, 101), 200]
SMALL = [word for name in ("sentences", "takes") for word in ("--set", f"synth.{name}=1")]
#: A number as it is printed: with its sign, point and unit.
NUMBER = re.compile(r"[+-]?\d[\d.,]*(?:e[+-]\d+)?[kMG]?(?![\w.])")

#: A feature whose weights are nowhere.
PRETRAINED = """
from serbench.api import Checkpoint, FeatureCard, FeatureExtractor, hookimpl

class Encoded(FeatureExtractor):
    card = FeatureCard(name="encoded", version="1", summary="a test feature", sample_rate=16000, output="vector",
                       checkpoints=(Checkpoint("encoder", 64 * "0", ("books",), "MIT", "train it for 100,000 h"),))

@hookimpl
def serbench_features():
    yield Encoded
"""
RUN = ["--model", "logreg", "--model", "majority", "--dataset", "synth", *SMALL, "--seeds", "1"]
COMMANDS = [
    *(["list", topic] for topic in ("datasets", "features", "models", "metrics", "protocols", "plugins")),
    *(["show", name] for name in ("synth", "attn1dcnn", "mfcc", "uar", "si")),
    ["data", "where"],
    ["check", "majority"],
    ["plan", *RUN],
    ["run", *RUN, "--save-models", "--out", "{runs}"],
    ["run", "--model", "logreg", *RUN[4:], "--no-floors", "--sweep", "logreg.c=0.5,1", "--out", "{swept}"],
    ["list", "checkpoints", "--plugin", "{plugin}"],
    ["inflate", *RUN, "--protocol", "random", "--out", "{leaky}"],
    ["leaderboard", "show", "{runs}"],
    ["leaderboard", "reproduce", "synth/si/logreg", "{runs}"],
    ["compare", "logreg", "majority", "{runs}"],
    ["predict", "--model", "{runs}/models/synth/si/logreg", "{clips}"],
    ["audit", "synth", "{runs}"],
    ["cache", "info"],
    ["profile", "--model", "logreg", "--runs", "1"],
]


@pytest.fixture(scope="module")
def tables(tmp_path_factory):
    """Run the commands; return the arguments of every table, with the file that asked for it."""
    top, found = tmp_path_factory.mktemp("widths"), []
    plugin = top / "pretrained.py"
    plugin.write_text(PRETRAINED, encoding="utf-8")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SERBENCH_CACHE", str(top / "cache"))
        plain = console.table

        def table(*arguments, **options):
            caller = Path(sys._getframe(1).f_code.co_filename).name
            columns, lines = arguments
            lines = [tuple(line) for line in lines]
            found.append((caller, columns, lines, options))
            plain(columns, lines, **options)

        patch.setattr(console, "table", table)
        for words in COMMANDS:
            clips = next(iter((top / "cache").rglob("s01-*.wav")), "")
            places = {name: top / name for name in ("runs", "leaky", "swept")} | {"plugin": plugin, "clips": clips}
            result = CliRunner().invoke(app, [word.format(**places) for word in words], catch_exceptions=False)
            assert result.exit_code in (0, 1), result.stderr
    return found


@pytest.fixture
def all_tables(tables, rows, adapted_rows, monkeypatch):
    """Return those, and the matrices and curves of crossed corpora, which take long to run."""
    found = list(tables)
    for name, write in (("matrix.py", print_matrices), ("curves.py", print_curves)):
        monkeypatch.setattr(console, "table", lambda *told, name=name, **options: found.append((name, *told, options)))
        write(adapted_rows if name == "curves.py" else rows)
        monkeypatch.undo()
    return found


@pytest.fixture
def drawn(monkeypatch, capsys):
    """Return a function that gives the lines that are drawn on a terminal of a width."""

    def drawn(width, draw, *arguments, **options):
        monkeypatch.setattr(console, "width", lambda: width)
        capsys.readouterr()
        draw(*arguments, **options)
        monkeypatch.undo()
        return capsys.readouterr().out.splitlines()

    return drawn


def numbers(text):
    return Counter(NUMBER.findall(text))


def test_every_command_that_draws_a_table_is_among_them(all_tables):
    asking = {
        path.name
        for path in Path(cli.__file__).parent.glob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "console.table"
    }
    assert {caller for caller, *_ in all_tables} == asking
    assert sum(map(len, (lines for *_, lines, _ in all_tables))) > 100


def test_no_number_of_any_table_is_cropped_at_any_width(all_tables, drawn):
    for caller, columns, lines, options in all_tables:
        shown = [["-" if cell is None else str(cell) for cell in line] for line in lines]
        flush = [place for place, heading in enumerate(columns) if heading in options.get("right", ())]
        wanted = numbers(" ; ".join(cell for line in shown for cell in line))
        for width in WIDTHS:
            where = f"{caller}, {columns} at {width}"
            out = drawn(width, console.table, columns, lines, **options)
            assert max(map(width_of, out)) <= width, where
            assert not wanted - numbers(" ; ".join(out)), where
            there = "\n".join(out)
            assert [line[place] for line in shown for place in flush if line[place] not in there] == [], where


@pytest.mark.parametrize("width", WIDTHS)
def test_fields_keep_their_numbers(width, drawn):
    pairs = [("clips", 535), ("as emodb-7", "anger 127, boredom 81, happiness 71"), ("seconds per row", "0.000161")]
    out = drawn(width, console.fields, pairs)
    assert max(map(width_of, out)) <= width
    assert numbers(" ; ".join(out)) == numbers("535 ; -7 ; 127, ; 81, ; 71 ; 0.000161")


@pytest.mark.parametrize("width", WIDTHS)
def test_prose_keeps_its_numbers(width, drawn):
    text = "minimum detectable difference 8.3 points of UAR (p = 0.000161, 28.3M parameters), 10 speakers"
    out = drawn(width, console.prose, text)
    assert max(map(width_of, out)) <= width
    assert " ".join(out) == text


def test_a_table_without_room_is_turned_on_its_side(drawn):
    columns = ("model", "UAR %", "95 %", "params")
    lines = [("logreg", "68.8", "61.5 to 75.5", "28.3M"), ("b", *"123")]
    out = drawn(20, console.table, columns, lines, title="synth, si", right=columns[1:])
    assert out == [
        "synth, si",
        *("model   logreg", "UAR %   68.8", "95 %    61.5 to 75.5", "params  28.3M"),
        "",
        *("model   b", "UAR %   1", "95 %    2", "params  3"),
    ]


def test_values_stand_below_their_names_where_there_is_no_room_beside(drawn):
    columns, lines = ("system", "95 % of - si"), [("logreg", "-61.5 to +75.5")]
    out = drawn(20, console.table, columns, lines, right=columns[1:])
    assert out == ["system", "  logreg", "95 % of - si", "  -61.5 to +75.5"]
