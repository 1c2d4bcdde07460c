"""How long a run is expected to take: what this machine knows, and the cards' word before."""

from __future__ import annotations

import json

import pytest

from serbench.results.record import Record
from serbench.run.estimate import REFERENCE, Times, makespan
from serbench.run.runner import expect
from serbench.scoring.figure import Figure

#: The training rows of a cell of the toy corpus.
ROWS = 27


@pytest.fixture
def times(world):
    return Times(world.folder / "cache", "cpu")


def took(cell, *, fit, predict=0.0):
    """Return the record of a cell whose fit took so long."""
    cost = {"train_seconds": Figure(fit), "predict_seconds": Figure(predict)}
    return Record(key=cell.key, label=cell.label, status="done", cost=cost)


def cells_of(world, *models, **request):
    """Return a timed cell, and one that is not, of each model."""
    cells = world.plan(*models, **request).cells
    return [[cell for cell in cells if cell.label == model][:2] for model in models]


def test_before_there_are_times_the_card_has_the_word_at_this_machines_pace(world, times):
    ((timed, other),) = cells_of(world, "nearest")
    card = ROWS * 1e-3
    assert times.pace is None
    assert times.cell_seconds(other) == pytest.approx(0.1 + card)
    times.pace = 2 * REFERENCE
    assert times.cell_seconds(other) == pytest.approx(0.1 + 2 * card)
    assert (times.timing_seconds(timed), times.timing_seconds(other)) == (3.0, 0.0)
    assert not times.is_known(other)


def test_what_a_cell_took_is_learned_apart_from_its_timing(world, times):
    ((timed, other),) = cells_of(world, "nearest")
    times.pace = 5 * REFERENCE  # what is known here needs no scale
    times.learn(other, took(other, fit=2 * ROWS), 2 * ROWS + 0.5)
    times.learn(timed, took(timed, fit=4 * ROWS, predict=1.0), 4 * ROWS + 1.0 + 0.5 + 7.0)

    assert times.is_known(other)
    assert times.cell_seconds(other) == pytest.approx(3 * ROWS + 0.5)
    assert times.timing_seconds(timed) == pytest.approx(7.0)
    assert times.seconds([timed, other]) == pytest.approx(2 * (3 * ROWS + 0.5) + 7.0)


def test_what_is_known_of_a_corpus_goes_before_what_is_known_of_others(world, times):
    ((_, cell),) = cells_of(world, "nearest")
    ((_, elsewhere),) = cells_of(world, "nearest", datasets=("synth",))
    times.learn(elsewhere, took(elsewhere, fit=3.0 * len(elsewhere.training)), 3.0 * len(elsewhere.training))
    assert times.cell_seconds(cell) == pytest.approx(3.0 * ROWS)
    times.learn(cell, took(cell, fit=1.0 * ROWS), 1.0 * ROWS)
    assert times.cell_seconds(cell) == pytest.approx(1.0 * ROWS)
    assert times.cell_seconds(elsewhere) == pytest.approx(3.0 * len(elsewhere.training))


def test_a_mean_is_of_all_cells_and_survives_a_program(world, times):
    ((_, cell),) = cells_of(world, "nearest")
    for fit in (1.0, 2.0, 6.0):
        times.learn(cell, took(cell, fit=fit * ROWS), fit * ROWS)
    times.learn_start(4.0)
    times.save()
    again = Times(world.folder / "cache", "cpu")
    assert again.cell_seconds(cell) == pytest.approx(3.0 * ROWS)
    assert Times(world.folder / "cache", "cuda").cell_seconds(cell) == pytest.approx(0.1 + 1e-3 * ROWS)
    assert again.estimate([cell], 2).start == 4.0


@pytest.mark.parametrize(
    "means",
    [
        {"start": [-1.0, 2]},
        {"start": [1.0, 0]},
        {"start": ["soon", 1]},
        {"start": 3.0},
        {"start": [1.0, 1e999]},
        [],
        None,
    ],
)
def test_a_document_that_is_none_is_begun_anew(world, times, means):
    times.learn_start(4.0)
    times.save()
    body = json.loads(times.path.read_text())
    times.path.write_text(json.dumps({**body, "means": means}).replace("Infinity", "1e999"))
    ((cell, _),) = cells_of(world, "nearest")
    assert Times(world.folder / "cache", "cpu").estimate([cell], 2).start == 5.0


def test_only_what_the_cache_lacks_is_counted_and_each_once(world, times):
    (nearest, augmented) = cells_of(world, "nearest", "augmented")
    corpus = nearest[0].corpus
    sound = sum(clip.seconds for clip in corpus.clips())
    (name,) = times.missing_sound(nearest)

    assert times.missing_sound(nearest) == {name: pytest.approx(sound)}
    assert times.missing_sound([*nearest, *augmented]) == {name: pytest.approx(2 * sound)}  # children too
    times.learn_features({name: 100.0}, 25.0)
    assert times.features_seconds(nearest) == pytest.approx(0.25 * sound)
    assert not world.run("nearest").failed
    assert times.missing_sound([*nearest, *augmented]) == {name: pytest.approx(sound)}
    assert times.features_seconds(nearest) == 0


def test_a_moment_of_sound_says_nothing_of_an_extractors_speed(world, times):
    ((cell, _),) = cells_of(world, "nearest")
    (name,) = times.missing_sound([cell])
    before = times.features_seconds([cell])
    times.learn_features({name: 5.0}, 500.0)
    assert times.features_seconds([cell]) == before


def test_a_run_is_the_sum_of_its_parts_and_cells_side_by_side_share_the_clock(world, times):
    (nearest, choosy) = cells_of(world, "nearest", "choosy")
    for cell, seconds in ((nearest[1], 10.0), (choosy[1], 30.0)):
        times.learn(cell, took(cell, fit=seconds), seconds)
    cells = [*nearest, *choosy]
    one, two = times.estimate(cells, 1), times.estimate(cells, 2)

    assert (one.training, two.training) == (pytest.approx(80.0), pytest.approx(40.0))
    assert (one.timing, two.timing) == (6.0, 6.0)
    assert (one.start, two.start) == (0.0, 5.0)
    assert two.seconds == pytest.approx(two.start + two.features + 46.0)
    trained = times.estimate(cells, 2, drafts={choosy[0].key.digest})
    assert (trained.training, trained.timing) == (pytest.approx(30.0), 6.0)


@pytest.mark.parametrize(
    ("seconds", "jobs", "end"),
    [((), 2, 0), ((5,), 2, 5), ((3, 2, 2), 2, 4), ((2, 2, 3), 2, 5), ((4, 3, 3, 2, 2, 2), 3, 6), ((1,) * 9, 4, 3)],
)
def test_who_is_idle_first_gets_what_is_next(seconds, jobs, end):
    assert makespan(seconds, jobs) == end


def test_a_run_is_expected_to_take_what_it_is_given_and_the_pace_is_measured_where_nothing_is_known(
    world, times, monkeypatch
):
    monkeypatch.setattr("serbench.run.runner.processor_pace", lambda: 3 * REFERENCE)
    setup, plan = world.setup("nearest"), world.plan("nearest")
    found = expect(plan.open, world.registry, setup, times, jobs=2)
    assert (found.jobs, found.training) == (2, pytest.approx(2 * (0.1 + 3 * ROWS * 1e-3)))
    assert times.pace == 3 * REFERENCE
    assert expect((), world.registry, setup, times).seconds == 0


def test_a_run_teaches_what_it_took(world, times):
    world.run("nearest", "augmented")
    learned = Times(world.folder / "cache", "cpu")
    (nearest, augmented) = cells_of(world, "nearest", "augmented")
    assert all(learned.is_known(cell) for cell in (*nearest, *augmented))
    assert 0 < learned.cell_seconds(nearest[1]) < 5
    assert learned.timing_seconds(nearest[0]) > 0
    assert learned.pace > 0


def test_cells_that_may_take_so_long_only_need_a_process_though_one_runs_at_a_time(world, times):
    plan, setup = world.plan("nearest"), world.setup("nearest")
    assert expect(plan.open, world.registry, setup, times, jobs=1).start == 0.0
    assert expect(plan.open, world.registry, setup, times, jobs=1, timeout=9.0).start == 5.0
