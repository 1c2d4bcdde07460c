"""Options that several commands have: plugins from files, and built-ins alone."""

from __future__ import annotations

import json

import pytest

from .conftest import PARTS


@pytest.fixture
def parts_file(tmp_path):
    path = tmp_path / "their_parts.py"
    path.write_text(PARTS)
    return path


@pytest.mark.parametrize(
    "command",
    [
        ["list", "models"],
        ["show", "guess"],
        ["plan", "--model", "guess", "--dataset", "synth"],
    ],
    ids=lambda command: command[0],
)
def test_a_file_adds_what_it_offers(serbench, parts_file, command):
    result = serbench(*command, "--plugin", parts_file)
    assert result.exit_code == 0
    assert "guess" in result.stdout


def test_a_file_is_listed_among_the_plugins(serbench, parts_file):
    found = json.loads(serbench("list", "plugins", "--plugin", parts_file, "--no-plugins", "--json").stdout)
    assert [(each["plugin"], each["distribution"]) for each in found] == [
        ("builtin", "serbench"),
        ("their_parts", "their_parts.py"),
    ]


def test_a_broken_file_is_listed_and_refused_elsewhere(serbench, tmp_path):
    path = tmp_path / "bad.py"
    path.write_text("raise OSError('no licence')")
    assert "broken: OSError: no licence" in serbench("list", "plugins", "--plugin", path).stdout
    result = serbench("show", "logreg", "--plugin", path)
    assert (result.exit_code, result.stderr) == (5, "error: bad.py: OSError: no licence\n")


def test_built_ins_alone(serbench, toys):
    assert "guess" in serbench("list", "models").stdout
    assert "guess" not in serbench("list", "models", "--no-plugins").stdout
    assert serbench("show", "guess", "--no-plugins").exit_code == 2


def test_two_files_of_one_name_are_not_taken_for_each_other(serbench, parts_file, tmp_path):
    other = tmp_path / "other" / parts_file.name
    other.parent.mkdir()
    other.write_text("")
    result = serbench("list", "models", "--plugin", parts_file, "--plugin", other)
    assert result.exit_code == 2
    assert f"the plugins {parts_file} and {other} have one name" in result.stderr
