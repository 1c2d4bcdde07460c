from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from serbench.board.ranking.boards import make_boards
from serbench.board.ranking.compare import compare
from serbench.errors import UsageError
from serbench.results.facts import Declared, Standing
from serbench.results.summary import summarise
from serbench.scoring.comparison import holm, sign_flip_test
from serbench.scoring.seed_variance import SeedVariance


def systems(store, cells, skills, corpora=("one", "two", "three"), **options):
    """Add a system per name and skill to every corpus, and return a function that compares two of them."""
    for name, skill in skills.items():
        for corpus in corpora:
            key = {
                "model": {"name": name, "version": "1", "params": {}},
                "dataset": {"name": corpus, "audio": f"a-{corpus}"},
            }
            cells.add(store, key=key, label=name, skill=skill, **options)

    def run(first, second, change=lambda row: row):
        rows = [change(row) for row in summarise(store)]
        both = tuple([row for row in rows if row.label == name] for name in (first, second))
        return compare((first, second), both, make_boards(rows))

    return run


def test_a_much_better_system_is_better_on_average_and_on_each(store, cells):
    found = systems(store, cells, {"good": 8.0, "bad": -0.2})("good", "bad")
    overall = found.overall
    assert [each.dataset for each in found.counted] == ["one", "three", "two"]
    assert overall.is_significant
    assert overall.speakers == 18
    uar = np.mean([each.first.uar.value - each.second.uar.value for each in found.datasets])
    assert overall.value == pytest.approx(uar)
    assert overall.interval.low < uar < overall.interval.high
    assert found.sentence.startswith(
        f"good is significantly better than bad (5 %) by {100 * uar:.1f} points of UAR on 3 datasets on average ("
    )
    # six speakers of one corpus have p = 1/32 at best, and Holm has three of them
    assert found.sentence.endswith("over 18 speakers); significantly on 0 of them.")


def test_the_answer_does_not_depend_on_who_is_named_first(store, cells):
    run = systems(store, cells, {"good": 8.0, "bad": -0.2})
    one, other = run("good", "bad"), run("bad", "good")
    assert one.sentence == other.sentence
    assert one.overall.value == -other.overall.value
    assert (one.overall.p, one.overall.detectable) == (other.overall.p, other.overall.detectable)


def test_the_tests_are_those_of_the_statistics(store, cells):
    found = systems(store, cells, {"a": 1.0, "b": 0.4}, seeds=(0, 1))("a", "b")
    singles = []
    for each in found.datasets:
        seed_variance = SeedVariance.total([each.first.seed_variance, each.second.seed_variance])
        gaps = [each.first.speaker_shares[name] - each.second.speaker_shares[name] for name in "abcdef"]
        singles.append(sign_flip_test(np.array(gaps), seed_variance=seed_variance).value)
        assert each.difference.p == singles[-1]
    assert [each.corrected_p for each in found.datasets] == holm(singles)


def test_what_cannot_be_told_is_said_with_what_could_have_been(store, cells):
    found = systems(store, cells, {"a": 1.0, "b": 1.01}, corpora=("one",))("a", "b")
    assert not found.overall.is_significant
    assert found.sentence.startswith("a and b are not significantly different (5 %): ")
    least = 100 * found.overall.detectable.value
    assert found.sentence.endswith(f"over 6 speakers, minimum detectable difference {least:.1f} points).")


def test_opposite_answers_of_two_corpora_are_said_beside_an_undecided_mean(store, cells):
    systems(store, cells, {"a": 8.0, "b": -0.2}, corpora=("one",))
    found = systems(store, cells, {"a": -0.2, "b": 8.0}, corpora=("two",))("a", "b")
    shown = replace(found, datasets=tuple(replace(each, corrected_p=0.04) for each in found.datasets))
    assert not shown.overall.is_significant
    assert shown.sentence.endswith("; but a is better on one and b is better on two.")


def test_an_excluded_corpus_is_shown_and_not_counted_unless_it_is_all_there_is(store, cells):
    def change(row):
        standing = Standing(diagnostic=True, headline=False, reason="two speakers")
        return replace(row, standing=standing) if row.dataset.name == "two" else row

    run = systems(store, cells, {"good": 8.0, "bad": -0.2}, corpora=("one", "two"))
    both = run("good", "bad", change)
    assert [(each.dataset, each.excluded, each.corrected_p is None) for each in both.datasets] == [
        ("one", None, False),
        ("two", "two speakers", True),
    ]
    assert both.overall.speakers == 6
    assert both.sentence.endswith("over 6 speakers).")


def test_a_partial_row_is_left_out_with_the_reason(store, cells):
    run = systems(store, cells, {"good": 8.0}, corpora=("one", "two"))
    systems(store, cells, {"bad": -0.2}, corpora=("one",))
    systems(store, cells, {"bad": -0.2}, corpora=("two",), folds=(0, 1))
    systems(store, cells, {"other": -0.2}, corpora=("three",))
    found = run("good", "bad")
    assert [each.dataset for each in found.datasets] == ["one"]
    assert found.left_out == {"two": "bad is incomplete", "three": "good is missing and bad is missing"}


def test_systems_without_a_common_corpus_are_an_error(store, cells):
    systems(store, cells, {"a": 1.0}, corpora=("one",))
    run = systems(store, cells, {"b": 1.0}, corpora=("two",))
    with pytest.raises(UsageError, match=r"a and b have no dataset in common.*one: b is missing"):
        run("a", "b")


def test_a_system_under_one_seed_that_draws_at_random_is_named(store, cells):
    run = systems(store, cells, {"a": 1.0, "b": 0.4}, corpora=("one",))

    def change(row):
        return replace(row, standing=Standing(declared=Declared(seeded=row.label == "a")))

    assert run("a", "b", change).run_under_one_seed == ["a"]
    systems(store, cells, {"a": 1.0, "b": 0.4}, corpora=("one",), seeds=(1,))
    assert run("a", "b", change).run_under_one_seed == []


def test_seed_to_seed_variance_is_part_of_the_standard_error(store, cells):
    run = systems(store, cells, {"good": 1.0, "bad": 0.2})
    plain, unsure = (
        run("good", "bad", lambda row, seed_variance=seed_variance: replace(row, seed_variance=seed_variance)).overall
        for seed_variance in (SeedVariance(), SeedVariance(0.02, 0.01, is_known=True))
    )
    assert unsure.interval.low < plain.interval.low
    assert unsure.p > plain.p
    assert unsure.detectable.value > plain.detectable.value
