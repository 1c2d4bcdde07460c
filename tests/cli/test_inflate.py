"""``inflate`` on a toy corpus: one table, the report, the answer for machines."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.run import toy

#: The toy corpus has too few sentences for si-text.
PROTOCOLS = ["replica-2507.03251", "random", "si"]
SOURCE = Path(toy.__file__).read_text(encoding="utf-8")


@pytest.fixture
def world(install, tmp_path):
    install("toy_world", SOURCE)
    toy.make_corpus(tmp_path)
    return ["--model", "nearest", "--dataset", "toy", "--data-root", tmp_path, "--out", tmp_path / "runs"]


def test_the_same_model_stands_under_every_protocol(serbench, world, tmp_path):
    result = serbench("inflate", *world)
    assert result.exit_code == 0, result.stderr
    for protocol in PROTOCOLS:
        assert sum(line.split()[:2] == ["nearest", protocol] for line in result.stdout.splitlines()) == 1
    assert (tmp_path / "runs" / "inflation.md").read_text(encoding="utf-8").count("| nearest") == len(PROTOCOLS)
    assert "skipped toy/si-text: " in result.stdout
    assert [line for line in result.stdout.splitlines() if len(line) > 80 and str(tmp_path) not in line] == []


def test_the_answer_for_machines_has_differences_with_their_intervals(serbench, world):
    answer = json.loads(serbench("inflate", *world, "--json").stdout)
    assert [line["protocol"] for line in answer["inflation"]] == PROTOCOLS
    assert all({"uar", "difference", "difference_interval"} <= set(line) for line in answer["inflation"])
    assert [skip["what"] for skip in answer["skips"]] == ["toy/si-text"]


def test_protocols_are_not_for_the_caller_to_choose(serbench, world):
    assert serbench("inflate", *world, "--protocol", "si").exit_code == 2
