from __future__ import annotations

import numpy as np
import pytest

from serbench.scoring.comparison import (
    EXACT_SPEAKERS,
    FLIPS,
    all_pairs_test,
    holm,
    minimum_detectable_difference,
    paired_interval,
    paired_standard_error,
    sign_flip_test,
    sign_flips,
    smallest_p,
    speaker_shares,
)
from serbench.scoring.metrics import uar_of_counts
from serbench.scoring.seed_variance import SeedVariance, StandardError, seed_variance_of
from serbench.scoring.statistics import jackknife_values

K, CLIPS = 6, 13


def runs(rng, *, speakers, folds, seeds, seed_variance=0.0, ability=None, uneven=False):
    """Counts (seeds, s, k, k) of one network: speakers differ, trained runs differ by ``seed_variance`` fold by fold.

    What two systems on the same speakers have in common is ``ability`` (s, k); each seed adds noise of its own.
    """
    fold = np.arange(speakers) * folds // speakers
    clips = np.full((speakers, K), CLIPS)
    if uneven:
        clips = clips * (1 + np.arange(speakers) % 3)[:, None]
    counts = np.zeros((seeds, speakers, K, K))
    for seed in range(seeds):
        recall = (
            ability
            + seed_variance * rng.standard_normal(folds)[fold][:, None]
            + 0.03 * rng.standard_normal((speakers, K))
        )
        hits = rng.binomial(clips, np.clip(recall, 0, 1))
        for place in range(K):
            counts[seed, :, place, place] = hits[:, place]
            counts[seed, :, place, (place + 1) % K] = clips[:, place] - hits[:, place]
    return counts


def abilities(rng, speakers):
    return 0.6 + 0.1 * rng.standard_normal((speakers, 1)) + 0.08 * rng.standard_normal((speakers, K))


def shares_and_seed_variance(counts, folds):
    names = [str(place * folds // counts.shape[1]) for place in range(counts.shape[1])]
    per_seed = np.stack([speaker_shares(each) for each in counts])
    return per_seed.mean(axis=0), seed_variance_of(per_seed, names)


def copies(repeats, *, seed=0, edge=0.0, **options):
    """Yield shares and seed_variance of two copies of one network, the second better by ``edge``, and their counts."""
    rng = np.random.default_rng(seed)
    for _ in range(repeats):
        ability = abilities(rng, options["speakers"])
        both = [runs(rng, ability=ability + edge * place, **options) for place in (0, 1)]
        yield [(*shares_and_seed_variance(counts, options["folds"]), counts.mean(axis=0)) for counts in both]


def declared(repeats=200, **options):
    """Return how often two copies are declared different."""
    found = 0
    for (first, seed_variance, _), (second, other, _) in copies(repeats, **options):
        found += sign_flip_test(first - second, seed_variance=SeedVariance.total([seed_variance, other])).value <= 0.05
    return found / repeats


@pytest.mark.parametrize(
    "options",
    [
        {"speakers": 6, "folds": 6, "seeds": 3},
        {"speakers": 10, "folds": 10, "seeds": 3, "seed_variance": 0.02},
        {"speakers": 24, "folds": 5, "seeds": 3, "seed_variance": 0.02},
        {"speakers": 24, "folds": 5, "seeds": 1, "uneven": True},
        {"speakers": 91, "folds": 5, "seeds": 3},
        {"speakers": 91, "folds": 5, "seeds": 3, "seed_variance": 0.02},
    ],
    ids=["emovo", "emodb", "ravdess", "uneven", "cremad", "cremad, unsteady"],
)
def test_two_copies_of_one_model_are_declared_different_in_at_most_one_case_of_twenty(options):
    assert declared(seed=3, **options) <= 0.05


def test_without_the_luck_of_training_copies_would_be_distinct_rows_far_too_often():
    options = {"speakers": 91, "folds": 5, "seeds": 3, "seed_variance": 0.02}
    plain = [sign_flip_test(one[0] - other[0]).value <= 0.05 for one, other in copies(200, seed=3, **options)]
    assert np.mean(plain) > 0.15


def test_four_speakers_never_declare_a_difference_and_more_do():
    assert declared(50, speakers=4, folds=4, seeds=3, edge=0.3) == 0
    assert declared(50, speakers=6, folds=6, seeds=3, edge=0.15) > 0.9
    assert declared(100, speakers=91, folds=5, seeds=3, seed_variance=0.01, edge=0.03) > 0.9


@pytest.mark.parametrize(
    "options",
    [
        {"speakers": 4, "folds": 4, "seeds": 3},
        {"speakers": 6, "folds": 6, "seeds": 1, "uneven": True},
        {"speakers": 24, "folds": 5, "seeds": 3, "seed_variance": 0.01},
        {"speakers": 91, "folds": 5, "seeds": 3, "seed_variance": 0.02},
    ],
    ids=["four", "six, uneven", "two dozen", "ninety-one"],
)
def test_paired_intervals_cover_as_often_as_they_say(options):
    edge, held = 0.04, []
    for (_, seed_variance, first), (_, other, second) in copies(400, seed=5, edge=edge, **options):
        names = [str(place) for place in range(options["speakers"])]
        values = [dict(zip(names, jackknife_values(counts), strict=True)) for counts in (second, first)]
        held.append(paired_interval(*values, seed_variance=SeedVariance.total([seed_variance, other])).holds(edge))
    assert 0.92 <= np.mean(held) <= 0.98


@pytest.mark.parametrize("speakers", [2, 4, 9])
def test_few_speakers_get_scipys_exact_p(speakers):
    from scipy import stats

    rng = np.random.default_rng(speakers)
    for _ in range(5):
        differences = rng.normal(0.3, 1, speakers)
        expected = stats.permutation_test((differences,), np.sum, permutation_type="samples", n_resamples=np.inf)
        assert sign_flip_test(differences).value == pytest.approx(expected.pvalue)


def test_many_speakers_get_a_p_near_scipys_and_the_same_one_every_time():
    from scipy import stats

    differences = np.random.default_rng(1).normal(0.25, 1, 40)
    expected = stats.permutation_test(
        (differences,), np.sum, permutation_type="samples", n_resamples=FLIPS, rng=np.random.default_rng(0)
    )
    found = sign_flip_test(differences)
    assert found.value == pytest.approx(expected.pvalue, abs=0.01)
    assert found == sign_flip_test(differences)
    assert found != sign_flip_test(differences, seed=1)


def test_a_turned_sign_is_an_exchange_of_the_systems_at_that_speaker():
    rng = np.random.default_rng(2)
    first, second = (
        runs(rng, speakers=5, folds=5, seeds=1, ability=abilities(rng, 5), uneven=True)[0] for _ in range(2)
    )
    differences = speaker_shares(first) - speaker_shares(second)
    for signs in sign_flips(5):
        turned = (signs < 0)[:, None, None]
        one, other = np.where(turned, second, first), np.where(turned, first, second)
        exchanged = uar_of_counts(one.sum(axis=0)) - uar_of_counts(other.sum(axis=0))
        assert signs @ differences == pytest.approx(exchanged)


@pytest.mark.parametrize(("speakers", "least"), [(2, 1 / 2), (4, 1 / 8), (10, 1 / 512), (15, 1 / 10_000)])
def test_the_smallest_p_is_reached_where_all_speakers_agree(speakers, least):
    assert smallest_p(speakers) == least
    assert sign_flip_test(np.linspace(1, 2, speakers)).value == pytest.approx(least)
    assert len(sign_flips(speakers)) == (2 ** (speakers - 1) if speakers <= EXACT_SPEAKERS else FLIPS + 1)


def test_equal_systems_have_a_p_of_one_and_one_speaker_has_none():
    assert sign_flip_test(np.zeros(6)).value == 1
    assert sign_flip_test(np.array([0.3])).reason == "1 speaker, a comparison takes two at least"


def test_luck_raises_p_and_is_never_taken_off():
    differences = np.random.default_rng(4).normal(0.5, 1, 20)
    plain = sign_flip_test(differences)
    assert sign_flip_test(differences, seed_variance=SeedVariance(5.0, 0.5)).value > plain.value
    assert (
        sign_flip_test(differences, seed_variance=SeedVariance(5.0, 5.0)).value
        > sign_flip_test(differences, seed_variance=SeedVariance(5.0)).value
    )
    assert sign_flip_test(differences, seed_variance=SeedVariance(-5.0, 0.5)) == plain


def test_the_luck_of_a_mean_is_that_of_its_terms():
    total = SeedVariance.total([SeedVariance(0.2, 0.3, is_known=True), SeedVariance(-0.1, 0.4, is_known=True)], 0.5)
    assert (total.variance, total.error, total.is_known) == (pytest.approx(0.025), pytest.approx(0.125), True)
    assert not SeedVariance.total([SeedVariance(0.2, 0.3, is_known=True), SeedVariance()]).is_known


def test_degrees_of_freedom_are_those_of_welch():
    """A term with variance v and f degrees of freedom has the standard error v·sqrt(2 / f)."""
    doubt = StandardError.of(3.0, 8, SeedVariance(2.0, 2.0 * (2 / 5) ** 0.5))
    assert doubt.variance == 5
    assert doubt.freedom == pytest.approx(25 / (9 / 8 + 4 / 5))


def test_luck_is_found_where_it_is_and_only_there():
    rng = np.random.default_rng(6)
    ability = np.full((30, K), 0.5)
    for seed_variance in (0.0, 0.03):
        found = [
            shares_and_seed_variance(
                runs(rng, speakers=30, folds=5, seeds=3, seed_variance=seed_variance, ability=ability), 5
            )[1]
            for _ in range(400)
        ]
        # covariances of 6 speakers (30 of 36 products), 5 folds, 3 seeds
        assert np.mean([each.variance for each in found]) == pytest.approx(
            seed_variance**2 * (30 / 36) / 5 / 3, abs=2e-6
        )
        assert np.std([each.variance for each in found]) == pytest.approx(found[0].error, rel=1)
    alone = runs(rng, speakers=8, folds=8, seeds=3, seed_variance=0.1, ability=abilities(rng, 8))
    assert shares_and_seed_variance(alone, 8)[1] == SeedVariance(is_known=True)
    assert shares_and_seed_variance(alone[:1], 8)[1] == SeedVariance()


def test_holm_by_hand():
    assert holm([0.01, 0.02, 0.03]) == pytest.approx([0.03, 0.04, 0.04])
    assert holm([0.5, 0.6]) == [1.0, 1.0]
    assert holm([]) == []


def test_one_pair_needs_no_correction():
    shares = np.random.default_rng(7).normal(0.06, 0.02, (2, 8))
    assert all_pairs_test(shares)[0, 1] == sign_flip_test(shares[0] - shares[1]).value


@pytest.mark.parametrize(("speakers", "repeats"), [(6, 400), (10, 400), (24, 200)])
def test_no_pair_of_equal_systems_is_distinct_rows_in_nineteen_of_twenty_boards(speakers, repeats):
    """Three equal systems, one of them unsteady, beside one that is much better and one that is much worse."""
    rng = np.random.default_rng(speakers)
    wrong, right = 0, 0
    for _ in range(repeats):
        noise = rng.standard_normal((5, speakers)) * np.array([1, 1, 3, 1, 1])[:, None]
        shares = (noise + np.array([0, 0, 0, 8, -8])[:, None] + 3 * rng.standard_normal(speakers)) / speakers
        apart = all_pairs_test(shares) <= 0.05
        wrong += apart[:3, :3].any()
        right += apart[3, 4]
    assert wrong / repeats <= 0.06
    assert right / repeats > 0.95


def test_all_pairs_never_fare_worse_than_holm_does_here():
    rng = np.random.default_rng(8)
    shares = (rng.standard_normal((6, 10)) + np.arange(6)[:, None]) / 10
    first, second = np.triu_indices(6, 1)
    corrected = holm([sign_flip_test(shares[i] - shares[j]).value for i, j in zip(first, second, strict=True)])
    found = all_pairs_test(shares)
    assert (found == found.T).all()
    assert (found[first, second] <= 0.05).sum() > np.sum(np.array(corrected) <= 0.05)


def test_a_smaller_difference_never_has_a_smaller_p():
    shares = np.random.default_rng(9).normal(0, 1, (5, 9)).cumsum(axis=0)
    first, second = np.triu_indices(5, 1)
    sizes, found = np.abs(shares[first] - shares[second]), all_pairs_test(shares)[first, second]
    order = np.argsort(np.abs((shares[first] - shares[second]).sum(axis=1)))
    assert sizes.shape == (10, 9)
    assert (np.diff(found[order]) <= 0).all()


def test_thirty_four_pairs_resolve_half_a_deviation():
    """The textbook's example: d = 0.5, power 0.80, two-sided 0.05 takes n = 34 (33 are too few)."""
    assert minimum_detectable_difference(StandardError(1 / 34, 33), 34).value == pytest.approx(0.495, abs=5e-4)
    assert minimum_detectable_difference(StandardError(1 / 33, 32), 33).value > 0.5


@pytest.mark.parametrize("speakers", [6, 8, 10, 24])
def test_what_is_resolvable_is_shown_in_four_cases_of_five(speakers):
    rng = np.random.default_rng(speakers)
    size = minimum_detectable_difference(StandardError(1 / speakers, speakers - 1), speakers).value
    drawn = rng.normal(size, 1, (400, speakers))
    assert np.mean([sign_flip_test(each).value <= 0.05 for each in drawn]) == pytest.approx(0.8, abs=0.1)


def test_so_few_speakers_resolve_nothing_and_say_why():
    found = minimum_detectable_difference(StandardError(0.01, 3), 4)
    assert found.reason == "4 speakers cannot give a p below 0.125, expected 0.05 at most"


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


def test_luck_widens_a_paired_interval():
    first, second = dict(zip("abcd", (0.5, 0.6, 0.7, 0.6), strict=True)), dict.fromkeys("abcd", 0.5)
    assert paired_standard_error(first, second).variance == pytest.approx(np.var([0.0, 0.1, 0.2, 0.1], ddof=1) / 4)
    plain, wide = (
        paired_interval(first, second),
        paired_interval(first, second, seed_variance=SeedVariance(0.01, 0.001)),
    )
    assert wide.low < plain.low < plain.high < wide.high
