"""docs/results.md, run from first block to last as a reader would: commands in a shell, Python in one notebook."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

PAGE = (Path(__file__).parents[1] / "docs" / "results.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```(console|python|text)\n(.*?)^```", PAGE, re.DOTALL | re.MULTILINE)
#: One run, and a program per command of the page.
pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]

#: Printed after every block, so that what each printed can be told apart.
END = "== end of block =="


def program():
    """Return the page as one program."""
    lines = ["import subprocess, sys"]
    for language, text in BLOCKS:
        if language == "console":
            commands = [shlex.split(line.removeprefix("$ ")) for line in text.splitlines()]
            lines += [f"subprocess.run([sys.executable, '-m', *{words!r}], check=True)" for words in commands]
        elif language == "python":
            lines += [text, f"print({END!r})"]
    return "\n".join(lines)


@pytest.fixture(scope="module")
def outputs(tmp_path_factory):
    """Return what each block of Python prints."""
    done = subprocess.run(
        [sys.executable, "-u", "-W", "error", "-c", program()],
        cwd=tmp_path_factory.mktemp("notebook"),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    parts = done.stdout.split(f"{END}\n")
    return parts[:-1]


def test_every_block_runs(outputs):
    assert len(outputs) == sum(language == "python" for language, _ in BLOCKS) >= 5


def test_what_the_page_shows_is_what_comes(outputs):
    shown = [
        (text, sum(language == "python" for language, _ in BLOCKS[:place]) - 1)
        for place, (language, text) in enumerate(BLOCKS)
        if language == "text"
    ]
    assert shown
    for text, place in shown:
        came = outputs[place].splitlines()[-len(text.splitlines()) :]
        for theirs, ours in zip(text.splitlines(), came, strict=True):
            assert [_word(each) for each in theirs.split()] == [_word(each) for each in ours.split()]


def _word(text):
    """Return a word as it is, and a number to as many digits as another processor's arithmetic leaves alone."""
    try:
        return pytest.approx(float(text), abs=0.05)
    except ValueError:
        return text
