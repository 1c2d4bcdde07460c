"""MLPerf's rule: at reduced precision, 99 % of the float32 row's UAR or another model."""

from __future__ import annotations

import math
import statistics
from dataclasses import replace

import pytest

from serbench.board.facts import json_rows
from serbench.board.pages.task import page_lines
from serbench.board.ranking.boards import make_boards
from serbench.board.ranking.overall import make_overall
from serbench.board.ranking.precision import REFUSED, SAME, below_originals, precision_of, variants
from serbench.learning.recipe import Recipe
from serbench.results.facts import Declared
from serbench.results.row import Score
from serbench.scoring.figure import Figure
from serbench.scoring.seed_variance import SeedVariance
from tests.board.conftest import make_site
from tests.board.ranking.test_boards import SPEAKERS, row
from tests.results.conftest import part

NONE = Figure.undefined("one value has no spread")


def at(precision, uar, name="net", *, recipe=None, **changed):
    settings = {"recipe": Recipe(precision=precision, **(recipe or {})).facts()}
    label = name if precision == "fp32" else f"{name}[precision={precision}]"
    params = {"width": 8, "precision": precision}
    made = replace(row(name, uar), label=label, **changed)
    scores = {each: Score(Figure(uar), NONE) for each in ("uar", "wa", "macro-f1")}
    return replace(made, model=replace(made.model, params=params, settings=settings), scores=scores)


#: Speakers' pseudo-values about UAR: some that all trainings share, and some that scatter from training to training.
STEADY = (0.00, 0.01, -0.01, 0.02, -0.02, 0.00)
UNSTEADY = (0.06, -0.05, 0.02, -0.06, 0.05, -0.02)


def of_speakers(precision, uar, noise=STEADY, **changed):
    values = dict(zip(SPEAKERS, (uar + each for each in noise), strict=True))
    return at(precision, uar, speaker_values=values, **changed)


@pytest.mark.parametrize(
    ("uar", "noise", "verdict"),
    [
        (0.8, STEADY, "same"),
        (0.7925, STEADY, "same"),
        (0.7915, STEADY, "refused"),
        (0.85, STEADY, "same"),
        (0.8, UNSTEADY, "undecided"),
        (0.76, UNSTEADY, "undecided"),
        (0.9, UNSTEADY, "same"),
        (0.6, UNSTEADY, "refused"),
    ],
)
def test_it_is_the_same_model_where_99_per_cent_are_kept_whatever_scatters(uar, noise, verdict):
    full, reduced = of_speakers("fp32", 0.8), of_speakers("bf16", uar, noise)
    (found,) = variants([full, reduced, row("other", 0.9)]).values()
    assert (found.verdict, found.original, found.precision) == (verdict, full.system, "bf16")
    assert found.is_same_model is {"same": True, "undecided": None, "refused": False}[verdict]
    assert found.kept.value == pytest.approx(uar / 0.8)
    assert found.facts()["verdict"] == verdict


def test_the_interval_of_the_share_is_that_of_paired_speakers_by_hand():
    (found,) = variants([of_speakers("fp32", 0.8), of_speakers("bf16", 0.8, UNSTEADY)]).values()
    differences = [mine - 0.99 * theirs for mine, theirs in zip(UNSTEADY, STEADY, strict=True)]
    half = 2.015 * statistics.stdev(differences) / math.sqrt(6) / 0.8  # t of 5 degrees, 90 % within
    assert found.interval.low == pytest.approx(1 - half, abs=1e-4)
    assert found.interval.high == pytest.approx(1 + half, abs=1e-4)
    assert "90 % interval over seeds and speakers" in found.sentence


def test_what_trainings_scatter_makes_undecided_what_speakers_alone_would_decide():
    luck = {"seed_variance": SeedVariance(variance=0.02**2, error=0.02**2, is_known=True), "seeds": (0, 1, 2)}
    full, reduced = of_speakers("fp32", 0.8, **luck), of_speakers("bf16", 0.8, **luck)
    assert [each.verdict for each in variants([full, reduced]).values()] == ["undecided"]


def test_one_seed_of_a_network_that_draws_decides_nothing():
    rows = [of_speakers(precision, 0.8) for precision in ("fp32", "bf16")]
    drawn = [replace(each, standing=replace(each.standing, declared=Declared(seeded=True))) for each in rows]
    (found,) = variants(drawn).values()
    assert found.verdict == "undecided"
    assert found.sentence.endswith("but one seed does not say how trainings scatter")


@pytest.mark.parametrize(
    ("full", "verdict", "reason"),
    [
        (None, "refused", "there is no float32 row to compare with"),
        (at("fp32", 0.1, name="another"), "refused", "there is no float32 row to compare with"),
        (at("fp32", 0.1, recipe={"epochs": 3}), "refused", "there is no float32 row to compare with"),
        (at("fp32", 0.1, features=(part({"name": "mel"}),)), "refused", "there is no float32 row to compare with"),
        (at("fp32", 0.1, seeds=(0, 1)), "undecided", "the float32 row is not of the same cells"),
        (at("fp32", 0.1, problems=("1 of 3 folds are done",)), "undecided", "the float32 row is not of the same cells"),
        (at("fp32", 0.1, has_predictions=False), "undecided", "the float32 row is self-reported"),
        (at("fp32", 0.0), "undecided", "the float32 row has no UAR to compare with"),
    ],
)
def test_without_a_fair_original_it_is_not_the_same_model(full, verdict, reason):
    (found,) = variants([at("bf16", 0.8), *([full] if full else [])]).values()
    assert found.verdict == verdict
    assert found.kept.reason == reason
    assert reason in found.sentence


def test_it_never_stands_above_its_original():
    undecided = of_speakers("bf16", 0.85, (0.3, -0.3, 0.2, -0.2, 0.1, -0.1))
    rows = [undecided, of_speakers("fp32", 0.8), row("other", 0.5)]
    (board,) = make_boards(replace(each, standing=replace(each.standing, ranked=False)) for each in rows)
    assert [placement.row.label for placement in board.placements] == ["net", "net[precision=bf16]", "other"]
    (glance,) = make_overall(make_boards(rows))
    assert [entry.name for entry in glance.entries] == ["net", "net[precision=bf16]", "other"]
    assert glance.entries[0].adjusted_uar.value < glance.entries[1].adjusted_uar.value


@pytest.mark.parametrize(
    ("order", "expected"),
    [
        (["a", "b", "a'", "b'"], ["a", "b", "a'", "b'"]),
        (["a'", "a", "b"], ["a", "a'", "b"]),
        (["a'", "b'", "b", "a"], ["b", "b'", "a", "a'"]),
        (["a'", "b"], ["a'", "b"]),
    ],
)
def test_what_stood_above_moves_behind(order, expected):
    assert below_originals(order, str, lambda name: name[0] if name.endswith("'") else None) == expected


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
    assert (
        "bf16, refused as the same model: keeps 85.71 % of its float32 row's UAR (90 % interval over seeds and " in text
    )
    site = make_site(rows)["site/si-toy.html"]
    assert f'<span class="marks">{REFUSED}</span>' in site
    assert "bf16, the same model: keeps 100.00 % of its float32 row" in site
    facts = {each["name"]: each["variant"] for each in json_rows(make_boards(rows))}
    assert facts["last"] is None
    assert facts["kept[precision=bf16]"]["is_same_model"]
