"""Is one system better than another? Permutation tests over speakers, and the correction for how often one asks.

Conventions
-----------
``s`` speakers are the sample, ``m`` systems were tested on the same utterances. A speaker's *share* of a system's UAR
is ``u = (1/K)·Σ h_c / N_c`` over the K classes, with the speaker's hits ``h_c`` and all speakers' clips ``N_c``: shares
add up to the pooled UAR, whatever the balance of clips. So two systems differ by ``D = Σ d`` with one difference
of shares per speaker, and exchanging the systems at one speaker turns the sign of that speaker's ``d`` and
changes nothing else. If neither system is better, either sign was as likely: the p-value is the share of all ``2**s``
assignments of signs that give a difference as large as ``|D|`` (two-sided; Good 2005, *Permutation, Parametric and
Bootstrap Tests of Hypotheses*, ch. 3). Up to 14 speakers all are counted, and the test is exact; beyond, 9,999 are
drawn with a fixed seed, and the one that was observed is added. Few speakers cannot give a small p: see
:func:`smallest_p`.

Everything here is widened by the seed-to-seed variance, see ``serbench.scoring.seed_variance``: flipped sums are spread
as if their variance, ``Σ d²``, were that of a whole comparison.
"""

from __future__ import annotations

import functools
import itertools
import statistics
from collections.abc import Mapping, Sequence

import numpy as np

from serbench.scoring.figure import Figure
from serbench.scoring.metrics import Counts, Values
from serbench.scoring.seed_variance import SeedVariance, StandardError
from serbench.scoring.statistics import Interval, t_quantile
from serbench.seeding import generator

#: The level of every verdict: how often a difference may be claimed where there is none.
LEVEL = 0.05
#: How often a difference of the minimum detectable size is found significant.
POWER = 0.8
#: Up to this many speakers every assignment of signs is counted.
EXACT_SPEAKERS = 14
#: Assignments that are drawn where there are more; the observed one comes in addition.
FLIPS = 9_999

#: What is added where nothing is known of training, or where there is none.
NO_SEED_VARIANCE = SeedVariance()

#: Sums of equal numbers in another order differ in their last digits; a tie is a tie.
_TIE = 1e-9
#: Assignments of signs that are worked on at once, so that memory stays small whatever the number of systems.
_BLOCK = 2_048


def speaker_shares(counts: Counts) -> Values:
    """Return each speaker's share (s,) of the pooled UAR of counts (s, k, k); they add up to it.

    >>> speaker_shares(np.array([[[2, 0], [1, 0]], [[1, 1], [0, 1]]])).tolist()
    [0.25, 0.375]
    """
    support = counts.sum(axis=(0, -1))  # (k,)
    hits = np.diagonal(counts, axis1=-2, axis2=-1)[:, support > 0]  # (s, classes that truth has)
    return np.asarray((hits / support[support > 0]).mean(axis=-1))


def smallest_p(speakers: int) -> float:
    """Return the smallest p-value that so many speakers can give.

    >>> smallest_p(4), smallest_p(6), smallest_p(91)
    (0.125, 0.03125, 0.0001)
    """
    return 2.0 ** (1 - speakers) if speakers <= EXACT_SPEAKERS else 1 / (FLIPS + 1)


@functools.lru_cache(maxsize=8)
def sign_flips(speakers: int, seed: int = 0) -> Values:
    """Return assignments of signs (r, s), read-only, the observed one first.

    Half of all for few speakers (the other half gives the same absolute sums), drawn ones for many.
    """
    if speakers <= EXACT_SPEAKERS:
        rest = list(itertools.product((1.0, -1.0), repeat=speakers - 1))
        signs = np.column_stack([np.ones(len(rest)), np.array(rest).reshape(len(rest), speakers - 1)])
    else:
        drawn = generator(seed, "sign-flips").integers(0, 2, size=(FLIPS, speakers)) * 2.0 - 1.0
        signs = np.concatenate([np.ones((1, speakers)), drawn])
    signs.flags.writeable = False
    return signs


def sign_flip_test(differences: Values, *, seed_variance: SeedVariance = NO_SEED_VARIANCE, seed: int = 0) -> Figure:
    """Return the two-sided p-value of "neither system is better", in (0, 1].

    ``scipy.stats.permutation_test`` with ``permutation_type="samples"`` gives the same without seed-to-seed variance.

    Parameters
    ----------
    differences
        (s,), per speaker the share of one system less the share of the other. Speakers of several corpora may stand
        side by side, each corpus's shares divided by the number of corpora: the test is then of the mean.
    seed_variance
        Of the difference: that of both systems.
    seed
        Of the assignments that are drawn.

    >>> sign_flip_test(np.array([0.1, 0.2, 0.1, 0.3])).value
    0.125
    """
    if len(differences) < 2:
        return Figure.undefined(_too_few(len(differences)))
    sums = np.abs(sign_flips(len(differences), seed) @ differences) * _spread(differences, seed_variance)
    return Figure(float(np.mean(sums >= abs(differences.sum()) * (1 - _TIE))))


def holm(p_values: Sequence[float]) -> list[float]:
    """Return p-values corrected for their number (Holm 1979, *Scandinavian Journal of Statistics* 6:65), in order.

    >>> holm([0.01, 0.04, 0.03, 0.005])
    [0.03, 0.06, 0.06, 0.02]
    """
    order = sorted(range(len(p_values)), key=lambda place: p_values[place])
    corrected, largest = [0.0] * len(p_values), 0.0
    for step, place in enumerate(order):
        largest = max(largest, min(1.0, (len(p_values) - step) * p_values[place]))
        corrected[place] = largest
    return corrected


def all_pairs_test(shares: Values, seed_variances: Sequence[SeedVariance] = (), *, seed: int = 0) -> Values:
    """Return the p-value of every pair of systems (m, m), corrected for the number of pairs.

    The same signs are given to a speaker in all pairs, and a difference is held against the *largest* that any pair
    reaches, pairs found significant already left out (step-down, Westfall and Young 1993, *Resampling-Based Multiple
    Testing*, algorithm 4.1; Romano and Wolf 2005, *Econometrica* 73:1237). This is Holm's procedure with the joint
    distribution in place of Bonferroni's bound. The bound would multiply p by the number of pairs: ten speakers
    (p ≥ 1/512) could never find two of eight systems different. Here p falls as far as for one pair. Differences
    are compared in points of UAR, as in Tukey's range test, so that the noise of the noisiest pair not yet found
    significant decides: conservative for a small difference between steady systems beside an unsteady one.

    Parameters
    ----------
    shares
        (m, s), per system the speakers' shares of UAR.
    seed_variances
        (m,), the systems' seed-to-seed variances; none given is none.

    Returns
    -------
    Symmetric, 1 on the diagonal. The chance that any two equal systems get a p of 0.05 or less is at most 0.05.
    """
    systems, speakers = shares.shape
    found = np.ones((systems, systems))
    first, second = np.triu_indices(systems, 1)
    if speakers < 2 or not len(first):
        return found
    differences = shares[first] - shares[second]  # (pairs, s)
    sizes = np.abs(differences.sum(axis=1))
    order = np.argsort(sizes, kind="stable")  # the smallest first
    known = list(seed_variances) or [NO_SEED_VARIANCE] * systems
    spreads = np.array(
        [
            _spread(difference, SeedVariance.total([known[one], known[other]]))
            for difference, one, other in zip(differences, first, second, strict=True)
        ]
    )
    signs = sign_flips(speakers, seed)
    reached = np.zeros(len(order))
    for start in range(0, len(signs), _BLOCK):
        sums = np.abs(signs[start : start + _BLOCK] @ differences[order].T) * spreads[order]  # (block, pairs)
        largest = np.maximum.accumulate(sums, axis=1)  # among this pair and all smaller ones
        reached += (largest >= sizes[order] * (1 - _TIE)).sum(axis=0)
    # a pair is significant only after all larger ones: p never falls as differences do
    p_values = np.maximum.accumulate((reached / len(signs))[::-1])[::-1]
    found[first[order], second[order]] = found[second[order], first[order]] = p_values
    return found


def paired_interval(
    first: Mapping[str, float],
    second: Mapping[str, float],
    *,
    level: float = 0.95,
    seed_variance: SeedVariance = NO_SEED_VARIANCE,
) -> Interval:
    """Return the t-interval of the difference of two systems, from their jackknife pseudo-values per speaker.

    The differences of pseudo-values are the pseudo-values of the difference, so this is the jackknife
    interval of the pooled difference, speaker paired with speaker.

    Parameters
    ----------
    first, second
        From speaker to pseudo-value; see :func:`serbench.scoring.statistics.jackknife_values`.
    level
        Coverage of this one comparison; several comparisons want a correction by the caller.
    seed_variance
        Of the difference: that of both systems.
    """
    if set(first) != set(second):
        return Interval.undefined("the systems were not tested on the same speakers", len(set(first) & set(second)))
    number = len(first)
    if number < 2:
        return Interval.undefined(f"{number} speaker{'s' * (number != 1)}, an interval takes two at least", number)
    centre, half = paired_mean(first, second), paired_standard_error(first, second, seed_variance).half_width(level)
    return Interval(centre - half, centre + half, "paired t", number)


def paired_mean(first: Mapping[str, float], second: Mapping[str, float]) -> float:
    """Return the mean over speakers of the difference of pseudo-values."""
    return statistics.fmean(first[name] - second[name] for name in first)


def paired_standard_error(
    first: Mapping[str, float], second: Mapping[str, float], seed_variance: SeedVariance = NO_SEED_VARIANCE
) -> StandardError:
    """Return the standard error of the difference of two systems, pseudo-values of the same two speakers or more."""
    spread = statistics.variance(first[name] - second[name] for name in first)
    return StandardError.of(spread / len(first), len(first) - 1, seed_variance)


def minimum_detectable_difference(
    error: StandardError, speakers: int, *, level: float = LEVEL, power: float = POWER
) -> Figure:
    """Return the smallest true difference that a comparison over so many speakers detects with this power.

    ``t(1 - level/2) + t(power)`` standard errors, both quantiles with its degrees of freedom (Bloom 1995, *Evaluation
    Review* 19:547). The level is the largest not above ``level`` that sign flips of so few speakers can
    have; with six or seven, whose signs are coarse, the power is 70 % where 80 % are meant. Example: 34 pairs with a
    standard deviation of 1 detect 0.495.
    """
    least = smallest_p(speakers)
    if least > level:
        return Figure.undefined(f"{speakers} speakers cannot give a p below {least:.3g}, expected {level:g} at most")
    attained = level if speakers > EXACT_SPEAKERS else float(np.floor(level / least)) * least
    quantiles = t_quantile(1 - attained, error.freedom) + t_quantile(2 * power - 1, error.freedom)
    return Figure(quantiles * float(error.variance**0.5))


def _spread(differences: Values, seed_variance: SeedVariance) -> float:
    """Return by how much flipped sums are widened, so that 95 % of them lie where a t-interval would end."""
    own, freedom = float((differences**2).sum()), len(differences) - 1
    if own <= 0 or seed_variance.variance <= 0:
        return 1.0
    error = StandardError.of(own, freedom, seed_variance)
    return error.half_width(1 - LEVEL) / StandardError(own, freedom).half_width(1 - LEVEL)


def _too_few(speakers: int) -> str:
    return f"{speakers} speaker{'s' * (speakers != 1)}, a comparison takes two at least"


__all__ = [
    "EXACT_SPEAKERS",
    "FLIPS",
    "LEVEL",
    "NO_SEED_VARIANCE",
    "POWER",
    "all_pairs_test",
    "holm",
    "minimum_detectable_difference",
    "paired_interval",
    "paired_mean",
    "paired_standard_error",
    "sign_flip_test",
    "sign_flips",
    "smallest_p",
    "speaker_shares",
]
