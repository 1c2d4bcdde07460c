"""A run's figure agrees with a script that shares no code with it."""

from __future__ import annotations

import pytest

from serbench.plugin.registry import load_registry
from serbench.results.summary import summarise
from tests.golden import logreg_reference
from tests.run.conftest import World


@pytest.mark.corpus
@pytest.mark.parametrize("name", logreg_reference.CORPORA)
def test_logreg_scores_what_librosa_and_scikit_learn_say(name, data_root, tmp_path):
    world = World(tmp_path, load_registry(only=()), data_root)
    world.run("logreg", datasets=(name,), seeds=1)
    (row,) = summarise(world.store)

    assert row.is_complete
    assert row.uar.value == pytest.approx(logreg_reference.uar(*logreg_reference.CORPORA[name](data_root)), abs=0.005)
