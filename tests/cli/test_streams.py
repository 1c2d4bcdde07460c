"""Output that is not UTF-8: a substitute for what cannot be encoded, the same numbers, never a traceback."""

from __future__ import annotations

import io
import json
import os
import re
import subprocess
import sys

import pytest

from serbench.board import wording
from serbench.cli import streams
from serbench.cli.streams import SUBSTITUTES, encodable

ENCODINGS = ["cp1252", "latin-1", "ascii", "cp437"]
SMALL = ["--dataset", "synth", "--set", "synth.sentences=1", "--set", "synth.takes=1", "--seeds", "1"]
#: What is run in one process, and the exit code of each.
COMMANDS = [
    *([["list", topic], 0] for topic in ("datasets", "models", "metrics", "protocols", "plugins")),
    *([["show", name], 0] for name in ("synth", "attn1dcnn", "emodb", "uar")),
    [["--help"], 0],
    [["list", "mödels–◆"], 2],
    [["show", "nämé◆\x1b[2J"], 2],
    [["run", "--model", "logreg", *SMALL, "--out", "{runs}"], 0],
    [["run", "--model", "logreg", *SMALL, "--out", "{runs}", "--json"], 0],
    [["leaderboard", "show", "{runs}"], 0],
    [["inflate", "--model", "logreg", *SMALL, "--protocol", "random", "--out", "{leaky}"], 0],
    [["compare", "logreg", "majority", "{runs}"], 0],
    [["plot", "pareto", "{runs}", "--cost", "macs", "--to", "{figure}"], 0],
    [["leaderboard", "export", "--format", "croissant", "--dataset", "emodb"], 0],
    [["profile", "--model", "majority", "--runs", "1"], 0],
]
DRIVER = """
import json, sys
from serbench.cli import app
from serbench.cost import calibration, quiet
from serbench.run import timing

# whatever else the machine does, a mark of a busy one is in no table
timing.quietly = lambda work, **_: quiet.Timing(work(), calibration.calibrate(), None)
for argv, code in json.loads(sys.stdin.read()):
    sys.argv = ["serbench", *argv]
    try:
        app.main()
    except SystemExit as end:
        assert (end.code or 0) == code, (argv, end.code)
    sys.stdout.flush()
"""


def run(commands, encoding, cache):
    """Run commands in a new process; return what both streams got, decoded."""
    done = subprocess.run(
        [sys.executable, "-c", DRIVER],
        input=json.dumps(commands).encode(),
        capture_output=True,
        check=False,
        env={**os.environ, "PYTHONIOENCODING": encoding, "SERBENCH_CACHE": str(cache), "PYTHONWARNINGS": "ignore"},
    )
    out, err = done.stdout.decode(encoding), done.stderr.decode(encoding)
    assert done.returncode == 0, err
    assert "Traceback" not in out + err
    return out, err


@pytest.fixture(scope="module")
def places(tmp_path_factory):
    """Run everything once in UTF-8; return the places that it left and what it wrote."""
    top = tmp_path_factory.mktemp("streams")
    names = {"runs": top / "runs", "leaky": top / "leaky", "figure": top / "pareto.svg"}
    commands = [[[word.format(**names) for word in argv], code] for argv, code in COMMANDS]
    return commands, top / "cache", run(commands, "utf-8", top / "cache")


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_every_command_ends_as_it_does_in_utf_8(places, encoding):
    commands, cache, _ = places
    _, err = run(commands[:-1], encoding, cache)
    assert err.count("error: ") == 2


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_the_numbers_are_the_same(places, encoding):
    commands, cache, _ = places
    stable = [command for command in commands if command[0][0] in ("leaderboard", "compare", "show")]
    texts = [re.sub(r"\[U\+[0-9A-F]+\]", "?", run(stable, name, cache)[0]) for name in ("utf-8", encoding)]
    there, here = (re.findall(r"\d[\d.,]*", text) for text in texts)
    assert here == there
    assert len(here) > 100


@pytest.mark.parametrize("encoding", ["ascii"])
def test_profile_too(places, encoding):
    commands, cache, _ = places
    assert "◆" not in run(commands[-1:], encoding, cache)[0]


def test_marks_and_bars_have_substitutes(places):
    commands, cache, (plain, _) = places
    assert "◆" in plain
    assert "█" in plain
    out, _ = run([command for command in commands if command[0][0] in ("leaderboard", "inflate")], "ascii", cache)
    assert "^ Pareto-optimal" in " ".join(out.split())
    assert "####" in out


def test_json_is_exact_in_every_encoding(tmp_path):
    names = '"ü◆\\u202e\\udce9"'
    program = f"from serbench.cli import console; console.print_json({names})"
    for encoding in (*ENCODINGS, "utf-8"):
        done = subprocess.run(
            [sys.executable, "-c", program],
            capture_output=True,
            check=True,
            env={**os.environ, "PYTHONIOENCODING": encoding},
        )
        assert json.loads(done.stdout.decode(encoding)) == "ü◆\u202e\udce9"


@pytest.mark.skipif(sys.platform == "win32", reason="there are no such terminals")
@pytest.mark.parametrize("encoding", ["cp1252", "ascii"])
def test_a_terminal_too(places, encoding):
    import pty

    commands, cache, _ = places
    (argv,) = [command[0] for command in commands if command[0][:2] == ["leaderboard", "show"]]
    parent, child = pty.openpty()
    env = {**os.environ, "PYTHONIOENCODING": encoding, "SERBENCH_CACHE": str(cache), "TERM": "xterm", "COLUMNS": "90"}
    with subprocess.Popen(
        [sys.executable, "-m", "serbench", *argv], stdin=child, stdout=child, stderr=child, env=env
    ) as running:
        os.close(child)
        text = b"".join(iter(lambda: _read(parent), b"")).decode(encoding)
    os.close(parent)
    assert running.returncode == 0, text
    assert "^ Pareto-optimal" in " ".join(text.split())
    assert "Traceback" not in text


def _read(terminal):
    try:
        return os.read(terminal, 1 << 16)
    except OSError:  # the other end is closed
        return b""


def test_no_two_marks_have_one_substitute():
    marks = [wording.PRETRAINED, wording.SAW_THE_TEST, wording.TEST_STATISTICS, wording.PARETO, wording.ALTERED]
    marks += list("↓⇓⇣‖※∿")
    assert len({SUBSTITUTES[mark] for mark in marks}) == len(marks)
    assert "*" not in SUBSTITUTES.values()  # it marks what is incomplete


@pytest.mark.parametrize(("sign", "substitute"), SUBSTITUTES.items())
def test_a_substitute_is_plain_and_no_number(sign, substitute):
    assert substitute.isascii()
    assert not any(letter.isdigit() for letter in substitute)
    assert encodable(f"a{sign}b", io.TextIOWrapper(io.BytesIO(), encoding="ascii")) == f"a{substitute}b"


def test_what_has_none_is_named():
    stream = io.TextIOWrapper(io.BytesIO(), encoding="cp1252")
    assert encodable("日 ü \udce9", stream) == "[U+65E5] ü [U+DCE9]"


@pytest.mark.parametrize("name", ["stdout", "stderr"])
def test_a_closed_stream_leads_nowhere(name, monkeypatch):
    monkeypatch.setattr(sys, name, None)
    streams.prepare()
    with getattr(sys, name) as stream:
        stream.write("nobody reads this")
