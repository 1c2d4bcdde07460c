"""SklearnModel: any estimator is fitted, scored, saved and measured, and agrees with scikit-learn alone."""

from __future__ import annotations

import json
import warnings

import numpy as np
import pytest
from sklearn.compose import ColumnTransformer
from sklearn.decomposition import PCA
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.ensemble import (
    AdaBoostClassifier,
    BaggingClassifier,
    ExtraTreesClassifier,
    GradientBoostingClassifier,
    HistGradientBoostingClassifier,
    RandomForestClassifier,
    VotingClassifier,
)
from sklearn.feature_selection import SelectKBest
from sklearn.linear_model import LogisticRegression, RidgeClassifier, SGDClassifier
from sklearn.multiclass import OneVsRestClassifier
from sklearn.naive_bayes import GaussianNB
from sklearn.neighbors import KNeighborsClassifier
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import FeatureUnion, make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler
from sklearn.svm import SVC, LinearSVC, NuSVC
from sklearn.tree import DecisionTreeClassifier

from serbench.api import ModelCard, SklearnModel
from serbench.errors import FormatError, NotFittedError, PluginError
from serbench.features.table import Column, FeatureTable
from serbench.results.saved import packed
from tests.learning.tables import LABELS, sequence_table, vector_table

D, K = 6, len(LABELS)

ESTIMATORS = {
    "svc": lambda: SVC(),
    "svc-linear": lambda: make_pipeline(StandardScaler(), SVC(kernel="linear", C=0.5)),
    "svc-pairs": lambda: SVC(decision_function_shape="ovo"),
    "nu-svc": lambda: NuSVC(),
    "linear-svc": lambda: LinearSVC(),
    "logistic": lambda: make_pipeline(StandardScaler(), LogisticRegression()),
    "ridge": lambda: RidgeClassifier(),
    "sgd": lambda: SGDClassifier(max_iter=50, tol=None),
    "pca": lambda: make_pipeline(PCA(3, whiten=True), LogisticRegression()),
    "lda": lambda: LinearDiscriminantAnalysis(),
    "lda-projects": lambda: make_pipeline(LinearDiscriminantAnalysis(), GaussianNB()),
    "neighbours": lambda: KNeighborsClassifier(algorithm="brute"),
    "neighbours-tree": lambda: KNeighborsClassifier(algorithm="kd_tree", weights="distance"),
    "neighbours-ball": lambda: KNeighborsClassifier(algorithm="ball_tree", metric="manhattan"),
    "bayes": lambda: GaussianNB(),
    "tree": lambda: DecisionTreeClassifier(max_features=2),
    "forest": lambda: RandomForestClassifier(5, n_jobs=4),
    "extra-trees": lambda: ExtraTreesClassifier(5),
    "boosting": lambda: GradientBoostingClassifier(n_estimators=4, subsample=0.8),
    "perceptron": lambda: MLPClassifier((8,), max_iter=20, learning_rate_init=0.05),
    "bagging": lambda: BaggingClassifier(LogisticRegression(), 3),
    "ada-boost": lambda: AdaBoostClassifier(n_estimators=3),
    "voting": lambda: VotingClassifier([("svm", SVC()), ("bayes", GaussianNB())]),
    "one-against-rest": lambda: OneVsRestClassifier(LinearSVC()),
    "union": lambda: make_pipeline(FeatureUnion([("pca", PCA(2)), ("best", SelectKBest(k=2))]), LogisticRegression()),
    "columns": lambda: make_pipeline(ColumnTransformer([("scaled", StandardScaler(), [0, 1, 2])]), SVC()),
}


@pytest.fixture(autouse=True)
def _quiet():
    """Let estimators that are stopped early say so."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", category=UserWarning)
        yield


def model_of(make, *, features=("mfcc-stats",)):
    """Return a model of an estimator."""

    class Estimator(SklearnModel):
        card = ModelCard(name="estimator", version="1", summary="of a test", features=features)

        def estimator(self, seed):
            return make()

    return Estimator()


def fitted(name):
    train, test = vector_table(60), vector_table(30, seed=1).without_labels()
    return model_of(ESTIMATORS[name]).fit(train, None, seed=0), test


@pytest.mark.parametrize("name", ESTIMATORS)
def test_an_estimator_finds_the_class(name):
    model, test = fitted(name)
    said = model.predict(test)
    scores = said.aligned(test.ids, LABELS)
    assert (scores.argmax(axis=1) == np.arange(30) % K).mean() > 0.75
    assert scores.min() >= 0
    np.testing.assert_allclose(scores.sum(axis=1), 1, rtol=1e-6)


@pytest.mark.parametrize("name", ESTIMATORS)
def test_the_class_is_that_of_the_estimator_itself(name):
    model, test = fitted(name)
    said = model.predict(test)
    assert list(np.array(said.labels)[said.scores.argmax(axis=1)]) == list(model.estimator_.predict(test.x))


@pytest.mark.parametrize("name", ESTIMATORS)
def test_what_was_learned_goes_into_a_file_and_back(name):
    from safetensors.numpy import load

    model, test = fitted(name)
    state = load(packed(model.state()))
    other = model_of(ESTIMATORS[name]).load_state(state, LABELS)
    np.testing.assert_array_equal(model.predict(test).scores, other.predict(test).scores)
    assert other.predict(test).labels == model.predict(test).labels
    assert other.size(test) == model.size(test)


@pytest.mark.parametrize("name", ["svc-pairs", "sgd", "forest", "perceptron", "bagging"])
def test_the_seed_alone_decides(name):
    first, second, third = (
        model_of(ESTIMATORS[name]).fit(vector_table(60), None, seed=seed).state() for seed in (0, 0, 1)
    )
    assert packed(first) == packed(second)
    assert (packed(first) == packed(third)) == (name == "svc-pairs")


def test_what_an_author_fixed_stays():
    made = model_of(lambda: make_pipeline(PCA(2, random_state=7), RandomForestClassifier(2, n_jobs=3)))._made(0)
    params = made.get_params()
    assert params["pca__random_state"] == 7
    assert params["randomforestclassifier__n_jobs"] == 1
    assert isinstance(params["randomforestclassifier__random_state"], int)


#: From estimator to learned and stored numbers and multiply-accumulates, by hand. d = 6, k = 3, 60 rows.
HAND = {
    "linear-svc": (3 * 6 + 3, 0, 18),
    "logistic": (3 * 6 + 3, 2 * 6, 18),
    "ridge": (3 * 6 + 3, 0, 18),
    "sgd": (3 * 6 + 3, 0, 18),
    "pca": (3 * 6 + 3 + 3 * 3 + 3, 6, 3 * 6 + 3 * 3),
    "lda": (3 * 6 + 3, 0, 18),
    "lda-projects": (6 * 2 + 2 * 3 * 2 + 3, 6, 6 * 2 + 2 * 3 * 2),
    "neighbours": (0, 60 * 6 + 60, 60 * 6),
    "neighbours-tree": (0, 60 * 6 + 60, None),
    "bayes": (2 * 3 * 6 + 3, 0, 2 * 3 * 6),
    "perceptron": (6 * 8 + 8 + 8 * 3 + 3, 0, 6 * 8 + 8 * 3),
}


@pytest.mark.parametrize("name", HAND)
def test_size_and_operations_are_those_counted_by_hand(name):
    model, test = fitted(name)
    size = model.size(test)
    learned, stored, macs = HAND[name]
    assert (size.trainable, size.total, size.macs) == (learned, learned + stored, macs)
    assert (size.macs is None) == (size.macs_reason is not None)


def test_a_support_vector_machine_compares_with_every_vector():
    model, test = fitted("svc")
    vectors = len(model.estimator_.support_vectors_)
    size = model.size(test)
    assert size.macs == vectors * D + vectors * (K - 1)
    assert size.trainable == vectors * D + vectors * (K - 1) + K * (K - 1) // 2
    assert size.bytes == 8 * size.total


def test_a_tree_is_its_branches_and_leaves():
    model, test = fitted("tree")
    tree, size = model.estimator_, model.size(test)
    assert size.trainable == 2 * (tree.get_n_leaves() - 1) + K * tree.get_n_leaves()
    assert size.macs is None
    assert "no products" in size.macs_reason


@pytest.mark.parametrize("name", ["forest", "boosting", "neighbours-ball", "voting", "union"])
def test_operations_that_nobody_counted_are_no_zero(name):
    model, test = fitted(name)
    size = model.size(test)
    assert size.macs is None
    assert size.macs_reason
    assert size.total > 0


def test_features_lie_side_by_side_in_the_order_of_the_model():
    table = vector_table(60)
    both = {"b": Column("vector", table.x[:, :2]), "a": Column("vector", table.x[:, 2:])}
    model = model_of(ESTIMATORS["logistic"], features=("b", "a"))
    model.fit(FeatureTable(table.ids, dict(reversed(both.items())), LABELS, table.y), None, seed=0)
    alone = model_of(ESTIMATORS["logistic"]).fit(table, None, seed=0)
    np.testing.assert_array_equal(model.estimator_[-1].coef_, alone.estimator_[-1].coef_)


def test_a_sequence_is_refused_with_what_helps():
    with pytest.raises(PluginError, match="feature mfcc is a sequence, expected a vector; take one of output 'vector'"):
        model_of(ESTIMATORS["svc"]).fit(sequence_table(), None, seed=0)


def test_dev_is_refused_where_nothing_chooses():
    with pytest.raises(PluginError, match="chooses_on_dev"):
        model_of(ESTIMATORS["svc"]).fit(vector_table(), vector_table(seed=1), seed=0)


@pytest.mark.parametrize(("made", "said"), [(SVC, "SVC"), (None, "NoneType"), (StandardScaler(), "StandardScaler")])
def test_what_is_no_estimator_is_named(made, said):
    with pytest.raises(PluginError, match=f"estimator\\(\\) returns {said}, expected an estimator"):
        model_of(lambda: made).fit(vector_table(), None, seed=0)


def test_predicting_before_the_fit_is_refused():
    with pytest.raises(NotFittedError):
        model_of(ESTIMATORS["svc"]).predict(vector_table())


def test_a_missing_class_is_survived():
    table = vector_table(60)
    model = model_of(ESTIMATORS["svc"]).fit(table.take(np.flatnonzero(table.y != "sad")), None, seed=0)
    assert model.predict(table.without_labels()).aligned(table.ids, LABELS)[:, 2].max() == 0


def test_what_cannot_be_saved_is_named():
    model = model_of(lambda: HistGradientBoostingClassifier(max_iter=2)).fit(vector_table(60), None, seed=0)
    with pytest.raises(PluginError, match=r"HistGradientBoostingClassifier\._.* it cannot be saved"):
        model.state()


def test_a_function_stays_the_authors():
    def make():
        return make_pipeline(FunctionTransformer(np.tanh), GaussianNB())

    table = vector_table(60)
    model = model_of(make).fit(table, None, seed=0)
    other = model_of(make).load_state(model.state(), LABELS)
    np.testing.assert_array_equal(model.predict(table).scores, other.predict(table).scores)


def rewritten(state, change):
    """Return a state whose structure was changed by a stranger."""
    facts = json.loads(bytes(state["estimator"]))
    change(facts)
    return {**state, "estimator": np.frombuffer(json.dumps(facts).encode(), dtype=np.uint8)}


def test_another_release_of_scikit_learn_is_refused():
    model, _ = fitted("svc")
    state = rewritten(model.state(), lambda facts: facts.update(version="0.1"))
    with pytest.raises(FormatError, match=r"saved by scikit-learn 0\.1, and this is"):
        model_of(ESTIMATORS["svc"]).load_state(state, LABELS)


def test_another_estimator_is_refused():
    model, _ = fitted("pca")
    with pytest.raises(FormatError, match="is no SVC"):
        model_of(ESTIMATORS["svc"]).load_state(model.state(), LABELS)


@pytest.mark.parametrize(
    "named", ["os:system", "subprocess:Popen", "sklearn.utils:Bunch", "sklearn.utils._testing:ignore_warnings"]
)
@pytest.mark.parametrize("kind", ["made", "native"])
def test_nothing_but_estimators_is_made_of_a_file(named, kind):
    model, _ = fitted("boosting")

    def change(facts):
        facts["estimator"]["learned"]["init_"] = {kind: named, "learned": {}, "arguments": ["true"], "state": None}

    with pytest.raises(FormatError, match="which is no estimator of scikit-learn"):
        model_of(ESTIMATORS["boosting"]).load_state(rewritten(model.state(), change), LABELS)


@pytest.mark.parametrize(
    ("name", "array", "value"),
    [
        ("tree", "tree_.nodes.left_child", 10_000),
        ("tree", "tree_.nodes.right_child", -7),
        ("tree", "tree_.nodes.feature", 99),
        ("forest", "estimators_.3.tree_.nodes.left_child", 10_000),
        ("boosting", "estimators_.1.tree_.nodes.feature", 99),
        ("svc", "_n_support", 1_000),
        ("neighbours", "_y", 1_000),
    ],
)
def test_numbers_that_point_outside_are_refused_before_compiled_code_reads_them(name, array, value):
    model, _ = fitted(name)
    state = {each: values.copy() for each, values in model.state().items()}
    state[array][0] = value
    with pytest.raises(FormatError, match="saved estimator is no"):
        model_of(ESTIMATORS[name]).load_state(state, LABELS)
