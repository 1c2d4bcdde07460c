"""A board that a careful forger has changed in every single place: verification names it, or nobody can know.

Every fact of a row's records is changed in plausible ways, with seals, digests and file names made to fit, and so are
predictions and files. What no verification can check stands in :data:`UNKNOWABLE`, each with its reason, and nothing
else may pass. Predictions that are forged with everything that follows from them are found by running cells again
alone: see ``test_reproduce.py``.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import fields, replace
from fnmatch import fnmatchcase

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from serbench.api import ModelCard, Recipe, TorchModel
from serbench.audit.board.verify import verify
from serbench.cost.efficiency import FIGURES, SIZES, STORED, TIMED, WORK
from serbench.errors import SerbenchError
from serbench.learning.model import Size
from serbench.plugin.registry import load_registry
from serbench.results.predictions import TestPredictions
from serbench.results.record import Record
from serbench.results.store import Store
from serbench.results.transfer import transfer
from tests.audit.board.forgery import Forger, tamperings
from tests.run import toy
from tests.run.conftest import World
from tests.run.test_crossing import PITCHES, Corpora

#: Ways to tamper that are tried in the ordinary run, at least.
MANY = 100

#: Figures that are counted again, whatever the machine.
COUNTED = {*SIZES, *STORED, "macs_per_audio_second"}
#: Figures that only the machine knows, in each cell and in the timed one.
WORKED, TIMED_ALONE = sorted(WORK), sorted(name for name in TIMED if not name.startswith("macs"))
LARGER = ("a hundredth more", "one more", "undefined")
MEASURED = "times, memory and energy belong to the machine that measured them"
PLACE = "what a machine is, what is installed there and how fast it was is its own word"
#: What no verification can check, by a pattern of what is tampered with, and why.
UNKNOWABLE = {
    **{f"cost.{name}: {change}": MEASURED for name in (*WORKED, *TIMED_ALONE) for change in LARGER},
    **{f"cost.{name}: {change}": MEASURED for name in WORKED for change in ("given", "another reason")},
    **{f"cost.{name}: away": "a record may be older than a figure" for name in (*FIGURES.keys() - COUNTED,)},
    "environment.machine.*": PLACE,
    "environment.machine: one more key": PLACE,
    "environment.versions.*": PLACE,
    "environment.versions: one more key": PLACE,
    "environment.calibration.*: a hundredth more": PLACE,
    "environment.calibration.kernel: another": PLACE,
    "environment.calibration: away": PLACE,
    "environment.disturbed: another": PLACE,
    "environment.disturbed: away": PLACE,
    "environment.jobs: one more": PLACE,
    "environment.jobs: away": PLACE,
    "environment.stacked: one *": PLACE,
    "environment.stacked: away": PLACE,
    **{f"history{at}": "only training again tells what training said of its steps" for at in (".*", ": its first *")},
    "predictions: scores: *": "that a model said it is found by running its cells again: see test_reproduce.py",
    "code.toy: another": "the code of a dataset may change: what it yields is itself compared with the recordings",
}


class Measured(toy.Augmented):
    """The toy with children, that says how large it is, can be saved, and has a history."""

    card = ModelCard(
        name="measured", version="1", summary="says all", features=("crossings",), augmentations=("quieter",)
    )

    def __init__(self, *, power: float = 1.0):
        self.power = power

    def size(self, clip):
        return Size(trainable=3, total=3, bytes=24, macs=3)

    def state(self):
        return {"means": self.means_}

    def history(self):
        return [{"step": 1, "loss": 0.5}, {"step": 2, "loss": 0.25}]


class Extra:
    """Offers the row that is forged."""

    @toy.hookimpl
    def serbench_models(self):
        yield Measured


def published(folder, registry, *models, **request):
    """Return a world, and a board of its runs without views."""
    world = World(toy.make_corpus(folder, speakers=3, takes=2), registry)
    assert world.run(*models, **{"seeds": 2, **request}).failed == []
    transfer([world.store], Store(folder / "board"))
    return world


class Court:
    """A board, its forger, and who verifies it.

    Parameters
    ----------
    world
        Where the corpora lie and who offers what.
    label
        Whose row is forged.
    unknowable
        What of this row nobody can know beside :data:`UNKNOWABLE`.
    """

    def __init__(self, world, label, unknowable=()):
        self.folder = world.folder / "board"
        self.workspace = world.workspace()
        self.forger = Forger(self.folder, label)
        self.unknowable = UNKNOWABLE | dict(unknowable)
        self.honest = verify(self.folder, self.workspace).unchecked
        self.came = Counter()

    def verdict(self):
        """Return what verification says against the board, or None; no error but serbench's own may come."""
        try:
            ledger = verify(self.folder, self.workspace)
        except SerbenchError as error:
            return str(error)
        return next((sentence for sentence in ledger.unchecked if sentence not in self.honest), None)

    def judge(self, name):
        """Return a sentence where a board that was tampered with is judged otherwise than it should be, or None."""
        said = self.verdict()
        unknowable = next((why for pattern, why in self.unknowable.items() if fnmatchcase(name, pattern)), None)
        assert said is None or "\n" not in said
        self.came["named" if said else "unknowable" if unknowable else "missed"] += 1
        if said and unknowable:
            return f"{name}: it is said that nobody can know ({unknowable}), but: {said}"
        return None if said or unknowable else f"{name}: nobody noticed"


@pytest.fixture(scope="module")
def court(tmp_path_factory):
    folder = tmp_path_factory.mktemp("world")
    return Court(published(folder, load_registry(only=(), extra=[toy, Extra()]), "measured", "nearest"), "measured")


def check_all(court, tried, *, alone=False):
    """Judge each tampering by itself; the board is put back after each."""
    wrong = []
    court.came.clear()
    for tampering in tried:
        if court.forger.tamper(tampering, alone=alone):
            wrong.append(court.judge(str(tampering)))
            court.forger.restore()
    print(f"{court.came.total()} tamperings: {dict(court.came)}")  # noqa: T201  (shown by -rP)
    wrong = [sentence for sentence in wrong if sentence]
    assert not wrong, "\n".join(wrong)


FACTS = [field.name for field in fields(Record)]


def test_the_honest_board_holds(court):
    assert court.honest == ["views: there are none; serbench leaderboard build makes them"]


def test_every_fact_is_tampered_with(court):
    tried = tamperings(court.forger.facts)
    assert set(tried) == set(FACTS)
    assert sum(map(len, tried.values())) >= MANY


@pytest.mark.parametrize("fact", FACTS)
def test_a_fact_that_was_changed_is_named_unless_nobody_can_know(court, fact):
    check_all(court, tamperings(court.forger.facts)[fact])


def relabelled(told, rows):
    truth = told.truth.copy()
    truth[[*rows]] = (truth[[*rows]] + 1) % len(told.classes)
    return replace(told, truth=truth)


def spoken(told, rows):
    return replace(told, speakers=tuple("ghost" if row in rows else each for row, each in enumerate(told.speakers)))


def renamed(told, rows):
    return replace(told, ids=tuple(f"{each}-b" if row in rows else each for row, each in enumerate(told.ids)))


def taken(told, rows):
    return TestPredictions(
        tuple(told.ids[row] for row in rows),
        tuple(told.speakers[row] for row in rows),
        told.truth[[*rows]],
        told.scores[[*rows]],
        told.classes,
    )


def perfect(told, rows):
    scores = told.scores.copy()
    scores[[*rows]] = np.eye(len(told.classes))[told.truth[[*rows]]]
    return replace(told, scores=scores)


#: Forged predictions with everything that follows from them.
RETOLD = {
    "the label of one row": lambda told: relabelled(told, [0]),
    "the labels of all rows": lambda told: relabelled(told, range(len(told.ids))),
    "the speaker of one row": lambda told: spoken(told, [0]),
    "the speakers of all rows": lambda told: spoken(told, range(len(told.ids))),
    "the id of one row": lambda told: renamed(told, [0]),
    "the ids of all rows": lambda told: renamed(told, range(len(told.ids))),
    "one row dropped": lambda told: taken(told, range(1, len(told.ids))),
    "one row doubled": lambda told: taken(told, [0, *range(len(told.ids))]),
    "half of the rows dropped": lambda told: taken(told, range(len(told.ids) // 2)),
    "two rows in another order": lambda told: taken(told, [1, 0, *range(2, len(told.ids))]),
    "another class": lambda told: replace(told, classes=("anger", *told.classes[1:])),
    "two classes exchanged": lambda told: replace(told, classes=told.classes[1::-1] + told.classes[2:]),
    "scores: one row knows the truth": lambda told: perfect(told, [0]),
    "scores: all rows know the truth": lambda told: perfect(told, range(len(told.ids))),
    "scores: all of a tenth less": lambda told: replace(told, scores=told.scores * 0.9),
}


@pytest.mark.parametrize("change", RETOLD)
def test_forged_predictions_with_all_that_follows_are_named_or_left_to_a_reproduction(court, change):
    court.forger.retell(RETOLD[change], court.workspace.registry)
    wrong = court.judge(f"predictions: {change}")
    court.forger.restore()
    assert wrong is None


def columns(path):
    return pq.ParquetFile(pa.BufferReader(path.read_bytes())).read()


def altered(values, *, everywhere):
    """Return a column in which the first value, or each, is another that occurs there, or a new one."""

    def other(value):
        if isinstance(value, float):
            return value * 1.01
        return value + 1 if isinstance(value, int) else next((each for each in values if each != value), f"{value}er")

    return [other(value) if everywhere or not place else value for place, value in enumerate(values)]


@pytest.mark.parametrize("everywhere", [False, True], ids=["in one row", "in all rows"])
def test_every_column_of_predictions_that_was_changed_is_named(court, everywhere):
    """Where the digests are left as they were."""
    wrong = []
    court.came.clear()
    (path,) = Store(court.folder).prediction_files()[:1]
    table = columns(path)
    for place, name in enumerate(table.column_names):
        values = altered(table[name].to_pylist(), everywhere=everywhere)
        pq.write_table(table.set_column(place, name, pa.array(values, table.schema.field(name).type)), path)
        wrong.append(court.judge(f"column {name}"))
        court.forger.restore()
    assert len(wrong) == 9
    assert not any(wrong)


def test_records_that_were_exchanged_among_cells_are_named(court):
    court.forger.exchange()
    wrong = court.judge("records of two cells exchanged")
    court.forger.restore()
    assert wrong is None


class Net(TorchModel):
    """A perceptron that the harness trains, on augmented copies, with an epoch chosen on dev."""

    card = ModelCard(
        name="net", version="1", summary="a network", features=("crossings",), augmentations=("quieter",),
        chooses_on_dev=True,
    )  # fmt: skip
    recipe = Recipe(epochs=3, batch_size=8, learning_rate=0.05)

    def build(self, input_shape, n_classes):
        from torch import nn

        return nn.Sequential(nn.Linear(*input_shape, 8), nn.ReLU(), nn.Dropout(0.2), nn.Linear(8, n_classes))


class More:
    """Offers the rows that are forged in the long part."""

    @toy.hookimpl
    def serbench_models(self):
        yield from (Measured, Net)


def a_network(folder):
    """Return a board with the row of cells that were trained as one program."""
    registry = load_registry(only=(), extra=[toy, More()])
    return Court(published(folder, registry, "net", "nearest", stacked=True), "net")


def a_reported_row(folder):
    """Return a board with a row that was handed in without its predictions."""
    world = World(toy.make_corpus(folder, speakers=3, takes=2), load_registry(only=(), extra=[toy, More()]))
    assert world.run("measured", seeds=2).failed == []
    transfer([world.store], Store(folder / "board"), predictions=False)
    none = "without predictions nobody can compute it, and no view shows it"
    return Court(world, "measured", {f"scores.{name}: {way}": none for name in ("log-loss", "ece") for way in LARGER})


def a_replica(folder):
    """Return a board with a row whose protocol augments before it divides, and has no speakers apart."""
    registry = load_registry(only=(), extra=[toy, More()])
    return Court(published(folder, registry, "measured", protocols=("replica-2507.03251",)), "measured")


def a_crossing(folder):
    """Return a board with a row that learned from one corpus and was tested on another."""
    for seed, name in enumerate(("east", "west")):
        toy.make_corpus(folder, name=name, pitches=PITCHES, seed=seed, speakers=2, takes=2)
    world = World(folder, load_registry(only=(), extra=[toy, Corpora(), More()]))
    assert world.run("measured", seeds=1, datasets=("east", "west"), protocols=("cross",)).failed == []
    transfer([world.store], Store(folder / "board"))
    may = "the code of a dataset may change: what it yields is itself compared with the recordings"
    return Court(world, "measured", {f"code.{name}: another": may for name in ("east", "west")})


def a_part(folder):
    """Return a board with a row that left out a recording that cannot be read."""
    toy.make_corpus(folder, speakers=3, takes=2)
    path = folder / "toy" / "spk1" / "calm-0.wav"
    path.write_bytes(path.read_bytes()[:-100])
    world = World(folder, load_registry(only=(), extra=[toy, More()]))
    assert world.run("measured", seeds=1, skip_bad_audio=True).failed == []
    transfer([world.store], Store(folder / "board"))
    return Court(world, "measured", {"left_out.*: another": "why it cannot be read is the decoder's own sentence"})


COURTS = (a_network, a_reported_row, a_replica, a_crossing, a_part)


@pytest.mark.long
@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.parametrize("alone", [False, True], ids=["in all cells", "in one cell"])
@pytest.mark.parametrize("make", COURTS, ids=lambda make: make.__name__)
def test_a_fact_of_any_row_that_was_changed_is_named_unless_nobody_can_know(make, alone, tmp_path):
    court = make(tmp_path)
    tried = tamperings(court.forger.facts)
    assert set(tried) == set(FACTS)
    check_all(court, [each for of_fact in tried.values() for each in of_fact], alone=alone)
