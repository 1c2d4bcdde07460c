from __future__ import annotations

import json

import pytest

from tests.results.conftest import add_cells


@pytest.fixture
def runs(tmp_path):
    """Return a folder of records: ``good`` and ``bad`` on two corpora, ``good`` on a third; seeds 0 and 1."""
    from serbench.results.store import Store

    store = Store(tmp_path / "runs")
    for name, skill, corpora in (("good", 8.0, ("one", "two", "three")), ("bad", -0.2, ("one", "two"))):
        for corpus in corpora:
            key = {
                "model": {"name": name, "version": "1", "params": {}},
                "dataset": {"name": corpus, "audio": f"a-{corpus}"},
            }
            add_cells(store, key=key, label=name, skill=skill, seeds=(0, 1))
    return store.folder


def test_people_get_a_table_and_one_sentence(serbench, runs):
    result = serbench("compare", "good", "bad", runs)
    assert result.exit_code == 0
    text = result.stdout
    assert max(map(len, (line for line in text.splitlines() if str(runs) not in line))) <= 80
    first, second = (line.split() for line in text.splitlines()[1:3])
    assert (first[0], second[0], first[-1]) == ("one", "two", "6")
    assert "three is left out: bad is missing" in text
    assert "good is significantly better than bad (5 %) by" in text
    assert text.splitlines()[-1].startswith("next: ")


def test_machines_get_every_figure(serbench, runs):
    facts = json.loads(serbench("compare", "good", "bad", runs, "--json").stdout)
    assert (facts["a"], facts["b"], facts["protocol"]) == ("good", "bad", "si")
    assert facts["overall"]["is_significant"]
    assert facts["overall"]["value"] == pytest.approx(sum(e["difference"]["value"] for e in facts["datasets"]) / 2)
    assert facts["datasets"][0]["seeds_a"] == [0, 1]
    assert facts["sentence"].startswith("good is significantly better than bad")


def test_one_dataset_may_be_named(serbench, runs):
    facts = json.loads(serbench("compare", "good", "bad", runs, "--dataset", "two", "--json").stdout)
    assert [each["dataset"] for each in facts["datasets"]] == ["two"]
    assert facts["datasets"][0]["corrected_p"] == facts["overall"]["p"]


def test_a_system_is_compared_with_itself_under_another_seed(serbench, runs):
    # on one corpus: the others hold the same predictions, and three copies of six speakers are no eighteen
    facts = json.loads(serbench("compare", "good@seed0", "good@seed1", runs, "--dataset", "one", "--json").stdout)
    assert [(each["seeds_a"], each["seeds_b"]) for each in facts["datasets"]] == [([0], [1])]
    assert not facts["overall"]["is_significant"]
    both = json.loads(serbench("compare", "good@seed0,1", "bad", runs, "--json").stdout)
    plain = json.loads(serbench("compare", "good", "bad", runs, "--json").stdout)
    assert both["overall"] == plain["overall"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("goood", "bad"), "unknown row 'goood', expected one of ['bad', 'good']; did you mean 'good'?"),
        (("good@seed0,1,0", "bad"), "names a seed twice"),
        (("good", "good"), "A and B are both 'good', expected two rows, or one under two seeds: good@seed0"),
        (("good@seed7", "bad"), "good was not run under seed 7, expected seeds among [0, 1]"),
        (("good", "gut@seed0"), "unknown row 'gut', expected"),
        (
            ("good", "bad", "--dataset", "tow"),
            "unknown dataset in these records 'tow', expected one of ['one', 'three'",
        ),
        (("good", "bad", "--dataset", "three"), "have no dataset in common"),
        (("good", "bad", "--protocol", "cros"), "unknown protocol in these records 'cros', expected one of ['si']"),
    ],
)
def test_mistakes_are_answered(serbench, runs, arguments, message):
    names, options = arguments[:2], arguments[2:]
    result = serbench("compare", *names, runs, *options)
    assert result.exit_code == 2
    assert message in result.stderr


def test_a_folder_without_records_is_an_error(serbench, tmp_path):
    result = serbench("compare", "a", "b", tmp_path)
    assert result.exit_code == 2
    assert "no records below" in result.stderr
