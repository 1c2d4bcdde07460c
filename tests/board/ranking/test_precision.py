"""MLPerf's rule: at reduced precision, 99 % of the float32 row's UAR or another model."""

from __future__ import annotations

from dataclasses import replace

import pytest

from serbench.board.facts import json_rows
from serbench.board.pages.task import page_lines
from serbench.board.ranking.boards import make_boards
from serbench.board.ranking.precision import REFUSED, SAME, precision_of, variants
from serbench.learning.recipe import Recipe
from serbench.results.row import Score
from serbench.scoring.figure import Figure
from tests.board.conftest import make_site
from tests.board.ranking.test_boards import row
from tests.results.conftest import part

NONE = Figure.undefined("one value has no spread")


def at(precision, uar, name="net", *, recipe=None, **changed):
    settings = {"recipe": Recipe(precision=precision, **(recipe or {})).facts()}
    label = name if precision == "fp32" else f"{name}[precision={precision}]"
    params = {"width": 8, "precision": precision}
    made = replace(row(name, uar), label=label, **changed)
    scores = {each: Score(Figure(uar), NONE) for each in ("uar", "wa", "macro-f1")}
    return replace(made, model=replace(made.model, params=params, settings=settings), scores=scores)


@pytest.mark.parametrize(("uar", "is_same"), [(0.8, True), (0.7921, True), (0.7919, False), (0.85, True)])
def test_it_is_the_same_model_from_99_per_cent_on(uar, is_same):
    full, reduced = at("fp32", 0.8), at("bf16", uar)
    (found,) = variants([full, reduced, row("other", 0.9)]).values()
    assert (found.is_same_model, found.original, found.precision) == (is_same, full.system, "bf16")
    assert found.kept.value == pytest.approx(uar / 0.8)


@pytest.mark.parametrize(
    ("full", "reason"),
    [
        (None, "there is no float32 row to compare with"),
        (at("fp32", 0.1, name="another"), "there is no float32 row to compare with"),
        (at("fp32", 0.1, recipe={"epochs": 3}), "there is no float32 row to compare with"),
        (at("fp32", 0.1, features=(part({"name": "mel"}),)), "there is no float32 row to compare with"),
        (at("fp32", 0.1, seeds=(0, 1)), "the float32 row is not of the same cells"),
        (at("fp32", 0.1, problems=("seed 0: 1 of 3 folds are done",)), "the float32 row is not of the same cells"),
        (at("fp32", 0.1, has_predictions=False), "the float32 row is self-reported"),
        (at("fp32", 0.0), "the float32 row has no UAR to compare with"),
    ],
)
def test_without_a_fair_original_it_is_refused_with_the_reason(full, reason):
    (found,) = variants([at("bf16", 0.8), *([full] if full else [])]).values()
    assert not found.is_same_model
    assert found.kept.reason == reason
    assert reason in found.sentence


def test_records_that_know_no_recipe_are_of_full_precision():
    assert precision_of(row("a", 0.5)) == "fp32"
    assert variants([row("a", 0.5), at("fp32", 0.5)]) == {}


def test_the_same_model_has_one_rank_and_another_model_its_own():
    kept, lost = at("bf16", 0.8, name="kept"), at("bf16", 0.6, name="lost")
    rows = [at("fp32", 0.8, name="kept"), kept, at("fp32", 0.7, name="lost"), lost, row("last", 0.5)]
    rows[-1] = replace(rows[-1], scores=rows[0].scores | {"uar": Score(Figure(0.5), NONE)})
    (board,) = make_boards(rows)
    assert [(place.row.label, place.rank) for place in board.placements] == [
        ("kept", 1),
        ("lost", 2),
        ("lost[precision=bf16]", 3),
        ("last", 4),
        ("kept[precision=bf16]", None),
    ]
    text = "\n".join(page_lines([board]))
    assert f"lost\\[precision=bf16\\] {REFUSED} " in text
    assert f"kept\\[precision=bf16\\] {SAME} " in text
    assert "bf16, refused as the same model: keeps 85.71 % of its float32 row's UAR, 99 % at least are expected" in text
    site = make_site(rows)["site/si-toy.html"]
    assert f'<span class="marks">{REFUSED}</span>' in site
    assert "bf16, the same model: keeps 100.00 % of its float32 row" in site
    facts = {each["name"]: each["variant"] for each in json_rows(make_boards(rows))}
    assert facts["last"] is None
    assert facts["kept[precision=bf16]"]["is_same_model"]
