from __future__ import annotations

import errno
import re
import signal
import subprocess
import sys

import pytest
import typer
from typer.testing import CliRunner

from serbench import __version__, errors
from serbench.cli.app import INTERRUPTED, Program


def program(action):
    """Return a program of one command that does ``action``."""
    made = typer.Typer(cls=Program, pretty_exceptions_enable=False)

    @made.callback()
    def root(*, debug: bool = False) -> None:
        pass

    @made.command()
    def act() -> None:
        action()

    return made


def raising(error):
    def action():
        raise error

    return action


ERRORS = [
    (each, each.exit_code)
    for each in (getattr(errors, name) for name in errors.__all__ if name.endswith("Error"))
    if each is not errors.UnknownNameError
]


@pytest.mark.parametrize(("kind", "code"), ERRORS, ids=[kind.__name__ for kind, _ in ERRORS])
def test_an_error_of_ours_is_one_line_and_its_exit_code(kind, code):
    result = CliRunner().invoke(program(raising(kind("got this,\nexpected that"))), ["act"])
    assert (result.exit_code, result.stdout, result.stderr) == (code, "", "error: got this, expected that\n")


@pytest.mark.parametrize(("kind", "code"), ERRORS, ids=[kind.__name__ for kind, _ in ERRORS])
def test_the_drawn_tree_has_every_class_with_its_exit_code(kind, code):
    assert re.search(rf"\b{kind.__name__} +{code}\b", errors.__doc__)


def test_debug_shows_the_traceback_and_keeps_the_exit_code():
    result = CliRunner().invoke(program(raising(errors.ProtocolError("no"))), ["--debug", "act"])
    assert result.exit_code == 4
    assert "Traceback" in result.stderr
    assert result.stderr.endswith("error: no\n")


def test_an_error_that_is_a_bug_keeps_its_traceback():
    result = CliRunner().invoke(program(raising(ZeroDivisionError("a bug"))), ["act"])
    assert isinstance(result.exception, ZeroDivisionError)


@pytest.mark.parametrize(
    ("error", "line"),
    [
        (OSError(errno.ENOSPC, "No space left on device", "runs/a"), "runs/a: no space left on device; free some, or"),
        (PermissionError(errno.EACCES, "Permission denied", "runs"), "runs: permission denied; allow it, or name"),
        (OSError(errno.EMFILE, "Too many open files", "a.wav"), "a.wav: too many open files; raise the limit with"),
        (OSError(errno.EIO, "Input/output error"), "input/output error"),
        (OSError("Can't load\nthis"), "Can't load this"),
        (OSError(), "OSError"),
        (MemoryError(), "this takes more memory than there is; close what else runs"),
        (ImportError("libtorch.so: failed to map segment from shared object"), "libtorch.so: failed to map"),
        (ImportError("liba.so: cannot open shared object file: Too many open files"), "liba.so: cannot open"),
        (BlockingIOError(errno.EAGAIN, "Resource temporarily unavailable"), "resource temporarily unavailable"),
    ],
    ids=repr,
)
def test_what_the_system_refuses_is_one_line_and_exit_code_9(error, line):
    result = CliRunner().invoke(program(raising(error)), ["act"])
    assert (result.exit_code, result.stdout) == (9, "")
    assert result.stderr.startswith(f"error: {line}")
    assert result.stderr.count("\n") == 1


def test_a_reader_that_has_gone_is_told_nothing():
    result = CliRunner().invoke(program(raising(BrokenPipeError(errno.EPIPE, "Broken pipe"))), ["act"])
    assert (result.exit_code, result.output) == (1, "")


def test_the_keyboard_ends_the_program_with_130():
    result = CliRunner().invoke(program(raising(KeyboardInterrupt())), ["act"])
    assert result.exit_code == INTERRUPTED == 128 + signal.SIGINT
    assert result.stderr == "error: interrupted\n"


def test_the_version_is_that_of_the_package(serbench):
    result = serbench("--version")
    assert (result.exit_code, result.stdout) == (0, f"serbench {__version__}\n")


@pytest.mark.parametrize("arguments", [[], ["--help"], ["list", "--help"], ["data"], ["cache"]], ids=" ".join)
def test_help_fits_80_columns(serbench, arguments):
    text = serbench(*arguments).output
    assert "Usage: " in text
    assert max(map(len, text.splitlines())) <= 80


RUN = ["run", "--model", "logreg", "--dataset", "synth"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["lst"], "'lst'"),
        (["--jsn"], "--jsn"),
        (["list"], "missing argument"),
        (["list", "modelz"], "'modelz'"),
        (["list", "models", "--jsn"], "--jsn"),
        (["list", "models", "\x1b[2J"], "[2J"),
        ([*RUN, "--seeds", "0"], "'--seeds'"),
        ([*RUN, "--seeds", "-1"], "'--seeds'"),
        ([*RUN, "--seeds", "100000000"], "'--seeds'"),
        ([*RUN, "--seeds", "1.5"], "'--seeds'"),
        ([*RUN, "--jobs", "0"], "'--jobs'"),
        ([*RUN, "--jobs", "10000"], "--jobs got 10000, expected 1 to "),
        ([*RUN, "--set", "synth.speakers=100"], "speakers is 100, expected 1 to 99"),
        ([*RUN, "--set", "mfcc.n_mfcc=20"], "did you mean 'mfcc-stats'?"),
        ([*RUN, "--emobox", "."], "--emobox is for protocol emobox"),
        ([*RUN, "--protocol", "emobox", "--emobox", ".", "--set", "emobox.folder=x"], "given twice"),
        (["profile", "--model", "logreg", "--runs", "0"], "'--runs'"),
        (["profile", "--model", "logreg", "--runs", "1000000000"], "'--runs'"),
        (["profile", "--model", "logreg", "--set", "synth.takes=1"], "part of this run"),
    ],
    ids=" ".join,
)
def test_a_command_that_cannot_be_understood_is_one_line_and_exit_code_2(serbench, tmp_path, arguments, message):
    options = ["--out", tmp_path / "runs"] if arguments[0] == "run" else []
    result = serbench(*arguments, *options)
    assert (result.exit_code, result.stdout) == (2, "")
    assert message in result.stderr
    assert result.stderr.startswith("error: ")
    assert result.stderr.count("\n") == 1
    assert "\x1b" not in result.stderr
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    "words",
    [
        ["--seeds", "1", "--seeds", "2"],
        ["--seeds", "1", "--seeds", "1"],
        ["--out", "a", "--out", "b"],
        ["--jobs=1", "--jobs=2"],
        ["--floors", "--no-floors"],
        ["--device", "cpu", "--device", "cpu"],
    ],
    ids=" ".join,
)
def test_an_option_whose_second_value_would_replace_the_first_is_given_once(serbench, words):
    result = serbench(*RUN, *words)
    assert (result.exit_code, result.stderr.count("\n")) == (2, 1)
    assert result.stderr.startswith(f"error: {words[0].partition('=')[0]} was given 2 times, expected once")


@pytest.mark.parametrize("words", [["--json", "--json"], ["--plugin", "{file}", "--plugin", "{file}"]], ids=" ".join)
def test_what_may_be_given_again_may(serbench, tmp_path, words):
    file = tmp_path / "mine.py"
    file.write_text("")
    assert serbench("list", "models", *[word.format(file=file) for word in words]).exit_code == 0


def test_a_library_that_is_not_there_keeps_its_traceback():
    result = CliRunner().invoke(program(raising(ModuleNotFoundError("No module named 'x'"))), ["act"])
    assert isinstance(result.exception, ModuleNotFoundError)


@pytest.mark.parametrize("arguments", [["-m", "serbench"], ["-c", "from serbench.cli.app import main; main()"]])
def test_the_program_ends_with_the_exit_code(arguments):
    command = [sys.executable, *arguments, "show", "nothing-like-it"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr.startswith("error: unknown name 'nothing-like-it', expected one of [")
    assert done.stderr.count("\n") == 1
