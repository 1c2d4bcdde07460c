from __future__ import annotations

import numpy as np
import pytest

from serbench.scoring.metrics import CORE_METRICS, confusion, ece, log_loss, macro_f1, per_class_recall, uar, wa

BY_NAME = {metric.card.name: metric for metric in CORE_METRICS}


def drawn(seed: int, n: int = 200, k: int = 5, *, absent: tuple[int, ...] = ()) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    truth = rng.choice([c for c in range(k) if c not in absent], size=n)
    scores = rng.dirichlet(np.ones(k), size=n)
    scores[np.arange(n), truth] += 0.3
    return truth.astype(np.int64), scores / scores.sum(axis=1, keepdims=True)


CASES = [drawn(0), drawn(1, n=7), drawn(2, k=2), drawn(3, k=8, absent=(0, 3)), drawn(4, n=1), drawn(5, n=2000)]


@pytest.mark.parametrize(("truth", "scores"), CASES)
@pytest.mark.filterwarnings("ignore:y_pred contains classes not in y_true", "ignore:A single label was found")
def test_counted_metrics_equal_scikit_learn(truth, scores):
    from sklearn.metrics import accuracy_score, balanced_accuracy_score, confusion_matrix, f1_score

    said, k = scores.argmax(axis=1), scores.shape[1]
    assert uar(truth, scores).value == pytest.approx(balanced_accuracy_score(truth, said), abs=1e-12)
    assert wa(truth, scores).value == pytest.approx(accuracy_score(truth, said), abs=1e-12)
    assert macro_f1(truth, scores).value == pytest.approx(f1_score(truth, said, average="macro"), abs=1e-12)
    assert (confusion(truth, scores) == confusion_matrix(truth, said, labels=range(k))).all()


@pytest.mark.parametrize(("truth", "scores"), CASES)
def test_log_loss_equals_scikit_learn(truth, scores):
    from sklearn.metrics import log_loss as reference

    expected = reference(truth, scores, labels=range(scores.shape[1]))
    assert log_loss(truth, scores).value == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize(("truth", "scores"), CASES)
def test_ece_is_the_weighted_gap_of_scikit_learns_calibration_curve(truth, scores):
    from sklearn.calibration import calibration_curve

    top, right = scores.max(axis=1), scores.argmax(axis=1) == truth
    accuracy, confidence = calibration_curve(right, top, n_bins=15, pos_label=True)
    weights = np.histogram(top, bins=np.linspace(0, 1, 16))[0]
    expected = (weights[weights > 0] * np.abs(accuracy - confidence)).sum() / len(top)
    assert ece(truth, scores).value == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize(("truth", "scores"), CASES)
def test_recalls_equal_scikit_learn(truth, scores):
    from sklearn.metrics import recall_score

    present = np.unique(truth)
    expected = recall_score(truth, scores.argmax(axis=1), labels=present, average=None, zero_division=0.0)
    recalls = per_class_recall(truth, scores)
    assert [recalls[place].value for place in present] == pytest.approx(list(expected))
    absent = sorted(set(range(scores.shape[1])) - set(present))
    assert [recalls[place].reason for place in absent] == ["no row has this class"] * len(absent)


def test_a_class_absent_from_truth_counts_only_where_the_definition_says():
    truth, scores = np.array([0, 0, 1]), np.eye(3)[[0, 0, 2]]
    assert uar(truth, scores).value == 0.5
    assert macro_f1(truth, scores).value == pytest.approx(1 / 3)


def test_equal_scores_predict_the_first_class():
    assert confusion(np.array([1]), np.array([[0.5, 0.5]])).tolist() == [[0, 0], [1, 0]]


def test_log_loss_of_a_certain_mistake_is_finite_and_as_documented():
    assert log_loss(np.array([0]), np.array([[0.0, 1.0]])).value == pytest.approx(-np.log(1e-15))


def test_ece_bins_are_closed_above():
    # 0.6 and 0.60001 lie in bins of their own, so their gaps of opposite sign do not cancel
    truth, scores = np.array([0, 1]), np.array([[0.6, 0.4], [0.60001, 0.39999]])
    assert ece(truth, scores).value == pytest.approx((0.4 + 0.60001) / 2)


@pytest.mark.parametrize("name", ["log-loss", "ece"])
@pytest.mark.parametrize(
    ("scores", "reason"), [([[1.5, -0.5]], "some are negative"), ([[0.5, 0.6]], "do not sum to 1")]
)
def test_scores_that_are_no_probabilities_leave_it_undefined(name, scores, reason):
    figure = BY_NAME[name](np.array([0]), np.array(scores))
    assert figure.value is None
    assert reason in figure.reason


@pytest.mark.parametrize("metric", CORE_METRICS, ids=lambda metric: metric.card.name)
def test_no_rows_is_undefined_with_a_reason(metric):
    figure = metric(np.array([], dtype=np.int64), np.zeros((0, 3)))
    assert figure.value is None
    assert figure.reason == "there are no rows"


@pytest.mark.parametrize("metric", CORE_METRICS, ids=lambda metric: metric.card.name)
@pytest.mark.parametrize("truth", [[0, 1, 2, 1], [0], [1, 1, 1]], ids=["mixed", "one row", "constant truth"])
def test_perfect_prediction_hits_the_declared_bound(metric, truth):
    bound = metric.card.highest if metric.card.better == "higher" else metric.card.lowest
    assert metric(np.array(truth), np.eye(3)[truth]).value == bound


@pytest.mark.parametrize("metric", CORE_METRICS, ids=lambda metric: metric.card.name)
def test_all_wrong_and_certain_hits_the_other_bound(metric):
    figure = metric(np.array([0, 1, 2]), np.eye(3)[[1, 2, 0]])
    bound = metric.card.lowest if metric.card.better == "higher" else metric.card.highest
    assert figure.value == (pytest.approx(-np.log(1e-15)) if bound is None else bound)


@pytest.mark.parametrize("metric", CORE_METRICS, ids=lambda metric: metric.card.name)
@pytest.mark.parametrize(("truth", "scores"), CASES)
def test_the_order_of_rows_is_irrelevant_and_inputs_stay(metric, truth, scores):
    before = truth.copy(), scores.copy()
    order = np.random.default_rng(0).permutation(len(truth))
    assert metric(truth[order], scores[order]).value == pytest.approx(metric(truth, scores).value, abs=1e-12)
    assert (truth == before[0]).all()
    assert (scores == before[1]).all()


@pytest.mark.parametrize("metric", CORE_METRICS, ids=lambda metric: metric.card.name)
def test_values_stay_within_the_declared_bounds(metric):
    for seed in range(20):
        value = metric(*drawn(seed, n=11, k=4)).value
        assert metric.card.lowest <= value <= (np.inf if metric.card.highest is None else metric.card.highest)


def test_docstring_cases():
    import doctest

    from serbench.scoring import metrics, statistics

    assert doctest.testmod(metrics).failed == 0
    assert doctest.testmod(statistics).failed == 0
