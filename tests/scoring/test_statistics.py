from __future__ import annotations

import numpy as np
import pytest

from serbench.scoring.figure import Figure
from serbench.scoring.metrics import macro_f1_of_counts, uar, uar_of_counts, wa_of_counts
from serbench.scoring.statistics import (
    interval_of_counts,
    jackknife_values,
    mean_and_spread,
    speaker_counts,
    speaker_interval,
)

K = 4


def simulated(rng: np.random.Generator, speakers: int, mean: float, uneven: float, absent: float) -> np.ndarray:
    """Counts (s, k, k) of speakers whose recalls scatter around ``mean``, some of it in all classes at once.

    ``uneven`` is the deviation of the logarithm of how many clips a speaker has, ``absent`` how often a speaker lacks a
    class.
    """
    ability = rng.beta(15 * mean, 15 * (1 - mean), size=(speakers, K + 1))
    recall = np.where(rng.random((speakers, K)) < 0.5, ability[:, :1], ability[:, 1:])
    clips = np.maximum(1, np.round(12 * rng.lognormal(0, uneven, (speakers, 1)) * rng.lognormal(0, uneven / 2, (1, K))))
    clips = np.where(rng.random((speakers, K)) < absent, 0, clips).astype(int)
    clips[0] = np.maximum(clips[0], 1)
    hits = rng.binomial(clips, recall)
    counts = np.zeros((speakers, K, K))
    for place in range(K):
        counts[:, place, place] = hits[:, place]
        counts[:, place, (place + 1) % K] = clips[:, place] - hits[:, place]
    return counts


def coverage(speakers: int, repeats: int, mean: float = 0.6, uneven: float = 0.0, absent: float = 0.0) -> float:
    rng = np.random.default_rng(speakers)
    drawn = [simulated(rng, speakers, mean, uneven, absent) for _ in range(repeats)]
    intervals = [interval_of_counts(counts) for counts in drawn]
    return float(np.mean([each.holds(mean) for each in intervals]))


@pytest.mark.parametrize(
    ("speakers", "repeats", "uneven", "absent"),
    [(10, 500, 0.0, 0.0), (10, 500, 0.6, 0.0), (24, 300, 0.0, 0.0), (24, 300, 0.6, 0.2), (91, 200, 0.0, 0.0)],
)
def test_an_interval_covers_as_often_as_it_says(speakers, repeats, uneven, absent):
    assert 0.92 <= coverage(speakers, repeats, uneven=uneven, absent=absent) <= 0.98


@pytest.mark.parametrize("speakers", [3, 4, 6, 9])
@pytest.mark.parametrize(("uneven", "absent"), [(0.0, 0.0), (0.6, 0.0), (0.6, 0.2)], ids=["even", "uneven", "absent"])
def test_few_speakers_are_covered_as_often_too_by_being_wide(speakers, uneven, absent):
    assert 0.92 <= coverage(speakers, 800, uneven=uneven, absent=absent) <= 0.98


@pytest.mark.parametrize("speakers", [3, 4, 6, 9, 10, 24])
def test_speakers_near_the_ceiling_are_covered_by_leaning_away_from_it(speakers):
    assert 0.92 <= coverage(speakers, 800, mean=0.97) <= 0.99


@pytest.mark.parametrize("speakers", [4, 24])
def test_the_interval_is_the_t_interval_of_the_logit_where_clips_are_balanced(speakers):
    from scipy import special, stats

    counts = simulated(np.random.default_rng(1), speakers, 0.6, 0.0, 0.0)
    own = uar_of_counts(counts)
    centre, error = own.mean(), stats.sem(own)
    ends = stats.t.interval(0.95, speakers - 1, loc=special.logit(centre), scale=error / (centre * (1 - centre)))
    found = interval_of_counts(counts)
    assert jackknife_values(counts) == pytest.approx(own)
    assert (found.low, found.high) == pytest.approx(special.expit(ends))
    assert (found.method, found.speakers, found.reason) == ("jackknife t", speakers, None)


@pytest.mark.parametrize("speakers", [4, 12])
def test_without_a_mistake_there_is_no_interval(speakers):
    counts = np.tile(np.diag([5.0, 5.0]), (speakers, 1, 1))
    found = interval_of_counts(counts)
    assert (found.low, found.high, found.reason) == (None, None, "every clip is right: there is no scatter")
    assert interval_of_counts(counts[:, ::-1]).reason == "every clip is wrong: there is no scatter"


def test_the_interval_is_as_wide_as_scipys_bootstrap_of_speakers():
    from scipy import stats

    counts = simulated(np.random.default_rng(2), 40, 0.6, 0.0, 0.0)
    reference = stats.bootstrap(
        (np.arange(40),),
        lambda chosen: float(uar_of_counts(counts[chosen].sum(axis=0))),
        method="BCa",
        n_resamples=4000,
        vectorized=False,
        rng=np.random.default_rng(0),
    ).confidence_interval
    found = interval_of_counts(counts)
    assert (found.low, found.high) == pytest.approx((reference.low, reference.high), abs=0.01)


@pytest.mark.parametrize("speakers", [4, 12, 91])
def test_an_interval_does_not_move_when_speakers_are_renamed(speakers):
    """To the last digit: what is printed must stand, whatever the speakers are called."""
    rng = np.random.default_rng(5)
    truth, scores = rng.integers(K, size=600), rng.dirichlet(np.ones(K), size=600)
    codes = rng.integers(speakers, size=600)
    codes[:speakers] = np.arange(speakers)
    renamed = rng.permutation(speakers)
    first = speaker_interval(truth, scores, [f"s{code}" for code in codes])
    assert first == speaker_interval(truth, scores, [f"s{renamed[code]}" for code in codes])


@pytest.mark.parametrize("speakers", [4, 12])
def test_interval_repeats_and_ignores_the_order_of_rows(speakers):
    rng = np.random.default_rng(3)
    truth, scores = rng.integers(K, size=200), rng.dirichlet(np.ones(K), size=200)
    names = [f"s{i % speakers}" for i in range(200)]
    order = rng.permutation(200)
    first = speaker_interval(truth, scores, names)
    assert first == speaker_interval(truth[order], scores[order], [names[i] for i in order])
    assert first.low < uar(truth, scores).value < first.high


def test_a_higher_level_is_wider():
    counts = simulated(np.random.default_rng(4), 12, 0.6, 0.0, 0.0)
    narrow, wide = interval_of_counts(counts, level=0.9), interval_of_counts(counts, level=0.99)
    assert wide.low < narrow.low < narrow.high < wide.high


@pytest.mark.parametrize("metric", [uar_of_counts, wa_of_counts, macro_f1_of_counts])
@pytest.mark.parametrize("speakers", [3, 11])
def test_ends_stay_within_the_bounds(metric, speakers):
    counts = np.zeros((speakers, 2, 2))
    counts[:, 0, 0] = counts[:, 1, 1] = 5
    counts[0] = [[1, 4], [4, 1]]
    found = interval_of_counts(counts, metric)
    assert 0 <= found.low < found.high <= 1


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


def test_mean_and_spread():
    mean, spread = mean_and_spread([Figure(1.0), Figure(2.0), Figure(4.0)])
    assert mean.value == pytest.approx(7 / 3)
    assert spread.value == pytest.approx(np.std([1, 2, 4], ddof=1))


def test_mean_of_an_undefined_figure_is_undefined_and_keeps_the_reason():
    mean, spread = mean_and_spread([Figure(1.0), Figure.undefined("no probabilities")])
    assert mean.reason == spread.reason == "no probabilities"
    assert mean_and_spread([])[0].value is None
