"""A run's figure agrees with a script that shares no code with it."""

from __future__ import annotations

import pytest

from serbench.plugin.registry import load_registry
from serbench.results.store import Store
from serbench.results.summary import summarise
from serbench.run.estimate import Times
from serbench.run.plan import Request, make_plan
from serbench.run.runner import execute
from tests.golden import logreg_reference
from tests.run.conftest import no_progress


@pytest.mark.corpus
@pytest.mark.parametrize("name", logreg_reference.CORPORA)
def test_logreg_scores_what_librosa_and_scikit_learn_say(name, data_root, tmp_path):
    registry, store = load_registry(only=()), Store(tmp_path / "runs")
    request = Request(models=("logreg",), datasets=(name,), seeds=1)
    plan = make_plan(request, registry, store, [data_root], tmp_path / "cache", no_progress)
    execute(plan, registry, store, Times(tmp_path / "cache", "cpu"), no_progress)
    (row,) = summarise(store)

    assert row.is_whole
    assert row.uar.value == pytest.approx(logreg_reference.uar(*logreg_reference.CORPORA[name](data_root)), abs=0.005)
