from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import balanced_accuracy_score

from serbench.errors import FormatError
from serbench.results.predictions import TestPredictions
from serbench.results.summary import summarise
from serbench.scoring.figure import Figure
from serbench.scoring.metrics import uar
from serbench.scoring.statistics import speaker_interval
from tests.steps import steps


def pooled(cells, seed, folds=(0, 1, 2), **options):
    return TestPredictions.join([cells.predictions(fold, seed, **options) for fold in folds])


def test_scores_are_of_pooled_predictions_and_their_spread_is_over_seeds(store, cells):
    cells.add(store, seeds=(0, 1, 2))
    (row,) = summarise(store)
    values = [uar(each.truth, each.scores).value for each in (pooled(cells, seed) for seed in (0, 1, 2))]
    assert row.uar.value == pytest.approx(np.mean(values))
    assert row.scores["uar"].spread.value == pytest.approx(np.std(values, ddof=1))
    assert row.adjusted_uar.value == pytest.approx((np.mean(values) - 1 / 3) / (2 / 3))
    assert (row.seeds, row.is_complete, row.utterances, row.speakers) == ((0, 1, 2), True, 72, 6)
    assert row.cells == {"done": 9, "failed": 0, "skipped": 0, "expected": 9}
    assert np.sum(row.confusion) == 3 * 72
    assert np.mean([figure.value for figure in row.recalls.values()]) == pytest.approx(row.uar.value)
    assert list(row.metrics) == ["uar", "wa", "macro-f1", "log-loss", "ece"]


def only(predictions, kept):
    """Return the predictions of some rows."""
    chosen = np.flatnonzero(kept)
    take = [tuple(np.array(each)[chosen].tolist()) for each in (predictions.ids, predictions.speakers)]
    return TestPredictions(*take, predictions.truth[chosen], predictions.scores[chosen], predictions.classes)


def add_only(store, cells, keep, seeds):
    """Write the cells of some rows alone; return the rows of each seed."""
    pooled = []
    for seed in seeds:
        found = [only(each, keep(each.truth)) for each in (cells.predictions(fold, seed) for fold in (0, 1, 2))]
        for fold, predictions in enumerate(found, 1):
            record = cells.record(cells.key(fold=f"group-{fold}", seed=seed), rows={"test": len(predictions.ids)})
            store.write(record, predictions)
        pooled.append(TestPredictions.join(found))
    return pooled


@pytest.mark.parametrize("seeds", [(0,), (0, 1, 2)], ids=["one seed", "three seeds"])
@pytest.mark.parametrize(
    "keep",
    [
        lambda truth: truth >= 0,
        lambda truth: (truth != 1) | (np.arange(len(truth)) % 3 == 0),
        lambda truth: truth != 1,
    ],
    ids=["balanced", "unbalanced", "a class that nobody speaks"],
)
@pytest.mark.filterwarnings("ignore:y_pred contains classes not in y_true:UserWarning")
def test_adjusted_uar_is_scikit_learns_adjusted_balanced_accuracy(store, cells, keep, seeds):
    expected = [
        balanced_accuracy_score(rows.truth, rows.scores.argmax(axis=1), adjusted=True)
        for rows in add_only(store, cells, keep, seeds)
    ]
    (row,) = summarise(store)
    assert row.adjusted_uar.value == pytest.approx(np.mean(expected), abs=1e-12)


def test_of_one_class_there_is_no_adjusted_uar(store, cells):
    add_only(store, cells, lambda truth: truth == 2, (0,))
    (row,) = summarise(store)
    assert row.adjusted_uar == Figure.undefined("there is one class only, chance is perfect")


def test_one_seed_has_the_interval_of_its_predictions_and_no_spread(store, cells):
    cells.add(store)
    (row,) = summarise(store)
    rows = pooled(cells, 0)
    assert row.interval == speaker_interval(rows.truth, rows.scores, rows.speakers)
    assert row.scores["uar"].spread == Figure.undefined("one value has no spread")
    # every speaker has as many clips of each class, so the pseudo-values are the speakers' own UARs
    assert np.mean(list(row.speaker_values.values())) == pytest.approx(row.uar.value)


def test_more_seeds_make_no_more_speakers(store, cells):
    cells.add(store, seeds=tuple(range(5)))
    (row,) = summarise(store)
    assert row.interval.speakers == 6


def test_a_speaker_has_the_uar_of_his_own_clips(store, cells):
    cells.add(store, seeds=(0, 1))
    (row,) = summarise(store)
    found = [pooled(cells, seed) for seed in (0, 1)]
    for name in "abcdef":
        chosen = [np.array(each.speakers) == name for each in found]
        values = [uar(each.truth[own], each.scores[own]).value for each, own in zip(found, chosen, strict=True)]
        assert row.speaker_uars[name] == pytest.approx(np.mean(values))
    assert list(row.speaker_uars) == sorted(row.speaker_uars)


@pytest.mark.parametrize(
    "key",
    [
        {"model": {"name": "logreg", "version": "2", "params": {"c": 1.0}}},
        {"model": {"name": "logreg", "version": "1", "params": {"c": 2.0}}},
        {"features": ({"name": "mfcc-stats", "version": "2", "params": {}},)},
        {"augmentations": ({"name": "noise", "version": "1", "params": {}},)},
        {"dataset": {"name": "toy", "version": "1", "manifest": "m1", "audio": "another copy"}},
        {"protocol": {"name": "si", "version": "1", "split": "another split", "folds": 3}},
        {"protocol": {"name": "si", "version": "2", "split": "s1", "folds": 3}},
        {"dataset": {"name": "toy", "version": "2", "manifest": "m1", "audio": "a1"}},
        {"dataset": {"name": "toy", "version": "1", "label_map": {"name": "toy-3", "version": "2"}}},
    ],
    ids=["model", "argument", "feature", "augmentation", "audio", "split", "protocol", "dataset", "label map"],
)
def test_what_differs_is_never_averaged(store, cells, key):
    cells.add(store)
    cells.add(store, seeds=(0, 1), key=key)
    rows = summarise(store)
    assert sorted(len(row.seeds) for row in rows) == [1, 2]
    assert all(row.is_complete for row in rows)


def test_a_seed_without_all_folds_is_left_out_and_named(store, cells):
    cells.add(store, seeds=(0, 1))
    cells.add(store, seeds=(2,), folds=(0, 1))
    store.write(cells.record(cells.key(fold="group-3", seed=2), status="failed", reason="it diverged"))
    (row,) = summarise(store)
    assert row.seeds == (0, 1)
    assert row.problems == ("seed 2: 2 of 3 folds are done", "1 cell failed: it diverged")
    assert not row.is_complete
    assert row.cells == {"done": 8, "failed": 1, "skipped": 0, "expected": 9}


def test_without_a_whole_seed_the_fullest_is_shown_as_partial(store, cells):
    cells.add(store, seeds=(0,), folds=(0,))
    cells.add(store, seeds=(1,), folds=(0, 2))
    (row,) = summarise(store)
    rows = pooled(cells, 1, folds=(0, 2))
    assert (row.seeds, row.is_complete) == ((1,), False)
    assert row.uar == uar(rows.truth, rows.scores)


def test_a_row_of_failures_has_reasons_and_no_number(store, cells):
    for fold in (1, 2, 3):
        store.write(cells.record(cells.key(fold=f"group-{fold}"), status="failed", reason="bad audio"))
    (row,) = summarise(store)
    assert row.problems == ("seed 0: 0 of 3 folds are done", "3 cells failed: bad audio")
    assert row.uar == row.adjusted_uar == Figure.undefined("no cell is done")
    assert (row.seeds, row.interval.low, row.recalls["sad"].value) == ((), None, None)


def test_cost_is_the_median_of_the_cells_that_have_it(store, cells):
    for fold, seconds in enumerate((1.0, 5.0, 2.0)):
        latency = {"value": 3.0} if fold == 0 else {"value": None, "reason": "measured on the first fold"}
        cost = {
            "train_seconds": {"value": seconds},
            "latency_p50_ms": latency,
            "energy_joules": {"value": None, "reason": "no counter"},
        }
        cells.add(store, folds=(fold,), cost=cost)
    (row,) = summarise(store)
    assert row.cost_of("train_seconds").value == 2.0
    assert row.cost_of("latency_p50_ms").value == 3.0
    assert row.cost_of("energy_joules").reason == "no counter"
    assert row.cost_of("macs_3s").reason == "not measured"


def test_a_figure_that_older_cells_do_not_have_is_not_that_of_the_newer_ones(store, cells):
    cells.add(store, folds=(0, 1), cost={"train_seconds": {"value": 9.0}})
    cells.add(store, folds=(2,), cost={"train_seconds": {"value": 3.0}, "train_cpu_seconds": {"value": 2.0}})

    (row,) = summarise(store)
    assert row.cost_of("train_seconds") == Figure(9.0)
    assert row.cost_of("train_cpu_seconds") == Figure(None, "known of 1 of 3 cells")


def test_a_figure_that_no_cell_has_gives_the_rarest_reason_first(store, cells):
    for fold, reason in enumerate(("it has no features", "measured elsewhere", "measured elsewhere")):
        cells.add(store, folds=(fold,), cost={"macs_3s": {"value": None, "reason": reason}})
    assert summarise(store)[0].cost_of("macs_3s").reason == "it has no features; measured elsewhere"


def test_cost_is_of_the_machine_of_most_cells_and_says_so(store, cells):
    other = {"versions": {"torch": "2.11.1"}, "machine": {**cells.machine, "cores": 64}}
    cells.add(store, folds=(0,), cost={"train_seconds": {"value": 0.1}}, environment=other)
    cells.add(store, folds=(1, 2), cost={"train_seconds": {"value": 4.0}})
    (row,) = summarise(store)
    assert row.machine == cells.machine
    assert row.cost_of("train_seconds").value == 4.0
    assert row.notes == ("cost is of 2 of 3 cells, measured on one machine; the others ran on 1 other",)
    assert row.versions == {"torch": "2.11.0, 2.11.1"}


def test_notes_and_recordings_left_out_reach_the_row(store, cells):
    cells.add(store, notes=("one clip lies there twice",), left_out={"a/b.wav": "truncated"})
    (row,) = summarise(store)
    assert row.notes == ("one clip lies there twice", "1 recording could not be read and left out (a/b.wav)")


def test_the_strictest_standing_holds(store, cells):
    cells.add(store, folds=(0, 1))
    standing = {"ranked": False, "diagnostic": True, "headline": False, "reason": "two speakers"}
    cells.add(store, folds=(2,), standing=standing)
    found = summarise(store)[0].standing.facts()
    assert found.pop("declared") == {"seeded": False, "uses_test_statistics": False, "pretrained_on": []}
    assert found == standing


def test_all_that_a_card_declared_reaches_the_row(store, cells):
    declared = {"seeded": True, "uses_test_statistics": False, "pretrained_on": ["b", "a"]}
    cells.add(store, folds=(0, 1), standing={"declared": declared})
    cells.add(store, folds=(2,), standing={"declared": {**declared, "uses_test_statistics": True}})
    assert summarise(store)[0].standing.declared.facts() == {
        "seeded": True,
        "uses_test_statistics": True,
        "pretrained_on": ["a", "b"],
    }


def test_shares_of_speakers_add_up_to_uar_and_seed_variance_is_of_the_folds(store, cells):
    cells.add(store, seeds=(0, 1, 2))
    (row,) = summarise(store)
    assert sum(row.speaker_shares.values()) == pytest.approx(row.uar.value)
    assert list(row.speaker_shares) == sorted(row.speaker_shares)
    # by hand: over seeds, the variance of each fold's sum of shares less those of its two speakers
    hits = np.zeros((3, 3, 2))  # seeds, folds, speakers: each has 4 clips in each of 3 classes, all speakers 24
    for seed in range(3):
        for fold in range(3):
            each = cells.predictions(fold, seed)
            right = each.scores.argmax(axis=1) == each.truth
            hits[seed, fold] = [right[:12].sum(), right[12:].sum()]
    shares = hits / 24 / 3
    expected = (shares.sum(axis=2).var(axis=0, ddof=1).sum() - shares.var(axis=0, ddof=1).sum()) / 3
    assert row.seed_variance.variance == pytest.approx(expected)
    assert row.seed_variance.is_known


def test_records_may_be_chosen(store, cells):
    cells.add(store, seeds=(0, 1, 2))
    (row,) = summarise(store, keep=lambda record: record.key.seed == 1)
    assert (row.seeds, row.is_complete, row.seed_variance.is_known) == ((1,), True, False)
    assert row.uar.value == pytest.approx(uar(pooled(cells, 1).truth, pooled(cells, 1).scores).value)


def test_damage_is_an_error_that_names_the_file(store, cells):
    cells.add(store)
    path = store.predictions_path(next(store.records()))
    path.write_bytes(b"")
    with pytest.raises(FormatError, match="parquet is damaged"):
        summarise(store)


def test_ten_times_the_records_are_no_more_than_ten_times_the_work(store, cells):
    def grown(start, end):
        for place in range(start, end):
            cells.add(store, key={"model": {"name": f"m{place}", "version": "1", "params": {}}}, per_class=5)
        return steps(lambda: summarise(store))

    grown(0, 1)  # what is imported once is imported
    few, many = grown(1, 5), grown(5, 50)
    assert many < 11 * few


@pytest.mark.parametrize(
    ("folds", "sentence"),
    [((0, 1, 2, 3), r"there are the 4 folds .*, expected 3 folds, each once"), ((0, 1), None)],
)
def test_a_row_has_every_fold_once(store, cells, folds, sentence):
    """One fold too many is another split's: its score would be averaged away."""
    for fold in folds:
        record = cells.record(cells.key(fold=f"group-{fold + 1}"))
        store.write(record, cells.predictions(fold % 3, 0))
    if sentence is None:
        (row,) = summarise(store)
        assert not row.is_complete
        return
    with pytest.raises(FormatError, match=sentence):
        summarise(store)
