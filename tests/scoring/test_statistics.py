from __future__ import annotations

import numpy as np
import pytest

from serbench.scoring.figure import Figure
from serbench.scoring.metrics import macro_f1_of_counts, uar, uar_of_counts, wa_of_counts
from serbench.scoring.statistics import (
    interval_of_counts,
    jackknife_values,
    mean_and_spread,
    paired_interval,
    speaker_counts,
    speaker_interval,
)

K = 4


def simulated(rng: np.random.Generator, speakers: int, clips: int = 12) -> np.ndarray:
    """Counts (s, k, k) of speakers whose own recall scatters around 0.6."""
    recall = rng.beta(0.6 * 20, 0.4 * 20, size=(speakers, 1)) + np.array([0.1, 0.0, 0.0, -0.1])  # (s, k)
    hits = rng.binomial(clips, np.clip(recall, 0, 1))
    counts = np.zeros((speakers, K, K))
    for place in range(K):
        counts[:, place, place] = hits[:, place]
        counts[:, place, (place + 1) % K] = clips - hits[:, place]
    return counts


def coverage(speakers: int, repeats: int) -> float:
    rng = np.random.default_rng(speakers)
    intervals = [interval_of_counts(simulated(rng, speakers), seed=i) for i in range(repeats)]
    return float(np.mean([each.holds(0.6) for each in intervals]))


@pytest.mark.parametrize(("speakers", "repeats"), [(10, 600), (24, 400), (91, 300)])
def test_bootstrap_covers_as_often_as_it_says(speakers, repeats):
    assert 0.92 <= coverage(speakers, repeats) <= 0.98


@pytest.mark.parametrize("speakers", [4, 6])
def test_few_speakers_are_covered_as_often_too_by_being_wide(speakers):
    assert 0.92 <= coverage(speakers, 600) <= 0.98


def test_few_speakers_have_the_plain_t_interval_where_clips_are_balanced():
    from scipy import stats

    counts = simulated(np.random.default_rng(1), 4)
    own = uar_of_counts(counts)
    expected = stats.t.interval(0.95, 3, loc=own.mean(), scale=stats.sem(own))
    found = interval_of_counts(counts)
    assert jackknife_values(counts) == pytest.approx(own)
    assert (found.low, found.high) == pytest.approx(expected)
    assert (found.method, found.speakers, found.reason) == ("jackknife t", 4, None)


def test_bootstrap_agrees_with_scipys_at_the_widened_level():
    from scipy import stats

    counts = simulated(np.random.default_rng(2), 40)
    widened = 1 - 2 * stats.norm.cdf(-stats.t.ppf(0.975, 39) * np.sqrt(40 / 39))
    reference = stats.bootstrap(
        (np.arange(40),),
        lambda chosen: float(uar_of_counts(counts[chosen].sum(axis=0))),
        method="percentile",
        confidence_level=widened,
        n_resamples=4000,
        vectorized=False,
        rng=np.random.default_rng(0),
    ).confidence_interval
    found = interval_of_counts(counts)
    assert found.method == "cluster bootstrap"
    assert (found.low, found.high) == pytest.approx((reference.low, reference.high), abs=0.005)


@pytest.mark.parametrize("speakers", [4, 12])
def test_interval_repeats_and_ignores_the_order_of_rows(speakers):
    rng = np.random.default_rng(3)
    truth, scores = rng.integers(K, size=200), rng.dirichlet(np.ones(K), size=200)
    names = [f"s{i % speakers}" for i in range(200)]
    order = rng.permutation(200)
    first = speaker_interval(truth, scores, names)
    assert first == speaker_interval(truth[order], scores[order], [names[i] for i in order])
    assert first.low < uar(truth, scores).value < first.high


def test_another_seed_draws_otherwise():
    counts = simulated(np.random.default_rng(4), 12)
    assert interval_of_counts(counts, seed=0) != interval_of_counts(counts, seed=1)


def test_a_higher_level_is_wider():
    counts = simulated(np.random.default_rng(4), 12)
    narrow, wide = interval_of_counts(counts, level=0.9), interval_of_counts(counts, level=0.99)
    assert wide.low < narrow.low < narrow.high < wide.high


@pytest.mark.parametrize("metric", [uar_of_counts, wa_of_counts, macro_f1_of_counts])
@pytest.mark.parametrize("speakers", [3, 11])
def test_ends_stay_within_the_bounds(metric, speakers):
    counts = np.zeros((speakers, 2, 2))
    counts[:, 0, 0] = counts[:, 1, 1] = 5
    counts[0] = [[1, 4], [4, 1]]
    found = interval_of_counts(counts, metric)
    assert 0 <= found.low < found.high == 1


@pytest.mark.parametrize(("speakers", "words"), [(["a"], "1 speaker,"), ([], "0 speakers,")])
def test_too_few_speakers_leave_it_undefined(speakers, words):
    n = len(speakers)
    found = speaker_interval(np.zeros(n, dtype=np.int64), np.ones((n, 2)) / 2, speakers)
    assert (found.low, found.high, found.method, found.speakers) == (None, None, None, n)
    assert words in found.reason
    assert found.holds(0.3)


def test_speaker_counts_add_up_to_the_confusion():
    truth, scores = np.array([0, 1, 1, 0]), np.eye(2)[[0, 1, 0, 1]]
    counts = speaker_counts(truth, scores, ["b", "a", "b", "a"])
    assert list(counts) == ["a", "b"]
    assert counts["a"].tolist() == [[0, 1], [0, 1]]
    assert sum(counts.values()).tolist() == [[1, 1], [1, 1]]


def test_paired_interval_equals_scipys_paired_t():
    from scipy import stats

    rng = np.random.default_rng(5)
    first, second = rng.normal(0.6, 0.1, 8), rng.normal(0.5, 0.1, 8)
    reference = stats.ttest_rel(first, second).confidence_interval(0.95)
    found = paired_interval(dict(zip("abcdefgh", first, strict=True)), dict(zip("abcdefgh", second, strict=True)))
    assert (found.low, found.high) == pytest.approx((reference.low, reference.high))


def test_paired_interval_of_other_speakers_is_undefined():
    assert paired_interval({"a": 1.0, "b": 0.5}, {"a": 1.0, "c": 0.5}).reason.startswith("the systems were not tested")
    assert paired_interval({"a": 1.0}, {"a": 0.5}).holds(0)


def test_mean_and_spread():
    mean, spread = mean_and_spread([Figure(1.0), Figure(2.0), Figure(4.0)])
    assert mean.value == pytest.approx(7 / 3)
    assert spread.value == pytest.approx(np.std([1, 2, 4], ddof=1))


def test_mean_of_an_undefined_figure_is_undefined_and_keeps_the_reason():
    mean, spread = mean_and_spread([Figure(1.0), Figure.undefined("no probabilities")])
    assert mean.reason == spread.reason == "no probabilities"
    assert mean_and_spread([])[0].value is None
