from __future__ import annotations

import json

import pytest

from serbench.errors import FormatError
from serbench.results.record import Record


def full(cells):
    return cells.record(
        rows={"train": 10, "dev": 2, "test": 3, "augmented": 0},
        scores={"uar": {"value": 0.5}, "ece": {"value": None, "reason": "no probabilities"}},
        confusion=((1, 0, 0), (0, 1, 0), (1, 0, 0)),
        cost={"train_seconds": {"value": 1.25}},
        metrics={"uar": "1"},
        left_out={"x": "truncated"},
        history=({"epoch": 1, "loss": 0.5},),
        notes=("Ünicode | note",),
        predictions="d" * 32,
    )


def test_a_record_survives_its_json_form(cells):
    record = full(cells)
    again = Record.read(json.loads(json.dumps(record.facts())))
    assert again == record
    assert again.key.digest == record.key.digest
    assert again.stem == record.stem


@pytest.mark.parametrize("change", ["fold", "seed", "model", "features", "augmentations", "dataset", "protocol"])
def test_whatever_may_change_a_result_changes_the_key(cells, change):
    other = {"fold": "group-2", "seed": 1, "features": (), "augmentations": ({"name": "noise"},)}
    value = other.get(change, {"name": "other"})
    assert cells.key(**{change: value}).digest != cells.key().digest


@pytest.mark.parametrize(
    ("damage", "words"),
    [
        (lambda facts: facts.pop("status"), "'status'"),
        (lambda facts: facts.update(extra=1), "'extra'"),
        (lambda facts: facts.update(status="perhaps"), "status is 'perhaps'"),
        (lambda facts: facts.update(key={"fold": "x"}), "key: facts .* are missing or unknown"),
        (lambda facts: facts.update(confusion=3), "confusion is int, expected list"),
        (lambda facts: facts["confusion"][0].pop(), r"confusion has rows of \[2, 3, 3\] counts"),
    ],
    ids=["missing", "unknown", "status", "key", "type", "ragged"],
)
def test_a_damaged_record_is_refused(cells, damage, words):
    facts = json.loads(json.dumps(full(cells).facts()))
    damage(facts)
    with pytest.raises(FormatError, match=words):
        Record.read(facts)


def test_hostile_names_stay_below_the_store(cells):
    key = cells.key(dataset={"name": "../../etc"}, protocol={"name": "a/b"}, fold="../x")
    stem = cells.record(key, label="../m|<script>").stem
    assert ".." not in stem.replace("..%2F", "")
    assert stem.count("/") == 3
