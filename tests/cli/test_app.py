from __future__ import annotations

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


@pytest.mark.parametrize(
    "arguments", [["lst"], ["list"], ["list", "modelz"], ["list", "models", "--jsn"]], ids=" ".join
)
def test_a_command_that_cannot_be_understood_ends_with_2(serbench, arguments):
    assert serbench(*arguments).exit_code == 2


@pytest.mark.parametrize("arguments", [["-m", "serbench"], ["-c", "from serbench.cli.app import main; main()"]])
def test_the_program_ends_with_the_exit_code(arguments):
    command = [sys.executable, *arguments, "show", "nothing-like-it"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr.startswith("error: unknown name 'nothing-like-it', expected one of [")
    assert done.stderr.count("\n") == 1
