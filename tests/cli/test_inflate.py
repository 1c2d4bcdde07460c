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


@pytest.mark.parametrize("named", [["random"], ["random", "si"], ["si", "random", "random"]], ids=" ".join)
def test_fewer_protocols_can_be_asked_for_and_si_is_always_there(serbench, world, named):
    result = serbench("inflate", *world, *(word for name in named for word in ("--protocol", name)), "--json")
    answer = json.loads(result.stdout)
    assert [line["protocol"] for line in answer["inflation"]] == ["random", "si"]
    assert answer["skips"] == []


def test_a_protocol_that_is_not_compared_is_refused_with_a_near_match(serbench, world):
    result = serbench("inflate", *world, "--protocol", "replica-2507")
    assert result.exit_code == 2
    assert "unknown protocol to compare 'replica-2507'" in result.stderr
    assert "did you mean 'replica-2507.03251'?" in result.stderr


def test_si_alone_is_no_comparison(serbench, world):
    result = serbench("inflate", *world, "--protocol", "si")
    assert result.exit_code == 2
    assert "expected one to compare it with: ['replica-2507.03251', 'random', 'si-text']" in result.stderr
