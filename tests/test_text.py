"""Text of strangers: on one line, with nothing in it that cannot be seen, in every view; computed by no spreadsheet."""

from __future__ import annotations

import csv
import itertools
import json
import unicodedata
from dataclasses import replace

import pytest

from serbench.board.leaderboard import Leaderboard
from serbench.board.views import FACTS, make_views
from serbench.results.summary import summarise
from serbench.text import one_line, spreadsheet_text, visible
from tests.results.conftest import make_key, make_predictions, make_record, store

__all__ = ["store"]

#: Rings, clears the screen in 7 and in 8 bits, turns the direction, joins without a blank, breaks the line.
HOSTILE = "=cmd|'x'!A1\x07\x1b[2J\x9b2J\u202egnp\u2066\u200b\u200f\ufeff\u2028\x85\rend"
#: Categories of what must not reach a page: controls, formats, surrogates, separators of lines and paragraphs.
BANNED = {"Cc", "Cf", "Cs", "Zl", "Zp"}


def banned(text):
    """Return the signs of a text that cannot be seen, but for line ends."""
    return {sign for sign in text if unicodedata.category(sign) in BANNED and sign != "\n"}


def test_nothing_that_cannot_be_seen_is_left():
    codes = [code for code in range(0x110000) if unicodedata.category(chr(code)) in BANNED]
    shown = {code: one_line(f"a{chr(code)}b") for code in codes}
    assert {hex(code) for code, text in shown.items() if banned(text) or "\n" in text} == set()
    assert "ab" not in shown.values()


@pytest.mark.parametrize("text", ["naïve", "日本", "שלום", "a b", "logreg[c=2]", "e\N{COMBINING ACUTE ACCENT}"])
def test_what_can_be_seen_stays(text):
    assert one_line(text) == visible(text) == text


@pytest.mark.parametrize("sign", "=+-@\uff1d\uff0b\uff0d\uff20")
@pytest.mark.parametrize("before", ["", " ", "\t", "\r", "\n", "\x00", " \t"])
def test_a_formula_is_text(sign, before):
    assert spreadsheet_text(f"{before}{sign}1+1") == f"'{sign}1+1"


@pytest.fixture
def hostile(store):
    """Return views of a board of which every name is a stranger's."""
    facts = {"name": HOSTILE, "version": HOSTILE, "params": {HOSTILE: HOSTILE}}
    dataset = {**facts, "label_map": {"name": HOSTILE, "version": HOSTILE}, "manifest": HOSTILE, "audio": HOSTILE}
    key = {"dataset": dataset, "model": facts, "features": (facts,)}
    reason = {"value": None, "reason": HOSTILE}
    said = {
        "label": HOSTILE,
        "notes": (HOSTILE,),
        "audio": {"label": HOSTILE, "lossy": True},
        "environment": {"versions": {HOSTILE: HOSTILE}, "machine": {"processor": HOSTILE, "system": HOSTILE}},
        "standing": {"reason": HOSTILE, "declared": {"pretrained_on": [HOSTILE]}},
        "cost": {"parameters_total": reason, "latency_p50_ms": {"value": 1.0}},
    }
    classes = tuple(f"{HOSTILE}{number}" for number in range(3))
    for system, protocol, fold in itertools.product(("", "2"), (HOSTILE, "si", "random"), range(3)):
        facts_of_protocol = {"name": protocol, "split": f"{HOSTILE}{protocol}", "folds": 3}
        model = {**facts, "name": HOSTILE + system}
        made = make_key(**key | {"fold": f"{fold}", "model": model, "protocol": facts_of_protocol})
        plain = make_predictions(fold, 0, skill=2.0)
        speakers = tuple(f"{HOSTILE}{speaker}" for speaker in plain.speakers)
        label = "```" if system else HOSTILE
        store.write(
            make_record(made, classes=classes, **said | {"label": label}),
            replace(plain, speakers=speakers, classes=classes),
        )
    return make_views(Leaderboard.of(summarise(store)))


@pytest.mark.parametrize("ending", [".md", ".html", ".tex", ".csv"])
def test_no_view_shows_what_cannot_be_seen(hostile, ending):
    views = {name: text for name, text in hostile.items() if name.endswith(ending)}
    assert any("U+202E" in text for text in views.values())
    assert {name: banned(text) for name, text in views.items() if banned(text)} == {}


def test_no_field_of_a_table_is_a_formula(hostile):
    for text in (text for name, text in hostile.items() if name.endswith(".csv")):
        fields = [field for line in csv.reader(text.splitlines()) for field in line]
        assert any(field.startswith("'=cmd") for field in fields)
        assert [field for field in fields if field.startswith(("=", "@", "\t")) or field[:2] in ("+c", "-c")] == []


def test_json_keeps_names_as_they_are(hostile):
    assert HOSTILE in {row["model"]["name"] for row in json.loads(hostile[FACTS])["rows"]}


def test_no_name_ends_a_block_of_code(hostile):
    lines = hostile["inflation.md"].splitlines()
    assert lines.count("````text") == lines.count("````") == 1
    assert lines.index("````text") < lines.index("```") < lines.index("````")
