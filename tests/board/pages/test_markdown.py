from __future__ import annotations

import pytest

from serbench.board.machines import machine_name
from serbench.board.numbers import short
from serbench.board.pages.markdown import code, escape, table
from serbench.scoring.figure import Figure


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.0, "0"),
        (7.0, "7"),
        (2.5, "2.50"),
        (12.34, "12.3"),
        (999.6, "1000"),
        (1234.0, "1.23k"),
        (46772.0, "46.8k"),
        (1e6, "1M"),
        (2.5e9, "2.50G"),
        (0.00012, "0.000120"),
    ],
)
def test_numbers_are_short(value, text):
    assert short(Figure(value)) == text


def test_no_number_is_a_dash():
    assert short(Figure.undefined("why")) == "–"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a|b", "a\\|b"),
        ("<b>&", "&lt;b&gt;&amp;"),
        ("a\nb\x00c\u2028d", "a b c d"),
        ("[x](y)", "\\[x\\](y)"),
        ("\\|", "\\\\\\|"),
        ("plain-name.2", "plain-name.2"),
    ],
)
def test_text_is_escaped(text, shown):
    assert escape(text) == shown


def test_tables_are_aligned():
    assert table(["model", "n"], [["a", "1"], ["bcdefg", "100"]]) == [
        "| model  |   n |",
        "| ------ | --: |",
        "| a      |   1 |",
        "| bcdefg | 100 |",
    ]


def test_nothing_ends_a_code_block():
    assert code(["a\n```\n<b>"]) == ["    a ``` <b>"]


def test_machines_without_facts_and_with_accelerators_have_names():
    assert machine_name({}) == "unknown machine"
    assert machine_name({"accelerator": "H200", "processor": "EPYC", "cores": 1}) == "H200, EPYC, 1 core"
