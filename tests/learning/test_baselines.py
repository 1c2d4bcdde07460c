"""The baselines of scikit-learn are its own estimators, on the vector that an argument names."""

from __future__ import annotations

import numpy as np
import pytest
from serbench_plugins.models.random_forest import RandomForest
from serbench_plugins.models.svm import Svm
from sklearn.ensemble import RandomForestClassifier
from sklearn.preprocessing import StandardScaler
from sklearn.svm import LinearSVC

from serbench.seeding import derive
from tests.learning.tables import vector_table


@pytest.mark.parametrize("cls", [Svm, RandomForest])
def test_an_argument_names_the_feature(cls):
    assert (cls().identity.label, cls().uses("features")[0].part) == (cls.card.name, "mfcc-stats")

    model = cls(feature="egemaps")

    assert model.identity.label == f"{cls.card.name}[feature=egemaps]"
    assert [use.part for use in model.uses("features")] == ["egemaps"]


def test_svm_weighs_classes_alike_and_decides_as_scikit_learn_does():
    table = vector_table(60, seed=1)
    scaler = StandardScaler().fit(table.x)
    alone = LinearSVC(C=0.1, class_weight="balanced", random_state=0, max_iter=10_000)
    alone.fit(scaler.transform(table.x), table.y)

    found = Svm(c=0.1).fit(table, None, seed=3).predict(table)

    values = np.exp(alone.decision_function(scaler.transform(table.x)))
    np.testing.assert_allclose(found.scores, values / values.sum(axis=1, keepdims=True), rtol=0, atol=1e-3)


def test_random_forest_is_scikit_learns():
    table = vector_table(60, seed=1)
    seed = derive(3, "random_state")
    alone = RandomForestClassifier(20, class_weight="balanced_subsample", random_state=seed).fit(table.x, table.y)

    found = RandomForest(n_estimators=20).fit(table, None, seed=3).predict(table)

    np.testing.assert_array_equal(found.scores, alone.predict_proba(table.x))


def test_svm_settles_where_values_outnumber_rows():
    """Warnings are errors: one that breaks off fails."""
    table = vector_table(48, seed=2, d=500)

    assert Svm(c=1.0).fit(table, None, seed=0).predict(table).scores.shape == (48, 3)
