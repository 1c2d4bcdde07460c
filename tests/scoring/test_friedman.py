from __future__ import annotations

import numpy as np
import pytest

from serbench.scoring.figure import Figure
from serbench.scoring.friedman import (
    Ranking,
    critical_difference,
    rank_over_datasets,
    studentized_range_quantile,
)

#: Demšar 2006, table 6: the area under the curve of four variants of C4.5 on fourteen datasets.
DEMSAR = np.array(
    [
        [0.763, 0.768, 0.771, 0.798],
        [0.599, 0.591, 0.590, 0.569],
        [0.954, 0.971, 0.968, 0.967],
        [0.628, 0.661, 0.654, 0.657],
        [0.882, 0.888, 0.886, 0.898],
        [0.936, 0.931, 0.916, 0.931],
        [0.661, 0.668, 0.609, 0.685],
        [0.583, 0.583, 0.563, 0.625],
        [0.775, 0.838, 0.866, 0.875],
        [1.000, 1.000, 1.000, 1.000],
        [0.940, 0.962, 0.965, 0.962],
        [0.619, 0.666, 0.614, 0.669],
        [0.972, 0.981, 0.9751, 0.975],
        [0.957, 0.978, 0.946, 0.970],
    ]
)


def test_the_worked_example_of_demsar():
    found = rank_over_datasets(DEMSAR)
    assert found.mean_ranks == pytest.approx((3.143, 2.000, 2.893, 1.964), abs=5e-4)
    # the paper's formula without its correction for ties: 9.28
    plain = 12 * 14 / 20 * (np.sum(np.square(found.mean_ranks)) - 4 * 25 / 4)
    assert plain == pytest.approx(9.28, abs=5e-3)
    assert found.statistic.value >= plain
    assert found.p.value < 0.05
    assert found.critical_difference == pytest.approx(1.25, abs=5e-3)


@pytest.mark.parametrize(("systems", "quantile"), [(2, 1.960), (3, 2.343), (4, 2.569), (5, 2.728), (10, 3.164)])
def test_the_quantiles_are_those_of_demsars_table(systems, quantile):
    assert critical_difference(systems, 1) / (systems * (systems + 1) / 6) ** 0.5 == pytest.approx(quantile, abs=1e-3)


@pytest.mark.parametrize("systems", [2, 3, 5, 10, 50])
@pytest.mark.parametrize("share", [0.9, 0.95, 0.99])
def test_the_quantiles_are_scipys(systems, share):
    from scipy.stats import studentized_range

    expected = studentized_range.ppf(share, systems, np.inf)
    assert studentized_range_quantile(share, systems) == pytest.approx(expected, rel=1e-14)


@pytest.mark.parametrize("digits", [0, 1, 9], ids=["many ties", "some ties", "no ties"])
@pytest.mark.parametrize("shape", [(3, 3), (6, 5), (12, 9)])
def test_ranks_and_statistic_are_scipys(shape, digits):
    from scipy import stats

    scores = np.random.default_rng(0).normal(size=shape).round(digits)
    expected = stats.friedmanchisquare(*scores.T)
    found = rank_over_datasets(scores)
    assert found.mean_ranks == tuple(stats.rankdata(-scores, axis=1).mean(axis=0))
    assert (found.statistic.value, found.p.value) == pytest.approx((expected.statistic, expected.pvalue), rel=1e-12)


@pytest.mark.parametrize(("datasets", "systems"), [(6, 4), (12, 5)])
def test_equal_systems_are_distinct_rows_in_at_most_one_case_of_twenty(datasets, systems):
    rng = np.random.default_rng(1)
    drawn = rng.normal(size=(400, datasets, systems)).argsort(axis=2).argsort(axis=2) + 1.0
    spans = np.ptp(drawn.mean(axis=1), axis=1)
    assert np.mean(spans > critical_difference(systems, datasets)) <= 0.06


def test_groups_are_the_largest_runs_within_the_critical_difference():
    def groups(*mean_ranks):
        return Ranking(mean_ranks, 5, Figure(1.0), Figure(0.5), 1.0).groups

    assert groups(1.0, 1.5, 2.2, 4.0) == [(0, 1), (1, 2)]
    assert groups(3.0, 1.0, 2.0) == [(1, 2), (2, 0)]
    assert groups(1.0, 2.5, 4.0) == []
    assert groups(2.0, 2.0, 2.0) == [(0, 1, 2)]


def test_equal_scores_everywhere_have_no_p():
    found = rank_over_datasets(np.ones((3, 3)))
    assert found.mean_ranks == (2, 2, 2)
    assert found.p == Figure.undefined("all systems score the same on every dataset")


@pytest.mark.parametrize("shape", [(2, 3), (3, 2)])
def test_less_than_three_of_each_is_refused(shape):
    with pytest.raises(ValueError, match="three of each"):
        rank_over_datasets(np.ones(shape))
