from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from serbench.board.ranking.boards import display_names, make_boards
from serbench.board.ranking.overall import make_overall
from serbench.results.row import Row, Score
from serbench.results.summary import summarise
from serbench.scoring.figure import Figure
from serbench.scoring.seed_variance import SeedVariance
from serbench.scoring.statistics import Interval
from tests.results.conftest import dataset_facts, part, protocol_facts, standing_facts

SPEAKERS = "abcdef"
NOISE = (0.00, 0.01, -0.01, 0.02, -0.02, 0.00)
#: Scatters so much that nothing can be said of it.
WILD = (0.3, -0.3, 0.25, -0.25, 0.2, -0.2)
LISTENERS = [("x", 0.8, [0.8, 0.7, 0.9, 0.8, 0.85, 0.75]), ("y", 0.7, [0.7, 0.75, 0.65, 0.7, 0.6, 0.8])]


def row(name, uar, *, values=None, latency=None, corpus="toy", problems=(), machine="m", **standing):
    """A row whose speakers scatter by the same noise, so that rows are told apart by their means."""
    values = [uar + each for each in NOISE] if values is None else values
    spread = Figure.undefined("one value has no spread")
    return Row(
        dataset=dataset_facts({"name": corpus}),
        protocol=protocol_facts({"name": standing.pop("protocol", "si")}),
        model=part({"name": name, "version": standing.pop("version", "1")}),
        features=tuple(map(part, standing.pop("features", ()))),
        augmentations=tuple(map(part, standing.pop("augmentations", ()))),
        label=name,
        classes=("x", "y"),
        standing=standing_facts(standing),
        seeds=(0,),
        folds=3,
        cells={"done": 3, "failed": 0, "skipped": 0, "expected": 3},
        problems=tuple(problems),
        utterances=60,
        speakers=6,
        scores={"uar": Score(Figure(uar), spread)},
        adjusted_uar=Figure(2 * uar - 1),
        recalls={},
        confusion=(),
        interval=Interval(uar - 0.1, uar + 0.1, "jackknife t", 6),
        speaker_values=dict(zip(SPEAKERS, values, strict=False)),
        speaker_shares={name: value / len(values) for name, value in zip(SPEAKERS, values, strict=False)},
        cost={} if latency is None else {"latency_p50_ms": Figure(latency)},
        machine={"processor": machine},
    )


def ranks(*rows):
    (board,) = make_boards(rows)
    return [(place.row.label, place.rank, place.is_shared) for place in board.placements]


def test_rows_that_differ_significantly_have_ranks_of_their_own():
    assert ranks(row("c", 0.5), row("a", 0.9), row("b", 0.7)) == [("a", 1, False), ("b", 2, False), ("c", 3, False)]


def test_rows_without_a_significant_difference_share_a_rank_and_the_next_counts_them():
    near = row("b", 0.88, values=[0.8, 0.99, 0.9, 0.84, 0.87, 0.88])
    assert ranks(row("a", 0.9), near, row("c", 0.5)) == [("a", 1, True), ("b", 1, True), ("c", 3, False)]


def test_a_small_difference_that_every_speaker_shows_is_a_difference():
    steady, other = row("b", 0.89), row("b", 0.89, values=[0.91, 0.87, 0.95, 0.83, 0.89, 0.89])
    assert ranks(row("a", 0.90), steady) == [("a", 1, False), ("b", 2, False)]
    assert ranks(row("a", 0.90), other) == [("a", 1, True), ("b", 1, True)]


def test_overlapping_intervals_do_not_hide_a_paired_difference():
    first, second = row("a", 0.90), row("b", 0.85)
    assert first.interval.low < second.interval.high
    assert ranks(first, second) == [("a", 1, False), ("b", 2, False)]


def test_four_speakers_never_part_rows_however_far_they_are():
    assert ranks(row("a", 0.9, values=[0.9] * 4), row("b", 0.1, values=[0.1] * 4)) == [("a", 1, True), ("b", 1, True)]


def test_more_rows_do_not_make_speakers_blind():
    """Twelve rows are 66 pairs: Bonferroni's bound would ask six speakers for a p of 0.0008, they have 0.03."""
    rows = [row(f"r{place:02d}", 0.9 - place / 20) for place in range(12)]
    assert [rank for _, rank, _ in ranks(*rows)] == list(range(1, 13))


def test_being_distinct_rows_is_not_passed_on_and_the_ties_say_so():
    """The first beats the third, the second is told from neither."""
    middle = [0.7 + each for each in WILD]
    (board,) = make_boards([row("a", 0.9), row("b", 0.7, values=middle), row("c", 0.5)])
    assert [(place.name, place.rank, place.not_different) for place in board.placements] == [
        ("a", 1, ("b",)),
        ("b", 1, ("a", "c")),
        ("c", 2, ("b",)),
    ]


def test_rows_that_cannot_be_distinct_rows_are_runs_in_the_order_of_uar():
    rng = np.random.default_rng(0)
    for _ in range(20):
        values = rng.normal(0.5, 0.05, (7, 1)) + rng.normal(0, 1, (7, 6)) * rng.choice([0.01, 0.05], (7, 1))
        (board,) = make_boards([row(f"r{i}", each.mean(), values=each) for i, each in enumerate(values)])
        names = [place.name for place in board.placements]
        for place in board.placements:
            run = sorted(names.index(name) for name in (place.name, *place.not_different))
            assert run == list(range(run[0], run[-1] + 1))
        found = [place.rank for place in board.placements]
        assert found == sorted(found)


def test_a_lucky_run_is_no_difference():
    lucky = replace(row("a", 0.90), seed_variance=SeedVariance(0.01**2, 0.0, is_known=True))
    assert ranks(lucky, row("b", 0.89)) == [("a", 1, True), ("b", 1, True)]
    assert ranks(lucky, row("b", 0.80)) == [("a", 1, False), ("b", 2, False)]


def test_a_board_says_what_its_speakers_resolve():
    listening = [row(name, uar, features=({"name": "f"},), values=v) for name, uar, v in LISTENERS]
    (board,) = make_boards([*listening, row("majority", 0.5, values=[0.5] * 6)])
    deviation = np.std(np.subtract(LISTENERS[0][2], LISTENERS[1][2]), ddof=1)
    # six speakers have a level of 1/32; the quantiles of t with 5 degrees of freedom are 2.9674 and 0.9195
    assert board.detectable.value == pytest.approx((2.9674 + 0.9195) * deviation / 6**0.5, rel=1e-3)
    (few,) = make_boards([row("a", 0.9, values=[0.9, 0.8, 0.9, 1.0]), row("b", 0.1, values=[0.1] * 4)])
    assert few.detectable.reason == "4 speakers cannot give a p below 0.125, expected 0.05 at most"
    (alone,) = make_boards([row("a", 0.9)])
    assert alone.detectable.reason == "there are no two rows to compare"


@pytest.mark.parametrize("values", [[], [0.9]], ids=["none", "one"])
def test_too_few_speakers_tell_nothing_apart(values):
    assert ranks(row("a", 0.9, values=values), row("b", 0.1, values=values)) == [("a", 1, True), ("b", 1, True)]


def test_partial_rows_have_no_rank_and_hold_nobodys_place():
    found = ranks(row("a", 0.9, problems=["seed 0: 2 of 3 folds are done"]), row("b", 0.7))
    assert found == [("b", 1, False), ("a", None, False)]


def test_protocols_that_are_never_ranked_have_no_ranks():
    assert ranks(row("a", 0.9, ranked=False), row("b", 0.7, ranked=False)) == [("a", None, False), ("b", None, False)]


def test_the_front_is_of_one_machine_and_of_whole_rows():
    rows = [
        row("best", 0.9, latency=9.0),
        row("fast", 0.6, latency=1.0),
        row("beaten", 0.6, latency=2.0),
        row("elsewhere", 0.5, latency=5.0, machine="another"),
        row("untimed", 0.95),
        row("partial", 0.99, latency=0.1, problems=["seed 0: 1 of 3 folds are done"]),
    ]
    (board,) = make_boards(rows)
    front = {place.row.label: place.pareto_optimal["latency"] for place in board.placements}
    assert front == {
        "best": True,
        "fast": True,
        "beaten": False,
        "elsewhere": True,
        "untimed": None,
        "partial": None,
    }


def test_equals_do_not_dominate_each_other():
    (board,) = make_boards([row("a", 0.9, latency=1.0), row("b", 0.9, latency=1.0)])
    assert [place.pareto_optimal["latency"] for place in board.placements] == [True, True]


def test_systems_of_one_label_get_names_of_their_own():
    rows = [
        row("a", 0.9),
        row("a", 0.8, version="2"),
        row("a", 0.7, version="2", features=({"name": "f"},)),
        row("b", 0.5),
    ]
    names = list(display_names(rows).values())
    assert names[0] == "a v1"
    assert names[1].startswith("a v2 #")
    assert names[3] == "b"
    assert len(set(names)) == 4


def test_a_system_keeps_its_name_where_a_protocol_takes_its_augmentations_away():
    noisy = ({"name": "noise"},)
    rows = [row("a", 0.6, augmentations=noisy), row("a", 0.9, protocol="replica"), row("b", 0.5)]
    assert list(display_names(rows).values()) == ["a", "a", "b"]


def test_systems_that_differ_in_their_augmentations_have_names_of_their_own():
    loud, quiet = (({"name": "noise", "params": {"snr": snr}},) for snr in (5, 20))
    rows = [row("a", 0.6, augmentations=loud), row("a", 0.7, augmentations=quiet), row("a", 0.9)]
    assert len(set(display_names(rows).values())) == 3


def test_mean_adjusted_uar_is_over_complete_rows_of_averaged_corpora():
    rows = [
        row("a", 0.9, corpus="one"),
        row("a", 0.7, corpus="two"),
        row("a", 1.0, corpus="tess", diagnostic=True),
        row("a", 1.0, corpus="synth", headline=False),
        row("b", 0.95, corpus="one"),
        row("b", 0.99, corpus="two", problems=["seed 0: 1 of 3 folds are done"]),
    ]
    (overall,) = make_overall(make_boards(rows))
    assert [board.dataset for board in overall.averaged] == ["one", "two"]
    assert [board.dataset for board in overall.excluded] == ["synth", "tess"]
    first, second = overall.entries
    assert (first.name, first.counted, first.adjusted_uar.value) == ("a", 2, pytest.approx((0.8 + 0.4) / 2))
    assert (second.name, second.counted, second.adjusted_uar.value) == ("b", 1, pytest.approx(0.9))
    assert overall.missing_floors == ("majority", "prior", "logreg")


def test_a_protocol_that_is_never_ranked_has_no_headline():
    (overall,) = make_overall(make_boards([row("majority", 0.5, protocol="random", ranked=False)]))
    assert overall.averaged == ()
    assert overall.entries[0].adjusted_uar.reason == "complete on no dataset that is averaged"
    assert overall.missing_floors == ("prior", "logreg")


def test_boards_are_in_order_ranked_ones_first():
    rows = [
        row("a", 0.5, protocol="random", ranked=False),
        row("a", 0.5, protocol="cross"),
        row("a", 0.5, corpus="z"),
        row("a", 0.5, corpus="b"),
    ]
    assert [(board.protocol, board.dataset) for board in make_boards(rows)] == [
        ("si", "b"),
        ("si", "z"),
        ("cross", "toy"),
        ("random", "toy"),
    ]


@pytest.mark.parametrize("is_first", [True, False], ids=["digest first", "digest last"])
def test_the_task_with_most_rows_is_the_main_one(is_first):
    """Whatever the order of the digests, which says nothing of the rows."""
    usual = row("a", 0.5).task
    copies = (dataset_facts({"name": "toy", "audio": f"copy {number}"}) for number in range(100))
    other = next(copy for copy in copies if (replace(row("c", 0.9), dataset=copy).task < usual) == is_first)
    rows = [row("a", 0.5), row("b", 0.6), replace(row("c", 0.9), dataset=other)]
    first, second = make_boards(rows)
    assert (first.is_main, len(first.placements), second.is_main, len(second.placements)) == (True, 2, False, 1)
    (overall,) = make_overall([first, second])
    assert [entry.name for entry in overall.entries] == ["b", "a"]


def test_a_model_much_worse_than_another_is_significantly_different_in_a_real_store(store, cells):
    for name, skill in (("good", 8.0), ("bad", -0.2)):
        cells.add(store, key={"model": {"name": name, "version": "1", "params": {}}}, label=name, skill=skill)
    good, bad = (place for board in make_boards(summarise(store)) for place in board.placements)
    assert (good.row.label, good.rank, bad.rank) == ("good", 1, 2)
