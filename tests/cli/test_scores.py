"""The boards in a terminal: fronts, machines, 80 columns."""

from __future__ import annotations

from dataclasses import replace

import pytest

from serbench.cli.scores import print_scores
from serbench.results.row import Score
from serbench.scoring.figure import Figure
from tests.board.ranking.test_boards import row

NONE = Figure.undefined("one value has no spread")


def system(name, uar, latency, params, machine="one"):
    made = row(name, uar, machine=machine)
    cost = {"latency_p50_ms": latency, "parameters_total": params, "train_seconds": 10.0}
    scores = {**made.scores, "wa": Score(Figure(uar), NONE)}
    return replace(made, scores=scores, cost={key: Figure(value) for key, value in cost.items()})


def lines(capsys, *rows):
    print_scores(rows)
    found = capsys.readouterr().out.splitlines()
    assert max(map(len, found)) <= 80
    return {words[0]: words[1:] for words in (line.split() for line in found) if words}, found


def test_the_front_is_marked_before_each_cost(capsys):
    found, _ = lines(capsys, system("a", 0.9, 9.0, 100), system("b", 0.7, 1.0, 100), system("c", 0.5, 2.0, 10))
    assert found["model"][-4:] == ["train", "s", "p50", "ms"]
    assert found["a"][-6:] == ["◆", "100", "–", "10", "◆", "9"]
    assert found["b"][-5:] == ["100", "–", "10", "◆", "1"]
    assert found["c"][-5:] == ["◆", "10", "–", "10", "2"]


@pytest.mark.parametrize(("machine", "has_letters"), [("one", False), ("another", True)])
def test_times_of_several_machines_have_letters(capsys, machine, has_letters):
    found, text = lines(capsys, system("a", 0.9, 1.0, 100), system("b", 0.7, 2.0, 10, machine=machine))
    assert (found["b"][-1] in "AB") == has_letters
    legend = [line for line in text if line.startswith(("A: ", "B: "))]
    assert legend == (["A: another", "B: one"] if has_letters else [])
    marked = "◆ 2" in " ".join(found["b"])
    assert marked == has_letters, "on a machine of its own nobody is faster"
